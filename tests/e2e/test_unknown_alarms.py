# SPDX-License-Identifier: Apache-2.0
"""What was kept of open alarms is damaged: a fault that says so, over restarts, until a person has
asked the receivers and says that it is settled."""
import contextlib
import sqlite3

from stand import wait_until


def damage(stand):
    """Of a gateway that was killed: the row may stand beside its event yet, and not in its place; and
    nothing newer is to lie in the journal."""
    for journal in (stand.folder / "run").glob("journal.*"):
        journal.unlink()
    [path] = (stand.folder / "state").glob("*.db")
    with contextlib.closing(sqlite3.connect(path)) as db:
        changed = db.execute("UPDATE state SET text='{' WHERE name='incidents'").rowcount
        changed += db.execute(
            "UPDATE fresh SET state_text='{' WHERE state_name='incidents'").rowcount
        db.commit()
    assert changed > 0


def faults(stand):
    return {(f["fault"], f.get("subject")) for f in stand.status()["faults"]}


def test_an_unreadable_record_of_alarms_is_a_fault_until_a_person_settles_it(stand):
    stand.write_config(cameras=False)
    stand.start_receivers()
    stand.start_core()
    stand.press()
    stand.core.kill()
    damage(stand)
    for _ in range(2):  # a restart does not make it known
        stand.start_core()
        wait_until("the fault stands", lambda: ("state", "incidents") in faults(stand), 10)
        shown = stand.cli("status").stdout
        assert "not known" in shown and "none open" not in shown
        assert stand.status()["lamps"][0]["pattern"] == "fault"
        stand.core.kill()
    stand.start_core()
    assert stand.cli("reset").returncode == 0  # what is routine settles nothing
    assert ("state", "incidents") in faults(stand)
    unnamed = stand.cli("reset", "--unknown")
    assert unnamed.returncode == 2 and "--by" in unnamed.stderr
    settled = stand.cli("reset", "--unknown", "--by", "Wang")
    assert settled.returncode == 0, settled.stderr
    wait_until("the fault is over", lambda: ("state", "incidents") not in faults(stand), 10)
    stand.core.kill()
    stand.start_core()
    assert ("state", "incidents") not in faults(stand)
