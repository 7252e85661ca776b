# SPDX-License-Identifier: Apache-2.0
"""The https uplink against receivers that behave, misbehave and vanish."""
import os
import socket
import threading

import pytest

from mock_receiver import Mock, NameServer, Pki, Uplink, answer, receipt
from stand import wait_until


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def made():
    """What a test starts and this stops."""
    things = []
    yield things
    for thing in things:
        thing.stop()


@pytest.fixture
def receiver(pki, made):
    def start(*arguments, **options):
        made.append(Mock(pki, *arguments, **options))
        return made[-1]
    return start


@pytest.fixture
def uplink(build, pki, tmp_path):
    """Starts a driver; at the end it must close cleanly, with nothing left in its loop."""
    started = []

    def start(url, clean=True, state=None, **options):
        chosen = {"url": url, "ca_file": pki.path("ca.pem"), "cert_file": pki.path("gateway.pem"),
                  "key_file": pki.path("gateway.key"), "attempt_timeout": 3000,
                  "receipt_keys": pki.path("receipt.pub.pem")}
        chosen.update(options)
        env = chosen.pop("env", None)
        chosen = {k: v for k, v in chosen.items() if v is not None}
        made = Uplink(build, pki, state or tmp_path, env=env, **chosen)
        if clean:
            assert made.first == {"opened": True}, made.log
            started.append(made)
        return made

    yield start
    for one in started:
        if not one.child.stdin.closed:
            outcomes, status = one.finish()
            assert status == 0, f"{outcomes} {one.log}"


def events(mock):
    return f"{mock.origin}/v1/events"


def named(mock):
    return f"https://receiver.test:{mock.port}/v1/events"


def open_error(made):
    assert made.first["error"] == "open"
    return made.first["text"]


# What is sent, and what is believed

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


# Connections

def is_warm(mock):
    """Both lines were dialled and answered."""
    return len({r.connection for r in mock.requests}) >= 2


def test_lines_are_dialled_at_open_with_signed_requests(pki, receiver, uplink):
    mock = receiver()
    uplink(events(mock))
    wait_until("both lines were dialled", lambda: is_warm(mock))
    for request in mock.requests:
        assert request.method == "OPTIONS"
        request.verify(pki.gateway_key.public_key(), mock.origin)


def test_a_press_uses_a_warm_connection(receiver, uplink):
    mock = receiver()
    one = uplink(events(mock))
    wait_until("both lines were dialled", lambda: is_warm(mock))
    for _ in range(5):
        assert one.result_of_send()["outcome"] == "stored"
    assert len(mock.connections) == 2


def test_heartbeats_prove_both_lines_in_turn(receiver, uplink):
    mock = receiver()
    one = uplink(events(mock))
    wait_until("both lines were dialled", lambda: is_warm(mock))
    for _ in range(8):
        assert one.result_of_send(lane="heartbeat")["outcome"] == "stored"
    used = [r.connection for r in mock.posts()][-4:]  # the dial's answer may still come at first
    assert used in ([1, 2, 1, 2], [2, 1, 2, 1])


@pytest.mark.parametrize("busy", ["heartbeat", "followup", "manifest", "late"])
def test_a_press_does_not_wait_behind_another_lane(busy, receiver, uplink):
    held = threading.Event()

    def behave(request, connection):
        if request.body == b"held":
            held.wait(20)
        return mock.store(request, connection)

    mock = receiver()
    mock.behave = behave
    one = uplink(events(mock), attempt_timeout=20000)
    wait_until("both lines were dialled", lambda: is_warm(mock))
    slow = one.send(lane=busy, body="held")
    wait_until("the other lane is under way", lambda: any(r.body == b"held" for r in mock.posts()))
    assert one.result_of_send(lane="press", body="press")["outcome"] == "stored"
    assert len(mock.connections) == 2  # it left by the other warm connection
    assert not held.is_set()
    held.set()
    assert one.outcome(slow)["outcome"] == "stored"


def test_all_lanes_at_once(receiver, uplink):
    mock = receiver()
    gate = threading.Barrier(5, timeout=20)

    def behave(request, connection):
        gate.wait()  # opens only when all five are there
        return mock.store(request, connection)

    mock.behave = behave
    one = uplink(events(mock), attempt_timeout=20000)
    tags = [one.send(lane=lane) for lane in
            ("late", "followup", "manifest", "heartbeat", "press")]
    assert [one.outcome(tag)["outcome"] for tag in tags] == ["stored"] * 5


def test_after_a_time_out_no_old_connection_is_used(receiver, uplink):
    mock = receiver()
    one = uplink(events(mock), attempt_timeout=1500)
    wait_until("both lines were dialled", lambda: is_warm(mock))
    silent = {1, 2}  # as if the peer of these had vanished
    release = threading.Event()
    mock.behave = lambda r, c: (release.wait(20) and None if r.connection in silent
                                else mock.store(r, c))
    assert one.result_of_send()["outcome"] == "retry"
    assert one.result_of_send()["outcome"] == "stored"
    assert one.result_of_send(lane="heartbeat")["outcome"] == "stored"
    assert not {r.connection for r in mock.posts()[1:]} & silent
    release.set()


def test_a_connection_closed_while_idle_is_dialled_again_by_itself(receiver, uplink):
    mock = receiver()
    one = uplink(events(mock))
    wait_until("both lines were dialled", lambda: is_warm(mock))
    mock.hang_up()
    wait_until("both lines were dialled again",
               lambda: len({r.connection for r in mock.requests}) >= 4)
    assert one.result_of_send()["outcome"] == "stored"
    assert mock.posts()[0].connection in (3, 4)


def test_a_receiver_that_restarts_is_found_again(pki, receiver, uplink):
    first = receiver()
    one = uplink(events(first))
    wait_until("both lines were dialled", lambda: is_warm(first))
    assert one.result_of_send()["outcome"] == "stored"
    first.stop()
    assert one.result_of_send()["outcome"] == "retry"
    second = receiver(port=first.port)
    assert one.result_of_send()["outcome"] == "stored"
    assert len(second.posts()) == 1


def test_what_is_sent_again_on_a_dead_connection_is_signed_anew(pki, receiver, uplink):
    mock = receiver()
    one = uplink(events(mock))
    wait_until("both lines were dialled", lambda: is_warm(mock))
    # Closed just when the press is there: the gateway cannot know whether it was stored.
    mock.behave = lambda r, c: None if r.connection <= 2 else mock.store(r, c)
    assert one.result_of_send()["outcome"] == "stored"
    first, second = mock.posts()
    assert first.event == second.event and first.body == second.body
    assert first.headers["signature-input"] != second.headers["signature-input"]
    second.verify(pki.gateway_key.public_key(), mock.origin)


def test_refresh_dials_anew(receiver, uplink):
    mock = receiver()
    one = uplink(events(mock))
    wait_until("both lines were dialled", lambda: is_warm(mock))
    one.command(do="refresh")
    wait_until("dialled again", lambda: len(mock.connections) >= 3)
    assert one.result_of_send()["outcome"] == "stored"


def test_nobody_listens(pki, uplink):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        result = uplink(f"https://127.0.0.1:{unused.getsockname()[1]}/e").result_of_send()
    assert result["outcome"] == "retry" and "onnect" in result["reason"]


def test_a_server_that_accepts_and_says_nothing(uplink):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        one = uplink(f"https://127.0.0.1:{mute.getsockname()[1]}/e", attempt_timeout=500)
        result = one.result_of_send()
    # Our own deadline and libcurl's second opinion are due at the same moment.
    assert result["outcome"] == "retry"
    assert "500 ms" in result["reason"] or "timeout" in result["reason"]
    assert result["ticks"] > 15


def test_close_cancels_what_is_under_way(receiver, uplink, tmp_path):
    release = threading.Event()
    mock = receiver(lambda r, c: release.wait(20) and None)
    one = uplink(events(mock), attempt_timeout=20000)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"x" * 1000)
    tags = [one.send(lane="press"), one.send(lane="heartbeat"), one.upload(clip)]
    wait_until("all are at the receiver", lambda: len(mock.posts()) == 3)
    outcomes, status = one.finish()
    release.set()
    assert {o["tag"]: o["outcome"] for o in outcomes} == {t: "cancelled" for t in tags}
    assert status == 0, one.log


# Names and addresses

def test_a_name_is_looked_up_and_kept(receiver, uplink, made, tmp_path):
    mock = receiver()
    names = NameServer(A=["127.0.0.1"])
    made.append(names)
    one = uplink(named(mock), name_servers=f"127.0.0.1:{names.port}")
    assert one.result_of_send()["outcome"] == "stored"
    kept = tmp_path / "addresses-tested"
    wait_until("the address was kept", lambda: kept.exists() and kept.read_text() == "127.0.0.1\n")


def test_a_dead_name_server_does_not_stall_a_send(receiver, uplink, made, tmp_path):
    mock = receiver()
    names = NameServer(mode="dead")
    made.append(names)
    (tmp_path / "addresses-tested").write_text("127.0.0.1\n")
    one = uplink(named(mock), name_servers=f"127.0.0.1:{names.port}")
    for _ in range(3):
        assert one.result_of_send()["outcome"] == "stored"
    assert names.queries  # it was asked, in the background


def test_nothing_known_and_a_dead_name_server_blocks_nobody(uplink, made):
    names = NameServer(mode="dead")
    made.append(names)
    one = uplink("https://receiver.test/e", name_servers=f"127.0.0.1:{names.port}",
                 attempt_timeout=600)
    result = one.result_of_send()
    assert result["outcome"] == "retry"
    assert "the address of receiver.test is not known after 600 ms" in result["reason"]
    assert result["ticks"] > 20


def test_a_press_waits_for_the_first_look_up_only_as_long_as_that_takes(receiver, uplink, made):
    mock = receiver()
    names = NameServer(mode="only-a", A=["127.0.0.1"])  # drops what it is asked about IPv6
    made.append(names)
    one = uplink(named(mock), name_servers=f"127.0.0.1:{names.port}")
    assert one.result_of_send()["outcome"] == "stored"


@pytest.mark.parametrize("mode,reason", [
    ("nxdomain", "does not exist"), ("answer", "has no address"), ("garbage", "")])
def test_a_name_that_cannot_be_had(mode, reason, uplink, made):
    names = NameServer(mode=mode)
    made.append(names)
    one = uplink("https://receiver.test/e", name_servers=f"127.0.0.1:{names.port}",
                 attempt_timeout=1000)
    result = one.result_of_send()
    assert result["outcome"] == "retry"
    assert "the address of receiver.test is not known" in result["reason"]
    assert reason in result["reason"]


def test_an_alias_is_followed(receiver, uplink, made):
    names = NameServer(mode="cname", A=["127.0.0.1"])
    made.append(names)
    one = uplink(named(receiver()), name_servers=f"127.0.0.1:{names.port}")
    assert one.result_of_send()["outcome"] == "stored"


def test_an_unreachable_ipv6_address_costs_no_attempt(receiver, uplink, made):
    # 2001:db8:: is documentation's: no route, or nobody there.
    names = NameServer(A=["127.0.0.1"], AAAA=["2001:db8::1"])
    made.append(names)
    one = uplink(named(receiver()), name_servers=f"127.0.0.1:{names.port}")
    assert one.result_of_send()["outcome"] == "stored"
    assert sorted(set(names.queries)) == ["A", "AAAA"]


@pytest.mark.parametrize("first", ["nobody listens", "accepts and says nothing"])
def test_a_dead_first_address_costs_no_attempt(first, receiver, uplink):
    mock = receiver()
    mute = None
    if first != "nobody listens":
        mute = socket.create_server(("127.0.0.2", mock.port))
    one = uplink(named(mock), addresses="127.0.0.2,127.0.0.1", attempt_timeout=2000)
    result = one.result_of_send()
    assert result["outcome"] == "stored", result
    if mute:
        mute.close()


def test_a_receiver_that_moves_is_followed(receiver, uplink, made, tmp_path):
    mock = receiver()
    names = NameServer(A=["127.0.0.1"])
    made.append(names)
    (tmp_path / "addresses-tested").write_text("127.0.0.3\n")
    one = uplink(named(mock), name_servers=f"127.0.0.1:{names.port}", attempt_timeout=2000)
    # The first attempt may go to the old place while the name is still being looked up.
    outcomes = []
    while "stored" not in outcomes and len(outcomes) < 4:
        outcomes.append(one.result_of_send()["outcome"])
    assert outcomes[-1] == "stored"


# Options

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


# What every driver promises (the driver program itself ends with an error when an outcome comes
# from within the call or after close; the sanitizers see an outcome that comes twice)

@pytest.fixture(params=["https", "sim"])
def any_uplink(request, build, pki, tmp_path, uplink, receiver):
    """An uplink of each kind, and a way to keep its answers back."""
    go = threading.Event()
    if request.param == "sim":
        one = Uplink(build, pki, tmp_path, driver="sim", delay=1)
        one.slow = lambda: Uplink(build, pki, tmp_path, driver="sim", delay=60000)
    else:
        mock = receiver(lambda r, c: answer(200, b"ok"))
        silent = receiver(lambda r, c: go.wait(20) and None)
        options = {"receipts": "unsigned", "receipt_keys": None}
        one = uplink(events(mock), **options)
        one.slow = lambda: uplink(events(silent), attempt_timeout=30000, **options)
    yield one
    go.set()
    if not one.child.stdin.closed:
        assert one.finish()[1] == 0, one.log


LANES = ("press", "late", "followup", "manifest", "heartbeat")


def test_every_lane_gets_its_outcome_once(any_uplink):
    for _ in range(3):
        tags = [any_uplink.send(lane=lane) for lane in LANES]
        assert [any_uplink.outcome(tag)["outcome"] for tag in tags] == ["unconfirmed"] * 5
    outcomes, status = any_uplink.finish()
    assert (outcomes, status) == ([], 0), any_uplink.log


def test_refresh_loses_nothing(any_uplink):
    tags = []
    for lane in LANES:
        tags.append(any_uplink.send(lane=lane))
        any_uplink.command(do="refresh")
    assert [any_uplink.outcome(tag)["outcome"] for tag in tags] == ["unconfirmed"] * 5


def test_close_cancels_every_lane_and_the_upload(any_uplink, tmp_path):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"x")
    slow = any_uplink.slow()
    tags = [slow.send(lane=lane) for lane in LANES] + [slow.upload(clip)]
    outcomes, status = slow.finish()
    assert sorted((o["tag"], o["outcome"]) for o in outcomes) == [(t, "cancelled") for t in tags]
    assert status == 0, slow.log


# The simulated receiver

def test_the_simulated_uplink_plays_its_script(build, pki, tmp_path):
    one = Uplink(build, pki, tmp_path, driver="sim", script="fail,refuse,accept", delay=1)
    assert one.first == {"opened": True}
    seen = [one.result_of_send()["outcome"] for _ in range(4)]
    assert seen == ["retry", "refused", "unconfirmed", "unconfirmed"]
    assert one.finish()[1] == 0


def test_the_simulated_uplink_cancels_and_pauses(build, pki, tmp_path):
    one = Uplink(build, pki, tmp_path, driver="sim", delay=1)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"x")
    one.command(do="pause", on=True)
    upload = one.upload(clip)
    assert one.result_of_send()["outcome"] == "unconfirmed"
    outcomes, status = one.finish()
    assert [(o["tag"], o["outcome"]) for o in outcomes] == [(upload, "cancelled")]
    assert status == 0, one.log


def test_the_simulated_uplink_names_a_wrong_word(build, pki, tmp_path):
    one = Uplink(build, pki, tmp_path, driver="sim", script="accept,explode")
    assert '"explode" is none of accept' in one.first["text"]
