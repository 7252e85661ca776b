# SPDX-License-Identifier: Apache-2.0
"""The stand itself: what other tests rely on without looking."""
import subprocess
import sys

import pytest
from stand import TOP, Ports, Process, StandError

PROGRAM = ["sh", "-c"]


def test_a_program_that_fails_at_its_start_has_ended_when_that_is_said(tmp_path):
    process = Process("failing", [*PROGRAM, "echo 'too new' >&2; exec >&-; sleep 0.5; exit 3"], tmp_path)
    with pytest.raises(StandError, match="(?s)ended with 3.*too new"):
        process.wait_ready()
    assert not process.alive()


def test_a_program_that_is_ready_says_where(tmp_path):
    process = Process("good", [*PROGRAM, "echo ready port=7 x=y; exec sleep 100"], tmp_path)
    assert process.wait_ready() == {"port": "7", "x": "y"}
    process.kill()


def test_two_processes_never_get_the_same_port():
    mine = Ports()
    first = mine.one()
    ask = f"import sys; sys.path.insert(0, {str(TOP / 'tests/e2e')!r}); from stand import Ports\n"
    # Another one that begins its search at the very same block.
    ask += "import os; os.getpid = lambda: %d\nprint(Ports().one())" % (
        (first - Ports.FIRST) // Ports.BLOCK)
    other = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True,
                           timeout=30)
    assert abs(int(other.stdout) - first) >= Ports.BLOCK - 1
    assert len({mine.one() for _ in range(50)} | {first}) == 51
