# SPDX-License-Identifier: Apache-2.0
"""Makes vectors.json. The results are checked in and are the contract.

Written from the description of the profile alone, with Python's cryptography; no code of Tocsin.
Keys that exist are kept, and so is the signature of every vector that says what it said before: an
ECDSA signature is another one each time. make.py --check only tells whether anything would change.
"""
import base64
import hashlib
import json
import pathlib
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

HERE = pathlib.Path(__file__).parent
FILE = HERE / "vectors.json"
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
PUBLIC = serialization.PublicFormat.SubjectPublicKeyInfo
EVENT_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
OTHER_ID = "01890a5d-ac96-774b-bcce-b302099a8058"
SOURCE = "tocsin:31010600001320000001"
URL = "https://police.example:8443/v1/events"
KEPT = {v["name"]: v for v in json.loads(FILE.read_text())} if FILE.exists() else {}


def load_key(name, make, public=True):
    """The key of that name; made, and its files written, if there is none yet."""
    path = HERE / f"{name}.key"
    if path.exists():
        return serialization.load_pem_private_key(path.read_bytes(), None)
    key = make()
    path.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()))
    if public:
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


def signature_header(raw):
    return "sig1=:" + base64.b64encode(raw).decode() + ":"


def digest(body):
    return "sha-256=:" + base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() + ":"


def keep(vector, key, base):
    """The vector with its signature: the one it had, if it says what it said."""
    old = KEPT.get(vector["name"], {})
    if algorithm(key) != "ed25519" and {k: v for k, v in old.items() if k != "signature"} == vector:
        return {**vector, "signature": old["signature"]}
    KEPT[vector["name"]] = {**vector, "signature": signature_header(sign(key, base))}
    return KEPT[vector["name"]]


def request(name, key, key_name, body, method="POST", url=URL, params=None, reason=None):
    """A request that is truly signed; with a reason, one that must be refused all the same."""
    params = params or (
        '("@method" "@target-uri" "content-digest");created=1763885730;expires=1763886030;'
        f'nonce="AAECAwQFBgcICQoLDA0ODw";keyid="{keyid(key)}";alg="{algorithm(key)}";'
        'tag="tocsin-v1"')
    base = (f'"@method": {method}\n"@target-uri": {url}\n"content-digest": {digest(body)}\n'
            f'"@signature-params": {params}')
    vector = {"name": name, "kind": "request", "good": reason is None, "key": key_name,
              "method": method, "url": url, "body": body, "content_digest": digest(body),
              "signature_input": "sig1=" + params}
    return keep({**vector, "reason": reason} if reason else vector, key, base)


def receipt(name, key, key_name, body, request_body, status=200, params=None, reason=None, **about):
    params = params or (
        '("@status" "content-digest" "content-digest";req);created=1763885731;'
        f'keyid="{keyid(key)}";alg="{algorithm(key)}";tag="tocsin-v1-receipt"')
    base = (f'"@status": {status}\n"content-digest": {digest(body)}\n'
            f'"content-digest";req: {digest(request_body)}\n"@signature-params": {params}')
    vector = {"name": name, "kind": "receipt", "good": reason is None, "key": key_name,
              "status": status, "body": body, "request_digest": digest(request_body),
              "content_digest": digest(body), "signature_input": "sig1=" + params,
              **(about or {"event": EVENT_ID, "subject_digest": digest(request_body)})}
    return keep({**vector, "reason": reason} if reason else vector, key, base)


def spoil(vector, name, reason, **changes):
    return {**vector, "name": name, "good": False, "reason": reason, **changes}


def request_of_nothing(name, key):
    return request(f"request of nothing {name}", key, name, "", method="HEAD",
                   url="https://police.example:8443/v1/clips/x")


def bad_requests(name, key, stranger, event):
    good = request(f"request {name}", key, name, event)
    nothing = request_of_nothing(name, key)
    params = good["signature_input"].removeprefix("sig1=")
    raw = base64.b64decode(good["signature"][6:-1])

    def reshaped(what, old, new, reason="shape"):
        assert old in params
        return request(f"{what} {name}", key, name, event, params=params.replace(old, new),
                       reason=reason)

    yield spoil(good, f"other body {name}", "digest", body=event + " ")
    yield spoil(good, f"digest of another algorithm {name}", "digest",
                content_digest=good["content_digest"].replace("sha-256", "sha-512"))
    yield spoil(good, f"digest in capital letters {name}", "digest",
                content_digest=good["content_digest"].replace("sha-256", "SHA-256"))
    yield spoil(good, f"other url {name}", "signature", url="https://police.example/v1/events")
    yield spoil(good, f"other method {name}", "signature", method="PUT")
    yield spoil(good, f"other time {name}", "signature",
                signature_input=good["signature_input"].replace("1763885730", "1763885731"))
    yield spoil(good, f"signature of another {name}", "signature",
                signature=nothing["signature"])
    yield spoil(good, f"signature of zeros {name}", "signature",
                signature=signature_header(bytes(64)))
    yield spoil(good, f"signature in two halves swapped {name}", "signature",
                signature=signature_header(raw[32:] + raw[:32]))
    yield spoil(good, f"signature with a byte more {name}", "shape",
                signature=signature_header(raw + b"\0"))
    yield spoil(good, f"signature with a byte less {name}", "shape",
                signature=signature_header(raw[:-1]))
    yield spoil(good, f"signature without padding {name}", "shape",
                signature=good["signature"].replace("==:", ":"))
    yield spoil(good, f"signature without colons {name}", "shape",
                signature=good["signature"].replace(":", ""))
    yield spoil(good, f"other label {name}", "shape",
                signature_input=good["signature_input"].replace("sig1", "sig2"),
                signature=good["signature"].replace("sig1", "sig2"))
    yield spoil(good, f"two labels {name}", "shape",
                signature_input=f'{good["signature_input"]}, sig2={params}')
    # These are truly signed, every byte of them, and still not of the one shape.
    yield reshaped("other tag", "tocsin-v1", "tocsin-v2")
    yield reshaped("tag of a receipt", "tocsin-v1", "tocsin-v1-receipt")
    yield reshaped("one more parameter", 'tag="tocsin-v1"', 'tag="tocsin-v1";x="1"')
    yield reshaped("parameters in another order", ";created=1763885730;expires=1763886030",
                   ";expires=1763886030;created=1763885730")
    yield reshaped("no expires", ";expires=1763886030", "")
    yield reshaped("time with a sign", "=1763885730", "=+1763885730")
    yield reshaped("time with a fraction", "=1763885730", "=1763885730.5")
    yield reshaped("url not covered", ' "@target-uri"', "")
    yield reshaped("one more part covered", '"content-digest")', '"content-digest" "date")')
    yield reshaped("nonce of 15 bytes", "DA0ODw", "DA0O")
    yield reshaped("nonce with padding", 'DA0ODw"', 'DA0ODw=="')
    yield reshaped("keyid in capital letters", keyid(key), keyid(key).upper())
    yield reshaped("keyid too short", keyid(key), keyid(key)[:15])
    yield reshaped("alg of another key", algorithm(key),
                   "ed25519" if name == "p256" else "ecdsa-p256-sha256", "key")
    yield reshaped("alg that is unknown", algorithm(key), "rsa-pss-sha512", "key")
    yield request(f"key that is unknown {name}", stranger, name, event, reason="key")
    yield request(f"signed by another in its name {name}", stranger, name, event, reason=(
        "signature" if algorithm(stranger) == algorithm(key) else "key"),
        params=params.replace(algorithm(key), algorithm(stranger)))


def receipt_json(**changes):
    body = {"event": EVENT_ID, "received_at": "2025-11-23T08:15:30.500Z", "receiver_seq": 1,
            "state": "stored", "answers": [], **changes}
    return json.dumps({k: v for k, v in body.items() if v is not None}, ensure_ascii=False)


ANSWERS = [{"answer_seq": 7, "alarm": OTHER_ID, "state": state, "by": "值班员 张",
            "at": "2025-11-23T08:16:00.000Z", "note": ""}
           for state in ("seen", "coming", "closed", "rejected")]


def good_receipts(name, key, event):
    about = digest(event)
    yield receipt(f"receipt {name}", key, name, receipt_json(digest=about), event)
    yield receipt(f"receipt with answers {name}", key, name,
                  receipt_json(digest=about, answers=ANSWERS), event)
    yield receipt(f"receipt without answers {name}", key, name,
                  receipt_json(digest=about, answers=None), event)
    yield receipt(f"receipt with members that are unknown {name}", key, name,
                  receipt_json(digest=about, more={"to": ["come"]}), event)
    yield receipt(f"receipt with white space {name}", key, name,
                  json.dumps(json.loads(receipt_json(digest=about)), indent=2) + "\n", event)
    yield receipt(f"receipt with status 201 {name}", key, name, receipt_json(digest=about), event,
                  status=201)
    yield receipt(f"receipt of a clip {name}", key, name,
                  receipt_json(event=None, clip=EVENT_ID, digest=digest("the whole clip")),
                  "its last bytes", clip=EVENT_ID, subject_digest=digest("the whole clip"))


def bad_receipts(name, key, stranger, event):
    about = digest(event)
    body = receipt_json(digest=about)
    good = receipt(f"receipt {name}", key, name, body, event)
    params = good["signature_input"].removeprefix("sig1=")

    def wrong(what, text):
        """Truly signed by the receiver, and still not the receipt of this event."""
        return receipt(f"{what} {name}", key, name, text, event, reason="body")

    yield spoil(good, f"receipt of another request {name}", "signature",
                request_digest=digest("x"))
    yield spoil(good, f"receipt with another body {name}", "digest",
                body=body.replace("stored", "Stored"))
    yield spoil(good, f"receipt with another status {name}", "signature", status=202)
    yield receipt(f"receipt by a key that is unknown {name}", stranger, name, body, event,
                  reason="key")
    yield receipt(f"receipt with the tag of a request {name}", key, name, body, event,
                  params=params.replace("tocsin-v1-receipt", "tocsin-v1"), reason="shape")
    yield receipt(f"receipt that does not cover the request {name}", key, name, body, event,
                  params=params.replace(' "content-digest";req', ""), reason="shape")
    yield receipt(f"receipt with a nonce {name}", key, name, body, event,
                  params=params.replace(";keyid", ';nonce="AAECAwQFBgcICQoLDA0ODw";keyid'),
                  reason="shape")
    yield wrong("receipt of another event", receipt_json(digest=about, event=OTHER_ID))
    yield wrong("receipt of another digest", receipt_json(digest=digest("x")))
    yield wrong("receipt that is only queued", receipt_json(digest=about, state="queued"))
    yield wrong("receipt without a state", receipt_json(digest=about, state=None))
    yield wrong("receipt that is a list", "[" + body + "]")
    yield wrong("receipt that is no JSON", body[:-1])
    yield wrong("receipt with something behind it", body + "{}")
    yield wrong("receipt with its state twice",
                body.replace('"state": "stored"', '"state": "stored", "state": "queued"'))
    yield wrong("receipt of a clip for an event",
                receipt_json(event=None, clip=EVENT_ID, digest=about))
    clip = receipt_json(event=None, clip=OTHER_ID, digest=digest("the whole clip"))
    yield receipt(f"receipt of another clip {name}", key, name, clip, "its last bytes",
                  reason="body", clip=EVENT_ID, subject_digest=digest("the whole clip"))
    yield receipt(f"receipt of a clip's last bytes alone {name}", key, name,
                  receipt_json(event=None, clip=EVENT_ID, digest=digest("its last bytes")),
                  "its last bytes", reason="body", clip=EVENT_ID,
                  subject_digest=digest("the whole clip"))


def make_chain(count, seq=1, prev=bytes(32)):
    for number in range(seq, seq + count):
        text = json.dumps({
            "specversion": "1.0", "id": f"01890a5d-ac96-774b-bcce-{number:012x}", "source": SOURCE,
            "type": "tocsin.alarm.updated", "time": "2025-11-23T08:15:30.123Z", "seq": number,
            "prev": base64.urlsafe_b64encode(prev).decode().rstrip("="),
            "data": {"presses": number, "input": {"place": "门卫室"}}}, ensure_ascii=False)
        prev = hashlib.sha256(text.encode()).digest()
        yield text


def chains():
    def chain(name, events, reason=None, at=None):
        made = {"name": name, "kind": "chain", "good": reason is None, "events": events}
        return {**made, "reason": reason, "at": at} if reason else made

    one, two, three = make_chain(3)
    other = two.replace('"presses": 2', '"presses": 9')
    padded = list(make_chain(3))[1].replace('", "data"', '=", "data"')
    yield chain("chain from the first event", [one, two, three])
    yield chain("chain from the middle", list(make_chain(3, seq=41, prev=b"\x5a" * 32)))
    yield chain("chain of one", [one])
    yield chain("chain with an event changed", [one, other, three], "prev", 2)
    yield chain("chain with white space changed", [one, two.replace(", ", ","), three], "prev", 2)
    yield chain("chain with an event taken out", [one, three], "gap", 1)
    yield chain("chain with an event twice", [one, two, two, three], "order", 2)
    yield chain("chain with two events of one number", [one, two, other], "order", 2)
    yield chain("chain out of order", [two, one, three], "order", 1)
    yield chain("chain whose first event has something before it",
                list(make_chain(1, prev=b"\1" * 32)), "prev", 0)
    yield chain("chain with prev of the form with padding", [one, padded], "member", 1)
    yield chain("chain with seq as text", [one, two.replace('"seq": 2', '"seq": "2"')],
                "member", 1)
    yield chain("chain of two gateways", [one, two.replace(SOURCE, "tocsin:other")], "member", 1)


def main():
    p256 = load_key("p256", lambda: ec.generate_private_key(ec.SECP256R1()))
    edwards = load_key("ed25519", ed25519.Ed25519PrivateKey.generate)
    stranger = load_key("stranger", lambda: ec.generate_private_key(ec.SECP256R1()), public=False)
    event = json.dumps({"specversion": "1.0", "id": EVENT_ID, "source": SOURCE,
                        "type": "tocsin.alarm.raised", "time": "2025-11-23T08:15:30.123Z",
                        "seq": 1, "prev": "A" * 43, "clock": "synced",
                        "data": {"alarm": OTHER_ID, "kind": "panic",
                                 "input": {"id": "gate", "place": "门卫室"}}},
                       ensure_ascii=False)
    vectors = []
    for name, key in (("p256", p256), ("ed25519", edwards)):
        vectors += [request(f"request {name}", key, name, event),
                    request_of_nothing(name, key),
                    request(f"request with a query {name}", key, name, event, url=URL + "?a=b%20c"),
                    *bad_requests(name, key, stranger, event), *good_receipts(name, key, event),
                    *bad_receipts(name, key, stranger, event)]
    vectors += chains()
    text = json.dumps(vectors, indent=1, ensure_ascii=False) + "\n"
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if FILE.exists() and FILE.read_text() == text
                 else f"{FILE} is not what make.py makes")
    FILE.write_text(text)


if __name__ == "__main__":
    main()
