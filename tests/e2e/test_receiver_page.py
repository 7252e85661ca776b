# SPDX-License-Identifier: Apache-2.0
"""The reference receiver: what people and scripts see."""
import json
import pathlib
import re
import uuid

import pytest
from receiver_fixtures import (Clip, Page, beat, client, police, raise_alarm)  # noqa: F401
from stand import TOP


def test_nothing_is_shown_without_the_token(police, client):
    page = Page(police)
    alarm, event_id = raise_alarm(client)
    clip = Clip(client, b"12345", alarm=alarm, seq=2)
    clip.upload()
    paths = ["/", "/page.js", "/page.css", "/api/state", "/api/events", f"/api/events/{event_id}",
             "/api/stream", f"/clips/{clip.manifest}.mp4", "/nowhere"]
    for path in paths:
        assert page.ask(path)[0] == 401
        assert page.ask(path, Authorization="Bearer wrong")[0] == 401
        assert page.ask(path, Authorization=f"Bearer {police.token}x")[0] == 401
        assert page.ask(path, Authorization=f"Basic {police.token}")[0] == 401
    for path in paths[1:]:  # the token in an address opens the page and nothing else
        assert page.ask(f"{path}?token={police.token}")[0] == 401
    answer = json.dumps({"alarm": alarm, "state": "seen", "by": "x"}).encode()
    kind = {"Content-Type": "application/json"}
    assert page.ask("/api/answer", answer, **kind)[0] == 401
    assert page.ask(f"/api/answer?token={police.token}", answer, **kind)[0] == 401
    assert police.alarm(alarm)["answers"] == []


def test_the_token_is_given_once_and_becomes_a_cookie_that_scripts_cannot_read(stand, police):
    page = Page(police)
    status, headers, body = page.ask(f"/?token={police.token}")
    assert status == 200 and b"page.js" in body
    cookie, *attributes = headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for path in ("/", "/api/state", "/page.js"):
        status, headers, _ = page.ask(path, Cookie=cookie)
        assert status == 200 and headers["Set-Cookie"] is None
    # Cookies go to every port of a host: two receivers' must not be one.
    education = stand.receivers["education"]
    education.start()
    other = Page(education).ask(f"/?token={education.token}")[1]["Set-Cookie"].split("; ")[0]
    assert other.split("=")[0] != cookie.split("=")[0]
    assert page.ask("/api/state", Cookie=f"{cookie}; {other}")[0] == 200
    assert Page(education).ask("/api/state", Cookie=f"{cookie}; {other}")[0] == 200


def test_nothing_of_the_page_is_built_from_text(police):
    """No HTML is parsed and no style or script is inline: outside text stays text."""
    for name in ("index.html", "page.js"):
        text = (TOP / "receiver/page" / name).read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|style=|"
                             r"\bon[a-z]+=\"", text), name


@pytest.mark.parametrize("headers", [
    {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"},
    {"Content-Type": "application/json", "Origin": "http://evil.example"},
    {"Content-Type": "application/json", "Origin": "null"},
])
def test_answers_of_other_pages_are_refused(police, client, headers):
    page = Page(police)
    alarm, _ = raise_alarm(client)
    answer = json.dumps({"alarm": alarm, "state": "seen", "by": "x"}).encode()
    assert page.ask("/api/answer", answer, **page.bearer(), **headers)[0] == 403
    assert police.alarm(alarm)["answers"] == []
    own = {"Content-Type": "application/json", "Origin": page.base}
    assert page.ask("/api/answer", answer, **page.bearer(), **own)[0] == 200


@pytest.mark.parametrize("changes, status", [
    ({"state": "maybe"}, 400), ({"by": ""}, 400), ({"by": None}, 400), ({"by": "x" * 101}, 400),
    ({"note": "x" * 401}, 400), ({"note": "two\nlines"}, 400), ({"by": "bell\x07"}, 400),
    ({"alarm": None}, 400), ({"alarm": str(uuid.uuid4())}, 404), ({"source": "tocsin:x"}, 404),
    ({"state": ["seen"]}, 400),
])
def test_answers_that_are_none_are_refused(police, client, changes, status):
    page = Page(police)
    alarm, _ = raise_alarm(client)
    answer = {"alarm": alarm, "state": "seen", "by": "x", **changes}
    kind = {"Content-Type": "application/json"}
    assert page.ask("/api/answer", json.dumps(answer).encode(), **page.bearer(), **kind)[0] == status
    for body in (b"", b"{", b"[]", b"x" * 20000):
        assert page.ask("/api/answer", body, **page.bearer(), **kind)[0] in (400, 413)
    assert police.alarm(alarm)["answers"] == [] and beat(client)["answers"] == []


def test_other_methods_and_places_are_refused(police):
    page = Page(police)
    assert page.ask("/nowhere", **page.bearer())[0] == 404
    assert page.ask("/api/state", b"{}", **page.bearer())[0] == 405
    assert page.ask("/api/state", method="DELETE", **page.bearer())[0] == 405
    assert page.ask(f"/api/events/{uuid.uuid4()}", **page.bearer())[0] == 404
    for name in ("x.mp4", "../receiver.db", f"{uuid.uuid4()}.mp4", f"{uuid.uuid4()}.part"):
        assert page.ask(f"/clips/{name}", **page.bearer())[0] == 404


def test_events_are_listed_in_pages(police, client):
    ids = [raise_alarm(client, seq=seq)[1] for seq in range(1, 4)]
    events = police.get("/api/events?after=0")["events"]
    assert [e["id"] for e in events] == ids
    assert [e["id"] for e in police.get(f"/api/events?after={events[1]['receiver_seq']}")["events"]] \
        == ids[2:]


def test_what_is_open_comes_first_and_moves_up_when_it_is_an_alarm_or_pressed_again(police, client):
    first, _ = raise_alarm(client, seq=1)
    drill, _ = raise_alarm(client, seq=2, type="tocsin.drill.raised")
    waiting = Clip(client, b"1", seq=3).alarm
    last, _ = raise_alarm(client, seq=5)
    listed = [a["alarm"] for a in police.state()["alarms"]]
    assert listed == [last, first, waiting, drill]  # nobody may have pressed for that clip
    raise_alarm(client, waiting, seq=4)
    raise_alarm(client, first, seq=6, type="tocsin.alarm.updated")
    listed = [a["alarm"] for a in police.state()["alarms"]]
    assert listed == [first, waiting, last, drill]


def test_parts_of_a_clip_are_given_as_browsers_ask_for_them(police, client):
    clip = Clip(client, bytes(range(200)))
    page = Page(police)
    path = f"/clips/{clip.manifest}.mp4"
    assert page.ask(path, **page.bearer())[0] == 404  # not complete: nothing of it is shown
    clip.upload()
    for asked, first, last in (("0-0", 0, 0), ("5-9", 5, 9), ("150-", 150, 199), ("-10", 190, 199),
                               ("0-999", 0, 199), ("-999", 0, 199)):
        status, headers, body = page.ask(path, Range=f"bytes={asked}", **page.bearer())
        assert status == 206 and body == clip.data[first:last + 1]
        assert headers["Content-Range"] == f"bytes {first}-{last}/200"
        assert headers["Content-Type"] == "video/mp4"
    for asked in ("bytes=200-", "bytes=-0"):
        status, headers, _ = page.ask(path, Range=asked, **page.bearer())
        assert status == 416 and headers["Content-Range"] == "bytes */200"
    for asked in ("bytes=9-5", "bytes=1-2,4-5", "lines=1-2", "bytes=a-b", "bytes=-", ""):
        status, headers, body = page.ask(path, Range=asked, **page.bearer())
        assert status == 200 and body == clip.data, asked
        assert headers["Accept-Ranges"] == "bytes"
    status, headers, body = page.ask(path, method="HEAD", **page.bearer())
    assert status == 200 and headers["Content-Length"] == "200" and body == b""


def test_the_page_is_told_at_once_and_slow_viewers_delay_nobody(police, client):
    page = Page(police)
    connections = [page.stream() for _ in range(20)]  # but for one, viewers that never read
    stream = connections[0].getresponse()
    assert re.match(rb"retry: \d+\n", stream.readline())
    raise_alarm(client)
    lines = [stream.readline() for _ in range(4)]
    assert sum(line.startswith(b"data: ") for line in lines) == 2
    police.process.stop()  # although all of them are there; the stand checks its status
    for connection in connections:
        connection.close()


def test_more_viewers_than_are_let_in_keep_no_alarm_out(police, client):
    page = Page(police)
    connections = [page.stream() for _ in range(140)]
    raise_alarm(client)
    for connection in connections:
        connection.close()


def test_a_backup_is_made_while_it_works_and_is_a_store(stand, police, client):
    """One who has the token asks for it; what is put into a new store's place has every event."""
    page, kind = Page(police), {"Content-Type": "application/json"}
    event_id = raise_alarm(client)[1]
    assert page.ask("/api/backup", b"", **kind)[0] == 401
    assert page.ask("/api/backup", b"", **page.bearer())[0] == 403
    assert page.ask("/api/backup", b"", **page.bearer(), **kind, Origin="http://elsewhere")[0] == 403
    assert page.ask("/api/backup", **page.bearer())[0] == 404
    status, _, body = page.ask("/api/backup", b"", **page.bearer(), **kind)
    assert status == 200, body
    made = json.loads(body)
    assert made["receiver_seq"] == 1 and pathlib.Path(made["file"]).stat().st_size == made["bytes"]
    raise_alarm(client)  # comes too late for it
    assert police.process.stop() == 0
    store = pathlib.Path(made["file"]).parent
    for file in store.glob("receiver.db*"):
        file.unlink()
    pathlib.Path(made["file"]).rename(store / "receiver.db")
    police.start()
    events = police.get("/api/events?after=0")["events"]
    assert [e["id"] for e in events] == [event_id]
