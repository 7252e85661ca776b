# SPDX-License-Identifier: Apache-2.0
"""The reference receiver: clips by tus."""
import random
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from receiver_fixtures import (Clip, add_gateway_key, client, police,  # noqa: F401
                               raise_alarm, refused, restart)
from signing_client import Client, digest_of


def test_a_clip_is_uploaded_in_odd_pieces_over_kills_and_receipted(client, police):
    clip = Clip(client, bytes(range(256)) * 999)
    status, headers, _ = clip.create()
    assert status == 201 and headers["Location"] == clip.path
    assert headers["Tus-Resumable"] == "1.0.0"
    at = 0
    for length in (1, 7, 4095, 100001):
        _, (status, headers, _) = clip.patch(at, at + length)
        at += length
        assert status == 204 and headers["Upload-Offset"] == str(at)
        police.process.kill()
        police.start()
        assert clip.offset() == at
    refused(clip.patch(0, 10)[1], 409, "Upload-Offset")
    refused(clip.patch(at + 1, at + 10)[1], 409, f"{at} bytes are here")
    assert police.alarm(clip.alarm)["clips"][0]["complete"] is False
    piece, answer = clip.patch(at, None)
    receipt = client.check_receipt(answer, piece, clip=clip.manifest, digest=digest_of(clip.data))
    assert "event" not in receipt
    restart(police)
    again = client.check_receipt(clip.create(), b"", clip=clip.manifest)
    piece, answer = clip.patch(len(clip.data), None)
    assert client.check_receipt(answer, piece, clip=clip.manifest) == again == receipt
    assert clip.offset() == len(clip.data)
    assert police.get(f"/clips/{clip.manifest}.mp4", raw=True) == clip.data
    assert police.alarm(clip.alarm)["clips"][0]["complete"]


def test_a_clip_larger_than_one_request_may_be(client, police):
    data = random.Random(1).randbytes((8 << 20) + 1)
    clip = Clip(client, data)
    assert clip.create()[0] == 201
    refused(clip.patch(0, None)[1], 413, "too large")
    assert clip.offset() == 0
    assert clip.patch(0, 4 << 20)[1][0] == 204
    piece, answer = clip.patch(4 << 20, None)
    client.check_receipt(answer, piece, digest=digest_of(data))


def test_a_clip_that_is_not_its_manifests_is_dropped_and_can_be_sent_again(client, police):
    clip = Clip(client, b"what was promised")
    promised, clip.data = clip.data, b"what was Promised"
    assert clip.create()[0] == 201
    refused(clip.patch(0, None)[1], 460, "hash")
    assert clip.offset() == 0
    assert not police.alarm(clip.alarm)["clips"][0]["complete"]
    clip.data = promised
    clip.upload()


def test_a_receiver_that_died_before_the_receipt_gives_it_later(client, police):
    clip = Clip(client, b"whole")
    police.process.stop()
    (police.store / "clips" / f"{clip.manifest}.part").write_bytes(clip.data)
    police.start()
    assert clip.offset() == len(clip.data)
    client.check_receipt(clip.create(), b"", clip=clip.manifest, digest=digest_of(clip.data))
    other = Clip(client, b"whole")
    police.process.stop()
    (police.store / "clips" / f"{other.manifest}.part").write_bytes(clip.data)
    police.start()
    piece, answer = other.patch(5, None)  # nothing is left to send
    client.check_receipt(answer, piece, clip=other.manifest)


@pytest.mark.parametrize("headers, word", [
    ({"Upload-Offset": "x"}, "Upload-Offset"), ({"Upload-Offset": None}, "Upload-Offset"),
    ({"Upload-Offset": "-0"}, "Upload-Offset"), ({"Upload-Offset": "0x0"}, "Upload-Offset"),
    ({"Content-Type": "video/mp4"}, "offset+octet-stream"),
])
def test_pieces_that_are_none_are_refused(client, headers, word):
    clip = Clip(client, b"12345")
    refused(clip.patch(0, 1, headers)[1], 400, word)
    assert clip.offset() == 0


def test_uploads_without_a_manifest_or_of_another_length_are_refused(client):
    clip = Clip(client, b"12345")
    refused(clip.create(length=6), 409, "length")
    refused(clip.create(headers={"Upload-Length": "5x"}), 409, "length")
    refused(clip.create(headers={"Upload-Metadata": "filename eA=="}), 400, "manifest")
    refused(clip.create(headers={"Upload-Metadata": None}), 400, "manifest")
    refused(clip.create(headers={"Tus-Resumable": "0.2.2"}), 412, "1.0.0")
    clip.data += b"6"
    refused(clip.patch(0, None)[1], 413, "manifest's length")
    clip.manifest = str(uuid.uuid4())
    refused(clip.create(), 404, "manifest")
    for path in ("/v1/clips/../../etc/passwd", "/v1/clips/x", "/v1/clips/", f"/v1/clips/{clip.manifest}"):
        assert client.send("HEAD", path)[0] == 404
    assert client.send("DELETE", clip.path)[0] == 405


def test_clips_are_signed_too_and_belong_to_their_gateway(stand):
    key, other = "1" * 20, "2" * 20
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in (key, other)}
    for name in keys:
        add_gateway_key(stand, f"{name}.pem", keys[name])
    police = stand.receivers["police"]  # noqa: F811
    police.start()
    client = Client(police, stand.pki)  # noqa: F811
    clip = Clip(client, b"12345")
    refused(clip.patch(0, None, {"Signature": None})[1], 401, "needed")
    piece = client.headers("PATCH", clip.path, b"54321")
    refused(client.send("PATCH", clip.path, b"12345", piece), 400, "digest")
    clip.client = Client(police, stand.pki, key=keys[other])
    refused(clip.patch(0, None)[1], 403, "does not speak")
    refused(clip.create(), 403, "does not speak")
    clip.client = client
    nonce = "B" * 22
    assert client.send("HEAD", clip.path, nonce=nonce)[0] == 200
    assert client.send("HEAD", clip.path, nonce=nonce)[0] == 409
    clip.upload()


def test_a_clip_without_its_alarm_is_no_alarm(client, police):
    clip = Clip(client, b"12345", seq=2)
    shown = police.alarm(clip.alarm)
    assert "type" not in shown and shown["state"] == "unknown" and not shown["exercise"]
    raise_alarm(client, clip.alarm, seq=1)
    shown = police.alarm(clip.alarm)
    assert shown["type"] == "tocsin.alarm.raised" and len(shown["clips"]) == 1
