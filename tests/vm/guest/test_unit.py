# SPDX-License-Identifier: Apache-2.0
"""The unit as it is shipped: who the gateway is, what it may do, that systemd watches over it."""
import pathlib
import pwd
import subprocess

from school import ETC, SLOW, StandError, run, wait_until


def test_it_runs_as_its_own_user_and_was_announced_ready(school):
    status = pathlib.Path(f"/proc/{school.pid}/status").read_text()
    uid = pwd.getpwnam("tocsin").pw_uid
    assert f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}" in status
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert (school.show("Type"), school.show("SubState")) == ("notify", "running")
    assert school.show("StatusText").startswith("lamp")


def test_it_has_every_line_and_lamp_by_its_groups_alone(school):
    # What the tests before it have left waits for the receivers for a while, on an emulator.
    def faults():
        return {code: why for code, why in school.faults().items() if code[0] != "receiver"}

    wait_until("everything is read", lambda: school.pattern() == "ready" or faults(), SLOW)
    status = school.status()
    assert not faults()
    assert not [i for i in status["inputs"] if not i["known"]]
    assert not [lamp for lamp in status["lamps"] if lamp["fault"]]
    assert not [o for o in status["outputs"] if o["fault"]]
    school.wait_for_pattern("ready")


def test_the_calendar_can_begin_a_drill(school):
    school.wait_for_pattern("ready")
    # Whose announcement is not receipted in time, as on a busy emulator, does not begin.
    try:
        wait_until("it begins", lambda: subprocess.run(
            ["systemctl", "start", "tocsin-drill.service"], capture_output=True,
            timeout=5 * SLOW, check=False).returncode == 0, SLOW)
    except StandError as error:
        raise AssertionError(f"{error}\n{run('journalctl', '-u', 'tocsin-drill', '--no-pager')}") from None
    assert school.status()["exercise"]["by"].startswith("calendar")
    school.wait_for_pattern("drill")
    assert school.ask(command="drill.end")["ok"]


def test_a_reload_with_a_bad_file_fails_and_a_start_with_it_hears_all_the_same(school):
    file = ETC / "tocsin.yaml"
    text = file.read_text()
    run("systemctl", "reload", "tocsind")
    assert ("config", "") not in school.faults()
    file.write_text(f"{text}bygone: {{key: 1}}\n")
    try:
        done = subprocess.run(["systemctl", "reload", "tocsind"], capture_output=True, timeout=5 * SLOW)
        assert done.returncode != 0
        assert "bygone" in school.faults()["config", ""]
        run("systemctl", "restart", "tocsind")
        wait_until("it answers", school.control.exists, SLOW)
        assert "bygone" in school.faults()["config", ""]
        assert pathlib.Path("/var/lib/tocsin/tocsin.yaml.last").stat().st_mode & 0o777 == 0o600
    finally:
        file.write_text(text)
    run("systemctl", "reload", "tocsind")
    wait_until("it is mended", lambda: ("config", "") not in school.faults(), SLOW)


def test_a_loop_that_stands_still_is_restarted_by_the_watchdog(school):
    before = school.pid
    run("kill", "-STOP", before)
    wait_until("the watchdog has restarted it", lambda: school.pid not in (0, before), SLOW)
    wait_until("it answers", school.control.exists, SLOW)
    wait_until("it is ready", lambda: school.show("SubState") == "running", SLOW)
