# SPDX-License-Identifier: Apache-2.0
"""A gateway that lacks something starts all the same, hears, and says what it lacks."""
import configparser
import os
import shlex
import subprocess

import pytest
from stand import TOP, wait_until


def fault(stand, code):
    return next((f for f in stand.status()["faults"] if f["fault"] == code), None)


def told(stand, kind, code):
    return [data for type_, data in stand.stored() if type_ == kind and data["fault"] == code]


def lamp(stand):
    return stand.status()["lamps"][0]["pattern"]


def delivered(stand, alarm):
    for receiver in stand.receivers.values():
        wait_until(f"{receiver.name} has it", lambda r=receiver: r.alarm(alarm), 20)


def start_keeping(stand):
    stand.start_core({"STATE_DIRECTORY": str(stand.folder / "state")})


@pytest.fixture
def kept(stand):
    """Has run once with a configuration that works; stopped."""
    path = stand.folder / "state/tocsin.yaml.last"
    stand.write_config(cameras=False)
    stand.start_receivers()
    start_keeping(stand)
    wait_until("it is kept", path.exists, 10)
    stand.core.stop()
    return path


def spoil(stand, how):
    text = stand.config.read_text()
    if how == "missing":
        stand.config.unlink()
    elif how == "syntax":
        stand.config.write_text(text.replace("site:", "site: [", 1))
    elif how == "unknown key":
        stand.config.write_text(text + "\nbygone: {key: 1}\n")
    elif how == "writable by others":
        stand.config.chmod(0o602)
    return text


@pytest.mark.parametrize("how", ["missing", "syntax", "unknown key", "writable by others"])
def test_with_a_file_that_cannot_be_used_it_starts_with_the_last_that_worked(stand, kept, how):
    assert kept.stat().st_mode & 0o777 == 0o600
    before = kept.read_bytes()
    text = spoil(stand, how)
    start_keeping(stand)
    press = stand.press()
    delivered(stand, press["alarm"])
    why = fault(stand, "config")["reason"]
    place = {"missing": "tocsin.yaml: No such file", "syntax": "tocsin.yaml:",
             "unknown key": "\"bygone\" is no section", "writable by others": "chmod 0640"}[how]
    assert "the last that worked is in force" in why and place in why, why
    assert f"config     {stand.config} was changed" in (shown := stand.cli("status").stdout) or \
        how == "missing" and "can no longer be read" in shown, shown
    assert "FAULT      config" in shown and "tocsin check" in shown
    wait_until("the receivers are told", lambda: told(stand, "tocsin.fault.raised", "config"), 10)
    assert place in told(stand, "tocsin.fault.raised", "config")[0]["reason"]
    assert lamp(stand) != "ready"
    assert "fault: config: the last that worked" in stand.core.log_path.read_text()
    assert kept.read_bytes() == before
    stand.config.write_text(text)
    stand.config.chmod(0o600)
    assert stand.cli("reload").returncode == 0
    wait_until("mended", lambda: not fault(stand, "config"), 10)
    assert stand.status()["configuration"]["state"] == "in force"


def test_without_one_that_is_kept_it_says_so_and_ends_with_78(stand):
    stand.write_config(cameras=False)
    spoil(stand, "syntax")
    done = subprocess.run([stand.binary("daemon/gateway/tocsind"), "--config", stand.config],
                          capture_output=True, text=True, timeout=60,
                          env={**os.environ, "STATE_DIRECTORY": str(stand.folder / "state")})
    assert done.returncode == 78
    assert "tocsin.yaml.last: No such file" in done.stderr
    assert f"{stand.config}:" in done.stderr


def test_an_edit_that_nobody_has_loaded_shows_in_status(stand):
    stand.write_config(cameras=False)
    stand.start_core()
    assert stand.status()["configuration"]["state"] == "in force"
    stand.config.write_text(stand.config.read_text() + "# edited\n")
    wait_until("it is seen", lambda: stand.status()["configuration"]["state"] == "changed", 15)
    shown = stand.cli("status").stdout
    assert f"config     {stand.config} was changed at 20" in shown, shown
    assert "and is not in force: tocsin check, then tocsin reload" in shown
    assert not fault(stand, "config")  # nothing is wrong
    assert stand.cli("reload").returncode == 0
    assert stand.status()["configuration"]["state"] == "in force"
    assert "is not in force" not in stand.cli("status").stdout


def reload_of_the_unit(stand):
    """What `systemctl reload tocsind` runs: its verdict is that command's."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(TOP / "systemd/tocsind.service")
    program, *arguments = shlex.split(unit["Service"]["ExecReload"])
    assert program == "/usr/bin/tocsin"
    return stand.cli(*arguments)


def test_systemctl_reload_waits_for_the_verdict_and_fails_with_a_bad_file(stand):
    stand.write_config(cameras=False)
    stand.start_core()
    done = reload_of_the_unit(stand)
    assert done.returncode == 0, done.stderr
    text = spoil(stand, "unknown key")
    done = reload_of_the_unit(stand)
    assert done.returncode == 1
    assert "the old configuration stays" in done.stderr and "bygone" in done.stderr
    assert "bygone" in fault(stand, "config")["reason"]
    stand.config.write_text(text)
    assert reload_of_the_unit(stand).returncode == 0
    assert not fault(stand, "config")
    stand.core.stop()
    assert reload_of_the_unit(stand).returncode == 1
