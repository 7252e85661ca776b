# SPDX-License-Identifier: Apache-2.0
"""The reference receiver against a gateway of somebody else's making."""
import base64
import hashlib
import http.client
import json
import re
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from signing_client import SOURCE, Client, digest_of, make_event, prev_of
from stand import TOP, wait_until


@pytest.fixture
def police(stand):
    stand.receivers["police"].start()
    return stand.receivers["police"]


@pytest.fixture
def client(stand, police):
    return Client(police, stand.pki)


def refused(answer, status, *words):
    assert answer[0] == status, answer[2]
    reason = json.loads(answer[2])["error"]
    for word in words:
        assert word in reason, reason


def test_an_event_is_stored_and_receipted_and_a_repeat_gets_the_same_receipt(client, police):
    body, event_id = make_event()
    first = client.check_receipt(client.post(body, event_id), body, event=event_id,
                                 digest=digest_of(body))
    again = client.check_receipt(client.post(body, event_id), body, event=event_id)
    assert (first["receiver_seq"], first["received_at"]) == (
        again["receiver_seq"], again["received_at"])
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
    other, other_id = make_event(seq=2)
    refused(client.post(other, other_id, nonce=nonce), 409, "nonce")
    assert len(police.events()) == 1


def test_an_alarm_with_a_mad_clock_is_accepted_and_its_clock_is_shown(client, police):
    body, event_id = make_event(clock="unknown", time="1970-01-01T00:00:00.000Z")
    client.check_receipt(client.post(body, event_id, created=5), body)
    assert police.state()["alarms"][0]["clock"] == "unknown"


@pytest.mark.parametrize("spoil, status, words", [
    ({"Content-Digest": None}, 401, ["needed"]),
    ({"Signature": None}, 401, ["needed"]),
    ({"Signature-Input": "sig1=()"}, 400, ["shape"]),
    ({"Signature": "sig1=:AAAA:"}, 400, ["64 bytes"]),
    ({"Content-Digest": digest_of(b"other")}, 400, ["digest"]),
    ({"Signature": "sig1=:" + "A" * 86 + "==:"}, 401, ["does not verify"]),
    ({"Idempotency-Key": '"x"'}, 400, ["Idempotency-Key"]),
    ({"Idempotency-Key": None}, 400, ["Idempotency-Key"]),
])
def test_what_is_wrong_with_a_request_is_said_and_nothing_is_stored(client, police, spoil, status,
                                                                    words):
    body, event_id = make_event()
    refused(client.post(body, event_id, headers=spoil), status, *words)
    assert police.events() == []


@pytest.mark.parametrize("changes, word", [
    ({"specversion": "0.3"}, "specversion"), ({"id": "x"}, "id"), ({"source": "x"}, "source"),
    ({"type": "alarm"}, "type"), ({"seq": 0}, "seq"), ({"prev": "x"}, "prev"),
    ({"data": []}, "data"), ({"data": {"alarm": "x"}}, "data.alarm"), ({"clock": None}, "clock"),
    ({"type": "tocsin.clip.manifest", "data": {"length": 0}}, "manifest"),
])
def test_an_event_that_is_none_is_refused_with_the_reason(client, police, changes, word):
    body, _ = make_event(**changes)
    event_id = json.loads(body)["id"]
    refused(client.post(body, event_id), 400, word)
    assert police.events() == []


def test_bodies_that_are_no_json_or_too_large_are_refused(client, police):
    refused(client.post(b"{", "x"), 400, "JSON")
    body = b"x" * (2 << 20)
    refused(client.post(body, "x"), 413, "too large")
    assert police.events() == []


def test_an_unknown_key_and_a_missing_or_wrong_certificate_are_403(client, police, stand, tmp_path):
    body, event_id = make_event()
    right = client.key
    client.key = ec.generate_private_key(ec.SECP256R1())
    refused(client.post(body, event_id, keyid="0" * 16), 403, "not known")
    refused(client.post(body, event_id), 401, "does not verify")
    client.key = right
    refused(Client(police, stand.pki, certificate=False).post(body, event_id), 403, "certificate")
    subprocess.run([TOP / "scripts/make-pki", tmp_path / "other"], check=True, capture_output=True)
    stranger = Client(police, stand.pki, certificate=False)
    stranger.tls.load_cert_chain(tmp_path / "other/gateway.pem", tmp_path / "other/gateway.key")
    refused(stranger.post(body, event_id), 403, "authority")
    assert police.events() == []


def test_gaps_and_forks_of_the_chain_are_flagged_and_a_gap_can_be_filled(client, police):
    one, one_id = make_event(seq=1)
    two, two_id = make_event(seq=2, prev=prev_of(one))
    three, three_id = make_event(seq=3, prev=prev_of(two))
    client.check_receipt(client.post(one, one_id), one)
    client.check_receipt(client.post(three, three_id), three)
    assert {e["seq"]: e["chain"] for e in police.events()} == {1: "", 3: "gap"}
    client.check_receipt(client.post(two, two_id), two)
    assert {e["seq"]: e["chain"] for e in police.events()} == {1: "", 2: "", 3: ""}
    fork, fork_id = make_event(seq=2, prev=prev_of(one))
    client.check_receipt(client.post(fork, fork_id), fork)
    assert [e["chain"] for e in police.events()][-1] == "fork"


def beat(client, answer_seq=0):
    body, event_id = make_event("tocsin.heartbeat", seq=None, prev=None,
                                data={"answer_seq": answer_seq})
    event = json.loads(body)
    event.pop("prev", None)
    body = json.dumps(event).encode()
    return client.check_receipt(client.post(body, event_id), body, event=event_id)


def test_answers_travel_in_receipts_until_they_are_confirmed(client, police):
    alarm = str(uuid.uuid4())
    body, event_id = make_event(data={"alarm": alarm})
    client.check_receipt(client.post(body, event_id), body)
    assert beat(client)["answers"] == []
    seq = police.post("/api/answer", {"alarm": alarm, "state": "seen", "by": "张警官",
                                      "note": "<b>看到</b>"})["answer_seq"]
    for _ in range(2):
        [answer] = beat(client)["answers"]
        assert answer["answer_seq"] == seq and answer["alarm"] == alarm
        assert answer["state"] == "seen" and answer["by"] == "张警官"
    assert beat(client, answer_seq=seq)["answers"] == []
    assert police.alarm(alarm)["answers"][0]["confirmed"]
    gateway = police.state()["gateways"][0]
    assert gateway["source"] == SOURCE and gateway["silent_s"] < 60


def test_kill_9_during_posts_loses_no_receipted_event(client, police):
    receipted, stop = [], threading.Event()

    def post_on():
        seq = 0
        while not stop.is_set():
            seq += 1
            body, event_id = make_event(seq=seq)
            try:
                client.check_receipt(client.post(body, event_id), body)
                receipted.append(event_id)
            except OSError:
                pass
            except http.client.HTTPException:
                pass

    poster = threading.Thread(target=post_on)
    poster.start()
    try:
        for _ in range(10):
            before = len(receipted)
            wait_until("some posts", lambda: len(receipted) > before + 3, 20)
            police.process.kill()
            police.start()
    finally:
        stop.set()
        poster.join(30)
    ids = [e["id"] for e in police.events()]
    assert len(ids) == len(set(ids))
    assert set(receipted) <= set(ids)


class Clip:
    """A clip and its manifest at the receiver."""

    def __init__(self, client, data, length=None, sha256=None):
        self.client = client
        self.data = data
        self.alarm = str(uuid.uuid4())
        body, self.manifest = make_event("tocsin.clip.manifest", data={
            "alarm": self.alarm, "length": len(data), "camera": {"id": "gate", "name": "大门"},
            "sha256": sha256 or hashlib.sha256(data).hexdigest()})
        client.check_receipt(client.post(body, self.manifest), body)
        self.path = f"/v1/clips/{self.manifest}"

    def create(self, length=None):
        name = base64.b64encode(self.manifest.encode()).decode()
        return self.client.send("POST", "/v1/clips", b"", {
            "Upload-Length": str(length or len(self.data)), "Tus-Resumable": "1.0.0",
            "Upload-Metadata": f"manifest {name},filename {base64.b64encode(b'a').decode()}"})

    def offset(self):
        status, headers, _ = self.client.send("HEAD", self.path)
        assert status == 200
        return int(headers["Upload-Offset"])

    def patch(self, first, last):
        piece = self.data[first:last]
        return piece, self.client.send("PATCH", self.path, piece, {
            "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(first)})


def test_a_clip_is_uploaded_in_odd_pieces_over_a_restart_and_receipted(client, police):
    clip = Clip(client, bytes(range(256)) * 999)
    status, headers, _ = clip.create()
    assert status == 201 and headers["Location"] == clip.path
    assert clip.patch(0, 100001)[1][0] == 204
    police.process.kill()
    police.start()
    assert clip.offset() == 100001
    refused(clip.patch(0, 10)[1], 409, "Upload-Offset")
    piece, answer = clip.patch(100001, None)
    client.check_receipt(answer, piece, clip=clip.manifest, digest=digest_of(clip.data))
    client.check_receipt(clip.create(), b"", clip=clip.manifest)  # asked again, receipted again
    assert clip.offset() == len(clip.data)
    assert police.get(f"/clips/{clip.manifest}.mp4", raw=True) == clip.data
    assert police.get(f"/clips/{clip.manifest}.mp4", raw=True,
                      headers={"Range": "bytes=5-9"}) == clip.data[5:10]
    assert police.alarm(clip.alarm)["clips"][0]["complete"]


def test_a_clip_that_is_not_its_manifests_is_dropped(client, police):
    clip = Clip(client, b"not what was promised", sha256="0" * 64)
    assert clip.create()[0] == 201
    refused(clip.patch(0, None)[1], 460, "hash")
    assert clip.offset() == 0
    assert not police.alarm(clip.alarm)["clips"][0]["complete"]


def test_uploads_without_a_manifest_or_of_another_length_are_refused(client):
    clip = Clip(client, b"12345")
    refused(clip.create(length=6), 409, "length")
    clip.manifest = str(uuid.uuid4())
    refused(clip.create(), 404, "manifest")
    clip.path = "/v1/clips/../../etc/passwd"
    assert client.send("HEAD", clip.path)[0] == 404


def test_the_page_needs_its_token_and_answers_need_the_page(police, client):
    body, event_id = make_event(data={"alarm": (alarm := str(uuid.uuid4()))})
    client.check_receipt(client.post(body, event_id), body)
    base = f"http://127.0.0.1:{police.page_port}"

    def status(path, **headers):
        try:
            return urllib.request.urlopen(urllib.request.Request(base + path, headers=headers),
                                          timeout=10).status
        except urllib.error.HTTPError as error:
            return error.code

    assert status("/") == 401
    assert status("/api/state", Authorization="Bearer wrong") == 401
    assert status("/api/state", Cookie=f"tocsin={police.token}") == 200
    page = urllib.request.urlopen(police.page, timeout=10)
    assert "HttpOnly" in page.headers["Set-Cookie"] and "SameSite=Strict" in page.headers["Set-Cookie"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    answer = json.dumps({"alarm": alarm, "state": "seen", "by": "x"}).encode()
    for headers in ({"Content-Type": "text/plain"},
                    {"Content-Type": "application/json", "Origin": "http://evil.example"}):
        request = urllib.request.Request(base + "/api/answer", answer, {
            "Authorization": f"Bearer {police.token}", **headers})
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=10)
        assert caught.value.code == 403
    with pytest.raises(urllib.error.HTTPError) as caught:
        police.post("/api/answer", {"alarm": alarm, "state": "maybe", "by": "x"})
    assert caught.value.code == 400


def test_the_page_is_told_at_once_and_slow_viewers_delay_nobody(police, client):
    connections = []
    for _ in range(20):  # viewers that never read
        connection = http.client.HTTPConnection("127.0.0.1", police.page_port, timeout=20)
        connection.request("GET", "/api/stream", headers={
            "Authorization": f"Bearer {police.token}"})
        connections.append(connection)
    stream = connections[0].getresponse()
    assert re.match(rb"retry: \d+\n", stream.readline())
    body, event_id = make_event()
    client.check_receipt(client.post(body, event_id), body)
    lines = [stream.readline() for _ in range(4)]
    assert any(line.startswith(b"data: ") for line in lines)
    for connection in connections:
        connection.close()


def test_usage_errors_and_missing_files_are_explained(build, tmp_path):
    binary = build / "receiver/tocsin-receiver"
    done = subprocess.run([binary], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 and "--help" in done.stderr
    done = subprocess.run([binary, "--help"], capture_output=True, text=True, timeout=20,
                          check=False)
    assert done.returncode == 0 and done.stdout.startswith("usage: tocsin-receiver")
    nowhere = tmp_path / "nowhere"
    done = subprocess.run([binary, "--cert", nowhere, "--key", nowhere, "--client-ca", nowhere,
                           "--gateway-keys", nowhere, "--receipt-key", nowhere, "--store", tmp_path,
                           "--page-token-file", nowhere], capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.returncode == 1 and str(nowhere) in done.stderr


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
