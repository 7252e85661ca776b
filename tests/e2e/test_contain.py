# SPDX-License-Identifier: Apache-2.0
"""scripts/contain, under which every test runs: nothing is left behind, however the run ends."""
import os
import pathlib
import signal
import subprocess

import pytest
from stand import TOP, wait_until

# A child in a session of its own that does not listen, an orphan, and one that is stopped.
CROWD = """
setsid sh -c 'trap "" TERM INT HUP; echo $$ >{0}/deaf; while :; do sleep 1; done' &
(setsid sleep 1000 & echo $! >{0}/orphan)
sleep 1000 & echo $! >{0}/stopped; kill -STOP $!
until [ -s {0}/deaf ]; do sleep 0.01; done
touch {0}/up
"""


def contain(script):
    return subprocess.Popen([TOP / "scripts/contain", "sh", "-c", script], stdin=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def crowd(folder):
    return [int(pathlib.Path(folder, name).read_text()) for name in ("deaf", "orphan", "stopped")]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_ended_from_outside_leaves_no_process(tmp_path, how):
    run = contain(CROWD.format(tmp_path) + "wait")
    wait_until("all are up", (tmp_path / "up").exists)
    assert all(map(alive, crowd(tmp_path)))
    run.send_signal(how)
    assert run.wait(30) == 128 + how
    assert not any(map(alive, crowd(tmp_path)))


def test_what_a_run_forgets_is_named_ended_and_an_error(tmp_path):
    run = contain(CROWD.format(tmp_path))
    _, told = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "still running" in told and f"sleep ({crowd(tmp_path)[1]})" in told
    assert not any(map(alive, crowd(tmp_path)))


@pytest.mark.parametrize("script, status", [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_a_run_that_ends_by_itself_has_its_own_status(script, status):
    run = contain(script)
    _, told = run.communicate(timeout=30)
    assert (run.returncode, told) == (status, "")


def test_a_command_that_is_not_there_is_said():
    run = subprocess.run([TOP / "scripts/contain", "/nonexistent"], capture_output=True, text=True,
                         timeout=30, check=False)
    assert run.returncode == 127 and "No such file" in run.stderr
