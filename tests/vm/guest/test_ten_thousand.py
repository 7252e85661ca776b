# SPDX-License-Identifier: Apache-2.0
"""Ten thousand presses through the kernel: made, reported and invented are counted, at the gateway
and in what both receivers have stored.

A press that is reported is two events, signed and sent to two receivers; one that is only counted,
because its line chatters, is none. All lines at once from the first press on is more than a busy
host's emulator can do: each line then presses itself too seldom to chatter, ten thousand presses stay
twenty thousand events, and the receivers have them half an hour later. So each line is brought to
chatter before the next ones begin."""
import contextlib
import heapq
import json
import math
import random
import shutil
import sqlite3
import tempfile
import time

from school import CROWD, SLOW, wait_until

PRESSES = 10_000
GAP_S = 0.06  # beyond the debounce time of 30 ms; what counts are the kernel's stamps
TOGETHER = 3  # lines that are brought to chatter side by side


def length_of(generator):
    """5 ms to 5 s: nineteen of twenty are short, as presses are."""
    low, high = (0.005, 0.3) if generator.random() < 0.95 else (0.3, 5)
    return math.exp(generator.uniform(math.log(low), math.log(high)))


class Player:
    """Presses lines of the crowd, and keeps how often each, and how long."""

    def __init__(self, school):
        self.school = school
        self.generator = random.Random(2)
        self.made, self.lengths = [0] * CROWD, []

    def play(self, lines, presses, length):
        """Each line by itself, all at once, `presses` in all; then they are up."""
        due = [(time.monotonic() + 0.01 * i, line, True) for i, line in enumerate(lines)]
        until = len(self.lengths) + presses
        while due:
            at, line, closed = heapq.heappop(due)
            time.sleep(max(0, at - time.monotonic()))
            self.school.crowd.set(f"c{line}", closed)
            now = time.monotonic()
            if closed:
                self.lengths.append(length(self.generator))
                self.made[line] += 1
                heapq.heappush(due, (now + self.lengths[-1], line, False))
            elif len(self.lengths) < until:
                heapq.heappush(due, (now + GAP_S, line, True))

    def bring_to_chatter(self):
        """Line after line; those that chatter already are pressed now and then, so that they go on."""
        for first in range(0, CROWD, TOGETHER):
            lines = range(first, first + TOGETHER)
            self.play(range(first), first, lambda _: 0.005)
            self.play(lines, 24 * TOGETHER, lambda _: 0.005)
            wait_until(f"lines {first} to {first + TOGETHER - 1} chatter", lambda: all(
                ("chatter", f"c{n}") in self.school.faults() for n in lines), SLOW, 0.5)


def stored_at(receiver):
    """{alarm: presses} of the newest event of each alarm in a receiver's store."""
    found = {}
    with tempfile.TemporaryDirectory() as copy:
        for name in ("receiver.db-wal", "receiver.db"):  # a running receiver lets nobody in
            shutil.copy(f"{receiver.store}/{name}", copy)
        with contextlib.closing(sqlite3.connect(f"{copy}/receiver.db")) as store, \
                contextlib.suppress(sqlite3.DatabaseError):  # copied amid a checkpoint: asked again
            for (body,) in store.execute("SELECT bytes FROM event WHERE type GLOB 'tocsin.alarm.*'"
                                         " ORDER BY seq"):
                data = json.loads(body)["data"]
                found[data["alarm"]] = data["presses"]
    return found


def test_ten_thousand_presses_are_ten_thousand(school):
    player = Player(school)
    started = time.monotonic()
    player.bring_to_chatter()
    chattering = time.monotonic()
    player.play(range(CROWD), PRESSES - len(player.lengths), length_of)
    made, lengths, ended = player.made, sorted(player.lengths), time.monotonic()
    wait_until("all are up", lambda: not any(
        i["pressed"] for i in school.status()["inputs"]), SLOW)
    alarms = school.alarms()
    reported = [alarms[f"c{n}"]["presses"] if f"c{n}" in alarms else 0 for n in range(CROWD)]
    invented = sum(max(0, r - m) for r, m in zip(reported, made))
    print(f"\npresses made {sum(made)}, reported {sum(reported)}, invented {invented}; on {CROWD} "
          f"lines in {ended - started:.0f} s, of which {chattering - started:.0f} s until all "
          f"chattered; lengths {lengths[0] * 1e3:.0f} ms to {lengths[-1]:.1f} s, half of them under "
          f"{lengths[len(lengths) // 2] * 1e3:.0f} ms")
    assert sum(made) >= PRESSES
    assert reported == made
    # Lines that press themselves so often are told with their count when they are quiet.
    wanted = {alarms[f"c{n}"]["alarm"]: made[n] for n in range(CROWD)}
    for receiver in school.receivers.values():
        wait_until("the receiver has every press",
                   lambda r=receiver: wanted.items() <= stored_at(r).items(), 4 * SLOW, 2)
