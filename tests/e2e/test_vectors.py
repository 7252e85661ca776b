# SPDX-License-Identifier: Apache-2.0
"""The reference receiver judges every request of tests/vectors as the contract says.

The requests were signed long ago by somebody else; the receiver is told that it is the one they
were sent to, by --public-url.
"""
import http.client
import json
import shutil
import ssl

import pytest
from stand import TOP, Process, Stand, free_port

VECTORS = TOP / "tests/vectors"
REQUESTS = [v for v in json.loads((VECTORS / "vectors.json").read_text())
            if v["kind"] == "request"]
ORIGIN = "https://police.example:8443"
# What a reason gets: a signature that is not of the shape is a bad request, a key that is unknown
# is forbidden, and so on. `alg` is judged together with the signature.
STATUS = {"digest": {400}, "shape": {400, 403}, "key": {401, 403}, "signature": {401}}


@pytest.fixture(scope="module")
def receiver(tmp_path_factory, build):
    stand = Stand(tmp_path_factory.mktemp("vectors"), build)
    keys = stand.folder / "keys"
    keys.mkdir()
    for path in VECTORS.glob("*.pub.pem"):
        shutil.copy(path, keys)
    pki = stand.pki
    token = stand.folder / "token"
    token.write_text("a-token-of-some-length\n")
    token.chmod(0o600)
    (stand.folder / "store").mkdir()
    port = free_port()
    process = Process("receiver", [
        stand.binary("receiver/tocsin-receiver"), "--listen", f"127.0.0.1:{port}",
        "--cert", pki / "police.pem", "--key", pki / "police.key", "--client-ca", pki / "ca.pem",
        "--gateway-keys", keys, "--receipt-key", pki / "police-receipt.key",
        "--store", stand.folder / "store", "--page-listen", "127.0.0.1:0",
        "--page-token-file", token, "--public-url", ORIGIN], stand.logs)
    try:
        process.wait_ready()
        context = ssl.create_default_context(cafile=pki / "ca.pem")
        context.load_cert_chain(pki / "gateway.pem", pki / "gateway.key")
        yield port, context
    finally:
        process.stop()


def send(receiver, vector):
    port, context = receiver
    body = vector["body"].encode()
    url = vector["url"]
    path = url[url.index("/", len("https://")):]
    headers = {"Content-Type": "application/cloudevents+json",
               "Content-Digest": vector["content_digest"],
               "Signature-Input": vector["signature_input"], "Signature": vector["signature"]}
    if body:
        headers["Idempotency-Key"] = f'"{json.loads(body)["id"]}"'
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
    try:
        connection.request(vector["method"], path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def is_for_here(vector):
    """What has another method or url is not judged here: the receiver knows what it is called."""
    return vector["url"] == f"{ORIGIN}/v1/events" and vector["method"] == "POST"


@pytest.mark.parametrize("vector", [v for v in REQUESTS if is_for_here(v)],
                         ids=lambda v: v["name"])
def test_a_request_is_judged_as_the_contract_says(receiver, vector):
    status, body = send(receiver, vector)
    if vector["good"]:
        assert status == 200 and json.loads(body)["state"] == "stored", body
    else:
        assert status in STATUS[vector["reason"]], (status, body)
        assert json.loads(body)["error"]


def test_a_request_that_is_signed_for_another_place_is_not_taken_here(receiver):
    good = next(v for v in REQUESTS if v["name"] == "request with a query p256")
    status, _ = send(receiver, {**good, "url": f"{ORIGIN}/v1/events"})
    assert status == 401
