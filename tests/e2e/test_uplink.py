# SPDX-License-Identifier: Apache-2.0
"""The https uplink against receivers that behave and misbehave, and with options that are wrong."""
import os
import threading

import pytest

from mock_receiver import answer, receipt
from uplink_fixtures import events, made, pki, receiver, uplink  # noqa: F401


def test_a_valid_receipt_is_stored_with_its_evidence(pki, receiver, uplink):
    mock = receiver(lambda r, c: receipt(pki.receipt_key, r, answers=[
        {"answer_seq": 7, "alarm": "0190a1b2-0000-7000-8000-00000000000a", "state": "coming",
         "by": "值班", "at": "2026-11-23T08:00:00Z", "note": ""}]))
    result = uplink(events(mock)).result_of_send(body='{"data":"按钮"}')
    assert (result["outcome"], result["reason"]) == ("stored", "")
    assert result["answers"] == [{"answer_seq": 7, "by": "值班"}]
    request = mock.posts()[0]
    request.verify(pki.gateway_key.public_key(), mock.origin)
    assert request.body.decode() == '{"data":"按钮"}'
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert "expect" not in request.headers
    for name in ("Content-Digest", "Signature-Input", "Signature"):
        assert f"{name}: {request.headers[name.lower()]}\n" in result["request_headers"]
        assert f"{name}: " in result["receipt_headers"]
    assert '"state": "stored"' in result["receipt"]


def test_each_attempt_has_a_fresh_nonce_and_the_same_body(pki, receiver, uplink):
    mock = receiver()
    one = uplink(events(mock))
    for _ in range(3):
        assert one.result_of_send()["outcome"] == "stored"
    assert len({r.headers["signature-input"] for r in mock.posts()}) == 3
    assert len({r.body for r in mock.posts()}) == 1


def drip(request, connection):
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100000:
        connection.sendall(bytes([byte]))
        threading.Event().wait(0.05)


REDIRECT = [("Location", "https://127.0.0.1:1/elsewhere")]
OTHER_EVENT = "0190a1b2-0000-7000-8000-00000000ffff"
HOSTILE = {
    "no receipt": (lambda k, r: answer(200, b"{}"), "retry", "no receipt signature"),
    "captive portal": (lambda k, r: answer(200, b"<html>log in</html>"), "retry", "no receipt"),
    "other event": (lambda k, r: receipt(k[0], r, event=OTHER_EVENT), "retry", "event"),
    "other digest": (lambda k, r: receipt(k[0], r, digest="sha-256=:AAAA:"), "retry", "digest"),
    "not stored": (lambda k, r: receipt(k[0], r, state="queued"), "retry", "state"),
    "forged": (lambda k, r: receipt(k[0], r, signed_status=201), "retry", "not verify"),
    "for another request": (lambda k, r: receipt(k[0], r, request_digest="sha-256=:AAAA:"),
                            "retry", "not verify"),
    "body changed": (lambda k, r: receipt(k[0], r, spoil=lambda b: b + b" ",
                                          content_digest="sha-256=:AAAA:"), "retry", "Digest"),
    "wrong key": (lambda k, r: receipt(k[1], r), "refused", "not in receipt_keys"),
    "redirect": (lambda k, r: answer(302, b"", REDIRECT), "retry", "redirects are not followed"),
    "10 MB": (lambda k, r: answer(200, b"x" * 10_000_000), "retry", "larger than 65536"),
    "endless headers": (lambda k, r: b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000, "retry",
                        "headers are larger"),
    "not HTTP": (lambda k, r: b"\x00\x01\x02 what?\r\n\r\n" * 10, "retry", ""),
    "hang up": (lambda k, r: None, "retry", ""),
    "400": (lambda k, r: answer(400, b"no"), "refused", 'answered 400: "no"'),
    "401": (lambda k, r: answer(401), "refused", "answered 401"),
    "403": (lambda k, r: answer(403), "refused", "answered 403"),
    "404": (lambda k, r: answer(404), "refused", "answered 404"),
    "409": (lambda k, r: answer(409), "refused", "answered 409"),
    "408": (lambda k, r: answer(408), "retry", "answered 408"),
    "425": (lambda k, r: answer(425), "retry", "answered 425"),
    "429": (lambda k, r: answer(429), "retry", "answered 429"),
    "500": (lambda k, r: answer(500, b"a\n\"b\""), "retry", "answered 500"),
    "503": (lambda k, r: answer(503), "retry", "answered 503"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_answers_are_not_believed(what, pki, receiver, uplink):
    behave, outcome, reason = HOSTILE[what]
    keys = (pki.receipt_key, pki.wrong_receipt_key)
    mock = receiver(lambda r, c: behave(keys, r))
    one = uplink(events(mock))
    result = one.result_of_send()
    assert result["outcome"] == outcome, result
    assert reason in result["reason"] and result["reason"]
    assert result["receipt_headers"] is None and result["receipt"] == ""
    assert result["answers"] == []
    # Whatever it was: the next honest answer counts.
    mock.behave = mock.store
    assert one.result_of_send()["outcome"] == "stored"


def test_a_dripping_answer_ends_at_the_deadline(receiver, uplink):
    mock = receiver(drip)
    result = uplink(events(mock), attempt_timeout=700).result_of_send()
    assert result["outcome"] == "retry"
    assert result["reason"] == "no complete answer within 700 ms"
    assert result["ticks"] > 20  # the loop was free meanwhile


def test_retry_after_is_handed_on(receiver, uplink):
    mock = receiver(lambda r, c: answer(503, b"", [("Retry-After", "7")]))
    assert uplink(events(mock)).result_of_send()["retry_after_ms"] == 7000


def test_a_receiver_that_cannot_sign_is_unconfirmed_and_gives_no_receipt(receiver, uplink):
    mock = receiver(lambda r, c: answer(200, b"ok"))
    one = uplink(events(mock), receipts="unsigned", receipt_keys=None)
    result = one.result_of_send()
    assert result["outcome"] == "unconfirmed"
    assert result["receipt_headers"] is None and result["receipt"] == ""
    mock.behave = lambda r, c: answer(500)
    assert one.result_of_send()["outcome"] == "retry"


def test_a_signed_receipt_counts_even_where_it_is_not_demanded(receiver, uplink):
    mock = receiver()
    assert uplink(events(mock), receipts="unsigned").result_of_send()["outcome"] == "stored"


# Who is believed to be the receiver

@pytest.mark.parametrize("options,reason", [
    ({"certificate": "stranger"}, "TLS: "),
    ({"certificate": "elsewhere"}, "TLS: "),
    ({"certificate": "expired"}, "TLS: "),
    ({"client_ca": "other-ca"}, "TLS: "),
])
def test_wrong_certificates_are_refusals(options, reason, receiver, uplink):
    mock = receiver(**options)
    result = uplink(events(mock)).result_of_send()
    assert result["outcome"] == "refused", result
    assert result["reason"].startswith(reason)
    assert mock.posts() == []


def test_no_dial_reads_a_file(receiver, uplink, pki, tmp_path):
    # A disk that hangs must not keep an alarm back: after open the files may even be gone.
    copies = {}
    for option, name in (("ca_file", "ca.pem"), ("cert_file", "gateway.pem"),
                         ("key_file", "gateway.key")):
        copies[option] = tmp_path / name
        copies[option].write_bytes(open(pki.path(name), "rb").read())
        copies[option].chmod(0o600)
    mock = receiver()
    one = uplink(events(mock), **copies)
    for path in copies.values():
        path.unlink()
    mock.hang_up()
    one.command(do="refresh")
    assert one.result_of_send()["outcome"] == "stored"


def test_proxies_of_the_environment_are_not_used(receiver, uplink):
    mock = receiver()
    env = {**os.environ, "https_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"}
    assert uplink(events(mock), env=env).result_of_send()["outcome"] == "stored"


def test_a_clock_known_to_be_bad_lets_alarms_through(receiver, uplink):
    one = uplink(events(receiver()), clock=0)
    assert one.result_of_send()["outcome"] == "stored"
    one.finish()
    assert "set the clock" in one.log


def test_a_bad_clock_does_not_make_a_stranger_the_receiver(receiver, uplink):
    for certificate in ("stranger", "elsewhere"):
        mock = receiver(certificate=certificate)
        assert uplink(events(mock), clock=0).result_of_send()["outcome"] == "refused"
        assert mock.posts() == []


def test_a_clock_that_may_be_right_keeps_the_check_of_dates(receiver, uplink):
    # Never synchronised, but after the build: 2100. Everything has expired by then.
    assert uplink(events(receiver()), clock=4102444800).result_of_send()["outcome"] == "refused"


# Options

def open_error(made):
    assert made.first["error"] == "open"
    return made.first["text"]


# What is sent, and what is believed

@pytest.mark.parametrize("options,words", [
    ({"url": "http://receiver.test/e"}, "must begin with https://"),
    ({"url": "receiver.test"}, "https://"),
    ({"url": "https://u:p@receiver.test/e"}, "must hold no user"),
    ({"url": "https://receiver.test/e#x"}, "no #"),
    ({"url": "https://接警.test/e"}, "xn--"),
    ({"upload_url": "https://other.test/clips"}, "must be on the host of url"),
    ({"receipt_keys": None}, "receipt_keys: none is given"),
    ({"receipt_keys": "/nowhere.pem"}, "/nowhere.pem"),
    ({"ca_file": "/nowhere.pem"}, "/nowhere.pem"),
    ({"cert_file": "gateway.key"}, "holds no certificate"),
    ({"key_file": "receiver.key"}, "is not the private key of"),
    ({"key_file": "encrypted.key"}, "unencrypted"),
    ({"addresses": "police.example"}, "is no IP address"),
    ({"name_servers": "nobody"}, "no name server"),
])
def test_options_that_can_never_work(options, words, pki, uplink):
    options = {k: pki.path(v) if v and k.endswith("_file") and v[0] != "/" else v
               for k, v in options.items()}
    url = options.pop("url", "https://receiver.test/e")
    assert words in open_error(uplink(url, clean=False, **options))


def test_a_private_key_that_others_may_read(pki, uplink, tmp_path):
    key = tmp_path / "open.key"
    key.write_bytes(open(pki.path("gateway.key"), "rb").read())
    key.chmod(0o644)
    text = open_error(uplink("https://receiver.test/e", clean=False, key_file=key))
    assert "others may read" in text and "chmod" in text


def test_an_expired_certificate_is_told_but_tried(receiver, uplink, pki):
    one = uplink(events(receiver()), cert_file=pki.path("expired.pem"),
                 key_file=pki.path("expired.key"))
    assert one.result_of_send()["outcome"] == "refused"
    one.finish()
    assert "the certificate expired on" in one.log and "replace the file" in one.log
