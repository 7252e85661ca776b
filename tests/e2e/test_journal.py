# SPDX-License-Identifier: Apache-2.0
"""What was told as heard outlives the process though the disk never took it: kills and stops over disks
that are healthy, slow, stand still, fail and are full, with one receiver away (Invariant I, invariant.py).
TOCSIN_KILLS says how many kills there are in all; scripts/test long is two thousand."""
import errno
import os
import random
import sys
import threading
import time

import pytest
from invariant import Told, check, stored
from stand import wait_until

KILLS = int(os.environ.get("TOCSIN_KILLS", "10"))  # shared by the disks; and as many stops
DISKS = ("healthy", "slow", "stalled", "failing", "full")
ENDS = ("kill", "stop")
ROUND = 20  # so many, and the faults are over, the receiver comes, and all is looked at
SLOW_MS = 45  # an SD card's ordinary pause
# A start whose disk has not answered in time says so, and one whose journal a kill tore: a gap each.
GAPS = ("they go on far above all", "are left out, in case")


class Disk:
    """A disk that can be made bad, and good again."""

    def __init__(self, stand, kind):
        self.kind = kind
        self.stuck, self.bad = stand.folder / "stuck", stand.folder / "bad"
        slow = {"SLOW_DISK_MS": SLOW_MS} if kind == "slow" else {}
        self.env = {} if kind == "healthy" else stand.preloaded(
            "stuck_disk", STUCK_DISK=self.stuck, BAD_DISK=self.bad, DISK_FOLDER=stand.folder / "state", **slow)

    def worsen(self):
        if self.kind == "stalled":
            self.stuck.touch()
        elif self.kind not in ("healthy", "slow"):
            self.bad.write_text(str(errno.ENOSPC if self.kind == "full" else errno.EIO))

    def mend(self):
        self.stuck.unlink(missing_ok=True)
        self.bad.unlink(missing_ok=True)


class Presser:
    """Presses eight buttons in turn for as long as it lives, and notes what it is told."""

    def __init__(self, stand, told):
        self.stand, self.told, self.over = stand, told, threading.Event()
        self.thread = threading.Thread(target=self.press_on)

    def press_on(self):
        number = 0
        while not self.over.is_set():
            number += 1
            try:
                self.told.note(self.stand.ask(command="press", input=f"b{number % 8 + 1}", hold_ms=5))
            except (OSError, ValueError):
                time.sleep(0.01)  # it was killed

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.over.set()
        self.thread.join(60)


def begin(stand, kind):
    """The gateway on that disk; police are there, education are away."""
    disk = Disk(stand, kind)
    stand.write_config(cameras=False, buttons=8)
    stand.receivers["police"].start()
    stand.start_core(env=disk.env)
    stored(stand)  # answered by a store that is there: a press before that has no number of its chain
    return disk


def end(stand, disk, told):
    """The faults are over, and what was told holds. How many starts have left a gap, by their own words."""
    disk.mend()
    if not stand.core.alive():
        stand.start_core(env=disk.env)
    stand.receivers["education"].start()
    log = stand.core.log_path.read_text()
    gaps = sum(log.count(words) for words in GAPS)
    check(stand, told, gaps=gaps > 0)
    for receiver in stand.receivers.values():
        assert [e["chain"] for e in receiver.events()].count("gap") <= gaps
    return gaps


def end_by(how, stand, disk, generator):
    """A kill; or a stop, which systemd would end by a kill, or whose disk comes back, or takes it."""
    if how == "kill":
        stand.core.kill()
        return
    stand.core.child.terminate()
    time.sleep(generator.uniform(0, 0.3))
    if generator.random() < 0.5:
        stand.core.kill()
        return
    disk.mend()
    assert stand.core.child.wait(60) == 0, stand.core.tail()


@pytest.mark.long
@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("kind", DISKS)
def test_what_was_told_as_heard_outlives_the_process(stand, kind, how):
    disk, told, generator = begin(stand, kind), Told(), random.Random(f"{kind} {how}")
    done, count = 0, KILLS // len(DISKS)
    while done < count:
        with Presser(stand, told):
            for _ in range(min(ROUND, count - done)):
                before = len(told.answers)
                disk.worsen()
                wait_until("it is pressed", lambda n=before: len(told.answers) >= n + 4, 20)
                time.sleep(generator.uniform(0, 0.2))
                end_by(how, stand, disk, generator)
                if kind == "stalled":  # a start waits for its disk
                    disk.mend()
                stand.start_core(env=disk.env)
                done += 1
        gaps = end(stand, disk, told)
        print(f"{kind}, {how}: {done} of {count}; {len(told.answers)} told, {len(told.in_memory())} in memory, "
              f"0 lost; {gaps} starts left numbers out", file=sys.stderr, flush=True)
        stand.receivers["education"].process.stop()
    if kind not in ("healthy", "slow"):
        assert told.in_memory(), "the disk was never bad"


def test_a_stop_over_a_failing_disk_loses_nothing(stand):
    disk = begin(stand, "failing")
    told = Told()
    disk.worsen()
    for number in range(1, 7):
        told.note(stand.ask(command="press", input=f"b{number}", hold_ms=5))
    assert [a["heard"] for a in told.answers] == ["memory"] * 6
    began = time.monotonic()
    stand.core.child.terminate()
    wait_until("it stops", lambda: "stopping: " in stand.core.log_path.read_text(), 10)
    told.note(stand.ask(command="press", input="b7", hold_ms=5))  # it is heard while it tries
    assert told.answers[-1]["heard"] == "memory"
    wait_until("police have it", lambda: stand.receivers["police"].alarm(told.answers[-1]["alarm"]), 10)
    assert stand.core.stop(30) == 1  # it says that not all is on the disk
    assert time.monotonic() - began > 8  # and has tried for as long as it may
    stand.start_core(env=disk.env)
    for answer in told.answers:  # though the disk fails still
        wait_until("police have it", lambda a=answer: stand.receivers["police"].alarm(a["alarm"]), 20)
    end(stand, disk, told)


def test_after_a_power_cut_no_number_is_given_twice(stand):
    """As far as a test can cut power: the process is killed, and what was in memory is gone, journal
    and all. The receivers see a gap, in which the press is missing that police alone has heard of."""
    disk = begin(stand, "stalled")
    told = Told()
    first = told.note(stand.ask(command="press", input="b1", hold_ms=5))
    wait_until("it is stored", lambda: stand.status()["store"]["in_memory"] == 0, 10)
    disk.worsen()
    lost = stand.ask(command="press", input="b2", hold_ms=5)
    assert lost["heard"] == "memory"
    wait_until("police have it", lambda: stand.receivers["police"].alarm(lost["alarm"]), 20)
    stand.core.kill()
    for path in stand.run.glob("journal.*"):
        path.unlink()
    disk.mend()
    stand.start_core(env=disk.env)
    after = told.note(stand.ask(command="press", input="b3", hold_ms=5))
    assert after["seq"] > 2000 > lost["seq"] > first["seq"]
    stand.receivers["education"].start()
    for receiver in stand.receivers.values():
        wait_until("it comes", lambda r=receiver: r.alarm(after["alarm"]), 20)
        chains = {e["chain"] for e in receiver.events()}
        assert "gap" in chains and "fork" not in chains
