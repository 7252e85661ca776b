# SPDX-License-Identifier: Apache-2.0
"""Presses through the kernel, as hands and contacts make them."""
import itertools
import os
import random
import signal
import time

import pytest
from school import SLOW, run, wait_until

TRAINS = 60
DEBOUNCE_S = 0.03
GAP_S = 0.12  # beyond the debounce time, with room for an emulator that stalls


def test_a_press_is_an_alarm_at_both_receivers(school):
    school.press("panic")
    wait_until("an alarm", lambda: school.presses("panic") == 1, SLOW)
    school.press("panic", False)
    alarm = school.alarms()["panic"]["alarm"]
    for receiver in school.receivers.values():
        wait_until("delivered", lambda r=receiver: r.alarm(alarm), SLOW)


def test_a_key_of_a_usb_button_is_an_alarm(school):
    school.keyboard.set(183, 1)
    wait_until("an alarm", lambda: school.presses("usb") == 1, SLOW)
    school.keyboard.set(183, 0)


def bounce(school, edges):
    """Moves the contact at these times, closed first. How often it may have been quiet for the debounce
    time in between, because the emulator stood still: then what follows is a press by right. The kernel
    stamps an edge while it is made, so the time from before one to after the next is never too short."""
    start, last, closed, quiet = time.monotonic(), None, False, 0
    for at in edges:
        while time.monotonic() - start < at:
            pass
        before, closed = time.monotonic(), not closed
        school.press("panic", closed)
        quiet += last is not None and time.monotonic() - last >= DEBOUNCE_S
        last = before
    return quiet


def test_bounce_trains_are_one_press_each(school):
    """Contacts that bounce for 1 to 50 ms, an edge every 0.3 to 8 ms, and end closed."""
    generator = random.Random(1)
    stretched = 0
    for _ in range(TRAINS):
        length = generator.uniform(0.001, 0.05)
        edges = list(itertools.takewhile(lambda at, end=length: at < end, itertools.accumulate(
            generator.uniform(0.0003, 0.008) for _ in range(200))))
        stretched += bounce(school, edges if len(edges) % 2 else [*edges, length])
        time.sleep(GAP_S)
        school.press("panic", False)
        time.sleep(GAP_S)
    wait_until("released", lambda: not school.is_pressed("panic"), SLOW)
    reported = school.presses("panic")
    print(f"\nbounce trains of 1-50 ms: made {TRAINS}, reported {reported}, pauses of the emulator "
          f"within one {stretched}, invented {max(0, reported - TRAINS - stretched)}")
    assert TRAINS <= reported <= TRAINS + stretched


def test_a_storm_that_overflows_the_kernels_queue_is_one_incident(school):
    os.kill(school.pid, signal.SIGSTOP)
    for _ in range(200):
        school.press("panic")
        school.press("panic", False)
    school.press("panic")
    os.kill(school.pid, signal.SIGCONT)
    wait_until("an incident", lambda: school.presses("panic") >= 1, SLOW)
    time.sleep(1)
    assert list(school.alarms()) == ["panic"] and school.is_pressed("panic")
    school.press("panic", False)


def test_a_storm_of_which_nothing_is_left_is_an_incident_all_the_same(school):
    os.kill(school.pid, signal.SIGSTOP)
    for _ in range(200):
        school.press("panic")
        school.press("panic", False)
    os.kill(school.pid, signal.SIGCONT)
    wait_until("an incident", lambda: school.presses("panic") >= 1, SLOW)
    assert list(school.alarms()) == ["panic"]


def test_ten_buttons_within_a_tenth_of_a_second(school):
    """The gateway stands still meanwhile: it would take the emulator's one processor each time."""
    os.kill(school.pid, signal.SIGSTOP)
    started = time.monotonic()
    for n in range(1, 11):
        school.press(f"b{n}")
    took = time.monotonic() - started
    os.kill(school.pid, signal.SIGCONT)
    wait_until("ten alarms", lambda: len(school.alarms()) == 10, SLOW)
    print(f"\nten buttons in {took * 1e3:.0f} ms: {len(school.alarms())} alarms")
    for n in range(1, 11):
        school.press(f"b{n}", False)
    for receiver in school.receivers.values():
        for alarm in school.alarms().values():
            wait_until("delivered", lambda r=receiver, a=alarm: r.alarm(a["alarm"]), SLOW)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_latched_while_nobody_looked(school, how):
    if how == "stop":
        run("systemctl", "stop", "tocsind")
    else:
        school.kill()
    school.press("latch")
    school.start()
    wait_until("an alarm", lambda: school.presses("latch") == 1, SLOW)
    alarm = school.alarms()["latch"]
    if how == "stop":
        assert alarm["at_start"]
    # Still latched after another kill: the same incident, not a second press.
    school.kill()
    wait_until("it is back", lambda: school.show("SubState") == "running", SLOW)
    wait_until("it answers", school.control.exists, SLOW)
    time.sleep(1)
    again = school.alarms()
    assert (again["latch"]["alarm"], again["latch"]["presses"]) == (alarm["alarm"], 1)
    school.press("latch", False)
