# SPDX-License-Identifier: Apache-2.0
"""Lamps and relays, read back from the kernel's own lines and LEDs."""
import os
import signal
import time

from school import SLOW, wait_until

LIGHTS = ("green", "amber", "red")
LEDS = {"green": "numlock", "amber": "capslock", "red": "scrolllock"}


def seen(is_lit, seconds=1.3):
    """off, on or blinks, for each light, over more than a slow blink."""
    states = {light: set() for light in LIGHTS}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for light in LIGHTS:
            states[light].add(is_lit(light))
        time.sleep(0.02)
    return tuple("blinks" if len(s) == 2 else "on" if s.pop() else "off"
                 for s in (states[light] for light in LIGHTS))


def on_lines(school):
    return seen(school.chip.value)


def on_leds(school):
    return seen(lambda light: school.lamp.is_lit(LEDS[light]))


def test_ready_delivered_and_the_siren(school):
    school.wait_for_pattern("ready")
    assert on_lines(school) == on_leds(school) == ("on", "off", "off")
    assert not school.chip.value("siren")
    school.press("panic")
    school.wait_for_pattern("delivered")
    assert on_lines(school) == on_leds(school) == ("off", "off", "on")
    assert school.chip.value("siren")
    school.press("panic", False)
    wait_until("it is up", lambda: not school.is_pressed("panic"), SLOW)
    school.ask(command="reset")
    wait_until("the siren is off", lambda: not school.chip.value("siren"), SLOW)


def test_a_fault_is_amber_and_nobody_reached_is_red_and_blinks(school):
    school.press("tamper")
    school.wait_for_pattern("fault")
    assert on_lines(school) == on_leds(school) == ("off", "on", "off")
    school.press("tamper", False)
    school.wait_for_pattern("ready")
    for receiver in school.receivers.values():
        receiver.process.child.send_signal(signal.SIGSTOP)
    try:
        school.press("panic")
        school.wait_for_pattern("heard")
        assert on_lines(school) == on_leds(school) == ("off", "off", "blinks")
    finally:
        for receiver in school.receivers.values():
            receiver.process.child.send_signal(signal.SIGCONT)
        school.press("panic", False)
    school.wait_for_pattern("delivered")


def test_a_drill_blinks_amber(school):
    school.wait_for_pattern("ready")
    assert school.ask(command="drill.begin", length_ms=60000)["ok"]
    assert on_lines(school) == on_leds(school) == ("off", "blinks", "off")
    assert school.ask(command="drill.end")["ok"]


def test_a_loop_that_stands_still_is_turned_amber_by_the_kernel(school):
    school.wait_for_pattern("ready")
    assert on_leds(school) == ("on", "off", "off")
    pid = school.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until("amber, and no green", lambda: school.lamp.is_lit("capslock") and
                   not school.lamp.is_lit("numlock"), 9)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until("ready again", lambda: school.control.exists() and on_leds(school) ==
               ("on", "off", "off"), SLOW)


def test_a_gateway_that_was_killed_is_amber_until_it_is_back(school):
    school.wait_for_pattern("ready")
    os.kill(school.pid, signal.SIGSTOP)  # no restart can hide it: systemd sees a process
    wait_until("amber", lambda: school.lamp.is_lit("capslock"), 9)
    school.kill()
    wait_until("it is back", lambda: school.show("SubState") == "running" and
               on_leds(school) == ("on", "off", "off"), SLOW)
