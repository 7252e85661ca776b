# SPDX-License-Identifier: Apache-2.0
"""Each call of the core that can fail, made to fail in turn, over its main job: pressed, stored, signed,
sent, receipted. It lives, or ends with a word and is started again; no press that was told as heard is
lost (Invariant I, invariant.py); nothing crashes, hangs or leaks. Which calls: failing_calls.c and
failing_memory.c. TOCSIN_TORTURE says how many of each kind (0: all of them); scripts/test torture is all."""
import mmap
import os
import signal
import socket
import struct

import pytest
from invariant import Told, check, settled
from stand import wait_until

SHARE = int(os.environ.get("TOCSIN_TORTURE", "2"))
KINDS = ("none", "memory", "open", "read", "write", "sync", "name", "network", "sqlite", "openssl", "notify")
NEVER = 1 << 60
# Each for itself or, for a quick look, one process through all of them; memory is for a build without
# sanitizers, whose allocator is another.
GROUPS = [[kind] for kind in KINDS[1:]] if "TOCSIN_TORTURE" in os.environ else [KINDS[2:]]
# Without memory it starts anew: abort() is its word for that, and nothing of libcrypto fails otherwise.
ENDS = {"memory": (1, -signal.SIGABRT), "openssl": (1, -signal.SIGABRT)}


class Plan:
    """The file that says which call fails (failing_plan.h)."""
    LAYOUT = "qqqqq"  # kind, first, forever, seen, failed

    def __init__(self, path):
        path.write_bytes(bytes(struct.calcsize(self.LAYOUT)))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)

    def arm(self, kind, first, forever=False):
        self.map[8:40] = struct.pack("qqqq", first, forever, 0, 0)
        self.map[0:8] = struct.pack("q", KINDS.index(kind))

    def failed(self):
        return struct.unpack("q", self.map[32:40])[0]

    def seen(self):
        return struct.unpack("q", self.map[24:32])[0]

    def disarm(self):
        self.map[0:8] = struct.pack("q", 0)
        return struct.unpack("qq", self.map[24:40])  # seen, failed


class Manager:
    """Who is told by sd_notify's datagrams."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)

    def heard(self):
        """What came since it was asked last."""
        messages = []
        try:
            while True:
                messages.append(self.socket.recv(1000))
        except BlockingIOError:
            return messages


class Core:
    """The gateway, started again as systemd would."""

    def __init__(self, stand, kinds):
        self.stand, self.kind = stand, kinds[0]
        self.plan = Plan(stand.folder / "plan")
        self.told, self.number, self.ended = Told(), 0, []
        self.manager = Manager(stand.folder / "notify")
        library = "memory" if kinds[0] == "memory" else "calls"
        self.env = {"LD_PRELOAD": str(stand.build / f"tests/e2e/libfailing_{library}.so"),
                    "ASAN_OPTIONS": "verify_asan_link_order=0", "FAILING_CALLS": str(stand.folder / "plan"),
                    "NOTIFY_SOCKET": str(stand.folder / "notify"),
                    "WATCHDOG_USEC": "200000"}  # half of it between two words at the most
        stand.write_config(cameras=False, buttons=8)
        stand.start_receivers()
        stand.start_core(env=self.env)
        self.job()
        settled(stand)
        self.files = self.open_files()

    def open_files(self):
        return len(os.listdir(f"/proc/{self.stand.core.child.pid}/fd"))

    def job(self):
        """A press; what it was told, if anything."""
        self.number += 1
        try:
            self.told.note(self.stand.ask(command="press", input=f"b{self.number % 8 + 1}", hold_ms=5))
        except (OSError, ValueError):
            pass  # it ended, or could not answer

    def is_settled(self):
        try:
            status = self.stand.status()
            return status["store"]["in_memory"] == 0 and all(
                r["state"] == "proven" and r["backlog"] == 0 for r in status["receivers"])
        except (OSError, ValueError, KeyError):  # it has ended, or had no memory for all of the answer
            return False

    def fail(self, first, forever):
        """One job while that call fails; whether there was such a call."""
        self.plan.arm(self.kind, first, forever)
        self.job()
        what = f"{self.kind} {first}{' and all after' * forever}"
        wait_until(f"{what} is over", self.is_over, 20, step=0.01)
        _, failed = self.plan.disarm()
        wait_until(f"nothing waits after {what}", self.goes_on, 30, step=0.01)
        self.manager.heard()
        if self.kind == "notify":
            wait_until(f"systemd is told after {what}", self.manager.heard, 20, step=0.01)
        return failed > 0

    def is_over(self):
        """systemd is told by a timer, whatever the press does."""
        failed = self.plan.failed()
        return not self.stand.core.alive() or failed >= 3 or (
            self.is_settled() and (failed > 0 or self.kind != "notify"))

    def goes_on(self):
        if not self.stand.core.alive():
            self.start_again()
        return self.is_settled()

    def start_again(self):
        status = self.stand.core.child.wait(20)
        assert status in ENDS.get(self.kind, (1,)), f"ended with {status}:\n{self.stand.core.tail()}"
        self.ended.append(status)
        self.stand.start_core(env=self.env)

    def calls(self):
        """How many of that kind there are in one job."""
        self.plan.arm(self.kind, NEVER)
        self.job()
        wait_until("nothing waits", lambda: self.is_settled() and (
            self.plan.seen() > 0 or self.kind != "notify"), 30, step=0.01)
        return self.plan.disarm()[0]


def chosen(count):
    """All, or so many that lie evenly apart."""
    if SHARE == 0 or count <= SHARE:
        return range(1, count + 1)
    return [1 + i * count // SHARE for i in range(SHARE)]


@pytest.mark.long
@pytest.mark.parametrize("kinds", GROUPS, ids="-".join)
def test_whatever_fails_no_press_is_lost(stand, kinds):
    core = Core(stand, kinds)
    for kind in kinds:
        core.kind, before = kind, len(core.ended)
        count = core.calls()
        assert count > 0 or kind in ("open", "name")  # of which a press and its receipts need none
        failed = sum(core.fail(first, forever) for first in chosen(count) for forever in (False, True))
        assert failed > 0 or kind != "notify"
        ended = core.ended[before:]
        print(f"{kind}: {count} calls in a job; {failed} jobs in which some failed; ended {len(ended)} times "
              f"{sorted(set(ended))}", flush=True)
    check(stand, core.told, gaps=True)
    print(f"{len(core.told.answers)} of {core.number} presses told as heard; files {core.files}, "
          f"then {core.open_files()}")
    assert core.open_files() <= core.files + 4  # a connection more or less
    assert stand.core.stop(60) == 0
