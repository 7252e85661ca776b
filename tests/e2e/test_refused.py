# SPDX-License-Identifier: Apache-2.0
"""An event that receivers refuse for ever, because its bytes rotted on the gateway's disk: a standing
fault with its reason, listed, and given up by a person who says who and why."""
import contextlib
import json
import sqlite3

import pytest
from stand import wait_until

GIVE_UP = ("--by", "Li", "--note", "its bytes rotted")


def rot(stand):
    """One byte of the first event, a press, is another one."""
    for journal in (stand.folder / "run").glob("journal.*"):
        journal.unlink()
    changed = 0
    with contextlib.closing(sqlite3.connect(stand.folder / "state/outbox.db")) as db:
        for table in ("event", "fresh"):
            for (data,) in db.execute(f"SELECT bytes FROM {table} WHERE seq=1").fetchall():
                changed += db.execute(f"UPDATE {table} SET bytes=? WHERE seq=1",
                                      [data.replace(b'"panic"', b'"manic"', 1)]).rowcount
        db.commit()
    assert changed > 0


def refused(stand):
    """Who refuses which event, and why."""
    listed = json.loads(stand.cli("events", "list", "--refused", "--json", check=True).stdout)
    assert listed["total"] == len(listed["events"])
    return {(e["receiver"], e["seq"]): e for e in listed["events"]}


def faults(stand):
    return {f["subject"]: f["reason"] for f in stand.status()["faults"] if f["fault"] == "receiver"}


def standings(stand):
    shown = json.loads(stand.cli("events", "show", "1", check=True).stdout)
    return {r["id"]: r["state"] for r in shown["receivers"]}


@pytest.fixture
def gate(stand):
    """Both receivers refuse event 1, the first press of an alarm that is open; its id."""
    stand.write_config(cameras=False)
    stand.start_core()
    alarm = stand.press()["alarm"]
    stand.core.stop()
    rot(stand)
    stand.start_receivers()
    stand.start_core()
    wait_until("both refuse it", lambda: set(refused(stand)) == {("police", 1), ("education", 1)}, 30)
    return alarm


def test_what_is_refused_for_ever_is_given_up_by_a_person_and_stays_so(stand, gate):
    one = refused(stand)["police", 1]
    assert one["reason"] and one["attempts"] >= 1 and one["alarm"] == gate
    assert one["type"] == "tocsin.alarm.raised" and one["since"].endswith("Z")
    shown = stand.cli("events", "list", "--refused", check=True).stdout
    assert "RECEIVER" in shown and one["reason"] in shown and "2 of 2" in shown
    wait_until("it is a fault", lambda: "refuses 1 event" in faults(stand).get("police", ""), 30)
    assert "1 refused" in stand.cli("status", check=True).stdout

    def give_up(receiver, *more):
        """A try may be under way just then."""
        def ended():
            done = stand.cli("events", "give-up", "1", *GIVE_UP, "--receiver", receiver, *more)
            return done if "at this moment" not in done.stderr else None
        return wait_until("no try is under way", ended, 20)

    done = give_up("police", "--alarm", gate)
    assert done.returncode == 1 and "alarm that is open" in done.stderr, done
    stand.cli("reset", check=True)
    done = stand.cli("events", "give-up", "1", *GIVE_UP, "--alarm", gate)
    assert done.returncode == 1 and "2 receivers refuse event 1" in done.stderr, done
    done = give_up("police")
    assert done.returncode == 1 and "--alarm ALARM" in done.stderr, done
    assert set(refused(stand)) == {("police", 1), ("education", 1)}

    done = give_up("police", "--alarm", gate)
    stand.core.kill()
    assert done.returncode == 0 and "in memory" not in done.stdout, done
    stand.start_core()
    wait_until("one refuses it", lambda: set(refused(stand)) == {("education", 1)}, 30)
    assert standings(stand) == {"police": "given-up", "education": "pending"}
    done = give_up("police")
    assert done.returncode == 0 and "already given up for police" in done.stdout, done

    assert give_up("education", "--alarm", gate).returncode == 0
    wait_until("no fault is left", lambda: not faults(stand), 30)
    assert not refused(stand)
    for receiver in stand.receivers.values():
        told = wait_until("they are told", lambda r=receiver: [
            e for e in r.events() if e["type"] == "tocsin.delivery.given_up"][1:], 20)
        assert told and 1 not in {e["seq"] for e in receiver.events()}
    [first, second] = [data for kind, data in stand.stored() if kind == "tocsin.delivery.given_up"]
    assert (first["receiver"], second["receiver"]) == ("police", "education")
    assert first["event"]["seq"] == 1 and first["event"]["alarm"] == gate
    assert first["by"].startswith("Li (") and first["note"] == GIVE_UP[3] and first["reason"]
    assert standings(stand) == {"police": "given-up", "education": "given-up"}


@pytest.mark.parametrize("words, what", [
    (["1", "--note", "x"], "no --by"), (["1", "--by", "Li"], "no --note"),
    (["1", "--by", "", "--note", "x"], "no --by"), (["--by", "Li", "--note", "x"], "no SEQ"),
    (["0", "--by", "Li", "--note", "x"], "not the seq"), (["x", "--by", "Li", "--note", "x"], "not the seq")])
def test_a_command_that_does_not_say_who_why_or_what_is_a_mistake_of_usage(stand, words, what):
    done = stand.cli("events", "give-up", *words)
    assert done.returncode == 2 and what in done.stderr, done


def test_what_is_not_refused_is_not_given_up(stand):
    stand.write_config(cameras=False)
    stand.receivers["police"].start()
    stand.start_core()
    stand.press()
    wait_until("police have it", lambda: standings(stand)["police"] == "stored", 30)
    for words, what in ((["1", "--receiver", "police"], "police has event 1 already"),
                        (["1"], "event 1 waits for education"), (["99"], "no event 99 here"),
                        (["1", "--receiver", "x"], "no receiver x")):
        done = stand.cli("events", "give-up", *words, *GIVE_UP)
        assert done.returncode == 1 and what in done.stderr, done
    assert stand.cli("events", "list", "--refused", check=True).stdout == "0 of 0\n"
    done = stand.cli("events", "list", "--refused", "--since", "1h")
    assert done.returncode == 2 and "--refused goes with" in done.stderr, done
