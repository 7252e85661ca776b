# SPDX-License-Identifier: Apache-2.0
"""A gateway in a few lines of Python, written from the description of the profile alone."""
import base64
import hashlib
import http.client
import json
import secrets
import ssl
import time
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import (decode_dss_signature,
                                                             encode_dss_signature)

SOURCE = "tocsin:31010600001320000001"


def digest_of(body):
    return "sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()).decode() + ":"


def public_der(key):
    return key.public_bytes(serialization.Encoding.DER,
                            serialization.PublicFormat.SubjectPublicKeyInfo)


def make_event(kind="tocsin.alarm.raised", seq=1, prev=None, data=None, **changes):
    """The bytes of an event and its id."""
    event_id = str(uuid.uuid4())
    event = {"specversion": "1.0", "id": event_id, "source": SOURCE, "type": kind,
             "time": "2026-11-23T08:15:30.123Z", "seq": seq, "prev": prev or "A" * 43,
             "clock": "synced", "data": data if data is not None else {"alarm": str(uuid.uuid4())}}
    event.update(changes)
    event = {k: v for k, v in event.items() if v is not None}
    return json.dumps(event).encode(), event.get("id", event_id)


def prev_of(body):
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip("=")


class Client:
    """Signs and sends requests; every part of a request can be spoiled by the caller."""

    def __init__(self, receiver, pki, certificate="gateway", key=None):
        self.receiver = receiver
        self.key = key or serialization.load_pem_private_key(
            (pki / "gateway-signing.key").read_bytes(), None)
        self.keyid = hashlib.sha256(public_der(self.key.public_key())).hexdigest()[:16]
        self.receipt_key = serialization.load_pem_public_key(
            (pki / f"{receiver.name}-receipt.pub.pem").read_bytes())
        self.tls = ssl.create_default_context(cafile=pki / "ca.pem")
        if certificate:
            self.tls.load_cert_chain(pki / f"{certificate}.pem", pki / f"{certificate}.key")

    def sign(self, text):
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(text.encode())
        r, s = decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def headers(self, method, path, body, nonce=None, created=None, keyid=None):
        url = f"https://127.0.0.1:{self.receiver.port}{path}"
        created = int(time.time()) if created is None else created
        nonce = nonce or base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        alg = "ed25519" if isinstance(self.key, ed25519.Ed25519PrivateKey) else "ecdsa-p256-sha256"
        params = ('("@method" "@target-uri" "content-digest");'
                  f'created={created};expires={created + 300};nonce="{nonce}";'
                  f'keyid="{keyid or self.keyid}";alg="{alg}";tag="tocsin-v1"')
        base = (f'"@method": {method}\n"@target-uri": {url}\n"content-digest": {digest_of(body)}\n'
                f'"@signature-params": {params}')
        return {"Content-Digest": digest_of(body), "Signature-Input": "sig1=" + params,
                "Signature": "sig1=:" + base64.b64encode(self.sign(base)).decode() + ":"}

    def send(self, method, path, body=b"", headers=None, **signing):
        """Returns (status, headers, body). `headers` replace or, as None, take away."""
        all_headers = {"Content-Type": "application/cloudevents+json",
                       **self.headers(method, path, body, **signing), **(headers or {})}
        connection = http.client.HTTPSConnection("127.0.0.1", self.receiver.port, timeout=20,
                                                 context=self.tls)
        try:
            connection.request(method, path, body, {k: v for k, v in all_headers.items()
                                                    if v is not None})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def post(self, body, event_id, headers=None, **signing):
        return self.send("POST", "/v1/events", body,
                         {"Idempotency-Key": f'"{event_id}"', **(headers or {})}, **signing)

    def check_receipt(self, answer, request_body, **expected):
        """Verifies a receipt as a gateway does, and returns its JSON."""
        status, headers, body = answer
        assert status == 200, body
        params = headers["Signature-Input"].removeprefix("sig1=")
        assert headers["Content-Digest"] == digest_of(body)
        base = (f'"@status": 200\n"content-digest": {digest_of(body)}\n'
                f'"content-digest";req: {digest_of(request_body)}\n"@signature-params": {params}')
        raw = base64.b64decode(headers["Signature"][6:-1])
        if isinstance(self.receipt_key, ed25519.Ed25519PublicKey):
            self.receipt_key.verify(raw, base.encode())
        else:
            self.receipt_key.verify(encode_dss_signature(int.from_bytes(raw[:32], "big"),
                                                         int.from_bytes(raw[32:], "big")),
                                    base.encode(), ec.ECDSA(hashes.SHA256()))
        receipt = json.loads(body)
        assert receipt["state"] == "stored"
        for name, value in expected.items():
            assert receipt[name] == value
        return receipt
