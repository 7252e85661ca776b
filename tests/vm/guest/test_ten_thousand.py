# SPDX-License-Identifier: Apache-2.0
"""Ten thousand presses through the kernel: made, reported and invented are counted, at the gateway
and in what both receivers have stored."""
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


def length_of(generator):
    """5 ms to 5 s: nineteen of twenty are short, as presses are."""
    low, high = (0.005, 0.3) if generator.random() < 0.95 else (0.3, 5)
    return math.exp(generator.uniform(math.log(low), math.log(high)))


def play(school):
    """Presses every line of the crowd by itself, all at once; how often each, and how long."""
    generator = random.Random(2)
    made, lengths = [0] * CROWD, []
    due = [(time.monotonic() + 0.01 * n, n, True) for n in range(CROWD)]
    while due:
        at, line, closed = heapq.heappop(due)
        time.sleep(max(0, at - time.monotonic()))
        school.crowd.set(f"c{line}", closed)
        now = time.monotonic()
        if closed:
            lengths.append(length_of(generator))
            made[line] += 1
            heapq.heappush(due, (now + lengths[-1], line, False))
        elif len(lengths) < PRESSES:
            heapq.heappush(due, (now + GAP_S, line, True))
    return made, sorted(lengths)


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
    started = time.monotonic()
    made, lengths = play(school)
    took = time.monotonic() - started
    wait_until("all are up", lambda: not any(
        i["pressed"] for i in school.status()["inputs"]), SLOW)
    alarms = school.alarms()
    reported = [alarms[f"c{n}"]["presses"] if f"c{n}" in alarms else 0 for n in range(CROWD)]
    invented = sum(max(0, r - m) for r, m in zip(reported, made))
    print(f"\npresses made {sum(made)}, reported {sum(reported)}, invented {invented}; on {CROWD} "
          f"lines in {took:.0f} s; lengths {lengths[0] * 1e3:.0f} ms to {lengths[-1]:.1f} s, half "
          f"of them under {lengths[len(lengths) // 2] * 1e3:.0f} ms")
    assert sum(made) >= PRESSES
    assert reported == made
    # Lines that press themselves so often are told with their count when they are quiet.
    wanted = {alarms[f"c{n}"]["alarm"]: made[n] for n in range(CROWD)}
    for receiver in school.receivers.values():
        wait_until("the receiver has every press",
                   lambda r=receiver: wanted.items() <= stored_at(r).items(), 4 * SLOW, 2)
