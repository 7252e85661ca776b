# SPDX-License-Identifier: Apache-2.0
"""A gateway whose store cannot be opened, or whose disk stands still, when it starts: it hears all the
same, from its first moment on, and when the store is back both know all (Invariant I, invariant.py)."""
import ctypes
import os
import subprocess

import pytest
from invariant import Told, check
from stand import Process, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts, and owners of files, are root's to change")


def run(*words):
    subprocess.run([str(w) for w in words], check=True)


def exchange(one, other):
    """The names of two, neither of which is missing in between."""
    here, exchanged = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    assert ctypes.CDLL(None, use_errno=True).renameat2(
        here, os.fsencode(one), here, os.fsencode(other), exchanged) == 0, os.strerror(ctypes.get_errno())


class Trouble:
    """What is wrong with the store: made between two starts, and mended while the gateway runs."""
    known = False  # what the store holds can be read meanwhile
    words = ""  # of the fault

    def __init__(self, stand):
        self.stand, self.state = stand, stand.folder / "disk/state"
        self.path = self.state / "outbox.db"
        self.env = {}

    def make(self):
        raise NotImplementedError

    def mend(self):
        raise NotImplementedError

    def clear(self):
        """Leaves nothing behind, wherever the test ended."""


class ReadOnly(Trouble):
    """How an SD card dies."""
    known = True
    words = "read-only"

    def make(self):
        run("mount", "--bind", self.state, self.state)
        run("mount", "-o", "remount,ro,bind", self.state)

    def mend(self):
        run("mount", "-o", "remount,rw,bind", self.state)

    def clear(self):
        subprocess.run(["umount", "-l", self.state], check=False, capture_output=True)


class OfAnother(Trouble):
    def give(self, owner):
        for path in (self.state, *self.state.iterdir()):
            os.chown(path, owner, owner)

    def make(self):
        self.give(65534)

    def mend(self):
        self.give(0)


class Gone(Trouble):
    def make(self):
        self.state.parent.rename(self.stand.folder / "away")

    def mend(self):
        (self.stand.folder / "away").rename(self.state.parent)


class Folder(Trouble):
    def make(self):
        self.path.rename(self.state / "kept")
        self.path.mkdir()

    def mend(self):
        """At one stroke: where nothing has the name the gateway makes a store anew."""
        exchange(self.state / "kept", self.path)


class Dangling(Trouble):
    def make(self):
        self.path.rename(self.state / "kept")
        self.path.symlink_to("/nonexistent/outbox.db")

    def mend(self):
        (self.state / "kept").rename(self.path)


class NotToBeWritten(Trouble):
    known = True
    mode = 0o400

    def make(self):
        for path in self.state.glob("outbox.db*"):
            path.chmod(self.mode)

    def mend(self):
        for path in self.state.glob("outbox.db*"):
            path.chmod(0o600)


class NotToBeRead(NotToBeWritten):
    known = False
    mode = 0


class Stuck(Trouble):
    """Whoever opens the database waits."""
    words = "the disk"

    def __init__(self, stand):
        super().__init__(stand)
        self.marker = self.state / "outbox.db.stuck"
        self.env = stand.preloaded("stuck_disk", STUCK_FILE=self.path)

    def make(self):
        self.marker.touch()

    def mend(self):
        self.marker.unlink()


class Full(Trouble):
    """A first start on a file system without room."""
    size = "size=128k"

    def __init__(self, stand):
        super().__init__(stand)
        self.env = stand.preloaded("lasting_disk")

    def make(self):
        run("mount", "-t", "tmpfs", "-o", self.size, "tmpfs", self.state)
        if self.size.startswith("size"):
            run("sh", "-c", f"cat /dev/zero > {self.state}/filler 2>/dev/null || true")

    def mend(self):
        run("mount", "-o", "remount,size=64m,nr_inodes=1000", self.state)

    def clear(self):
        subprocess.run(["umount", "-l", self.state], check=False, capture_output=True)


class NoInodes(Full):
    size = "size=64m,nr_inodes=1"


OLD = {"read-only": ReadOnly, "of another owner": OfAnother, "not there": Gone, "a folder": Folder,
       "dangling": Dangling, "0400": NotToBeWritten, "0000": NotToBeRead, "stuck": Stuck}
NEW = {"full": Full, "no inodes": NoInodes}


def write_config(stand, pressed):
    """The button b1 is found pressed at the start, if asked."""
    stand.write_config(cameras=False, buttons=3, replace=[
        ("state_dir: state", "state_dir: disk/state"),
        *([("{id: b1, name: 按钮1, place: 教室1, driver: sim}",
            "{id: b1, name: 按钮1, place: 教室1, driver: sim, pressed_at_start: true}")] if pressed else [])])


def start(stand, env):
    """As root without any privilege: whose files are whose counts."""
    stand.core = Process("tocsind", ["setpriv", "--bounding-set=-all", stand.binary("daemon/gateway/tocsind"),
                                     "--config", stand.config], stand.logs, env)
    wait_until("tocsind answers on its control socket", stand.core_answers, 15)


def press(stand, told, button):
    return told.note(stand.ask(command="press", input=button, hold_ms=5))


def stored_alarms(stand):
    return {event["alarm"] for event in stand.ask(command="events.list", limit=500)["events"] if "alarm" in event}


def fault(stand, code):
    return next((f for f in stand.status()["faults"] if f["fault"] == code), None)


def open_alarms(stand):
    return {a["alarm"] for a in stand.status()["alarms"]}


@pytest.fixture
def trouble(stand, request):
    made = request.param(stand)
    made.state.mkdir(parents=True)
    yield made
    if stand.core and stand.core.alive():
        stand.core.stop()
    made.clear()


def found_at_start(stand):
    """The press that was there before anybody could ask."""
    raised = [a["alarm"] for a in stand.status()["alarms"] if a["input"] == "b1"]
    return raised[0] if raised and stand.receivers["police"].alarm(raised[0]) else None


def hears(stand, told, trouble):
    """Two presses are heard and sent though there is no store: the one of the start, and one more."""
    at_start = wait_until("the press of the start is at police", lambda: found_at_start(stand), 10)
    later = press(stand, told, "b2")
    assert later["heard"] == "memory"
    for receiver in stand.receivers.values():
        for alarm in (at_start, later["alarm"]):
            wait_until(f"{receiver.name} has it", lambda r=receiver, a=alarm: r.alarm(a), 10)
    why = wait_until("the fault", lambda: fault(stand, "store"), 10)["reason"]
    assert trouble.words in why or isinstance(trouble, Stuck) and str(trouble.path) in why, why
    shown = stand.cli("status").stdout
    assert "FAULT      store" in shown and "Make room on the disk or change it" in shown, shown
    assert trouble.words in shown, shown
    return at_start, later


def is_mended(stand, told, alarms):
    wait_until("no fault", lambda: not fault(stand, "store") and not fault(stand, "state"), 20)
    assert stand.status()["alarms_known"] is True
    check(stand, told, gaps=True)
    assert open_alarms(stand) == alarms


@pytest.mark.long
@pytest.mark.parametrize("trouble", OLD.values(), ids=OLD.keys(), indirect=True)
def test_with_a_store_that_cannot_be_opened_it_starts_hears_and_takes_it_over_later(stand, trouble):
    told = Told()
    write_config(stand, pressed=False)
    stand.receivers["police"].start()
    start(stand, trouble.env)
    before = press(stand, told, "b3")
    wait_until("it is stored", lambda: before["alarm"] in stored_alarms(stand), 10)
    stand.core.stop()
    stand.receivers["education"].start()
    trouble.make()
    write_config(stand, pressed=True)
    start(stand, trouble.env)
    at_start, later = hears(stand, told, trouble)
    alarms = {before["alarm"], at_start, later["alarm"]}
    education = stand.receivers["education"]
    if trouble.known:
        wait_until("what was pending goes out", lambda: education.alarm(before["alarm"]), 20)
        assert open_alarms(stand) == alarms
    else:
        wait_until("it says what it does not know", lambda: fault(stand, "state"), 10)
        assert stand.status()["alarms_known"] is False
    trouble.mend()
    wait_until("what was pending goes out", lambda: education.alarm(before["alarm"]), 20)
    is_mended(stand, told, alarms)
    stand.core.kill()
    write_config(stand, pressed=False)
    start(stand, trouble.env)
    is_mended(stand, told, alarms)


@pytest.mark.parametrize("trouble", NEW.values(), ids=NEW.keys(), indirect=True)
def test_a_first_start_on_a_disk_without_room_hears(stand, trouble):
    told = Told()
    write_config(stand, pressed=True)
    stand.start_receivers()
    trouble.make()
    start(stand, trouble.env)
    at_start, later = hears(stand, told, trouble)
    assert stand.status()["alarms_known"] is True  # there is nothing that could be known
    trouble.mend()
    is_mended(stand, told, {at_start, later["alarm"]})


@pytest.mark.parametrize("trouble", [Folder], ids=["a folder"], indirect=True)
def test_what_came_without_a_store_outlives_a_kill_and_joins_it_at_a_later_start(stand, trouble):
    told = Told()
    write_config(stand, pressed=False)
    stand.receivers["police"].start()
    start(stand, trouble.env)
    before = press(stand, told, "b3")
    stand.core.kill()
    trouble.make()
    start(stand, trouble.env)
    alone = press(stand, told, "b1")
    assert alone["heard"] == "memory"
    assert before["seq"] < alone["seq"] < before["seq"] + 10  # behind its faults: the journal knows it
    stand.core.kill()
    start(stand, trouble.env)
    assert open_alarms(stand) >= {alone["alarm"]}
    stand.core.kill()
    trouble.mend()
    start(stand, trouble.env)
    stand.receivers["education"].start()
    is_mended(stand, told, {before["alarm"], alone["alarm"]})
