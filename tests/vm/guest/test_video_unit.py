# SPDX-License-Identifier: Apache-2.0
"""What holds a camera's worker under tocsin-video's own unit. It shuts itself in before it looks for
its camera: one that is never there will do, and no other test hears of it."""
import pathlib

import pytest

from school import ETC, SLOW, run, wait_until

UNIT = "tocsin-video"
DROP_IN = pathlib.Path(f"/run/systemd/system/{UNIT}.service.d/own-file.conf")


@pytest.fixture
def worker(school):
    """The process of one camera. Its file is not the gateway's, which would miss the camera."""
    config = ETC / "video.yaml"
    config.write_text((ETC / "tocsin.yaml").read_text() +
                      "cameras:\n  - {id: gate, name: gate, driver: lav,"
                      " url: \"rtsp://127.0.0.1:9/\"}\n")
    run("chgrp", "tocsin-config", config)
    config.chmod(0o640)
    DROP_IN.parent.mkdir(parents=True)
    DROP_IN.write_text(f"[Service]\nExecStart=\nExecStart=/usr/bin/{UNIT} --config {config}\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "start", UNIT)
    main = run("systemctl", "show", UNIT, "--value", "-p", "MainPID").strip()
    children = pathlib.Path(f"/proc/{main}/task/{main}/children")
    wait_until("the camera has its process", lambda: children.read_text().split(), SLOW)
    yield main, children.read_text().split()[0]
    run("systemctl", "stop", UNIT)
    DROP_IN.unlink()
    run("systemctl", "daemon-reload")


def journal():
    return run("journalctl", "-u", UNIT, "--no-pager", "-o", "cat")


def filters(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("Seccomp_filters:"):
            return int(line.split()[1])
    raise AssertionError(f"process {pid} has no line Seccomp_filters")


def test_a_worker_is_held_by_landlock_and_by_its_own_filters(worker):
    supervisor, process = worker
    wait_until("it says whether Landlock is on", lambda: "Landlock" in journal(), SLOW)
    # It says so only after it has tried to read what Landlock forbids, and the unit allows.
    assert "Landlock is on" in journal(), journal()
    wait_until("it has two filters more than the unit's: no io_uring, and what it may call",
               lambda: filters(process) == filters(supervisor) + 2, SLOW)
