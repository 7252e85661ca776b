# SPDX-License-Identifier: Apache-2.0
"""Runs in the guest: tocsind on a real kernel line (gpio-sim), pressed through the kernel.

Counted: presses made, presses reported, presses invented. Edges come from gpio-sim's sysfs; the
gateway reads them by libgpiod as on any board.
"""
import json
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from stand import Stand, wait_until  # noqa: E402

CONFIGFS = pathlib.Path("/sys/kernel/config/gpio-sim")
PRESSES = 300
DEBOUNCE_S = 0.03
SLOW = 60  # seconds for anything in emulation


class Chip:
    """A simulated chip with named lines."""

    def __init__(self, name, label, lines):
        self.root = CONFIGFS / name
        bank = self.root / "bank"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text("8")
        (bank / "label").write_text(label)
        for offset, line in enumerate(lines):
            (bank / f"line{offset}").mkdir()
            (bank / f"line{offset}" / "name").write_text(line)
        self.plug()

    def plug(self):
        (self.root / "live").write_text("1")
        device = pathlib.Path("/sys/devices/platform") / (self.root / "dev_name").read_text().strip()
        self.lines = device / (self.root / "bank/chip_name").read_text().strip()

    def unplug(self):
        (self.root / "live").write_text("0")

    def set(self, offset, high):
        with open(self.lines / f"sim_gpio{offset}/pull", "w") as pull:
            pull.write("pull-up" if high else "pull-down")


def presses_of(stand, button="gate-button"):
    """How often the open alarm of a button was pressed."""
    return sum(a["presses"] for a in stand.status()["alarms"] if a["input"] == button)


def is_pressed(stand):
    return stand.status()["inputs"][0]["pressed"]


def check(what, expected, found):
    verdict = "ok" if expected == found else f"FAILED: expected {expected}, found {found}"
    print(f"{what}: {verdict}", flush=True)
    return expected == found


def main(build):
    chip = Chip("btn", "school", ["panic"])
    chip.set(0, False)
    stand = Stand("/run/stand", build)
    stand.write_config(cameras=False, replace=[
        ("    kind: panic\n    silent: false\n    driver: sim\n",
         "    kind: panic\n    driver: gpiod\n    chip: school\n    line: panic\n    active: high\n"
         "    bias: as-is\n")])
    stand.start_receivers()
    stand.start_core()
    results = []

    chip.set(0, True)
    wait_until("a press on a kernel line is an alarm", lambda: presses_of(stand) == 1, SLOW)
    chip.set(0, False)
    wait_until("released", lambda: not is_pressed(stand), SLOW)
    alarm = stand.status()["alarms"][0]["alarm"]
    for receiver in stand.receivers.values():
        wait_until("delivered", lambda r=receiver: r.alarm(alarm), SLOW)
    results.append(check("one press, one alarm, at both receivers", 1, presses_of(stand)))
    stand.ask(command="reset")

    for _ in range(25):  # contacts that bounce for some milliseconds, and end closed
        chip.set(0, True)
        chip.set(0, False)
    chip.set(0, True)
    wait_until("pressed", lambda: is_pressed(stand), SLOW)
    time.sleep(1)
    # A guest that stalls longer than the debounce time within the train may rightly see more.
    results.append(check("a bounce train is pressed at its end", True, is_pressed(stand)))
    chip.set(0, False)
    wait_until("released", lambda: not is_pressed(stand), SLOW)
    stand.ask(command="reset")

    generator = random.Random(1)
    for _ in range(PRESSES):
        chip.set(0, True)
        time.sleep(generator.uniform(0.005, 0.05))
        chip.set(0, False)
        time.sleep(DEBOUNCE_S * 4)
    time.sleep(1)
    made, reported = PRESSES, presses_of(stand)
    print(f"presses made {made}, reported {reported}, invented {max(0, reported - made)}", flush=True)
    results.append(check("every press is reported, none invented", made, reported))
    stand.ask(command="reset")

    stand.core.child.send_signal(signal.SIGSTOP)  # the kernel's queue of 16 overflows
    for _ in range(100):
        chip.set(0, True)
        chip.set(0, False)
    chip.set(0, True)
    stand.core.child.send_signal(signal.SIGCONT)
    wait_until("an incident", lambda: presses_of(stand) >= 1, SLOW)
    time.sleep(1)
    status = stand.status()
    results.append(check("a storm is one incident, and the level is the truth", (1, True),
                         (len(status["alarms"]), status["inputs"][0]["pressed"])))
    stand.ask(command="reset")
    chip.set(0, False)
    wait_until("released", lambda: not is_pressed(stand), SLOW)

    stand.core.stop()
    chip.set(0, True)  # latched while nobody looked
    stand.start_core()
    wait_until("an alarm from the start", lambda: presses_of(stand) == 1, SLOW)
    results.append(check("a button found pressed at start is an alarm that says so", True,
                         stand.status()["alarms"][0]["at_start"]))
    alarm = stand.status()["alarms"][0]["alarm"]
    stand.core.kill()
    stand.start_core()
    time.sleep(1)
    results.append(check("still latched after a kill: the same incident", ([alarm], 1), (
        [a["alarm"] for a in stand.status()["alarms"]], presses_of(stand))))
    chip.set(0, False)
    wait_until("released", lambda: not is_pressed(stand), SLOW)
    stand.ask(command="reset")

    chip.unplug()
    wait_until("the lost chip is a fault", lambda: any(
        f["fault"] == "line" for f in stand.status()["faults"]), SLOW)
    chip.plug()
    wait_until("the chip is back", lambda: stand.status()["inputs"][0]["known"], SLOW)
    chip.set(0, True)
    wait_until("pressed again", lambda: presses_of(stand) == 1, SLOW)
    results.append(check("a chip that goes and comes back is a fault, and then works", 1,
                         presses_of(stand)))
    for problem in stand.stop():
        results.append(check(f"stopped cleanly ({problem})", True, False))
    print(f"{results.count(True)} passed, {results.count(False)} failed", flush=True)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
