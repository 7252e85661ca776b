# SPDX-License-Identifier: Apache-2.0
"""A disk that fills up, step by step: who stops first, who is told, and what goes on to the last."""
import os
import subprocess

import pytest
from stand import wait_until
from test_main_job import lasting, lamp, proven

MIB = 1 << 20
RESERVE = 300  # alarms
KEEP_FREE = 16 * MIB


class Disk:
    """A small tmpfs that passes for a disk, and a file that takes what the test wants taken."""

    def __init__(self, stand):
        self.folder = stand.folder / "disk"
        self.folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", self.folder], check=True)
        for name in ("state", "video"):
            (self.folder / name).mkdir()

    def leave(self, free_bytes):
        """So much is free after this, as long as nobody else takes any."""
        filler = self.folder / "filler"
        with open(filler, "ab") as file:
            have = os.statvfs(self.folder)
            take = have.f_bavail * have.f_frsize - free_bytes
            if take < 0:
                os.truncate(filler, file.tell() + take)
            elif take > 0:
                os.posix_fallocate(file.fileno(), file.tell(), take)

    def unmount(self):
        subprocess.run(["umount", self.folder], check=True)


def faults(stand):
    return {f["fault"] for f in stand.status()["faults"]}


def rooms(stand):
    status = stand.status()
    return status["store"]["room"], status["video"]["room"]


def clips(disk):
    return {p.name.split(".")[0] for p in (disk.folder / "video/clips").iterdir()}


def press_all(stand, buttons=8):
    """A round of presses, all at rest and closed again afterwards: (alarm, how it was heard) of each."""
    heard = []
    for n in range(1, buttons + 1):
        press = stand.ask(command="press", input=f"b{n}", hold_ms=5)
        heard.append((press["alarm"], press["heard"]))
    stand.ask(command="reset")
    wait_until("released", lambda: not any(i["pressed"] for i in stand.status()["inputs"]), 5)
    return heard


def state_of(stand, seq):
    shown = stand.ask(command="events.show", seq=seq)["events"][0]
    return {d["state"] for d in shown["receivers"]}


@pytest.mark.long
def test_a_disk_that_fills_up_stops_clips_first_then_records_and_alarms_last(stand):
    disk = Disk(stand)
    try:
        stand.write_config(buttons=8, replace=[
            ("state_dir: state\n  reserve_events: 2000\n",
             f"state_dir: disk/state\n  reserve_events: {RESERVE}\n  commit_wait: 1s\n"),
            ("  dir: video\n", f"  dir: disk/video\n  keep_free_bytes: {KEEP_FREE}\n")])
        stand.start_receivers()
        stand.start_cameras()
        stand.start_video()
        stand.start_core(env=lasting(stand))
        fill_and_make_room(stand, disk)
    finally:
        stand.core.stop()
        stand.video.stop()
        disk.unmount()


def fill_and_make_room(stand, disk):
    wait_until("both proven", lambda: proven(stand), 20)
    wait_until("cameras", lambda: all(c["state"] == "online" for c in stand.status()["cameras"]), 30)
    wait_until("the reserve", lambda: rooms(stand)[0].get("reserve_left") == RESERVE, 40)
    store, video = wait_until("both good", lambda: (lambda r: r[0]["state"] == r[1]["state"] == "good"
                                                    and r)(rooms(stand)), 20)
    assert store["dir"] == str(disk.folder / "state") and video["dir"] == str(disk.folder / "video")
    assert not faults(stand)
    first = stand.press()
    wait_until("its clips", lambda: len(clips(disk)) >= 2, 20)
    stand.ask(command="reset")

    # Clips stop first, and say so.
    wait_until("no clip is being written", lambda: not list(disk.folder.rglob("*.part")), 40)
    disk.leave(KEEP_FREE - 4 * MIB)
    wait_until("full for clips", lambda: rooms(stand)[1]["state"] == "full", 20)
    assert rooms(stand)[1]["free_bytes"] < KEEP_FREE == rooms(stand)[1]["keep_free"]
    [fault] = stand.status()["faults"]
    assert fault["fault"] == "video-room" and "no clip is begun" in fault["reason"]
    assert str(disk.folder / "video") in fault["reason"]
    before = clips(disk)
    without = stand.press()
    assert without["heard"] == "stored"
    wait_until("it is said", lambda: f"alarm {without['alarm']}: no clip is begun"
               in stand.video.log_path.read_text(), 10)
    stand.ask(command="reset")
    assert clips(disk) <= before

    # On a full disk records use their half of the reserve, and no more.
    disk.leave(0)
    wait_until("store-room", lambda: faults(stand) == {"video-room", "store-room"}, 20)
    assert lamp(stand) != "fault"
    pressed = []
    for _ in range(60):
        pressed += press_all(stand)
        if rooms(stand)[0]["alarms_only"]:
            break
    wait_until("records are held", lambda: rooms(stand)[0]["alarms_only"], 20)
    store = rooms(stand)[0]
    assert store["state"] == "full" and store["reserve_left"] > RESERVE * 8 // 10
    plain = stand.cli("status").stdout
    assert "alarms of 300, and for nothing else" in plain and "no clip is begun" in plain

    # The other half is the alarms': each of them is stored, and goes out.
    from_here = stand.status()["store"]["head_seq"]
    while stand.status()["store"]["head_seq"] - from_here < RESERVE * 3 // 4:
        pressed += press_all(stand)
    assert {heard for _, heard in pressed} == {"stored"}
    assert stand.status()["store"]["state"] == "good"
    last = stand.status()["store"]["head_seq"]
    wait_until("the figure falls", lambda: rooms(stand)[0]["reserve_left"] < RESERVE * 3 // 4, 20)
    assert state_of(stand, last) == {"pending"}  # what became of it has no room
    for receiver in stand.receivers.values():
        wait_until("all there", lambda r=receiver: {a for a, _ in pressed} <= {
            e["alarm"] for e in r.events()}, 30)
        raised = [e["alarm"] for e in receiver.events() if e["type"] == "tocsin.alarm.raised"]
        assert len(raised) == len(set(raised)) == len(pressed) + 2

    # Until the reserve is used up. Then they are kept in memory, said so, and sent from there.
    for _ in range(60):
        more = press_all(stand)
        pressed += more
        if "memory" in {heard for _, heard in more}:
            break
    assert pressed[-1][1] == "memory"
    wait_until("store", lambda: "store" in faults(stand) and lamp(stand) == "fault", 20)

    # Room is made: everything is made up for, and nothing is left of it.
    (disk.folder / "filler").unlink()
    wait_until("no fault", lambda: not faults(stand), 40)
    wait_until("the reserve", lambda: rooms(stand)[0]["reserve_left"] == RESERVE, 40)
    assert rooms(stand)[0]["state"] == rooms(stand)[1]["state"] == "good"
    wait_until("what became of it", lambda: state_of(stand, last) == {"stored"}, 20)
    for receiver in stand.receivers.values():
        wait_until("all there", lambda r=receiver: {a for a, _ in pressed} <= {
            e["alarm"] for e in r.events()}, 30)
        shown = receiver.events()
        raised = [e["alarm"] for e in shown if e["type"] == "tocsin.alarm.raised"]
        assert sorted(raised) == sorted([first["alarm"], without["alarm"], *(a for a, _ in pressed)])
        # What followed from the presses comes behind them: until then there are gaps.
        wait_until("whole chains", lambda r=receiver: not any(e["chain"] for e in r.events()), 30)
    before = clips(disk)
    stand.press()
    wait_until("clips again", lambda: clips(disk) - before, 20)
