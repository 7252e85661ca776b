# SPDX-License-Identifier: Apache-2.0
"""What every uplink driver promises, and the simulated one.

The driver program itself ends with an error when an outcome comes from within the call or after close;
the sanitizers see an outcome that comes twice."""
import threading

import pytest

from mock_receiver import Uplink, answer
from uplink_fixtures import events, made, pki, receiver, uplink  # noqa: F401


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
