# SPDX-License-Identifier: Apache-2.0
"""What was called done is done after a kill: orders of a person and of a platform, with a disk that
takes its time, and one that stands still."""
import contextlib
import json
import re
import select
import socket
import threading

import pytest
from stand import wait_until
from test_gate import PATIENT, faults, simulated
from test_takes import dialler, log_of
from test_unknown_alarms import damage

KILLS = 10  # of each kind
SLOW_MS = 20


def start(stand, **disk):
    stand.start_core(env=stand.preloaded("stuck_disk", **disk))


def start_slow(stand):
    start(stand, SLOW_DISK_MS=SLOW_MS)


def press(stand, button):
    """Its alarm, which is on the disk. A line that bounces yet is waited for."""
    answer = wait_until(f"{button} is pressed", lambda: (lambda a: a.get("alarm") and a)(
        stand.ask(command="press", input=button, hold_ms=5)), 10)
    assert answer["heard"] == "stored"
    return answer["alarm"]


@contextlib.contextmanager
def busy_disk(stand):
    """A press is on its way to the disk, so that what comes after it is not: whether it is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.connect(str(stand.control))
        s.sendall(json.dumps({"command": "press", "input": "b1", "hold_ms": 5}).encode() + b"\n")
        # Its answer says that it is there: what is ordered then proves nothing.
        yield not select.select([s], [], [], SLOW_MS / 3000)[0]


def open_alarms(stand):
    return {a["alarm"]: a for a in stand.status()["alarms"]}


ORDERS = {
    "reset": lambda stand, alarm: stand.ask(command="reset"),
    "reset by name": lambda stand, alarm: stand.ask(command="reset", alarm=alarm),
    "reset key": lambda stand, alarm: stand.ask(command="press", input="reset-key"),
    "cancel": lambda stand, alarm: stand.ask(command="cancel", note="mistake", alarm=alarm),
}


@pytest.mark.parametrize("order", ORDERS)
def test_what_a_person_was_told_is_done_after_a_kill(stand, order):
    key = simulated("reset-key", "reset")
    stand.write_config(cameras=False, buttons=1, replace=[
        PATIENT, ("inputs:\n", f"inputs:\n{key}")])
    start_slow(stand)
    busy_rounds = 0
    for _ in range(KILLS):
        alarm = press(stand, "gate-button")
        with busy_disk(stand) as is_busy:
            busy_rounds += is_busy
            answer = ORDERS[order](stand, alarm)
            stand.core.kill()
        assert answer["ok"] and answer["kept"] == "stored", answer
        start_slow(stand)
        found = open_alarms(stand)
        assert found[alarm]["cancelled"] if order == "cancel" else alarm not in found
        stand.ask(command="reset")
    assert busy_rounds > 0


def test_what_a_person_has_settled_is_settled_after_a_kill(stand):
    stand.write_config(cameras=False, buttons=1, replace=[PATIENT])
    start_slow(stand)
    busy_rounds = 0
    for _ in range(KILLS // 3):
        press(stand, "gate-button")
        stand.core.kill()
        damage(stand)
        start_slow(stand)
        wait_until("the fault stands", lambda: ("state", "incidents") in faults(stand), 10)
        with busy_disk(stand) as is_busy:
            busy_rounds += is_busy
            answer = stand.ask(command="reset", unknown=True, by="Wang")
            stand.core.kill()
        assert answer["ok"] and answer["kept"] == "stored", answer
        start_slow(stand)
        assert ("state", "incidents") not in faults(stand)
    assert busy_rounds > 0


def press_on(stand, stop):
    """So that the disk is busy all the time."""
    while not stop.is_set():
        for button in ("b1", "b2", "b3"):
            with contextlib.suppress(OSError, ValueError):
                stand.ask(command="press", input=button, hold_ms=5)


def test_what_a_platform_was_told_is_done_after_a_kill(stand):
    asks, stored_rounds = "\n" + dialler("true", "reset") + "\n", 0
    for _ in range(KILLS // 2):
        stand.write_config(cameras=False, buttons=3, replace=[PATIENT])
        plain = stand.config.read_text()
        stand.config.write_text(
            re.sub(r"^receivers:\n(?:[ ].*\n|\n)*", f"receivers:{asks}", plain, flags=re.M))
        # The log goes on over restarts; it says so twice: delivery, and the driver.
        before = log_of(stand).count("dialler: reset: done") if stand.core else 0
        start_slow(stand)
        alarm, stop = press(stand, "gate-button"), threading.Event()
        presser = threading.Thread(target=press_on, args=(stand, stop))
        presser.start()
        try:
            wait_until("its reset is answered", lambda: log_of(stand).count(
                "dialler: reset: done") > before, 20, step=0.001)
            stand.core.kill()
        finally:
            stop.set()
            presser.join(30)
        in_memory = "in memory only" in log_of(stand).rsplit("dialler: reset: done", 1)[1]
        stand.config.write_text(plain)  # nobody asks once more
        start_slow(stand)
        assert alarm not in open_alarms(stand) or in_memory
        stored_rounds += not in_memory
        stand.core.kill()
        # It asks once, after the first that it gets: nothing of this round is left, in the journal either.
        for folder in ("state", "run"):
            for file in (stand.folder / folder).iterdir():
                file.unlink()
    assert stored_rounds > 0


def test_what_the_disk_does_not_take_is_said_to_be_in_memory_only(stand):
    stuck = stand.folder / "stuck"
    stand.write_config(cameras=False, buttons=1)
    start(stand, STUCK_DISK=stuck)
    stand.press()
    stuck.touch()
    stand.ask(command="press", input="b1", hold_ms=5)
    said = "in memory only, no disk has it as yet"
    for order in (("cancel", "--note", "mistake"), ("reset",)):
        done = stand.cli(*order)
        assert done.returncode == 0 and said in done.stdout, done
    assert open_alarms(stand) == {}
    stuck.unlink()
    wait_until("stored after all", lambda: stand.status()["store"]["in_memory"] == 0, 10)
    done = stand.cli("reset")
    assert done.returncode == 0 and said not in done.stdout, done
