# SPDX-License-Identifier: Apache-2.0
"""The reference receiver against a gateway of somebody else's making: events and receipts."""
import http.client
import json
import random
import re
import resource
import secrets
import socket
import sqlite3
import subprocess
import threading
import time
import uuid

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from receiver_fixtures import (add_gateway_key, beat, client, police,  # noqa: F401
                               raise_alarm, refused, restart, send_beat)
from signing_client import SOURCE, Client, digest_of, make_event, prev_of
from stand import TOP, wait_until


def test_an_event_is_stored_and_receipted_and_a_repeat_gets_the_same_receipt(client, police):
    body, event_id = make_event()
    first = client.check_receipt(client.post(body, event_id), body, event=event_id,
                                 digest=digest_of(body))
    again = client.check_receipt(client.post(body, event_id), body, event=event_id)
    restart(police)
    later = client.check_receipt(client.post(body, event_id), body, event=event_id)
    assert first == again == later
    assert [e["id"] for e in police.events()] == [event_id]
    stored = police.get(f"/api/events/{event_id}")
    assert stored["bytes"].encode() == body
    assert "Signature-Input: sig1=" in stored["headers"]


def test_another_event_with_the_same_id_is_a_conflict(client, police):
    body, event_id = make_event()
    client.check_receipt(client.post(body, event_id), body)
    other, _ = make_event(id=event_id, seq=2)
    refused(client.post(other, event_id), 409, "other bytes")
    assert len(police.events()) == 1


def test_a_replayed_nonce_on_a_new_event_is_refused(client, police):
    body, event_id = make_event()
    nonce = "A" * 22
    client.check_receipt(client.post(body, event_id, nonce=nonce), body)
    # The very same request again is a repeat, whose first answer may have been lost.
    client.check_receipt(client.post(body, event_id, nonce=nonce), body)
    other, other_id = make_event(seq=2)
    refused(client.post(other, other_id, nonce=nonce), 409, "nonce")
    restart(police)
    refused(client.post(other, other_id, nonce=nonce), 409, "nonce")
    assert len(police.events()) == 1


def test_an_alarm_with_a_mad_clock_is_accepted_and_flagged(client, police):
    body, event_id = make_event(clock="unknown", time="1970-01-01T00:00:00.000Z")
    client.check_receipt(client.post(body, event_id, created=5), body)
    [alarm] = police.state()["alarms"]
    assert alarm["clock"] == "unknown" and alarm["events"][0]["off_s"] > 86400
    ahead, ahead_id = make_event(seq=2)
    client.check_receipt(client.post(ahead, ahead_id, created=int(time.time()) + 99999), ahead)
    right, right_id = make_event(seq=3)
    client.check_receipt(client.post(right, right_id), right)
    off = {e["seq"]: e["off_s"] for e in police.events()}
    assert off[2] < -86400 and off[3] == 0


@pytest.mark.parametrize("spoil, status, words", [
    ({"Content-Digest": None}, 401, ["needed"]),
    ({"Signature": None}, 401, ["needed"]),
    ({"Signature-Input": None}, 401, ["needed"]),
    ({"Signature-Input": "sig1=()"}, 400, ["shape"]),
    ({"Signature": "sig1=:AAAA:"}, 400, ["64 bytes"]),
    ({"Content-Digest": digest_of(b"other")}, 400, ["digest"]),
    ({"Signature": "sig1=:" + "A" * 86 + "==:"}, 401, ["does not verify"]),
    ({"Host": "evil.example"}, 401, ["does not verify"]),
    ({"Idempotency-Key": '"x"'}, 400, ["Idempotency-Key"]),
    ({"Idempotency-Key": None}, 400, ["Idempotency-Key"]),
])
def test_what_is_wrong_with_a_request_is_said_and_nothing_is_stored(client, police, spoil, status,
                                                                    words):
    body, event_id = make_event()
    refused(client.post(body, event_id, headers=spoil), status, *words)
    assert police.events() == []


def test_only_what_was_signed_is_taken(client, police):
    body, event_id = make_event()
    good = client.headers("POST", "/v1/events", body)
    for path in ("/v1/events?x=1", "/v1/%65vents", "/v1/events/", "/v1//events", "/"):
        answer = client.send("POST", path, body, {**good, "Idempotency-Key": f'"{event_id}"'})
        refused(answer, 404, "/v1/events")
    signed_as_put = client.headers("PUT", "/v1/events", body)
    refused(client.post(body, event_id, headers=signed_as_put), 401, "does not verify")
    refused(client.send("PUT", "/v1/events", body), 405, "POST")
    refused(client.send("GET", "/v1/events"), 405, "POST")
    assert police.events() == []


@pytest.mark.parametrize("changes, word", [
    ({"specversion": "0.3"}, "specversion"), ({"id": "x"}, "id"), ({"source": "x"}, "source"),
    ({"source": "tocsin:"}, "source"), ({"id": str(uuid.UUID(int=7)).upper() + "A"}, "id"),
    ({"type": "alarm"}, "type"), ({"seq": 0}, "seq"), ({"seq": 1.5}, "seq"), ({"prev": "x"}, "prev"),
    ({"data": []}, "data"), ({"data": {"alarm": "x"}}, "data.alarm"), ({"clock": None}, "clock"),
    ({"time": None}, "time"), ({"type": "tocsin.drill.raised", "data": {}}, "data.alarm"),
    ({"type": "tocsin.clip.manifest", "data": {"length": 0}}, "manifest"),
])
def test_an_event_that_is_none_is_refused_with_the_reason(client, police, changes, word):
    body, _ = make_event(**changes)
    event_id = json.loads(body)["id"]
    refused(client.post(body, event_id), 400, word)
    assert police.events() == []


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'{"id":"a","id":"b"}', b"\xff\xfe", b"[" * 5000, b"{}\x00"])
def test_bodies_that_are_no_event_are_refused(client, police, body):
    refused(client.post(body, "x"), 400)
    assert police.events() == []


def test_a_body_that_is_too_large_is_refused(client, police):
    body, event_id = make_event(data={"alarm": str(uuid.uuid4()), "pad": "x" * (1 << 20)})
    refused(client.post(body, event_id), 413, "too large", "1048576")
    body, event_id = make_event(data={"alarm": str(uuid.uuid4()), "pad": "x" * 1000000})
    client.check_receipt(client.post(body, event_id), body)
    assert len(police.events()) == 1


def test_an_unknown_key_and_a_missing_or_wrong_certificate_are_403(client, police, stand, tmp_path):
    body, event_id = make_event()
    stranger = Client(police, stand.pki, key=ec.generate_private_key(ec.SECP256R1()))
    refused(stranger.post(body, event_id), 403, "not known")
    refused(stranger.post(body, event_id, keyid=client.keyid), 401, "does not verify")
    refused(Client(police, stand.pki, certificate=None).post(body, event_id), 403, "certificate")
    # A receiver's certificate is of the same authority, but it is not one for clients.
    server = Client(police, stand.pki, certificate="education")
    refused(server.post(body, event_id), 403, "not one for clients")
    subprocess.run([TOP / "scripts/make-pki", tmp_path / "other"], check=True, capture_output=True)
    stranger = Client(police, stand.pki, certificate=None)
    stranger.tls.load_cert_chain(tmp_path / "other/gateway.pem", tmp_path / "other/gateway.key")
    refused(stranger.post(body, event_id), 403, "authority")
    assert police.events() == []
    client.check_receipt(client.post(body, event_id), body)


def test_a_key_that_is_named_after_a_gateway_speaks_for_that_one_alone(stand):
    mine, other = "1" * 20, "2" * 20
    key = ec.generate_private_key(ec.SECP256R1())
    add_gateway_key(stand, f"{mine}-2026.pem", key)
    police = stand.receivers["police"]  # noqa: F811
    police.start()
    gateway = Client(police, stand.pki, key=key)
    body, event_id = make_event(source=f"tocsin:{other}")
    refused(gateway.post(body, event_id), 403, other)
    refused(send_beat(gateway, source=f"tocsin:{other}")[2], 403, other)
    assert police.events() == [] and police.state()["gateways"] == []
    body, event_id = make_event(source=f"tocsin:{mine}")
    gateway.check_receipt(gateway.post(body, event_id), body)


def test_ed25519_keys_on_both_sides(stand):
    receipt_key, gateway_key = (ed25519.Ed25519PrivateKey.generate() for _ in range(2))
    (stand.pki / "police-receipt.key").write_bytes(receipt_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    (stand.pki / "police-receipt.pub.pem").write_bytes(receipt_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    add_gateway_key(stand, "ed25519.pem", gateway_key)
    stand.receivers["police"].start()
    gateway = Client(stand.receivers["police"], stand.pki, key=gateway_key)
    body, event_id = make_event()
    answer = gateway.post(body, event_id)
    assert 'alg="ed25519"' in answer[1]["Signature-Input"]
    gateway.check_receipt(answer, body, event=event_id)


def test_gaps_and_forks_of_the_chain_are_flagged_and_a_gap_can_be_filled(client, police):
    one, one_id = make_event(seq=1)
    two, two_id = make_event(seq=2, prev=prev_of(one))
    three, three_id = make_event(seq=3, prev=prev_of(two))
    client.check_receipt(client.post(one, one_id), one)
    client.check_receipt(client.post(three, three_id), three)
    assert {e["seq"]: e["chain"] for e in police.events()} == {1: "", 3: "gap"}
    assert police.state()["gateways"][0]["gaps"] == 1
    client.check_receipt(client.post(two, two_id), two)
    assert {e["seq"]: e["chain"] for e in police.events()} == {1: "", 2: "", 3: ""}
    fork, fork_id = make_event(seq=2, prev=prev_of(one))
    client.check_receipt(client.post(fork, fork_id), fork)
    assert [e["chain"] for e in police.events()][-1] == "fork"
    [gateway] = police.state()["gateways"]
    assert (gateway["gaps"], gateway["forks"], gateway["newest_seq"]) == (0, 1, 3)


def test_a_gap_that_is_filled_with_something_else_is_a_fork(client, police):
    one, one_id = make_event(seq=1)
    two, _ = make_event(seq=2, prev=prev_of(one))
    three, three_id = make_event(seq=3, prev=prev_of(two))
    instead, instead_id = make_event(seq=2, prev=prev_of(one))
    for body, event_id in ((one, one_id), (three, three_id), (instead, instead_id)):
        client.check_receipt(client.post(body, event_id), body)
    assert {e["seq"]: e["chain"] for e in police.events()} == {1: "", 2: "", 3: "fork"}


def test_no_order_of_events_turns_an_alarm_into_a_drill_or_a_drill_into_an_alarm(client, police):
    real, drill = str(uuid.uuid4()), str(uuid.uuid4())
    lives = [("tocsin.test.raised", real, "test"), ("tocsin.alarm.raised", real, "panic"),
             ("tocsin.drill.updated", real, "panic"), ("tocsin.drill.raised", drill, "panic"),
             ("tocsin.test.restored", drill, "test")]
    random.Random(3).shuffle(lives)
    for seq, (kind, alarm, of) in enumerate(lives, 1):
        raise_alarm(client, alarm, type=kind, seq=seq, data={"kind": of})
        shown = police.alarm(real)
        if any(k == "tocsin.alarm.raised" for k, _, _ in lives[:seq]):
            assert not shown["exercise"] and shown["type"] == "tocsin.alarm.raised"
            assert shown["data"]["kind"] == "panic"
    assert police.alarm(drill)["exercise"]


def test_a_later_event_that_comes_first_is_an_alarm_already(client, police):
    alarm = str(uuid.uuid4())
    raise_alarm(client, alarm, type="tocsin.alarm.updated", seq=2, data={"presses": 2})
    shown = police.alarm(alarm)
    assert not shown["exercise"] and shown["state"] == "updated" and shown["presses"] == 2
    assert shown["data"]["site"]["name"] == "阳光小学"
    raise_alarm(client, alarm, seq=1)
    shown = police.alarm(alarm)
    assert shown["type"] == "tocsin.alarm.raised" and shown["presses"] == 2
    for seq, state in enumerate(("restored", "cancelled", "closed"), 3):
        raise_alarm(client, alarm, type=f"tocsin.alarm.{state}", seq=seq, data={"presses": 2})
        assert police.alarm(alarm)["state"] == state


def test_drills_push_no_alarm_out_of_the_list(client, police):
    alarm, _ = raise_alarm(client)
    for seq in range(2, 50):
        raise_alarm(client, type="tocsin.drill.raised", seq=seq)
    alarms = police.state()["alarms"]
    assert alarm in [a["alarm"] for a in alarms if not a["exercise"]]
    assert len([a for a in alarms if a["exercise"]]) == 30


def test_two_gateways_with_one_incident_id_are_two_incidents(client, police):
    alarm, _ = raise_alarm(client)
    raise_alarm(client, alarm, type="tocsin.test.raised", source="tocsin:other")
    shown = {a["source"]: a for a in police.state()["alarms"]}
    assert not shown[SOURCE]["exercise"] and shown["tocsin:other"]["exercise"]
    assert len(shown[SOURCE]["events"]) == 1
    answer = {"alarm": alarm, "state": "seen", "by": "x"}
    with pytest.raises(OSError):
        police.post("/api/answer", answer)
    police.post("/api/answer", {**answer, "source": SOURCE})
    assert len(beat(client)["answers"]) == 1
    assert beat(client, source="tocsin:other")["answers"] == []


def test_heartbeats_are_receipted_and_only_the_newest_is_kept(client, police):
    first = beat(client, boot="one", monoms=1000)
    later = beat(client, boot="one", monoms=3000)
    assert later["receiver_seq"] > first["receiver_seq"]
    heard = police.state()["gateways"][0]["last_heartbeat"]
    beat(client, boot="one", monoms=2000)  # by the other line, overtaken
    assert police.state()["gateways"][0]["last_heartbeat"] == heard
    beat(client, boot="two", monoms=10)  # it was started again
    [gateway] = police.state()["gateways"]
    assert gateway["last_heartbeat"] > heard
    assert gateway["source"] == SOURCE and gateway["silent_s"] < 60 and gateway["off_s"] == 0
    assert police.events() == []


def test_a_replayed_heartbeat_makes_nobody_alive(client, police):
    nonce = secrets.token_urlsafe(16)
    body, event_id, answer = send_beat(client, nonce=nonce, boot="one", monoms=1)
    client.check_receipt(answer, body)
    refused(client.post(body, event_id, nonce=nonce), 409, "nonce")
    assert police.state()["gateways"][0]["beats"] == 1
    # One of long ago, whose nonce nobody remembers: shown as what it is.
    beat(client, created=int(time.time()) - 999999, boot="zero", monoms=99)
    assert police.state()["gateways"][0]["off_s"] > 900000


def test_a_gateway_that_never_sent_a_heartbeat_is_shown_as_such(client, police):
    raise_alarm(client)
    [gateway] = police.state()["gateways"]
    assert gateway["silent_s"] is None and gateway["last_heartbeat"] is None


def test_answers_travel_in_receipts_until_they_are_confirmed(client, police):
    alarm, _ = raise_alarm(client)
    assert beat(client)["answers"] == []
    seq = police.post("/api/answer", {"alarm": alarm, "state": "seen", "by": "张警官",
                                      "note": "<b>看到</b>"})["answer_seq"]
    for _ in range(2):
        [answer] = beat(client)["answers"]
        assert answer.pop("at").endswith("Z")
        assert answer == {"answer_seq": seq, "alarm": alarm, "seen_seq": 1, "state": "seen", "by": "张警官",
                          "note": "<b>看到</b>"}
    body, event_id = make_event(seq=2)
    assert len(client.check_receipt(client.post(body, event_id), body)["answers"]) == 1
    restart(police)
    assert len(beat(client)["answers"]) == 1
    assert not police.alarm(alarm)["answers"][0]["confirmed"]
    assert beat(client, answer_seq=seq)["answers"] == []
    assert police.alarm(alarm)["answers"][0]["confirmed"]


def test_many_answers_come_in_order_and_in_receipts_that_a_gateway_can_read(client, police):
    alarm, _ = raise_alarm(client)
    for _ in range(40):
        last = police.post("/api/answer", {"alarm": alarm, "state": "coming", "by": '"' * 100,
                                           "note": "\\" * 400})["answer_seq"]
    body, event_id, answer = send_beat(client)
    assert len(answer[2]) < 65536
    answers = client.check_receipt(answer, body, event=event_id)["answers"]
    assert [a["answer_seq"] for a in answers] == list(range(last - 39, last - 39 + len(answers)))
    rest = beat(client, answer_seq=answers[-1]["answer_seq"])["answers"]
    assert rest[-1]["answer_seq"] == last and len(answers) + len(rest) == 40


def test_a_new_store_gives_no_answer_a_number_that_the_gateway_knows(client, police):
    alarm, _ = raise_alarm(client)
    police.post("/api/answer", {"alarm": alarm, "state": "coming", "by": "x"})
    # The gateway has taken answers up to 50 from the store that was here before.
    [answer] = beat(client, answer_seq=50)["answers"]
    assert answer["answer_seq"] > 50 and answer["state"] == "coming"
    assert not police.alarm(alarm)["answers"][0]["confirmed"]
    closed = police.post("/api/answer", {"alarm": alarm, "state": "closed", "by": "x"})["answer_seq"]
    assert closed > answer["answer_seq"]
    assert beat(client, answer_seq=closed)["answers"] == []
    # Nobody can use the numbers up.
    beat(client, answer_seq=(1 << 63) - 1)
    again = police.post("/api/answer", {"alarm": alarm, "state": "seen", "by": "x"})["answer_seq"]
    assert again == closed + 1


def test_kill_9_during_posts_loses_no_receipted_event_and_stores_no_repeat_twice(client, police):
    receipts, stop = {}, threading.Event()

    def post_on():
        seq = 0
        while not stop.is_set():
            seq += 1
            body, event_id = make_event(seq=seq)
            while event_id not in receipts:
                try:
                    receipts[event_id] = client.check_receipt(client.post(body, event_id), body)
                except (OSError, http.client.HTTPException):
                    stop.wait(0.01)

    poster = threading.Thread(target=post_on)
    poster.start()
    try:
        for _ in range(10):
            before = len(receipts)
            wait_until("some posts", lambda: len(receipts) > before + 3, 20)
            police.process.kill()
            police.start()
    finally:
        stop.set()
        poster.join(30)
    stored = {e["id"]: e for e in police.events()}
    assert len(police.events()) == len(stored) == len(receipts)
    for event_id, receipt in receipts.items():
        assert stored[event_id]["receiver_seq"] == receipt["receiver_seq"]
        assert stored[event_id]["received_at"] == receipt["received_at"]


def test_a_disk_that_takes_nothing_gets_503_and_repeats_still_get_receipts(client, police):
    body, event_id = make_event()
    first = client.check_receipt(client.post(body, event_id), body)
    pid = police.process.child.pid
    unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, unlimited[1]))
    other, other_id = make_event(seq=2)
    refused(client.post(other, other_id), 503, "store")
    refused(send_beat(client)[2], 503, "store")
    assert client.send("HEAD", f"/v1/clips/{event_id}")[0] == 503
    assert client.check_receipt(client.post(body, event_id), body) == first
    resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    client.check_receipt(client.post(other, other_id), other)
    assert [e["id"] for e in police.events()] == [event_id, other_id]


def test_connections_that_say_nothing_or_nonsense_keep_nobody_waiting(client, police):
    silent = [socket.create_connection(("127.0.0.1", police.port), timeout=10) for _ in range(30)]
    for i, connection in enumerate(silent[:10]):
        connection.sendall(random.Random(i).randbytes(500))
    tls = [client.tls.wrap_socket(s, server_hostname="127.0.0.1") for s in silent[20:]]
    for connection in tls:  # a request line and then nothing; a line and nonsense
        connection.sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n{")
    for connection in tls[:5]:
        connection.sendall(b"\0" * 100)
    body, event_id = make_event()
    client.check_receipt(client.post(body, event_id), body)
    for connection in silent[:20] + tls:
        connection.close()


def run(build, *arguments):
    return subprocess.run([build / "receiver/tocsin-receiver", *map(str, arguments)], text=True,
                          capture_output=True, timeout=20, check=False)


def options_of(receiver, **changes):
    argv = receiver.process.argv[1:]
    options = {**dict(zip(argv[::2], argv[1::2])), "--listen": "127.0.0.1:0",
               "--page-listen": "127.0.0.1:0"}
    options.update({"--" + name.replace("_", "-"): value for name, value in changes.items()})
    return [word for name, value in options.items() if value is not None for word in (name, value)]


def test_usage_is_explained(build):
    done = run(build)
    assert done.returncode == 2 and "--cert is needed" in done.stderr and "--help" in done.stderr
    done = run(build, "--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: tocsin-receiver")
    manual = (TOP / "receiver/tocsin-receiver.1").read_text().replace("\\-", "-")
    for option in re.findall(r"--[a-z-]+", done.stdout):
        assert option in manual, f"{option} is not in the man page"
    done = run(build, "--version")
    assert done.returncode == 0 and re.match(r"tocsin-receiver \d", done.stdout)


@pytest.mark.parametrize("changes, status, words", [
    ({"listen": "localhost:1"}, 2, "localhost:1 is not IPv4-ADDRESS:PORT"),
    ({"page_listen": "127.0.0.1:80x"}, 2, "127.0.0.1:80x"),
    ({"listen": "127.0.0.1:65536"}, 2, "65536"),
    ({"max_body_bytes": "many"}, 2, "--max-body-bytes many"),
    ({"max_body_bytes": "0"}, 2, "--max-body-bytes 0"),
    ({"public_url": "https://x/y"}, 2, "--public-url"),
    ({"public_url": "http://x"}, 2, "--public-url"),
    ({"store": None}, 2, "--store is needed"),
    ({"frobnicate": "1"}, 2, "frobnicate"),
    ({"cert": "/nowhere"}, 1, "/nowhere"),
    ({"cert": "/dev/null"}, 1, "/dev/null"),
    ({"client_ca": "/dev/null"}, 1, "holds no certificate"),
    ({"gateway_keys": "/nowhere"}, 1, "/nowhere"),
    ({"receipt_key": "/dev/null"}, 1, "no private key"),
    ({"page_token_file": "/dev/null"}, 1, "token"),
    ({"store": "/dev/null/x"}, 1, "/dev/null/x"),
])
def test_what_is_wrong_at_the_start_is_said(build, police, changes, status, words):
    done = run(build, *options_of(police, **changes))
    assert done.returncode == status and words in done.stderr, done.stderr
    assert "ready" not in done.stdout


def test_a_store_serves_one_receiver_and_a_port_one_program(build, police, tmp_path):
    done = run(build, *options_of(police))
    assert done.returncode == 1 and "another tocsin-receiver" in done.stderr
    done = run(build, *options_of(police, store=tmp_path / "other",
                                  listen=f"127.0.0.1:{police.port}"))
    assert done.returncode == 1 and "cannot listen" in done.stderr and "in use" in done.stderr


def test_the_public_url_is_what_was_signed_whatever_a_proxy_makes_of_the_host(build, stand, police,
                                                                             client):
    police.process.stop()
    argv = [*police.process.argv, "--public-url", f"https://127.0.0.1:{police.port}"]
    made = type(police.process)("police-public", argv, stand.logs)
    made.wait_ready()
    police.process = made
    body, event_id = make_event()
    client.check_receipt(client.post(body, event_id, headers={"Host": "inside"}), body)


def test_a_store_of_version_1_is_taken_over(client, police):
    alarm, event_id = raise_alarm(client)
    police.process.stop()
    path = police.store / "receiver.db"
    with sqlite3.connect(path) as db:  # back to what version 1 had
        db.executescript("""
            DROP TABLE incident; DROP TABLE gateway; ALTER TABLE answer DROP COLUMN seen_seq; ALTER TABLE event DROP COLUMN off_s;
            CREATE TABLE gateway(source TEXT PRIMARY KEY, bytes BLOB, received_at TEXT,
              received_s INTEGER, beats INTEGER NOT NULL) WITHOUT ROWID;
            PRAGMA user_version=0;""")
    db.close()
    police.start()
    assert police.alarm(alarm)["events"][0]["id"] == event_id
    raise_alarm(client, seq=2)
    assert len(police.events()) == 2
    police.process.stop()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(Exception, match="newer"):
        police.start()


def test_the_verifier_in_the_receivers_readme_does_what_it_says(client):
    text = (TOP / "receiver/README.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", text, re.S)
    names = {}
    exec(code, names)  # the code that people will copy
    body, _ = make_event()
    headers = client.headers("POST", "/v1/events", body)
    url = f"https://127.0.0.1:{client.receiver.port}/v1/events"
    names["verify"](client.key.public_key(), "POST", url, headers, body)
    with pytest.raises(AssertionError):
        names["verify"](client.key.public_key(), "POST", url, headers, body + b" ")
    with pytest.raises(Exception):
        names["verify"](client.key.public_key(), "POST", url + "x", headers, body)
