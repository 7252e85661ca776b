# SPDX-License-Identifier: Apache-2.0
"""What happens at the gate beside a press: drills, tests, cancelling, escalation, outputs, contacts
that tell of faults, keys and cards. With the real programs; only the lines are simulated."""
import json
import signal
import subprocess
import threading
import time

import pytest

from stand import wait_until

PATIENT = ("  reserve_events: 2000\n", "  reserve_events: 2000\n  commit_wait: 1s\n")
FAST = "exercises:\n  long_press: 2s\n  announce_wait: 4s\n"


def start(stand, inputs="", sections="", receivers=True, replace=()):
    """The demonstration without cameras, with more inputs and sections."""
    stand.write_config(cameras=False, replace=[
        PATIENT, ("\nreceivers:\n", f"{inputs}\n{sections}\nreceivers:\n"), *replace])
    if receivers:
        stand.start_receivers()
    stand.start_core()
    if receivers:
        wait_until("every link is proven", lambda: all(
            r["state"] == "proven" for r in stand.status()["receivers"]), 20)


def simulated(name, kind, driver="sim", **more):
    lines = "".join(f"    {key}: {value}\n" for key, value in more.items())
    return (f"  - id: {name}\n    name: {name}\n    place: 门卫室\n    kind: {kind}\n"
            f"{lines}    driver: {driver}\n")


def types_at(receiver):
    return [e["type"] for e in receiver.events()]


def events_of(receiver, kind):
    return [e for e in receiver.events() if e["type"] == kind]


def lamp(stand):
    return stand.status()["lamps"][0]["pattern"]


def faults(stand):
    return {(f["fault"], f["subject"]) for f in stand.status()["faults"]}


def wait_for_event(stand, kind, count=1):
    police = stand.receivers["police"]
    wait_until(f"{count} x {kind} at the police", lambda: len(events_of(police, kind)) >= count, 15)
    return events_of(police, kind)


def body_of(stand, kind):
    """The data of the newest event of that type, as the gateway has stored and sent it."""
    return [data for found, data in stand.stored() if found == kind][-1]


def wait_receipted(stand):
    wait_until("nothing is on its way", lambda: all(
        r["backlog"] == 0 for r in stand.status()["receivers"]), 10)


def wait_released(stand):
    wait_until("every button is up", lambda: not any(
        i["pressed"] for i in stand.status()["inputs"]), 5)


def begin_drill(stand, *arguments):
    done = stand.cli("drill", "begin", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_press_in_a_drill_is_a_drill_and_before_and_after_it_an_alarm(stand):
    start(stand, sections=FAST)
    assert "gate-button" in begin_drill(stand, "--for", "10min", "--by", "王老师", "--note", "演练")
    assert lamp(stand) == "drill"
    drill = stand.press()
    wait_for_event(stand, "tocsin.drill.raised")
    assert stand.cli("drill", "end").returncode == 0
    wait_for_event(stand, "tocsin.drill.ended")
    police = stand.receivers["police"]
    got = types_at(police)
    assert got.index("tocsin.drill.started") < got.index("tocsin.drill.raised")
    assert "tocsin.drill.closed" in got and "tocsin.drill.ended" in got
    assert not any(t.startswith("tocsin.alarm.") for t in got)
    assert not stand.status()["alarms"]
    started = body_of(stand, "tocsin.drill.started")
    assert started["inputs"] == ["gate-button"] and started["by"].startswith("王老师 (")
    assert started["note"] == "演练"
    wait_released(stand)
    alarm = stand.press()
    assert alarm["alarm"] != drill["alarm"]
    wait_for_event(stand, "tocsin.alarm.raised")
    assert len(events_of(police, "tocsin.alarm.raised")) == 1


def test_a_long_press_in_a_drill_is_an_alarm_and_ends_it(stand):
    start(stand, sections=FAST)
    begin_drill(stand)
    stand.press()
    wait_released(stand)
    assert not any(a["class"] == "alarm" for a in stand.status()["alarms"])
    assert stand.cli("press", "gate-button", "--hold", "3000").returncode == 0
    raised = wait_for_event(stand, "tocsin.alarm.raised")
    assert len(raised) == 1
    assert body_of(stand, "tocsin.alarm.raised")["cause"] == "long-press"
    assert "a real alarm" in body_of(stand, "tocsin.drill.ended")["why"]
    assert [a["class"] for a in stand.status()["alarms"]] == ["alarm"]


def test_a_button_outside_the_drill_is_real(stand):
    start(stand, inputs=simulated("hall", "panic"), sections=FAST)
    begin_drill(stand, "gate-button")
    stand.press("hall")
    wait_for_event(stand, "tocsin.alarm.raised")
    assert stand.status().get("exercise") is None


def test_a_drill_ends_by_itself(stand):
    start(stand, sections=FAST)
    begin_drill(stand, "--for", "2s")
    wait_until("the drill is over", lambda: stand.status().get("exercise") is None, 15)
    assert body_of(stand, "tocsin.drill.ended")["why"] == "its time is over"
    assert stand.press()["alarm"]
    wait_for_event(stand, "tocsin.alarm.raised")


def test_a_drill_that_cannot_be_announced_does_not_begin_and_a_press_meanwhile_is_real(stand):
    start(stand, sections=FAST)
    stand.receivers["police"].process.kill()
    answers = []
    asking = threading.Thread(target=lambda: answers.append(stand.cli("drill", "begin")))
    asking.start()
    wait_until("it is being announced",
               lambda: (stand.status().get("exercise") or {}).get("phase") == "announced", 10)
    stand.press()
    asking.join(30)
    assert answers[0].returncode == 1 and "no receipt of its announcement from police" in answers[0].stderr
    assert stand.status().get("exercise") is None
    assert [a["class"] for a in stand.status()["alarms"]] == ["alarm"]
    stand.receivers["police"].start()
    wait_for_event(stand, "tocsin.alarm.raised")


def test_a_drill_is_refused_while_an_alarm_is_open_and_a_second_one_too(stand):
    start(stand, sections=FAST)
    begin_drill(stand)
    again = stand.cli("drill", "begin")
    assert again.returncode == 1 and "under way" in again.stderr
    assert stand.cli("drill", "end").returncode == 0
    stand.press()
    refused = stand.cli("drill", "begin")
    assert refused.returncode == 1 and "an alarm is open" in refused.stderr
    assert stand.cli("drill", "end").returncode == 1


def test_a_restart_ends_a_drill_and_says_so(stand):
    start(stand, sections=FAST)
    begin_drill(stand)
    stand.press()
    stand.core.kill()
    stand.start_core()
    assert stand.status().get("exercise") is None
    assert not stand.status()["alarms"]
    wait_for_event(stand, "tocsin.drill.ended")
    assert "restarted" in body_of(stand, "tocsin.drill.ended")["why"]
    stand.press()
    wait_for_event(stand, "tocsin.alarm.raised")


def test_a_drill_that_is_over_stays_over_after_a_restart(stand):
    start(stand, sections=FAST)
    begin_drill(stand)
    assert stand.cli("drill", "end").returncode == 0
    stand.core.kill()
    stand.start_core()
    stand.press()  # stored behind whatever the start has made
    kinds = [kind for kind, _ in stand.stored()]
    assert "tocsin.alarm.raised" in kinds and kinds.count("tocsin.drill.ended") == 1


def test_the_drill_switch_begins_and_ends_a_drill(stand):
    start(stand, inputs=simulated("key", "drill"), sections=FAST)
    stand.ask(command="press", input="key", hold_ms=0)
    wait_until("the drill runs",
               lambda: (stand.status().get("exercise") or {}).get("phase") == "running", 15)
    stand.press()
    stand.cli("release", "key", check=True)
    wait_until("the drill is over", lambda: stand.status().get("exercise") is None, 15)
    assert "switch" in body_of(stand, "tocsin.drill.ended")["why"]
    wait_for_event(stand, "tocsin.drill.raised")
    assert not events_of(stand.receivers["police"], "tocsin.alarm.raised")


def test_a_test_walks_through_every_button_and_records_it(stand):
    start(stand, inputs=simulated("forced", "duress"), sections=FAST)
    walk = subprocess.Popen([stand.binary("daemon/cli/tocsin"), "--socket", stand.control, "test",
                             "--by", "李工"], stdout=subprocess.PIPE, text=True)
    try:
        wait_until("the test runs",
                   lambda: (stand.status().get("exercise") or {}).get("phase") == "running", 15)
        assert lamp(stand) == "test"
        for button in ("gate-button", "test-button", "forced"):
            stand.press(button)
        out, _ = walk.communicate(timeout=30)
    finally:
        walk.kill()
    assert walk.returncode == 0, out
    assert "every button was heard" in out
    ended = body_of(stand, "tocsin.test.ended")
    assert sorted(ended["tested"]) == ["forced", "gate-button", "test-button"]
    assert not ended["untested"] and ended["by"].startswith("李工 (")
    wait_for_event(stand, "tocsin.test.ended")
    assert not any(t.startswith("tocsin.alarm.") for t in types_at(stand.receivers["police"]))


def test_a_test_that_is_broken_off_names_what_was_not_tested(stand):
    start(stand, sections=FAST)
    done = stand.cli("test", "--for", "2s", timeout=40)
    assert done.returncode == 1
    assert "NOT TESTED: gate-button, test-button" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGTSTP, signal.SIGKILL])
def test_a_test_ends_with_its_command(stand, number):
    start(stand, sections=FAST)
    walk = subprocess.Popen([stand.binary("daemon/cli/tocsin"), "--socket", stand.control, "test"],
                            stdout=subprocess.PIPE, text=True)
    try:
        assert "has begun" in walk.stdout.readline()
        walk.send_signal(number)
        wait_for_event(stand, "tocsin.test.ended")
        out, _ = walk.communicate(timeout=30)
    finally:
        walk.kill()
    assert walk.returncode == (-number if number == signal.SIGKILL else 1)
    assert ("NOT TESTED" in out) == (number != signal.SIGKILL)
    stand.press()
    wait_for_event(stand, "tocsin.alarm.raised")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTSTP])
def test_a_test_that_is_broken_off_while_it_is_announced_does_not_begin(stand, number):
    start(stand, sections="exercises:\n  announce_wait: 15s\n")
    stand.receivers["police"].process.kill()
    walk = subprocess.Popen([stand.binary("daemon/cli/tocsin"), "--socket", stand.control, "test"],
                            stderr=subprocess.PIPE, text=True)
    try:
        wait_until("it is announced", lambda: stand.status().get("exercise"), 15)
        walk.send_signal(number)
        _, said = walk.communicate(timeout=10)
    finally:
        walk.kill()
    assert walk.returncode == 1 and "does not begin" in said
    wait_until("it is dropped", lambda: not stand.status().get("exercise"), 5)


def test_a_drill_whose_command_is_gone_before_it_begins_does_not_begin(stand):
    start(stand, sections="exercises:\n  announce_wait: 15s\n")
    stand.receivers["police"].process.kill()
    command = subprocess.Popen([stand.binary("daemon/cli/tocsin"), "--socket", stand.control,
                                "drill", "begin"])
    try:
        wait_until("it is announced", lambda: stand.status().get("exercise"), 15)
    finally:
        command.kill()
        command.wait()
    wait_until("it is dropped", lambda: not stand.status().get("exercise"), 5)
    stand.receivers["police"].start()
    ended = wait_for_event(stand, "tocsin.drill.ended")
    assert len(ended) == 1 and not stand.status().get("exercise")


def test_an_alarm_can_be_cancelled_with_a_reason_and_stays_open(stand):
    start(stand, sections="alarms:\n  cancel_window: 60s\n")
    assert stand.cli("cancel", "--note", "none").returncode == 1
    alarm = stand.press()["alarm"]
    assert "say why" in stand.cli("cancel").stderr
    done = stand.cli("cancel", alarm, "--by", "张师傅", "--note", "学生误按")
    assert done.returncode == 0, done.stderr
    cancelled = wait_for_event(stand, "tocsin.alarm.cancelled")
    assert len(cancelled) == 1
    data = body_of(stand, "tocsin.alarm.cancelled")
    assert data["note"] == "学生误按" and data["by"].startswith("张师傅 (")
    status = stand.status()["alarms"]
    assert [(a["alarm"], a["cancelled"]) for a in status] == [(alarm, True)]
    assert stand.cli("cancel", "--note", "again").returncode == 1
    assert "tocsin.alarm.closed" not in types_at(stand.receivers["police"])


def test_an_alarm_is_not_cancelled_after_its_window(stand):
    start(stand, sections="alarms:\n  cancel_window: 0s\n")
    stand.press()
    assert stand.cli("cancel", "--note", "late").returncode == 1


def test_keys_at_the_gate_reset_and_cancel_and_a_card_says_who(stand):
    start(stand, inputs=simulated("no-alarm", "cancel") + simulated("clear", "reset") +
          simulated("reader", "card", "sim-card"))
    stand.press()
    assert stand.cli("card", "reader", "0012345678").returncode == 0
    assert stand.cli("card", "reader", "12a").returncode == 1
    stand.cli("press", "no-alarm", check=True)
    wait_for_event(stand, "tocsin.alarm.cancelled")
    assert "card 0012345678" in body_of(stand, "tocsin.alarm.cancelled")["by"]
    stand.cli("press", "clear", check=True)
    wait_for_event(stand, "tocsin.alarm.closed")
    assert body_of(stand, "tocsin.alarm.closed")["by"].startswith("clear (clear, card")
    assert not stand.status()["alarms"]


def test_nobody_sees_it_so_the_next_group_is_asked(stand):
    start(stand, sections="alarms:\n  escalate_after: 5s\n", replace=[
        ("    name: 教育局\n    responder: false\n", "    name: 区指挥中心\n    group: 2\n")])
    alarm = stand.press()["alarm"]
    wait_until("police have it", lambda: stand.receivers["police"].alarm(alarm), 10)
    wait_for_event(stand, "tocsin.alarm.escalated")
    assert body_of(stand, "tocsin.alarm.escalated")["level"] == 2
    assert stand.status()["alarms"][0]["level"] == 2
    assert "level" not in body_of(stand, "tocsin.alarm.raised")


def test_an_alarm_that_is_seen_is_not_escalated(stand):
    start(stand, inputs=simulated("yard", "panic"), sections="alarms:\n  escalate_after: 12s\n",
          replace=[("    name: 教育局\n    responder: false\n", "    name: 区指挥中心\n    group: 2\n")])
    alarm = stand.press()["alarm"]
    police = stand.receivers["police"]
    wait_until("police have it", lambda: police.alarm(alarm), 10)
    police.post("/api/answer", {"alarm": alarm, "source": "tocsin:31010600001320000001",
                                "state": "seen", "by": "operator"})
    wait_until("the lamp says so", lambda: lamp(stand) == "seen", 10)
    # One that comes after it and that nobody sees: when its turn has come, that of the first is over.
    later = stand.press("yard")["alarm"]
    wait_for_event(stand, "tocsin.alarm.escalated")
    levels = {a["alarm"]: a["level"] for a in stand.status()["alarms"]}
    assert levels == {alarm: 1, later: 2}


OUTPUTS = """outputs:
  - {id: siren, on: [raised], for: 4s, driver: sim}
  - {id: lock, on: [raised], drills: true, driver: sim}
  - {id: horn, on: [undelivered], driver: sim}
  - {id: bell, on: [closed], for: 4s, inputs: [gate-button], driver: sim}
"""


def outputs_on(stand):
    return {o["id"] for o in stand.status()["outputs"] if o["on"]}


def test_outputs_follow_their_rules(stand):
    start(stand, inputs=simulated("quiet", "panic", silent="true") + simulated("forced", "duress"),
          sections=OUTPUTS)
    stand.press("quiet")
    stand.press("forced")
    assert not outputs_on(stand)
    stand.press()
    assert {"siren", "lock"} <= outputs_on(stand)
    wait_until("the siren is over", lambda: outputs_on(stand) == {"lock"}, 10)
    stand.cli("reset", check=True)
    wait_until("the bell alone", lambda: outputs_on(stand) == {"bell"}, 10)
    wait_until("all off", lambda: not outputs_on(stand), 10)


def test_a_drill_switches_only_what_is_for_drills(stand):
    start(stand, sections=OUTPUTS + FAST)
    begin_drill(stand)
    stand.press()
    assert outputs_on(stand) == {"lock"}
    stand.cli("drill", "end", check=True)
    wait_until("all off", lambda: not outputs_on(stand), 10)


def test_an_alarm_that_reaches_nobody_sounds_at_the_gate_until_it_does(stand):
    start(stand, sections=OUTPUTS + "alarms:\n  undelivered_after: 2s\n", receivers=False)
    stand.press()
    assert "horn" not in outputs_on(stand)
    wait_until("the horn", lambda: "horn" in outputs_on(stand), 15)
    stand.start_receivers()
    wait_until("delivered, so quiet", lambda: "horn" not in outputs_on(stand), 30)


def test_duress_is_seen_nowhere_at_the_gate_and_by_the_police(stand):
    start(stand, inputs=simulated("forced", "duress"), sections=OUTPUTS)
    before = lamp(stand)
    watch = subprocess.Popen([stand.binary("daemon/cli/tocsin"), "--socket", stand.control, "watch",
                              "--json"], stdout=subprocess.PIPE, text=True)
    lines = []
    threading.Thread(target=lambda: lines.extend(watch.stdout), daemon=True).start()
    wait_until("it watches", lambda: lines, 10)
    pressed = stand.ask(command="press", input="forced", hold_ms=5000)
    wait_for_event(stand, "tocsin.alarm.raised")
    wait_receipted(stand)
    assert not any(i["pressed"] for i in stand.status()["inputs"])
    assert lamp(stand) == before and not outputs_on(stand)
    assert not stand.status()["alarms"]
    assert stand.cli("reset", pressed["alarm"], check=True).stdout.startswith("closed")
    wait_for_event(stand, "tocsin.alarm.closed")
    wait_receipted(stand)
    shown = stand.press("test-button")["alarm"]  # told after whatever was told before
    wait_until("the watcher has that", lambda: shown in "".join(lines), 10)
    assert pressed["alarm"] not in "".join(lines) and "forced" not in "".join(lines[1:])
    watch.kill()


def test_duress_is_told_to_the_police_and_outlasts_a_forced_reset(stand):
    start(stand, inputs=simulated("forced", "duress"))
    pressed = stand.press("forced")
    wait_for_event(stand, "tocsin.alarm.raised")
    data = body_of(stand, "tocsin.alarm.raised")
    assert data["kind"] == "duress" and data["silent"] is True
    shown = stand.ask(command="status", duress=True)["alarms"]
    assert [(a["kind"], a["class"]) for a in shown] == [("duress", "duress")]
    # A forced guard resets and cancels everything: all but this.
    stand.cli("cancel", "--note", "nothing")
    stand.cli("reset", check=True)
    assert stand.ask(command="status", duress=True)["alarms"]
    assert stand.cli("reset", pressed["alarm"], check=True).stdout.startswith("closed")


def test_the_duress_pattern_on_a_panic_button(stand):
    start(stand, replace=[("    kind: panic\n", "    kind: panic\n    duress_presses: 3\n")])
    for _ in range(3):
        stand.press()
        wait_released(stand)
    wait_for_event(stand, "tocsin.alarm.raised", 2)
    kinds = sorted(a["kind"] for a in stand.ask(command="status", duress=True)["alarms"])
    assert kinds == ["duress", "panic"]


def test_a_button_that_must_be_held_or_pressed_twice(stand):
    start(stand, inputs=simulated("held", "panic", hold="1s") +
          simulated("twice", "panic", presses="2", within="10s"))
    answer = stand.ask(command="press", input="twice", hold_ms=50)
    assert "together" in answer["text"]
    wait_released(stand)
    assert stand.ask(command="press", input="twice", hold_ms=50)["heard"]
    short = stand.ask(command="press", input="held", hold_ms=100)
    assert "not held long enough" in short["text"]
    wait_released(stand)
    assert stand.ask(command="press", input="held", hold_ms=1500)["heard"]
    assert sorted(a["input"] for a in stand.status()["alarms"]) == ["held", "twice"]


def test_tamper_mains_and_battery_are_faults_while_they_last(stand):
    kinds = ("tamper", "mains", "battery")
    start(stand, inputs="".join(simulated(f"{k}-line", k) for k in kinds))
    assert lamp(stand) == "ready"
    for kind, pattern in (("mains", "degraded"), ("battery", "degraded"), ("tamper", "fault")):
        stand.ask(command="press", input=f"{kind}-line", hold_ms=0)
        wait_until(f"{kind} is a fault", lambda k=kind: (k, f"{k}-line") in faults(stand), 10)
        assert lamp(stand) == pattern
    wait_for_event(stand, "tocsin.fault.raised", 3)
    for kind in kinds:
        stand.cli("release", f"{kind}-line", check=True)
    wait_until("all is well", lambda: lamp(stand) == "ready", 30)
    assert not stand.status()["alarms"]


def test_a_normally_closed_button_is_pressed_when_it_opens(stand):
    start(stand, inputs=simulated("closed", "panic", contact="normally-closed",
                                  pressed_at_start="true"))
    assert not stand.status()["alarms"]
    stand.press("closed")
    assert [a["input"] for a in stand.status()["alarms"]] == ["closed"]


def test_a_line_that_presses_itself_is_one_fault_and_every_press_counts(stand):
    start(stand)
    presses = 120
    for _ in range(presses):
        wait_until("released", lambda: stand.ask(
            command="press", input="gate-button", hold_ms=1).get("ok"), 5, 0.005)
        time.sleep(0.04)  # beyond the debounce time: the next edge is a press of its own
    wait_until("it is a fault", lambda: ("chatter", "gate-button") in faults(stand), 10)
    assert lamp(stand) in ("heard", "delivered")
    made = stand.status()["alarms"][0]["presses"]
    assert made == presses
    events = [t for t in types_at(stand.receivers["police"]) if t.startswith("tocsin.alarm.")]
    assert len(events) < 60
    told = [data for kind, data in stand.stored() if kind == "tocsin.fault.raised"]
    assert [data["fault"] for data in told] == ["chatter"]


def test_a_button_that_stays_pressed_is_a_fault_and_a_latched_one_only_when_it_is_blind(stand):
    start(stand, inputs=simulated("stuck", "panic", stuck_after="2s") +
          simulated("latch", "panic", latching="true", stuck_after="2s"))
    for name in ("stuck", "latch"):
        stand.ask(command="press", input=name, hold_ms=0)
    wait_until("it is stuck", lambda: ("stuck", "stuck") in faults(stand), 15)
    assert ("stuck", "latch") not in faults(stand)
    stand.cli("reset", check=True)
    wait_until("it is still latched", lambda: ("stuck", "latch") in faults(stand), 15)
    assert lamp(stand) == "fault"
    for name in ("stuck", "latch"):
        stand.cli("release", name, check=True)
    wait_until("both are up", lambda: not faults(stand), 15)


def looked_at_calendar():
    """Long enough for the gateway to have looked at its calendar, which it does each second."""
    time.sleep(1.5)


def start_on_day(stand, day):
    stand.start_core(env=stand.preloaded("other_day", OTHER_DAY=day))
    wait_until("its clock is good", lambda: stand.status()["clock"]["quality"] == "synced", 10)


def test_a_button_that_was_not_tested_in_its_month_is_a_fault_until_it_is(stand):
    stand.write_config(cameras=False, replace=[
        PATIENT, ("\nreceivers:\n", "\nexercises:\n  test_every: 30d\n\nreceivers:\n")])
    stand.start_receivers()
    start_on_day(stand, 0)
    stand.press("test-button")  # a press of a button for tests is its test
    looked_at_calendar()
    assert not {f for f in faults(stand) if f[0] == "untested"}
    stand.core.stop()
    start_on_day(stand, 29)
    looked_at_calendar()
    assert not {f for f in faults(stand) if f[0] == "untested"}
    stand.core.stop()
    start_on_day(stand, 31)
    wait_until("both are due", lambda: {("untested", "gate-button"), ("untested", "test-button")}
               <= faults(stand), 15)
    # The walk is over as soon as both were pressed.
    walk = subprocess.Popen([stand.binary("daemon/cli/tocsin"), "--socket", stand.control, "test"],
                            stdout=subprocess.PIPE, text=True)
    try:
        wait_until("the test runs",
                   lambda: (stand.status().get("exercise") or {}).get("phase") == "running", 20)
        stand.press("gate-button")
        stand.press("test-button")
        assert walk.wait(30) == 0
    finally:
        walk.kill()
    wait_until("tested", lambda: not {f for f in faults(stand) if f[0] == "untested"}, 15)
    stand.core.stop()
    start_on_day(stand, 32)
    looked_at_calendar()
    assert not {f for f in faults(stand) if f[0] == "untested"}


def test_ten_buttons_at_once_are_ten_alarms(stand):
    stand.write_config(cameras=False, replace=[PATIENT], buttons=10)
    stand.start_receivers()
    stand.start_core()
    answers = []
    threads = [threading.Thread(target=lambda n=n: answers.append(
        stand.ask(command="press", input=f"b{n}", hold_ms=50))) for n in range(1, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    alarms = {a["alarm"] for a in answers}
    assert len(alarms) == 10
    for receiver in stand.receivers.values():
        wait_until("all ten", lambda r=receiver: all(r.alarm(a) for a in alarms), 20)
