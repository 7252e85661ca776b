# SPDX-License-Identifier: Apache-2.0
"""From the kernel's stamp of an edge to the event in the outbox's hands, on one clock. Printed, not
judged: this is an emulator."""
import subprocess
import time

import pytest
from school import Watch

ROUNDS = 20


def measure(school, name):
    watch = Watch(school)
    for _ in range(ROUNDS):
        for closed in (True, False):
            for n in range(1, 11):  # in turn, so that none chatters
                school.press(f"b{n}", closed)
                time.sleep(0.03)
        time.sleep(0.5)
    time.sleep(1)
    watch.stop()
    samples = sorted(line["handed_us"] for line in watch.lines
                     if line["what"] == "heard" and line["event"].startswith("tocsin.alarm.")
                     and "handed_us" in line)
    assert len(samples) >= ROUNDS * 10
    print(f"\nedge in the kernel to outbox, {name}: p50 {samples[len(samples) // 2]} us, "
          f"p99 {samples[len(samples) * 99 // 100]} us, most {samples[-1]} us, "
          f"{len(samples)} edges")


@pytest.mark.parametrize("load", [0, 2])
def test_edge_to_outbox(school, load):
    busy = [subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"]) for _ in range(load)]
    try:
        measure(school, f"{load} busy processes beside it" if load else "idle")
    finally:
        for process in busy:
            process.kill()
            process.wait()
