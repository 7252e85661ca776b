# SPDX-License-Identifier: Apache-2.0
"""A gateway that lacks something starts all the same, hears, and says what it lacks."""
import os
import shlex
import socket
import subprocess
from types import SimpleNamespace

import pytest
from stand import TOP, Process, wait_until


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


def test_a_second_one_is_refused_and_the_first_goes_on(stand):
    stand.write_config(cameras=False)
    stand.start_core()
    other = stand.folder / "other.yaml"
    other.write_text(stand.config.read_text().replace("control.sock", "other.sock"))
    other.chmod(0o600)
    for config in (stand.config, other):
        second = subprocess.Popen([stand.binary("daemon/gateway/tocsind"), "--config", config],
                                  stderr=subprocess.PIPE, text=True)
        said = []
        for line in second.stderr:
            said.append(line)
            if "another tocsind is at work there" in line:
                break
        else:
            raise AssertionError(said)
        if config == other:  # its store's thread may come too late to end the start: a fault then
            second.terminate()
        second.communicate()
        assert second.returncode == 1 or config == other, said
    assert stand.press()["heard"] == "stored"
    assert not fault(stand, "control") and not fault(stand, "journal") and not fault(stand, "store")
    stand.core.kill()
    stand.start_core()  # at once


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


def reload_of(unit):
    """What `systemctl reload` runs: its verdict is that of these commands, in turn."""
    text = (TOP / f"systemd/{unit}.service").read_text()
    return [shlex.split(line.partition("=")[2]) for line in text.splitlines() if line.startswith("ExecReload=")]


def reload_of_the_unit(stand):
    (program, *arguments), = reload_of("tocsind")
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


@pytest.mark.parametrize("how", ["gone", "empty", "open to all"])
def test_without_a_key_it_hears_stores_rings_and_sends_when_the_key_is_back(stand, how):
    key = stand.pki / "gateway-signing.key"
    text = key.read_bytes()
    stand.write_config(cameras=False)
    with stand.config.open("a") as config:
        config.write("\noutputs: [{id: siren, driver: sim, on: [raised], for: 1min}]\n")
    stand.start_receivers()
    if how == "gone":
        key.unlink()
    elif how == "empty":
        key.write_bytes(b"")
    else:
        key.chmod(0o644)
    stand.start_core()
    pid = stand.core.child.pid
    wait_until("the lamp says so", lambda: lamp(stand) == "fault", 10)
    assert str(key) in fault(stand, "signing")["reason"]
    press = stand.press()
    assert press["heard"] == "stored"
    wait_until("the siren sounds", lambda: stand.status()["outputs"][0]["on"], 10)
    shown = stand.cli("status").stdout
    assert "signing key MISSING" in shown and "FAULT      signing" in shown
    assert not any(r.alarm(press["alarm"]) for r in stand.receivers.values())
    key.unlink(missing_ok=True)
    key.write_bytes(text)
    key.chmod(0o640)
    delivered(stand, press["alarm"])
    wait_until("mended", lambda: not fault(stand, "signing"), 20)
    for receiver in stand.receivers.values():
        raised = [e for e in receiver.events() if e["type"].endswith(".raised") and
                  e.get("alarm") == press["alarm"]]
        assert len(raised) == 1, raised
    assert stand.status()["signing_key"]
    assert stand.core.alive() and stand.core.child.pid == pid


@pytest.mark.parametrize("how", ["no folder", "in use"])
def test_without_a_control_socket_buttons_are_heard_and_it_comes_when_it_can(stand, how):
    stand.write_config(cameras=False, replace=[
        ("kind: panic\n", "kind: panic\n    pressed_at_start: true\n")])
    stand.start_receivers()
    other = None
    if how == "no folder":
        stand.run.rmdir()
    else:
        other = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        other.bind(str(stand.control))
        other.listen()
    stand.core = Process("tocsind", [stand.binary("daemon/gateway/tocsind"), "--config", stand.config],
                         stand.logs)
    police = stand.receivers["police"]
    wait_until("a press is delivered", lambda: any("raised" in e["type"] for e in police.events()), 30)
    wait_until("the receivers are told", lambda: any(e["type"] == "tocsin.fault.raised"
                                                     for e in police.events()), 20)
    if how == "no folder":
        stand.run.mkdir()
    else:
        other.close()  # its file stays
    wait_until("it is there", stand.core_answers, 30)
    wait_until("mended", lambda: not fault(stand, "control"), 10)
    assert told(stand, "tocsin.fault.raised", "control")


def test_a_control_socket_that_is_removed_while_it_runs_is_made_anew(stand):
    stand.write_config(cameras=False)
    stand.start_core()
    watching = subprocess.Popen([stand.binary("daemon/cli/tocsin"), "--socket", stand.control, "watch"],
                                stdout=subprocess.PIPE, text=True)
    try:
        assert watching.stdout.readline()
        stand.control.unlink()
        wait_until("it is there again", stand.core_answers, 30)
        assert stand.press()["alarm"]
        wait_until("who watched sees the press",
                   lambda: "gate-button" in watching.stdout.readline(), 10)
    finally:
        watching.kill()
        watching.wait()


def start_video(stand):
    stand.video = Process("tocsin-video", [
        stand.binary("daemon/video/tocsin-video"), "--config", stand.config], stand.logs,
        {"STATE_DIRECTORY": str(stand.folder / "video")})


def test_the_video_daemon_starts_with_its_last_configuration_that_worked(stand):
    kept = stand.folder / "video/tocsin.yaml.last"
    stand.write_config()
    start_video(stand)
    wait_until("it is kept", kept.exists, 20)
    stand.video.stop()
    before = kept.read_bytes()
    spoil(stand, "unknown key")
    start_video(stand)
    wait_until("it is ready", lambda: stand.video.log_path.read_text().count("ready: 2 cameras") == 2, 20)
    assert "the last configuration that worked" in stand.video.log_path.read_text()
    assert kept.read_bytes() == before


def test_a_reload_of_the_video_daemon_fails_with_a_bad_file_before_it_is_told(stand):
    (program, *arguments), then = reload_of("tocsin-video")
    assert program == "/usr/bin/tocsin-video" and arguments[1] == "/etc/tocsin/tocsin.yaml"
    assert then == ["/bin/kill", "-HUP", "$MAINPID"]
    arguments[1] = stand.config

    def check():
        return subprocess.run([stand.binary("daemon/video/tocsin-video"), *arguments],
                              capture_output=True, text=True, timeout=60)

    stand.write_config()
    assert check().returncode == 0
    spoil(stand, "unknown key")
    done = check()
    assert done.returncode == 78 and "bygone" in done.stderr
    stand.config.unlink()
    assert check().returncode == 78


@pytest.fixture
def standing_reader(stand):
    """A log that nobody reads, and that has no room: whoever is started with `argv` writes there."""
    path = stand.folder / "log.pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    filled = 0
    with pytest.raises(BlockingIOError):
        while True:
            filled += os.write(reader, b"." * 4096)
    yield SimpleNamespace(reader=reader, filled=filled, argv=lambda program: [
        "/bin/sh", "-c", 'exec 2>"$0" "$@"', path, program])
    os.close(reader)


def test_neither_a_log_that_nobody_reads_nor_a_systemd_that_stands_still_delays_a_press(
        stand, standing_reader):
    stand.write_config(cameras=False)
    stand.start_receivers()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(stand.folder / "notify"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
            filler.setblocking(False)
            with pytest.raises(BlockingIOError):
                while True:
                    filler.sendto(b".", manager.getsockname())
        stand.core = Process("tocsind", [
            *standing_reader.argv(stand.binary("daemon/gateway/tocsind")), "--config", stand.config],
            stand.logs, {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "20000000"})
        wait_until("it answers", stand.core_answers, 15)
        delivered(stand, stand.press()["alarm"])
    # What is read again says first what is missing.
    os.read(standing_reader.reader, standing_reader.filled)
    delivered(stand, stand.press()["alarm"])
    assert b"could not be written: whoever reads the log stood still" in os.read(
        standing_reader.reader, 1 << 16)
