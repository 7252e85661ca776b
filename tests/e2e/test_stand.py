# SPDX-License-Identifier: Apache-2.0
"""The stand itself: what other tests rely on without looking."""
import subprocess
import sys

import pytest
from stand import TOP, Ports, Process, Stand, StandError

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


def test_a_stand_that_goes_on_keeps_its_keys_and_no_two_share_a_folder(tmp_path, build):
    """scripts/run --state FOLDER, and two stands of one process."""
    def files(stand):
        return {path: path.read_bytes() for path in stand.pki.rglob("*") if path.is_file()}

    first, second = Stand(tmp_path / "first", build), Stand(tmp_path / "second", build)
    (first.pki / "gateway.key").write_text("of its own")
    (first.pki / "police.pem").unlink()
    kept, untouched = files(first), files(second)
    assert untouched[second.pki / "gateway.key"] != b"of its own" and second.pki / "police.pem" in untouched
    assert files(Stand(tmp_path / "first", build)) == kept
    assert (second.pki / "gateway.key").stat().st_mode & 0o077 == 0
