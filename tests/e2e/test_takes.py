# SPDX-License-Identifier: Apache-2.0
"""A receiver that takes alarms alone, and that asks things of the gateway, with a whole tocsind: no
protocol that is built in does either, so that the simulated receiver (driver sim-alarms) has to."""
import contextlib
import re
import sqlite3

from stand import wait_until
from test_gate import start, types_at

PRESS, FOLLOWUP = 0, 1  # as they stand in the outbox


def dialler(responder, commands):
    return (f"  - id: dialler\n    name: 拨号器\n    responder: {responder}\n"
            f"    driver: sim-alarms\n    commands: [{commands}]\n")


def log_of(stand):
    return stand.core.log_path.read_text(errors="replace")


def deliveries(stand):
    """Of the outbox of a gateway that does not run: {class: {receiver: {state}}}, type of each event."""
    [path] = (stand.folder / "state").glob("*.db")
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT event.class, delivery.receiver, delivery.state FROM event "
                          "JOIN delivery USING(seq)").fetchall()
    found = {}
    for kind, receiver, state in rows:
        found.setdefault(kind, {}).setdefault(receiver, set()).add(state)
    return found


def test_what_a_receiver_does_not_take_never_waits_for_it(stand):
    start(stand, replace=[("\nlamps:\n", dialler("false", "guard, query") + "\nlamps:\n")])
    for _ in range(2):
        stand.press()
        stand.cli("reset", check=True)
    police = stand.receivers["police"]
    wait_until("both were closed", lambda: types_at(police).count("tocsin.alarm.closed") == 2, 15)
    # What it asks is answered each time: an alarm is no reason not to, and a panic button stays armed.
    wait_until("its questions were answered", lambda: (
        "dialler: guard: not done: a panic button cannot be disarmed" in log_of(stand)
        and "dialler: query: done" in log_of(stand)), 10)
    wait_until("nothing waits", lambda: all(
        r["backlog"] == 0 for r in stand.status()["receivers"]), 15)
    assert stand.core.stop() == 0
    # Pruning (every ten minutes: unit.outbox) keeps an event for as long as a row of it has state 0.
    found = deliveries(stand)
    assert found[PRESS] == {"police": {1}, "education": {1}, "dialler": {2}}
    assert found[FOLLOWUP] == {"police": {1}, "education": {1}}


def test_a_receiver_that_has_dealt_with_an_alarm_closes_it_by_a_command(stand):
    stand.write_config(cameras=False)
    only = re.sub(r"^receivers:\n(?:[ ].*\n|\n)*", "receivers:\n" + dialler("true", "reset") + "\n",
                  stand.config.read_text(), flags=re.M)
    stand.config.write_text(only)
    stand.start_core()
    alarm = stand.press()["alarm"]
    wait_until("its reset was obeyed", lambda: "dialler: reset: done" in log_of(stand), 10)
    wait_until("no alarm is open", lambda: not stand.status()["alarms"], 10)
    [closed] = [data for kind, data in stand.stored() if kind == "tocsin.alarm.closed"]
    assert closed["alarm"] == alarm
    # It asks once: the alarm after it stays open.
    second = stand.press()["alarm"]
    assert [a["alarm"] for a in stand.status()["alarms"]] == [second]
