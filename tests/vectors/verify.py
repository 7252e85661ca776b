# SPDX-License-Identifier: Apache-2.0
"""Verifies vectors with Python's cryptography, and says why a bad one is bad: verify.py FILE"""
import base64
import binascii
import hashlib
import json
import pathlib
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

HERE = pathlib.Path(__file__).parent
ZEROS = "A" * 43  # 32 zero bytes
REQUEST = re.compile(
    r'sig1=(\("@method" "@target-uri" "content-digest"\);created=[0-9]{1,15};expires=[0-9]{1,15};'
    r'nonce="[A-Za-z0-9_-]{22}";keyid="([0-9a-f]{16})";alg="([a-z0-9-]+)";tag="tocsin-v1")')
RECEIPT = re.compile(
    r'sig1=(\("@status" "content-digest" "content-digest";req\);created=[0-9]{1,15};'
    r'keyid="([0-9a-f]{16})";alg="([a-z0-9-]+)";tag="tocsin-v1-receipt")')


def load_keys():
    keys = {}
    for path in HERE.glob("*.pub.pem"):
        key = serialization.load_pem_public_key(path.read_bytes())
        der = key.public_bytes(serialization.Encoding.DER,
                               serialization.PublicFormat.SubjectPublicKeyInfo)
        keys[hashlib.sha256(der).hexdigest()[:16]] = key
    return keys


KEYS = load_keys()


def digest(body):
    return "sha-256=:" + base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() + ":"


def signature_problem(v, pattern, *lines):
    """None, or why the signature over `lines` and its parameters is not good."""
    if v["content_digest"] != digest(v["body"]):
        return "digest"
    parts = pattern.fullmatch(v["signature_input"])
    signature = re.fullmatch("sig1=:([A-Za-z0-9+/=]+):", v["signature"])
    if not parts or not signature:
        return "shape"
    try:
        raw = base64.b64decode(signature[1], validate=True)
    except binascii.Error:
        return "shape"
    if len(raw) != 64:
        return "shape"
    params, keyid, alg = parts.groups()
    key = KEYS.get(keyid)
    edwards = isinstance(key, ed25519.Ed25519PublicKey)
    if key is None or alg != ("ed25519" if edwards else "ecdsa-p256-sha256"):
        return "key"
    base = "\n".join([*lines, f'"@signature-params": {params}']).encode()
    try:
        if edwards:
            key.verify(raw, base)
        else:
            key.verify(encode_dss_signature(int.from_bytes(raw[:32], "big"),
                                            int.from_bytes(raw[32:], "big")),
                       base, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return "signature"
    return None


def request_problem(v):
    return signature_problem(v, REQUEST, f'"@method": {v["method"]}', f'"@target-uri": {v["url"]}',
                             f'"content-digest": {v["content_digest"]}')


def receipt_problem(v):
    problem = signature_problem(v, RECEIPT, f'"@status": {v["status"]}',
                                f'"content-digest": {v["content_digest"]}',
                                f'"content-digest";req: {v["request_digest"]}')
    if problem:
        return problem
    try:
        body = json.loads(v["body"])
    except ValueError:
        return "body"
    subject = "clip" if "clip" in v else "event"
    good = (isinstance(body, dict) and body.get(subject) == v[subject] and
            body.get("digest") == v["subject_digest"] and body.get("state") == "stored")
    return None if good else "body"


def chain_problem(v):
    """None, or (why, which event)."""
    before, head = None, None
    for at, text in enumerate(v["events"]):
        event = json.loads(text)
        seq, prev = event["seq"], event["prev"]
        if not isinstance(seq, int) or not re.fullmatch("[A-Za-z0-9_-]{43}", prev):
            return "member", at
        if before and event["source"] != before["source"]:
            return "member", at
        if before and seq <= before["seq"]:
            return "order", at
        if before and seq > before["seq"] + 1:
            return "gap", at
        if prev != (head if before else ZEROS) and (before or seq == 1):
            return "prev", at
        before = event
        head = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()[:43]
    return None


def is_as_it_should_be(v):
    if v["kind"] == "chain":
        return chain_problem(v) == (None if v["good"] else (v["reason"], v["at"]))
    problem = request_problem(v) if v["kind"] == "request" else receipt_problem(v)
    return problem == (None if v["good"] else v["reason"])


vectors = json.loads(pathlib.Path(sys.argv[1]).read_text())
wrong = [v["name"] for v in vectors if not is_as_it_should_be(v)]
for name in wrong:
    print(f"{sys.argv[1]}: {name}: not as it should be")
print(f"Python's cryptography: {len(vectors) - len(wrong)} passed, {len(wrong)} failed")
sys.exit(bool(wrong) or not vectors)
