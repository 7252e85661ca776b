# SPDX-License-Identifier: Apache-2.0
"""Makes vectors.json and its keys. Run once; the results are checked in and are the contract.

Written from the description of the profile alone, with Python's cryptography; no code of Tocsin.
"""
import base64
import hashlib
import json
import pathlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

HERE = pathlib.Path(__file__).parent
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
PUBLIC = serialization.PublicFormat.SubjectPublicKeyInfo


def make_key(name, key):
    (HERE / f"{name}.key").write_bytes(key.private_bytes(
        PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    (HERE / f"{name}.pub.pem").write_bytes(key.public_key().public_bytes(PEM, PUBLIC))
    return key


def keyid(key):
    return hashlib.sha256(key.public_key().public_bytes(DER, PUBLIC)).hexdigest()[:16]


def algorithm(key):
    return "ed25519" if isinstance(key, ed25519.Ed25519PrivateKey) else "ecdsa-p256-sha256"


def sign(key, text):
    if algorithm(key) == "ed25519":
        return key.sign(text.encode())
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def digest(body):
    return "sha-256=:" + base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() + ":"


def request(name, key, key_name, body, method="POST", url="https://police.example:8443/v1/events"):
    params = ('("@method" "@target-uri" "content-digest");created=1763885730;expires=1763886030;'
              f'nonce="AAECAwQFBgcICQoLDA0ODw";keyid="{keyid(key)}";alg="{algorithm(key)}";'
              'tag="tocsin-v1"')
    base = (f'"@method": {method}\n"@target-uri": {url}\n"content-digest": {digest(body)}\n'
            f'"@signature-params": {params}')
    return {"name": name, "kind": "request", "good": True, "key": key_name, "method": method,
            "url": url, "body": body, "content_digest": digest(body),
            "signature_input": "sig1=" + params,
            "signature": "sig1=:" + base64.b64encode(sign(key, base)).decode() + ":"}


def receipt(name, key, key_name, body, request_body, status=200):
    params = ('("@status" "content-digest" "content-digest";req);created=1763885731;'
              f'keyid="{keyid(key)}";alg="{algorithm(key)}";tag="tocsin-v1-receipt"')
    base = (f'"@status": {status}\n"content-digest": {digest(body)}\n'
            f'"content-digest";req: {digest(request_body)}\n"@signature-params": {params}')
    return {"name": name, "kind": "receipt", "good": True, "key": key_name, "status": status,
            "body": body, "request_digest": digest(request_body), "content_digest": digest(body),
            "signature_input": "sig1=" + params,
            "signature": "sig1=:" + base64.b64encode(sign(key, base)).decode() + ":"}


def spoil(vector, name, **changes):
    return {**vector, "name": name, "good": False, **changes}


def main():
    p256 = make_key("p256", ec.generate_private_key(ec.SECP256R1()))
    edwards = make_key("ed25519", ed25519.Ed25519PrivateKey.generate())
    event = json.dumps({"specversion": "1.0", "id": "01890a5d-ac96-774b-bcce-b302099a8057",
                        "source": "tocsin:31010600001320000001", "type": "tocsin.alarm.raised",
                        "data": {"input": {"place": "门卫室"}}}, ensure_ascii=False)
    answer = json.dumps({"event": "01890a5d-ac96-774b-bcce-b302099a8057", "digest": digest(event),
                         "received_at": "2025-11-23T08:15:30.500Z", "receiver_seq": 1,
                         "state": "stored", "answers": []})
    vectors = []
    for name, key in (("p256", p256), ("ed25519", edwards)):
        good = request(f"request {name}", key, name, event)
        vectors += [
            good, request(f"request of nothing {name}", key, name, "", method="HEAD",
                          url="https://police.example:8443/v1/clips/x"),
            spoil(good, f"other body {name}", body=event + " "),
            spoil(good, f"other url {name}", url="https://police.example/v1/events"),
            spoil(good, f"other method {name}", method="PUT"),
            spoil(good, f"other time {name}",
                  signature_input=good["signature_input"].replace("1763885730", "1763885731")),
            spoil(good, f"other tag {name}",
                  signature_input=good["signature_input"].replace("tocsin-v1", "tocsin-v2")),
            spoil(good, f"signature of another {name}",
                  signature=request("x", key, name, "other")["signature"]),
        ]
        good = receipt(f"receipt {name}", key, name, answer, event)
        vectors += [
            good, spoil(good, f"receipt of another request {name}", request_digest=digest("x")),
            spoil(good, f"receipt with another body {name}",
                  body=answer.replace("stored", "Stored")),
            spoil(good, f"receipt with another status {name}", status=202),
        ]
    (HERE / "vectors.json").write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
