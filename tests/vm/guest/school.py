# SPDX-License-Identifier: Apache-2.0
"""The gateway as it is installed, under its own unit and user, with receivers beside it."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))

import stand  # noqa: E402
from stand import Stand, StandError, wait_until  # noqa: E402

ETC = pathlib.Path("/etc/tocsin")
SLOW = 60  # seconds for anything in emulation
stand.ANSWER_S = SLOW
CROWD = 24  # buttons that are pressed side by side


def run(*argv):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=5 * SLOW)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


def button(name, line, **more):
    lines = "".join(f"    {key}: {value}\n" for key, value in more.items())
    return (f"  - id: {name}\n    name: {name}\n    place: 门卫室\n    driver: gpiod\n"
            f"    chip: school\n    line: {line}\n    active: high\n    bias: as-is\n{lines}")


class School(Stand):
    """A Stand whose gateway is installed and started by systemd."""

    def __init__(self, build, chips, keyboard, lamp):
        super().__init__("/run/school", build)
        self.chip, self.crowd = chips
        # Two devices: who has grabbed a keyboard's keys has its lights as well.
        self.keyboard, self.lamp = keyboard, lamp
        self.control = pathlib.Path("/run/tocsin/control.sock")
        self.install()
        self.configure()
        self.start_receivers()
        self.start()

    def install(self):
        run("cmake", "--install", self.build)
        run("systemctl", "daemon-reload")
        # In this order, as at a boot: udev passes over a group that it does not know.
        run("systemd-sysusers")
        run("systemd-tmpfiles", "--create", "tocsin.conf")
        run("systemctl", "start", "sysinit.target")
        run("udevadm", "trigger", "--action=add", "--subsystem-match=gpio",
            "--subsystem-match=leds", "--subsystem-match=input", "--settle")

    def configure(self):
        keys = ETC / "keys"
        keys.mkdir(parents=True, exist_ok=True)
        for file in self.pki.iterdir():
            if file.is_file():
                shutil.copy(file, keys / file.name)
        run("chgrp", "-R", "tocsin", keys)
        run("chmod", "-R", "u=rwX,g=rX,o=", keys)
        inputs = "".join([
            button("panic", "panic"),
            button("closed", "closed", contact="normally-closed"),
            button("latch", "latch", latching="true"),
            button("pair", "pair-no", second_line="pair-nc"),
            button("case", "tamper", kind="tamper"),
            *(button(f"b{n}", f"b{n}") for n in range(1, 11)),
            *(button(f"c{n}", f"c{n}").replace("chip: school", "chip: crowd")
              for n in range(CROWD)),
            "  - {id: usb, name: usb, place: 门卫室, driver: evdev, device: \"1d50:6089\","
            " key: KEY_F13}\n"])
        receivers = "".join(
            f"  - id: {name}\n    name: {name}\n    responder: {str(name == 'police').lower()}\n"
            f"    driver: https\n    url: {receiver.url}\n    ca_file: keys/ca.pem\n"
            f"    cert_file: keys/gateway.pem\n    key_file: keys/gateway.key\n"
            f"    receipt_keys: [keys/{name}-receipt.pub.pem]\n"
            for name, receiver in self.receivers.items())
        leds = self.lamp.leds
        (ETC / "tocsin.yaml").write_text(
            "site: {id: \"31010600001320000001\", name: 阳光小学}\n"
            "signing: {driver: pem, key_file: keys/gateway-signing.key}\n"
            "exercises: {test_every: 0s, announce_wait: 15s}\n"
            f"inputs:\n{inputs}receivers:\n{receivers}lamps:\n"
            "  - {id: lamp, driver: gpiod, chip: school, red: red, amber: amber, green: green}\n"
            "  - {id: leds, driver: ledclass, red: \"" + leds["scrolllock"] + "\", amber: \"" +
            leds["capslock"] + "\", green: \"" + leds["numlock"] + "\"}\n"
            "outputs:\n"
            "  - {id: siren, on: [raised], inputs: [panic], driver: gpiod, chip: school,"
            " line: siren}\n")
        run("chgrp", "tocsin-config", ETC / "tocsin.yaml")
        os.chmod(ETC / "tocsin.yaml", 0o640)

    def start(self):
        """Returns when the unit says that it is ready: Type=notify."""
        try:
            run("systemctl", "start", "tocsind")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.journal()}") from None

    def journal(self):
        return run("journalctl", "-u", "tocsind", "-n", "40", "--no-pager", "-o", "cat")

    def show(self, name):
        return run("systemctl", "show", "tocsind", "--value", "-p", name).strip()

    @property
    def pid(self):
        return int(self.show("MainPID"))

    def kill(self):
        run("systemctl", "kill", "-s", "KILL", "tocsind")

    def alarms(self):
        return {a["input"]: a for a in self.status()["alarms"]}

    def presses(self, name):
        alarm = self.alarms().get(name)
        return alarm["presses"] if alarm else 0

    def is_pressed(self, name):
        return next(i["pressed"] for i in self.status()["inputs"] if i["id"] == name)

    def faults(self):
        return {(f["fault"], f["subject"]): f["reason"] for f in self.status()["faults"]}

    def press(self, line, closed=True):  # pylint: disable=arguments-differ
        self.chip.set(line, closed)

    def pattern(self):
        return self.status()["lamps"][0]["pattern"]

    def wait_for_pattern(self, pattern):
        try:
            wait_until(f"the lamp says {pattern}", lambda: self.pattern() == pattern, SLOW)
        except StandError as error:
            links = {r["id"]: (r["state"], r["reason"]) for r in self.status()["receivers"]}
            raise AssertionError(f"{error}: {self.pattern()}, {self.faults()}, {links}") from None

    def rest(self):
        """Everything up, and nothing open, whatever the test before has left."""
        for line in ("panic", "latch", "pair-no", "tamper", *(f"b{n}" for n in range(1, 11))):
            self.chip.set(line, False)
        for line in ("closed", "pair-nc"):
            self.chip.set(line, True)
        self.ask(command="drill.end")
        wait_until("every button is up", lambda: not any(
            i["pressed"] for i in self.status()["inputs"]), SLOW)
        self.ask(command="reset")
        wait_until("nothing is open", lambda: not self.alarms(), SLOW)


class Watch:
    """The lines of `tocsin watch`, as they come."""

    def __init__(self, school):
        self.lines = []
        self.process = subprocess.Popen(["tocsin", "watch", "--json"], stdout=subprocess.PIPE,
                                        text=True)
        threading.Thread(target=self._read, daemon=True).start()
        wait_until("it watches", lambda: self.lines, SLOW)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def stop(self):
        self.process.kill()
        self.process.wait()
