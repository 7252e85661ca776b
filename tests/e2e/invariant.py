# SPDX-License-Identifier: Apache-2.0
"""Invariant I, which whatever is done to the gateway may not break: every press that was told as heard,
in whatever words, is stored; when the faults are over each is receipted by every receiver exactly
once; no number is given twice; the chain has no fork, and a gap only where the test says so; no drill
or test is delivered as an alarm, nor the reverse."""
import collections

from stand import wait_until


class Told:
    """Whom the gateway told what: its answers to `press`, as they came."""

    def __init__(self):
        self.answers = []

    def note(self, answer):
        """Counts the answer if it says of an event that it was heard; the rest is no press."""
        if answer.get("heard") and answer.get("event"):
            self.answers.append(answer)
        return answer

    def ids(self):
        return {a["event"] for a in self.answers}

    def in_memory(self):
        return [a for a in self.answers if a["heard"] == "memory"]


def real_or_exercise(kind):
    """Of an event's type: real or exercise; None for what belongs to no press."""
    return {"alarm": "real", "drill": "exercise", "test": "exercise"}.get(kind.split(".")[1])


def listed(stand, where):
    answer = stand.ask(command="events.list", limit=500, **where)
    assert "events" in answer, answer
    return answer["events"]


def stored(stand):
    """What the gateway has stored: a dictionary by id, and that no number is there twice."""
    found, where = {}, {}
    while page := listed(stand, where):
        for one in page:
            assert one["id"] not in found
            found[one["id"]] = one
        where = {"before": page[-1]["seq"]}
    numbers = collections.Counter(one["seq"] for one in found.values())
    assert [n for n, times in numbers.items() if times > 1] == []
    return found


def settled(stand, seconds=60):
    """Every receiver is there, and nothing waits any more."""
    wait_until("nothing waits", lambda: all(
        r["state"] == "proven" and r["backlog"] == 0 for r in stand.status()["receivers"])
        and stand.status()["store"]["in_memory"] == 0, seconds, step=0.1)


def check(stand, told, gaps=False):
    """All of it, once the faults are over; `gaps`: power was cut, so numbers may be missing."""
    settled(stand)
    at = {r.name: r.events() for r in stand.receivers.values()}
    here = stored(stand)  # then: an event may be made in between, and is here before it is there
    lost = [a for a in told.answers if a["event"] not in here]
    assert lost == [], f"{len(lost)} of {len(told.answers)} presses are not stored"
    for answer in told.answers:
        assert here[answer["event"]]["seq"] == answer["seq"]
        assert (real_or_exercise(here[answer["event"]]["type"]) == "exercise") == ("exercise" in answer)
    for name, events in at.items():
        times = collections.Counter(e["id"] for e in events)
        assert [i for i, n in times.items() if n > 1] == []
        lost = [a for a in told.answers if a["event"] not in times]
        assert lost == [], f"{name} lacks {len(lost)} of {len(told.answers)} presses"
        numbers = collections.Counter(e["seq"] for e in events)
        assert [n for n, count in numbers.items() if count > 1] == [], f"twice at {name}"
        broken = [(e["seq"], e["chain"]) for e in events
                  if e["chain"] and not (gaps and e["chain"] == "gap")]
        assert broken == [], f"{name}: {broken}"
        for event in events:
            assert event["id"] in here and here[event["id"]]["type"] == event["type"]
