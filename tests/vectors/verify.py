# SPDX-License-Identifier: Apache-2.0
"""Verifies vectors with Python's cryptography: verify.py VECTORS.json"""
import base64
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


def digest(body):
    return "sha-256=:" + base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() + ":"


def is_good(v):
    if v["content_digest"] != digest(v["body"]):
        return False
    params = v["signature_input"].removeprefix("sig1=")
    if v["kind"] == "request":
        tag = "tocsin-v1"
        base = f'"@method": {v["method"]}\n"@target-uri": {v["url"]}\n'
        base += f'"content-digest": {v["content_digest"]}\n'
    else:
        tag = "tocsin-v1-receipt"
        base = f'"@status": {v["status"]}\n"content-digest": {v["content_digest"]}\n'
        base += f'"content-digest";req: {v["request_digest"]}\n'
    if not re.search(rf';tag="{tag}"$', params):
        return False
    base += f'"@signature-params": {params}'
    key = serialization.load_pem_public_key((HERE / f"{v['key']}.pub.pem").read_bytes())
    raw = base64.b64decode(re.fullmatch("sig1=:(.*):", v["signature"])[1], validate=True)
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(raw, base.encode())
        else:
            signature = encode_dss_signature(int.from_bytes(raw[:32], "big"),
                                             int.from_bytes(raw[32:], "big"))
            key.verify(signature, base.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


vectors = json.loads(pathlib.Path(sys.argv[1]).read_text())
wrong = [v["name"] for v in vectors if is_good(v) != v["good"]]
for name in wrong:
    print(f"{sys.argv[1]}: {name}: not as it should be")
print(f"Python's cryptography: {len(vectors) - len(wrong)} passed, {len(wrong)} failed")
sys.exit(bool(wrong) or not vectors)
