# SPDX-License-Identifier: Apache-2.0
"""The connections of the https uplink: dialled ahead, shared by no two lanes, and found again."""
import socket
import threading

import pytest

from stand import wait_until
from uplink_fixtures import events, made, pki, receiver, uplink  # noqa: F401


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
