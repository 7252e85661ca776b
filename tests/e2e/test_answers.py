# SPDX-License-Identifier: Apache-2.0
"""What people at the police say of an alarm counts for the presses of which they knew."""
import json

import pytest
from stand import wait_until
from test_main_job import lamp, start


def taken(stand, said):
    """Whether the gateway has confirmed that answer."""
    police = next(r for r in stand.status()["receivers"] if r["id"] == "police")
    return police["answer_seq"] >= said["answer_seq"]


def receipted(stand, seq):
    shown = json.loads(stand.cli("events", "show", seq, check=True).stdout)
    return all(d["state"] == "stored" for d in shown["receivers"])


def kinds(receiver, alarm):
    return [e["type"] for e in receiver.alarm(alarm)["events"]]


@pytest.mark.parametrize("state, pattern", [("closed", "ready"), ("coming", "coming")])
def test_a_press_that_comes_after_the_answer_is_not_closed_or_quieted_by_it(stand, state, pattern):
    # No heartbeat brings the answer before the press comes.
    start(stand, replace=[("    responder: true\n", "    responder: true\n    heartbeat: 1min\n    alarm_heartbeat: 1min\n")])
    first = stand.press()
    police = stand.receivers["police"]
    wait_until("delivered", lambda: lamp(stand) == "delivered", 10)
    # The line is at rest again, and nothing is on its way whose receipt would bring the answer.
    wait_until("let go", lambda: "tocsin.alarm.restored" in kinds(police, first["alarm"]), 10)
    wait_until("receipted", lambda: receipted(stand, stand.status()["store"]["head_seq"]), 10)
    # Said before the press, and told with the first receipt after it: of that press itself.
    said = police.post("/api/answer", {"alarm": first["alarm"], "state": state, "by": "张警官"})
    second = stand.press()
    assert second["alarm"] == first["alarm"]
    wait_until("taken", lambda: taken(stand, said), 10)
    wait_until("receipted", lambda: receipted(stand, second["seq"]), 10)
    if state == "closed":
        assert police.alarm(first["alarm"])["done"] is None
    assert [a["alarm"] for a in stand.status()["alarms"]] == [first["alarm"]]
    assert lamp(stand) == "delivered"
    assert "is older than its last press" in stand.core.log_path.read_text()
    police.post("/api/answer", {"alarm": first["alarm"], "state": state, "by": "张警官"})
    stand.cli("cancel", "--note", "its receipt brings the answer")  # if nothing else has
    wait_until("answered", lambda: lamp(stand) == pattern, 10)
    assert len(stand.status()["alarms"]) == (state == "coming")


def test_what_was_said_by_people_who_had_seen_no_press_costs_no_receipt(stand):
    """It stands in every receipt until the gateway confirms it."""
    start(stand)
    first = stand.press()
    wait_until("receipted", lambda: receipted(stand, first["seq"]), 10)
    said = stand.receivers["police"].post(
        "/api/answer", {"alarm": first["alarm"], "state": "seen", "seen": 0, "by": "张警官"})
    second = stand.press()
    wait_until("receipted", lambda: receipted(stand, second["seq"]), 10)
    wait_until("taken", lambda: taken(stand, said), 10)
    assert lamp(stand) == "delivered"


def test_a_further_press_is_heard_until_somebody_has_it_whatever_was_said_before(stand):
    """The police reject ("a pupil"), and are away when the guard presses again."""
    start(stand)
    first = stand.press()
    police = stand.receivers["police"]
    wait_until("let go", lambda: "tocsin.alarm.restored" in kinds(police, first["alarm"]), 10)
    police.post("/api/answer", {"alarm": first["alarm"], "state": "rejected", "by": "张警官"})
    stand.cli("cancel", "--note", "its receipt brings the answer")  # if nothing else has
    wait_until("rejected", lambda: lamp(stand) == "seen", 10)
    police.process.kill()
    stand.press()
    wait_until("heard", lambda: lamp(stand) == "heard", 10)
    [alarm] = stand.status()["alarms"]
    assert {r["id"]: r["state"] for r in alarm["receivers"]}["police"] == "pending"
    stand.core.kill()
    stand.start_core()
    wait_until("heard still", lambda: lamp(stand) == "heard", 10)
    police.start()
    wait_until("they have it", lambda: lamp(stand) == "delivered", 30)
    assert police.alarm(first["alarm"])["done"] is None
