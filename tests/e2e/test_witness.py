# SPDX-License-Identifier: Apache-2.0
"""A store that was removed, emptied, replaced or cut, at rest and under a running gateway: the fault
`store-damaged` says which numbers are gone until a person has seen it, and no number is given twice."""
import os
import shutil
import sqlite3

import pytest
from invariant import Told, check
from stand import wait_until


def begin(stand):
    """Police are there and have three alarms, of which education, who are away, have none."""
    stand.write_config(cameras=False, buttons=8)
    stand.receivers["police"].start()
    stand.start_core()
    told = Told()
    for number in (1, 2, 3):
        press(stand, told, f"b{number}")
    wait_until("police have them", lambda: all(
        stand.receivers["police"].alarm(a["alarm"]) for a in told.answers), 20)
    return told


def press(stand, told, button):
    return told.note(stand.ask(command="press", input=button, hold_ms=5))


def store(stand, suffix=""):
    return stand.folder / "state" / f"outbox.db{suffix}"


def last_number(stand):
    """Of the whole folder, as it lies: links that were noticed on the way have numbers, too."""
    copied = stand.folder / "copied"
    shutil.copytree(store(stand).parent, copied)
    db = sqlite3.connect(copied / "outbox.db")
    newest = db.execute("SELECT max(seq) FROM event").fetchone()[0]
    db.close()
    shutil.rmtree(copied)
    return newest


def damage(stand):
    return stand.status()["store"]["damage"]


def faults(stand):
    return {f["fault"]: f["reason"] for f in stand.status()["faults"]}


def remove(stand):
    store(stand).unlink()
    store(stand, "-wal").unlink()  # from which some could be read


def cut(stand):
    os.truncate(store(stand), 0)
    store(stand, "-wal").unlink()


def overwrite(stand):
    store(stand).write_bytes(b"hello")
    store(stand, "-wal").unlink()


def forget_last(stand):
    """As if a flipped bit had cut its log: whole, and without the newest events."""
    db = sqlite3.connect(store(stand))
    for table in ("event", "delivery", "fresh"):
        db.execute(f"DELETE FROM {table} WHERE seq > 2")
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def test_a_witness_that_cannot_be_written_is_a_fault_that_the_command_says(stand):
    told = begin(stand)
    stand.core.stop()
    head = store(stand).parent / "outbox.head"
    head.unlink()
    head.mkdir()
    stand.start_core()
    press(stand, told, "b4")
    wait_until("it is a fault", lambda: "store-witness" in faults(stand), 90)
    shown = stand.cli("store", "status", check=True).stdout
    assert "CANNOT BE READ" in shown and "CANNOT BE WRITTEN" in shown and "has seen nothing" not in shown
    head.rmdir()
    wait_until("it is over", lambda: "store-witness" not in faults(stand), 90)
    assert "has seen event" in stand.cli("store", "status", check=True).stdout


@pytest.mark.parametrize("with_journal", [True, False], ids=["journal", "power cut"])
@pytest.mark.parametrize("harm", [remove, cut, overwrite, forget_last])
def test_a_store_that_lost_events_is_told_until_a_person_has_seen_it(stand, harm, with_journal):
    told = begin(stand)
    stand.core.stop()  # which writes the witness
    newest = last_number(stand)
    harm(stand)
    if not with_journal:
        for file in stand.run.glob("journal.*"):
            file.unlink()
    stand.start_core()
    wait_until("it is a fault", lambda: "store-damaged" in faults(stand), 10)
    first = 3 if harm is forget_last else 1
    gone = f"s {first} to {newest}" if newest > first else f" {first}"
    assert f"of event number{gone} nothing is here any more" in faults(stand)["store-damaged"]
    answer = press(stand, told, "b4")
    assert answer["seq"] > (newest if with_journal else 1000)
    assert [f for f in faults(stand) if f == "state"], "what was open cannot be known"
    stand.core.kill()
    stand.start_core()
    wait_until("the fault stands", lambda: "store-damaged" in faults(stand), 10)
    assert len(damage(stand)) == 1
    shown = stand.cli("store", "status", check=True).stdout
    assert "DAMAGED" in shown and f"of event number{gone} nothing" in shown
    assert ("put aside  nothing" in shown) == (harm in (remove, cut))
    done = stand.cli("store", "accept", "--by", "Li", "--note", "card changed", "--remove", check=True)
    assert "the fault store-damaged ends" in done.stdout
    assert list(store(stand).parent.glob("*.damaged-*")) == []
    wait_until("it is over", lambda: "store-damaged" not in faults(stand), 10)
    stand.core.stop()
    stand.start_core()
    assert damage(stand) == [] and "store-damaged" not in faults(stand)
    events = stand.receivers["police"].events()
    numbers = [e["seq"] for e in events]
    assert len(set(numbers)) == len(numbers), "a number was given twice"
    assert [e for e in events if e["chain"] not in (None, "", "gap")] == []


@pytest.mark.parametrize("taking", ["folder", "file", "replaced", "renamed"])
def test_a_store_that_is_taken_away_while_it_runs_is_written_anew(stand, taking):
    told = begin(stand)
    state = stand.folder / "state"
    if taking == "folder":
        shutil.rmtree(state)
    elif taking == "file":
        store(stand).unlink()
    elif taking == "replaced":
        store(stand, ".other").write_bytes(b"hello")
        os.replace(store(stand, ".other"), store(stand))
    else:
        state.rename(stand.folder / "state.old")
    for number in (4, 5, 6):
        press(stand, told, f"b{number}")
    assert press(stand, told, "b7")["heard"] in ("memory", "stored")
    wait_until("it is stored", lambda: stand.status()["store"]["in_memory"] == 0, 10)
    wait_until("it is told", lambda: "store-damaged" in faults(stand), 10)
    assert "nothing is here" not in faults(stand)["store-damaged"]
    stand.core.kill()
    stand.start_core()
    assert "store-damaged" in faults(stand)
    stand.cli("store", "accept", "--by", "Li", check=True)
    stand.receivers["education"].start()
    check(stand, told)


def test_at_rest_it_is_noticed_within_the_minute(stand):
    told = begin(stand)
    shutil.rmtree(stand.folder / "state")
    wait_until("it is told", lambda: "store-damaged" in faults(stand), 90)
    stand.core.kill()
    stand.start_core()
    stand.receivers["education"].start()
    check(stand, told)
