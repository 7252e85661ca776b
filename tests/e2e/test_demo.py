# SPDX-License-Identifier: Apache-2.0
"""What scripts/run shows, as somebody sees it who runs it twice and presses more than once."""
import os
import pathlib
import pty
import re
import subprocess
import sys
import threading
import time

import pytest

from stand import wait_until

DEMO = pathlib.Path(__file__).parents[2] / "scripts/demo.py"
pytestmark = pytest.mark.xdist_group("demo")  # they encode video: one at a time
GOOD = "everything about this press was seen to work"


@pytest.fixture
def clone(tmp_path, build):
    """A build folder of its own, so that runs at one time do not share their state."""
    folder = tmp_path / "build"
    folder.mkdir()
    for name in ("daemon", "receiver", "tests"):
        (folder / name).symlink_to(build.resolve() / name)
    return folder


def once(clone):
    return subprocess.run([sys.executable, DEMO, "--build", clone, "--once"], text=True, timeout=240,
                          capture_output=True, check=False, stdin=subprocess.DEVNULL)


def test_once_works_again_and_again_in_the_same_clone(clone):
    for _ in range(2):
        done = once(clone)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.endswith("everything was seen to work\n")
        assert "MISSING" not in done.stdout
        left = clone / "demo-state/left-over"  # of the run before: gone with it
        assert not left.exists()
        left.touch()


class Terminal:
    """scripts/run on a terminal, and somebody who reads it."""

    def __init__(self, clone):
        self.text = ""
        self.ours, theirs = pty.openpty()
        self.child = subprocess.Popen([sys.executable, DEMO, "--build", clone], stdin=theirs,
                                      stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while piece := os.read(self.ours, 65536):
                self.text += piece.decode(errors="replace").replace("\r\n", "\n")
        except OSError:
            pass  # it has ended

    def type(self, key):
        os.write(self.ours, key.encode())

    def wait(self, what, seconds):
        wait_until(f"{what} in:\n{self.text[-3000:]}", lambda: what in self.text, seconds)

    def stop(self):
        self.child.terminate()
        assert self.child.wait(60) == 0, self.text
        os.close(self.ours)


@pytest.fixture
def terminal(clone):
    made = Terminal(clone)
    try:
        yield made
    finally:
        if made.child.poll() is None:
            made.stop()


def test_a_second_press_while_the_alarm_is_open_is_judged_by_itself(terminal, clone):
    terminal.wait("Press p here", 120)
    terminal.type("p")
    terminal.wait(GOOD, 120)
    first = len(terminal.text)
    pressed = time.monotonic()
    terminal.type("p")
    wait_until("a second judgement", lambda: terminal.text.count(GOOD) == 2, 120)
    assert "MISSING" not in terminal.text
    stamps = re.findall(r"^ *\+([0-9.]+) ms  heard tocsin\.alarm\.updated", terminal.text[first:],
                        flags=re.M)
    # Its own time: what is counted from the press before is longer than that press is ago.
    assert stamps and float(stamps[0]) <= (time.monotonic() - pressed) * 1000
    receipts = re.findall(r"^ *\+([0-9.]+) ms  follow-up delivered to (\w+)", terminal.text[first:],
                          flags=re.M)
    assert {"police", "education"} <= {name for _, name in receipts}
    second = once(clone)  # the state of a run that goes on is not taken from under it
    assert second.returncode == 1 and "another scripts/run is using" in second.stderr


@pytest.fixture
def cameras(stand):
    stand.start_cameras(sizes=())
    return stand


def watch(stand, camera, seconds=2):
    password = (stand.pki / "camera.password").read_text().strip()
    url = f"rtsp://viewer:{password}@127.0.0.1:{stand.camera_port}/{camera}"
    return subprocess.Popen(["ffmpeg", "-v", "fatal", "-rtsp_transport", "tcp", "-i", url, "-t",
                             str(seconds), "-c", "copy", "-f", "null", "-"],
                            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def ends_well(viewer):
    _, said = viewer.communicate(timeout=90)
    return viewer.returncode == 0 or said


@pytest.mark.parametrize("camera", ["gate", "yard"])
def test_a_camera_serves_several_viewers(cameras, camera):
    """As a technician's player beside the gateway; the second one was told 503."""
    viewers = []
    for _ in range(5):
        viewers.append(watch(cameras, camera, 4))
        time.sleep(0.3)  # while the others watch
    assert [ends_well(viewer) for viewer in viewers] == [True] * 5


def test_cameras_come_up_on_a_busy_machine(cameras):
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
            for _ in range(2 * (os.cpu_count() or 1))]
    try:
        for _ in range(3):  # each time the pictures begin anew: nobody watched in between
            viewers = [watch(cameras, camera) for camera in ("gate", "yard")]
            assert [ends_well(viewer) for viewer in viewers] == [True] * 2
    finally:
        for process in busy:
            process.kill()
            process.wait()


@pytest.mark.parametrize("lines", [
    ["-- configured", "[  3%] Building a", "[ 10%] Building b", "[  9%] Linking c", "[100%] Built target d"],
    ["[1/20] Building a", "a warning", "[2/20] Building b", "[20/20] Linking c"]], ids=["make", "ninja"])
def test_how_far_a_build_is_is_shown_while_it_goes_on(tmp_path, lines):
    log = tmp_path / "log"
    with subprocess.Popen([DEMO.with_name("progress"), log], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shown:
        shown.stdin.write("\n".join(lines[:3]).encode() + b"\n")
        shown.stdin.flush()
        assert shown.stdout.read(7) == b" 5% 10%"
        rest, _ = shown.communicate("\n".join(lines[3:]).encode())
    assert shown.returncode == 0
    assert rest.decode() == "".join(f" {n}%" for n in range(15, 101, 5)) + "\n"
    assert log.read_text() == "\n".join(lines) + "\n"
