# SPDX-License-Identifier: Apache-2.0
"""The https uplink with the reference receiver: two programs that share no code."""
import base64
import hashlib
import json
import random
import secrets
import uuid

import pytest

from mock_receiver import Uplink
from stand import Process, free_port, wait_until
from uplink_fixtures import pki  # noqa: F401

ALARM = "0190a1b2-0000-7000-8000-00000000000a"


class Chain:
    """Events as the gateway makes them."""

    def __init__(self):
        self.seq = 0
        self.prev = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")

    def event(self, kind, data):
        self.seq += 1
        identity = str(uuid.uuid4())
        body = json.dumps({
            "specversion": "1.0", "id": identity, "source": "tocsin:31010600001320000001",
            "type": f"tocsin.{kind}", "time": "2026-11-23T08:00:00.000Z", "seq": self.seq,
            "prev": self.prev, "boot": "b", "monoms": 1, "clock": "synced", "data": data})
        digest = hashlib.sha256(body.encode()).digest()
        self.prev = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return {"id": identity, "body": body}

    def manifest(self, clip):
        return self.event("clip.manifest", {
            "alarm": ALARM, "camera": {"id": "gate", "name": "大门"}, "part": 1, "last": True,
            "length": len(clip), "sha256": hashlib.sha256(clip).hexdigest()})


@pytest.fixture
def real(build, pki, tmp_path):  # noqa: F811
    """The reference receiver and an uplink to it."""
    keys, token, store = tmp_path / "gateway-keys", tmp_path / "token", tmp_path / "store"
    keys.mkdir()
    store.mkdir()
    (keys / "gateway.pem").write_text(open(pki.path("signing.pub.pem")).read())
    token.write_text(secrets.token_urlsafe(24) + "\n")
    token.chmod(0o600)
    port = free_port()
    process = Process("receiver", [
        build / "receiver/tocsin-receiver", "--name", "r", "--listen", f"127.0.0.1:{port}",
        "--cert", pki.path("receiver.pem"), "--key", pki.path("receiver.key"), "--client-ca",
        pki.path("ca.pem"), "--gateway-keys", keys, "--receipt-key", pki.path("receipt.key"),
        "--store", store, "--page-listen", f"127.0.0.1:{free_port()}", "--page-token-file", token],
        tmp_path)
    process.wait_ready()
    uplink = Uplink(build, pki, tmp_path, url=f"https://127.0.0.1:{port}/v1/events",
                    ca_file=pki.path("ca.pem"), cert_file=pki.path("gateway.pem"),
                    key_file=pki.path("gateway.key"), attempt_timeout=3000,
                    receipt_keys=pki.path("receipt.pub.pem"))
    uplink.port = port
    yield uplink
    assert uplink.finish()[1] == 0, uplink.log
    assert process.stop() == 0, process.tail()


def established(port):
    """Connections to the port, seen from the client's side."""
    count = 0
    for line in open("/proc/net/tcp").readlines()[1:]:
        fields = line.split()
        if fields[2].endswith(f":{port:04X}") and fields[3] == "01":
            count += 1
    return count


def test_alarms_are_stored_over_two_warm_connections(real):
    chain = Chain()
    wait_until("both lines are open", lambda: established(real.port) == 2)
    for _ in range(10):
        result = real.result_of_send(**chain.event("alarm.raised", {"alarm": ALARM}))
        assert result["outcome"] == "stored", result
    assert established(real.port) == 2


def test_the_same_event_again_gets_its_receipt_and_another_body_is_refused(real):
    one = Chain().event("alarm.raised", {"alarm": ALARM})
    assert real.result_of_send(**one)["outcome"] == "stored"
    assert real.result_of_send(**one)["outcome"] == "stored"
    changed = {"id": one["id"], "body": one["body"].replace("synced", "unknown")}
    assert real.result_of_send(**changed)["outcome"] == "refused"


def test_a_clip_is_uploaded_resumed_and_receipted(real, tmp_path):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(random.Random(2).randbytes((4 << 20) + 777))
    manifest = Chain().manifest(clip.read_bytes())
    assert real.result_of_send(lane="manifest", **manifest)["outcome"] == "stored"
    result = real.outcome(real.upload(clip, manifest=manifest["id"]))
    assert result["outcome"] == "stored", result
    assert json.loads(result["receipt"])["clip"] == manifest["id"]
    # Once more: the receiver has it and says so at once.
    assert real.outcome(real.upload(clip, manifest=manifest["id"]))["outcome"] == "stored"


def test_a_clip_that_is_not_the_manifests_is_refused(real, tmp_path):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a" * 1000)
    manifest = Chain().manifest(b"b" * 1000)
    assert real.result_of_send(lane="manifest", **manifest)["outcome"] == "stored"
    result = real.outcome(real.upload(clip, manifest=manifest["id"]))
    assert result["outcome"] == "refused" and "not the one its manifest" in result["reason"], result
