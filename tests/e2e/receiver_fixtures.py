# SPDX-License-Identifier: Apache-2.0
"""A police receiver without a gateway, and what its tests share."""
import base64
import hashlib
import http.client
import json
import urllib.error
import urllib.request
import uuid

import pytest
from cryptography.hazmat.primitives import serialization
from signing_client import Client, make_event


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


def restart(receiver):
    assert receiver.process.stop() == 0
    receiver.start()


def add_gateway_key(stand, name, key):
    """Lets the receivers that start from now on know the public key of `key`."""
    (stand.pki / "gateway-keys" / name).write_bytes(key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))


def raise_alarm(client, alarm=None, **changes):
    """Sends one alarm; returns the id of its incident and of its event."""
    data = {"alarm": alarm or str(uuid.uuid4()), "kind": "panic", "presses": 1,
            "input": {"id": "b", "name": "一键报警按钮", "place": "门卫室"},
            "site": {"id": "s", "name": "阳光小学", "address": "示范路1号", "contacts": ["值班室"]}}
    data.update(changes.pop("data", {}))
    body, event_id = make_event(data=data, **changes)
    client.check_receipt(client.post(body, event_id), body, event=event_id)
    return data["alarm"], event_id


def send_beat(client, answer_seq=0, created=None, nonce=None, **changes):
    body, event_id = make_event("tocsin.heartbeat", seq=None, data={"answer_seq": answer_seq},
                                **changes)
    event = json.loads(body)
    del event["prev"]
    body = json.dumps(event).encode()
    return body, event_id, client.post(body, event_id, created=created, nonce=nonce)


def beat(client, **options):
    """Sends a heartbeat and returns its receipt."""
    body, event_id, answer = send_beat(client, **options)
    return client.check_receipt(answer, body, event=event_id)


class Clip:
    """A clip and its manifest at the receiver."""

    def __init__(self, client, data, sha256=None, alarm=None, seq=1):
        self.client = client
        self.data = data
        self.alarm = alarm or str(uuid.uuid4())
        body, self.manifest = make_event("tocsin.clip.manifest", seq=seq, data={
            "alarm": self.alarm, "length": len(data), "camera": {"id": "gate", "name": "大门"},
            "part": 1, "last": True, "sha256": sha256 or hashlib.sha256(data).hexdigest()})
        client.check_receipt(client.post(body, self.manifest), body)
        self.path = f"/v1/clips/{self.manifest}"

    def create(self, length=None, headers=None):
        metadata = base64.b64encode(self.manifest.encode()).decode()
        name = base64.b64encode(b"gate-1.mp4").decode()
        return self.client.send("POST", "/v1/clips", b"", {
            "Content-Type": None, "Upload-Length": str(len(self.data) if length is None else length),
            "Upload-Metadata": f"manifest {metadata},filename {name}", **(headers or {})})

    def offset(self):
        status, headers, _ = self.client.send("HEAD", self.path)
        assert status == 200
        assert int(headers["Upload-Length"]) == len(self.data)
        return int(headers["Upload-Offset"])

    def patch(self, first, last, headers=None):
        """Sends data[first:last]; returns the piece and the answer."""
        piece = self.data[first:last]
        return piece, self.client.send("PATCH", self.path, piece, {
            "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(first),
            **(headers or {})})

    def upload(self):
        assert self.create()[0] == 201
        piece, answer = self.patch(0, None)
        return self.client.check_receipt(answer, piece, clip=self.manifest)


class Page:
    """The page's server, with whatever headers."""

    def __init__(self, receiver):
        self.receiver = receiver
        self.base = f"http://127.0.0.1:{receiver.page_port}"

    def bearer(self):
        return {"Authorization": f"Bearer {self.receiver.token}"}

    def ask(self, path, data=None, method=None, **headers):
        """(status, headers, body)"""
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def stream(self):
        """A viewer that has its first line."""
        connection = http.client.HTTPConnection("127.0.0.1", self.receiver.page_port, timeout=20)
        connection.request("GET", "/api/stream", headers=self.bearer())
        return connection
