# SPDX-License-Identifier: Apache-2.0
"""Damaged state folders (damaged.py): whatever is left, the gateway starts, takes a press, delivers what
can be read, gives no number twice, invents nothing, and says that something is lost. TOCSIN_DAMAGED
says from which number on and how many, TOCSIN_DAMAGED_SEED of which seed; scripts/test damaged is a
thousand of them."""
import collections
import os
import random
import re
import shutil
import time

import pytest
from damaged import Harm, choose, readable
from invariant import Told, real_or_exercise, settled, stored
from stand import Process, Stand, StandError, wait_until

FIRST, COUNT = (int(n) for n in os.environ.get("TOCSIN_DAMAGED", "0 3").split())
SEED = int(os.environ.get("TOCSIN_DAMAGED_SEED", "1"))
BASES = ("killed", "stopped", "in the journal")
WANTED_S = 0.5  # in which a press should be answered: counted, not asserted

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts, and owners of files, are root's to change")


class World:
    """One stand, and what gateways have left in it: put there anew for each case."""
    KEPT = ("state", "run", "police-store", "education-store")

    def __init__(self, stand):
        self.stand, self.told, self.given = stand, {}, {}
        self.bad = stand.folder / "bad"
        self.env = {"STATE_DIRECTORY": str(stand.folder / "state")}
        stand.write_config(cameras=False, buttons=8, replace=[("reserve_events: 2000", "reserve_events: 100")])
        self.key = self.path("gateway-signing.key").read_bytes()
        self.config = stand.config.read_bytes()

    def path(self, name):
        return {"tocsin.yaml": self.stand.config, "gateway-signing.key": self.stand.pki / name,
                "journal.0": self.stand.run / name, "journal.1": self.stand.run / name
                }.get(name, self.stand.folder / "state" / name)

    def put_back(self, name):
        path = self.path(name)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        path.write_bytes(self.key if name == "gateway-signing.key" else self.config)
        path.chmod(0o600)

    def start(self, env=None):
        """As root without any privilege: whose files are whose counts."""
        self.stand.core = Process(
            "tocsind", ["setpriv", "--bounding-set=-all", self.stand.binary("daemon/gateway/tocsind"),
                        "--config", self.stand.config], self.stand.logs, {**self.env, **(env or {})})
        wait_until("tocsind answers on its control socket", self.stand.core_answers, 15, step=0.005)

    def press(self, told, button):
        return told.note(self.stand.ask(command="press", input=button, hold_ms=5))

    def at_police(self, told):
        police = {e["id"] for e in self.stand.receivers["police"].events()}
        return told.ids() <= police

    def make(self, base):
        """One alarm that both have, and some that education lacks; of one base, some in the journal
        alone, since the disk takes nothing any more."""
        self.clear()
        stand, told = self.stand, Told()
        stand.start_receivers()
        env = stand.preloaded("stuck_disk", BAD_DISK=self.bad, DISK_FOLDER=stand.folder / "state")
        self.start(env)
        self.press(told, "b1")
        settled(stand)
        stand.receivers["education"].process.stop()
        stand.core.stop()  # which writes the witness
        self.start(env)
        stored(stand)  # answered by a store that is there
        for number in range(2, 6):
            self.press(told, f"b{number}")
        wait_until("all is stored", lambda: stand.status()["store"]["in_memory"] == 0, 20)
        kept = stand.folder / "state/tocsin.yaml.last"
        wait_until("the configuration is kept", kept.exists, 10)
        if base == "in the journal":
            self.bad.write_text("5")  # EIO
            for number in range(6, 8):
                assert self.press(told, f"b{number}")["heard"] == "memory"
        wait_until("police have all", lambda: self.at_police(told), 20)
        if base == "stopped":
            stand.core.stop()
        stand.core.kill()
        self.bad.unlink(missing_ok=True)
        given = {e["seq"]: e["id"] for e in stand.receivers["police"].events()}
        for receiver in stand.receivers.values():
            receiver.process.stop()
        near = {n + i for n in (0, *given) for i in range(20)}  # a slow start's are far apart
        here = readable(stand.folder / "state", sorted(near), stand.folder / "scratch")
        self.told[base], self.given[base] = told, {**here, **given}
        for name in self.KEPT:
            copy(stand.folder / name, stand.folder / "bases" / base / name)

    def clear(self):
        for process in (self.stand.core, *(r.process for r in self.stand.receivers.values())):
            if process and process.alive():
                process.kill()
            if process:  # what one case says is not another's
                process.log_path.unlink(missing_ok=True)
        for name in (*self.KEPT, "state.away", "kept", "moved-tocsin.yaml"):
            path = self.stand.folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        for name in ("state", "run"):
            (self.stand.folder / name).mkdir(mode=0o700)

    def restore(self, base):
        self.put_back("gateway-signing.key")
        self.put_back("tocsin.yaml")
        if base not in self.told:
            self.make(base)
        self.clear()
        for name in self.KEPT:
            copy(self.stand.folder / "bases" / base / name, self.stand.folder / name)


def copy(source, to):
    shutil.copytree(source, to, symlinks=True, dirs_exist_ok=True,
                    ignore=lambda _, names: [n for n in names if n.endswith(".sock")])


def is_press(kind):
    """An event that only a finger on a button makes."""
    return real_or_exercise(kind) and kind.split(".")[2] in ("raised", "pressed", "started")


def says(stand):
    """Everything that a person is told about harm: the damage, and the faults."""
    status = stand.status()
    return [d["what"] for d in status["store"]["damage"]] + \
        [f"{f['fault']}: {f.get('reason')}" for f in status["faults"]]


def numbers_in(texts):
    """The event numbers that a text names: "3", "1 to 5"."""
    named = set()
    for first, last in re.findall(r"\b(\d+)(?: to (\d+))?\b", " ".join(texts)):
        if int(last or first) - int(first) < 10000:
            named |= set(range(int(first), int(last or first) + 1))
    return named


class Case:
    """One of them: base and harms from seed and number."""

    def __init__(self, world, number):
        self.world, self.stand = world, world.stand
        self.random = random.Random(f"{SEED} {number}")
        self.base = BASES[number % len(BASES)]
        self.harms, self.texts, self.restarts = [], [], 0
        world.restore(self.base)
        self.told = Told()
        self.told.answers = list(world.told[self.base].answers)
        self.given = world.given[self.base]

    def play(self):
        stand = self.stand
        for target in choose(self.random):
            self.harms.append(Harm(self.world, self.random, target))
        away = stand.folder / "state.away"
        where = away if away.exists() else stand.folder / "state"
        left = readable(where, self.given, stand.folder / "scratch")
        stand.start_receivers()
        self.world.start({k: v for harm in self.harms for k, v in harm.env.items()})
        began = time.monotonic()
        first = self.world.press(self.told, "b8")
        self.took_s = time.monotonic() - began
        assert first.get("heard") in ("stored", "memory"), first
        assert first["seq"] not in self.given
        self.texts += says(stand)
        for harm in reversed(self.harms):
            harm.mend()
        self.world.press(self.told, "b1")
        self.settle()
        self.texts += says(stand)
        self.check(left)
        self.stop()

    def rotten(self):
        """Events that are told to be not what they were: they are sent, and no receiver takes them."""
        return {int(n) for n in re.findall(r"event (\d+) on the disk is not what was committed",
                                           " ".join(self.texts + says(self.stand)))}

    def is_settled(self):
        """Nothing waits but those."""
        rotten = len(self.rotten())
        status = self.stand.status()
        return status["store"]["in_memory"] == 0 and all(
            r["backlog"] <= rotten and (rotten or r["state"] == "proven") for r in status["receivers"])

    def settle(self):
        """What was tried in vain is tried again ten minutes later, or by a start; what stands behind a
        rotten event of its button a minute later."""
        try:
            wait_until("nothing waits", self.is_settled, 10, step=0.1)
        except StandError:
            self.restarts += 1
            self.stand.core.stop(60)
            self.world.start()
            wait_until("nothing waits", self.is_settled, 40, step=0.1)

    def what_stands(self):
        """For who reads of a failure."""
        try:
            return [str(self.stand.status()[what]) for what in ("receivers", "store")] + says(self.stand)
        except (OSError, ValueError):
            core = self.stand.core  # whose log is another case's, if this one has not begun
            return core.tail() if core and core.log_path.exists() else ""

    def stop(self):
        assert self.stand.core.stop(60) == 0, self.stand.core.tail()

    def check(self, left):
        here = {e["seq"]: e for e in stored(self.stand).values()}
        for seq, id_ in left.items():
            assert seq in here and here[seq]["id"] == id_, f"event {seq} could be read, and is gone"
        whose = dict(self.given)
        at = {name: r.events() for name, r in self.stand.receivers.items()}
        made, rotten = set(self.given.values()) | self.told.ids(), self.rotten()
        for seq, id_, kind in [(s, e["id"], e["type"]) for s, e in here.items()] + \
                [(e["seq"], e["id"], e["type"]) for events in at.values() for e in events]:
            assert whose.setdefault(seq, id_) == id_, f"number {seq} was given twice"
            assert id_ in made or not is_press(kind), f"event {seq} was invented: {kind}"
        for name, events in at.items():
            times = collections.Counter(e["id"] for e in events)
            assert [i for i, n in times.items() if n > 1] == []
            assert [e["seq"] for e in events if e["chain"] == "fork"] == [], f"a fork at {name}"
            for answer in self.told.answers:
                if answer["seq"] in here and answer["seq"] not in rotten:
                    assert answer["event"] in times, f"event {answer['seq']} did not reach {name}"
        self.lost = sorted(set(self.given) - set(here))
        lost_to_all = [s for s in self.lost if any(
            self.given[s] not in {e["id"] for e in events} for events in at.values())]
        self.unnamed = [s for s in lost_to_all if s not in numbers_in(self.texts)]
        assert not lost_to_all or self.texts, f"events {lost_to_all} are lost, and nothing says so"


@pytest.fixture(scope="module")
def world(tmp_path_factory, build):
    stand = Stand(tmp_path_factory.mktemp("damaged"), build)
    try:
        yield World(stand)
    finally:
        stand.stop()


@pytest.mark.long
def test_whatever_is_left_it_starts_hears_and_says_what_is_lost(world):
    faults, took, lost, unnamed, restarts = [], [], 0, 0, 0
    for number in range(FIRST, FIRST + COUNT):
        case = Case(world, number)
        try:
            case.play()
            took.append(case.took_s)
            lost += bool(case.lost)
            unnamed += bool(case.unnamed)
            restarts += case.restarts
            note = f"lost {case.lost}, unnamed {case.unnamed}{case.texts if case.unnamed or case.restarts else ''}"
        except Exception as error:  # the next ones are told all the same
            note = f"FAILED {type(error).__name__}: {str(error).splitlines()[0]}; {case.what_stands()}"
            faults.append(f"{number}: {note}")
        finally:
            for harm in case.harms:
                harm.clear()
        print(f"{number} ({case.base}): {'; '.join(h.text for h in case.harms)}: {note}", flush=True)
    took.sort()
    if took:
        print(f"{len(took)} of {COUNT} damaged folders; of {lost} something was lost, "
              f"of {unnamed} not every number was named; {restarts} had to be started again; a press took "
              f"{took[len(took) // 2]:.3f} s, at most {took[-1]:.3f} s, {sum(t > WANTED_S for t in took)} of them more than {WANTED_S} s")
    assert faults == [], "\n".join(faults)
