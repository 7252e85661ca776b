# SPDX-License-Identifier: Apache-2.0
"""Clips by tus 1.0: whole, interrupted, paused, refused, and never in an alarm's way."""
import base64
import hashlib
import random
import threading

import pytest

from mock_receiver import answer, digest_header, receipt
from stand import wait_until
from uplink_fixtures import events, made, pki, receiver, uplink  # noqa: F401

MANIFEST = "0190a1b2-0000-7000-8000-000000000001"
PIECE = 4 << 20


class Tus:
    """A receiver of one clip; `spoil(request, connection)` may answer in its place."""

    def __init__(self, mock):
        self.mock = mock
        self.data = b""
        self.length = None
        self.metadata = {}
        self.location = "/v1/clips/1"
        self.spoil = lambda request, connection: False
        mock.behave = self.behave

    def receipt(self, request):
        return receipt(self.mock.pki.receipt_key, request, clip=MANIFEST,
                       subject=digest_header(self.data))

    def behave(self, request, connection):
        if request.target == "/v1/events":
            return self.mock.store(request, connection)
        request.verify(self.mock.pki.gateway_key.public_key(), self.mock.origin)
        assert request.headers["tus-resumable"] == "1.0.0"
        spoilt = self.spoil(request, connection)
        if spoilt is not False:
            return spoilt
        return getattr(self, "on_" + request.method.lower())(request)

    def on_post(self, request):
        assert request.target == "/v1/clips" and request.body == b""
        self.length = int(request.headers["upload-length"])
        for pair in request.headers["upload-metadata"].split(","):
            key, value = pair.split(" ")
            self.metadata[key] = base64.b64decode(value).decode()
        if len(self.data) == self.length:
            return self.receipt(request)
        return answer(201, b"", [("Location", self.location), ("Tus-Resumable", "1.0.0")])

    def on_head(self, request):
        return answer(200, b"", [("Upload-Offset", str(len(self.data)))])

    def on_patch(self, request):
        assert request.headers["content-type"] == "application/offset+octet-stream"
        assert int(request.headers["upload-offset"]) == len(self.data)
        self.data += request.body
        if len(self.data) == self.length:
            return self.receipt(request)
        return answer(204, b"", [("Upload-Offset", str(len(self.data)))])


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(random.Random(1).randbytes(2 * PIECE + 12345))
    return path


def pieces(mock):
    return [r for r in mock.requests if r.method == "PATCH"]


def test_a_clip_arrives_whole(receiver, uplink, clip):
    tus = Tus(receiver())
    one = uplink(events(tus.mock))
    result = one.outcome(one.upload(clip))
    assert result["outcome"] == "stored", result
    assert tus.data == clip.read_bytes()
    assert tus.metadata == {"manifest": MANIFEST, "filename": "clip.mp4"}
    assert [len(r.body) for r in pieces(tus.mock)] == [PIECE, PIECE, 12345]
    assert "Signature: " in result["receipt_headers"] and MANIFEST in result["receipt"]
    assert {r.connection for r in pieces(tus.mock)} == {pieces(tus.mock)[0].connection}


@pytest.mark.parametrize("taken", [1, 1000, PIECE - 1])
def test_an_interrupted_upload_goes_on_at_the_byte_that_the_receiver_has(
        taken, receiver, uplink, clip):
    tus = Tus(receiver())

    def lose_connection(request, connection):
        if request.method != "PATCH" or request.headers["upload-offset"] != str(PIECE):
            return False
        if len(tus.data) > PIECE:
            return answer(409)  # libcurl has sent the piece once more by itself
        tus.data += request.body[:taken]
        return None

    tus.spoil = lose_connection
    one = uplink(events(tus.mock))
    result = one.outcome(one.upload(clip))
    assert result["outcome"] == "retry", result
    assert len(tus.data) == PIECE + taken
    tus.spoil = lambda request, connection: False
    before = len(pieces(tus.mock))
    assert one.outcome(one.upload(clip))["outcome"] == "stored"
    assert pieces(tus.mock)[before].headers["upload-offset"] == str(PIECE + taken)
    assert tus.data == clip.read_bytes()


def test_a_file_that_is_there_already_gets_its_receipt_at_once(receiver, uplink, clip):
    tus = Tus(receiver())
    tus.data = clip.read_bytes()
    one = uplink(events(tus.mock))
    assert one.outcome(one.upload(clip))["outcome"] == "stored"
    assert [r.method for r in tus.mock.posts()] == ["POST"]


def test_a_lost_last_receipt_is_asked_for_again(receiver, uplink, clip):
    tus = Tus(receiver())
    tus.data = clip.read_bytes()
    # A receiver that does not say at creation that it has the file.
    tus.on_post = lambda r: (setattr(tus, "length", len(tus.data)),
                             answer(201, b"", [("Location", tus.location)]))[1]
    one = uplink(events(tus.mock))
    assert one.outcome(one.upload(clip))["outcome"] == "stored"
    assert [r.body for r in pieces(tus.mock)] == [b""]


def test_a_file_that_is_not_the_manifests_is_refused(receiver, uplink, clip):
    tus = Tus(receiver())
    tus.spoil = lambda r, c: answer(460) if r.method == "PATCH" else False
    one = uplink(events(tus.mock))
    result = one.outcome(one.upload(clip))
    assert result["outcome"] == "refused" and "not the one its manifest" in result["reason"]


def wrong_receipt(tus, **wrong):
    def behave(request, connection):
        if request.method != "PATCH" or len(tus.data) + len(request.body) < tus.length:
            return False
        tus.data += request.body
        fields = {"clip": MANIFEST, "subject": digest_header(tus.data), **wrong}
        return receipt(tus.mock.pki.receipt_key, request, **fields)
    return behave


@pytest.mark.parametrize("wrong,word", [
    ({"subject": digest_header(b"another file")}, "digest"),
    ({"clip": "0190a1b2-0000-7000-8000-00000000ffff"}, "clip"),
    ({"signed_status": 204}, "verify"),
])
def test_a_wrong_last_receipt_is_not_believed(wrong, word, receiver, uplink, clip):
    tus = Tus(receiver())
    tus.spoil = wrong_receipt(tus, **wrong)
    one = uplink(events(tus.mock))
    result = one.outcome(one.upload(clip))
    assert result["outcome"] == "retry" and word in result["reason"], result
    assert result["receipt_headers"] is None


@pytest.mark.parametrize("method,reply,outcome,word", [
    ("POST", answer(403), "refused", "answered 403"),
    ("POST", answer(503), "retry", "answered 503"),
    ("POST", answer(201), "refused", "Location"),
    ("POST", answer(201, b"", [("Location", "https://other.test/x")]), "refused", "Location"),
    ("POST", answer(201, b"", [("Location", "//other.test/x")]), "refused", "Location"),
    ("HEAD", answer(200), "retry", "Upload-Offset"),
    ("HEAD", answer(200, b"", [("Upload-Offset", "99999999999")]), "retry", "Upload-Offset"),
    ("HEAD", answer(404), "retry", "lost its place"),
    ("PATCH", answer(409), "retry", "lost its place"),
    ("PATCH", answer(204), "retry", "Upload-Offset"),
    ("PATCH", answer(204, b"", [("Upload-Offset", "0")]), "retry", "Upload-Offset"),
    ("PATCH", answer(413), "refused", "answered 413"),
])
def test_strange_answers_end_the_run(method, reply, outcome, word, receiver, uplink, clip):
    tus = Tus(receiver())
    tus.spoil = lambda r, c: reply if r.method == method else False
    one = uplink(events(tus.mock))
    result = one.outcome(one.upload(clip))
    assert result["outcome"] == outcome and word in result["reason"], result
    tus.spoil = lambda r, c: False
    assert one.outcome(one.upload(clip))["outcome"] == "stored"


def test_an_absolute_location_on_the_same_server_is_taken(receiver, uplink, clip):
    tus = Tus(receiver())
    tus.location = f"{tus.mock.origin}/v1/clips/1"
    one = uplink(events(tus.mock))
    assert one.outcome(one.upload(clip))["outcome"] == "stored"


def test_a_receiver_that_cannot_sign_leaves_a_clip_unconfirmed(receiver, uplink, clip):
    tus = Tus(receiver())
    tus.receipt = lambda request: answer(204, b"", [("Upload-Offset", str(len(tus.data)))])
    one = uplink(events(tus.mock), receipts="unsigned", receipt_keys=None)
    assert one.outcome(one.upload(clip))["outcome"] == "unconfirmed"
    assert hashlib.sha256(tus.data).digest() == hashlib.sha256(clip.read_bytes()).digest()


def test_while_paused_no_piece_leaves_and_alarms_do(receiver, uplink, clip):
    tus = Tus(receiver())
    one = uplink(events(tus.mock))
    one.command(do="pause", on=True)
    upload = one.upload(clip)
    wait_until("the offset was asked for", lambda: any(r.method == "HEAD"
                                                       for r in tus.mock.requests))
    for _ in range(20):
        assert one.result_of_send()["outcome"] == "stored"
    assert pieces(tus.mock) == []
    one.command(do="pause", on=False)
    assert one.outcome(upload)["outcome"] == "stored"


def test_a_pause_holds_the_next_piece(receiver, uplink, clip):
    tus = Tus(receiver())
    first, go_on = threading.Event(), threading.Event()

    def hold(request, connection):
        if request.method == "PATCH" and not go_on.is_set():
            first.set()
            go_on.wait(20)
        return False

    tus.spoil = hold
    one = uplink(events(tus.mock))
    upload = one.upload(clip)
    assert first.wait(20)
    one.command(do="pause", on=True)
    assert one.result_of_send()["outcome"] == "stored"  # the pause was taken before this
    go_on.set()
    for _ in range(20):
        assert one.result_of_send()["outcome"] == "stored"
    assert len(pieces(tus.mock)) == 1
    one.command(do="pause", on=False)
    assert one.outcome(upload)["outcome"] == "stored"


def test_a_stuck_clip_delays_no_press_and_takes_no_warm_connection(receiver, uplink, clip):
    tus = Tus(receiver())
    release = threading.Event()
    tus.spoil = lambda r, c: release.wait(20) and None if r.method == "PATCH" else False
    one = uplink(events(tus.mock))
    wait_until("both lines were dialled",
               lambda: len({r.connection for r in tus.mock.requests}) >= 2)
    upload = one.upload(clip)
    wait_until("a piece is on its way", lambda: pieces(tus.mock))
    for _ in range(5):
        assert one.result_of_send()["outcome"] == "stored"
    alarms = {r.connection for r in tus.mock.posts() if r.target == "/v1/events"}
    assert alarms <= {1, 2}
    outcomes, status = one.finish()
    assert [(o["tag"], o["outcome"]) for o in outcomes] == [(upload, "cancelled")]
    assert status == 0, one.log
    release.set()


def test_a_file_that_is_gone_or_shorter(receiver, uplink, clip):
    tus = Tus(receiver())
    one = uplink(events(tus.mock))
    one.command(do="upload", tag="gone", manifest=MANIFEST, path=str(clip) + "x", length=1,
                sha256="00" * 32)
    result = one.outcome("gone")
    assert result["outcome"] == "retry" and "No such file" in result["reason"]
    one.command(do="upload", tag="shorter", manifest=MANIFEST, path=str(clip), length=1 << 30,
                sha256="00" * 32)
    result = one.outcome("shorter")
    assert result["outcome"] == "refused" and "length" in result["reason"]
