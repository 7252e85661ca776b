# SPDX-License-Identifier: Apache-2.0
"""Contacts as schools have them, and what becomes of them when a wire or a chip goes."""
import time

from school import SLOW, wait_until


def fault_of(school, code, subject):
    return school.faults().get((code, subject))


def test_a_normally_closed_contact_is_pressed_when_it_opens(school):
    school.press("closed", False)
    wait_until("an alarm", lambda: school.presses("closed") == 1, SLOW)
    school.press("closed", True)


def test_a_pair_is_pressed_by_both_contacts(school):
    school.press("pair-nc", False)
    school.press("pair-no")
    wait_until("an alarm", lambda: school.presses("pair") == 1, SLOW)
    school.press("pair-no", False)
    school.press("pair-nc")
    wait_until("it is up", lambda: not school.is_pressed("pair"), SLOW)
    assert not fault_of(school, "line", "pair")


def test_a_cut_wire_of_a_pair_is_a_named_fault_and_no_alarm(school):
    school.press("pair-nc", False)
    wait_until("a fault", lambda: fault_of(school, "line", "pair"), SLOW)
    assert "cut" in fault_of(school, "line", "pair")
    assert not school.alarms()
    # A press is heard all the same; and both contacts moving proves the wires again.
    school.press("pair-no")
    wait_until("an alarm", lambda: school.presses("pair") == 1, SLOW)
    school.press("pair-no", False)
    school.press("pair-nc")
    wait_until("all is well", lambda: not fault_of(school, "line", "pair"), SLOW)


def test_a_short_of_a_pair_is_a_named_fault(school):
    school.press("pair-no")
    wait_until("a fault", lambda: "touch" in (fault_of(school, "line", "pair") or ""), SLOW)
    school.press("pair-nc", False)
    school.press("pair-no", False)
    school.press("pair-nc")
    wait_until("all is well", lambda: not fault_of(school, "line", "pair"), SLOW)


def test_a_press_that_only_the_second_contact_saw_is_a_fault(school):
    school.press("pair-nc", False)
    time.sleep(0.3)
    school.press("pair-nc")
    wait_until("a fault", lambda: fault_of(school, "line", "pair"), SLOW)
    assert not school.alarms()
    school.press("pair-nc", False)
    school.press("pair-no")
    time.sleep(0.3)
    school.press("pair-no", False)
    school.press("pair-nc")
    wait_until("all is well", lambda: not fault_of(school, "line", "pair"), SLOW)


def test_tamper_is_a_fault_and_no_alarm(school):
    school.press("tamper")
    wait_until("a fault", lambda: fault_of(school, "tamper", "case"), SLOW)
    assert not school.alarms()
    school.press("tamper", False)
    wait_until("all is well", lambda: not fault_of(school, "tamper", "case"), SLOW)


def test_a_chip_that_goes_and_comes_back_is_a_fault_and_works_again(school):
    school.crowd.unplug()
    wait_until("a fault", lambda: fault_of(school, "line", "c0"), SLOW)
    assert not school.alarms()
    school.crowd.plug()
    wait_until("it is back", lambda: not fault_of(school, "line", "c0"), SLOW)
    school.crowd.set("c0", True)
    wait_until("an alarm", lambda: school.presses("c0") == 1, SLOW)
    school.crowd.set("c0", False)
