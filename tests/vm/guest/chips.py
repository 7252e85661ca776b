# SPDX-License-Identifier: Apache-2.0
"""Hardware of the guest's kernel that a test can move: GPIO chips (gpio-sim) and a keyboard whose
three lights are LEDs of the kernel's LED class (uinput)."""
import fcntl
import os
import pathlib
import struct

CONFIGFS = pathlib.Path("/sys/kernel/config/gpio-sim")


class Chip:
    """A simulated chip with named lines; a contact that is closed pulls its line up."""

    def __init__(self, name, label, lines):
        self.names = list(lines)
        self.root = CONFIGFS / name
        bank = self.root / "bank"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(len(self.names)))
        (bank / "label").write_text(label)
        for offset, line in enumerate(self.names):
            (bank / f"line{offset}").mkdir()
            (bank / f"line{offset}" / "name").write_text(line)
        self.pulls = {}
        self.plug()

    def plug(self):
        (self.root / "live").write_text("1")
        device = pathlib.Path("/sys/devices/platform") / (self.root / "dev_name").read_text().strip()
        self.lines = device / (self.root / "bank/chip_name").read_text().strip()

    def unplug(self):
        for file in self.pulls.values():
            os.close(file)
        self.pulls = {}
        (self.root / "live").write_text("0")

    def _folder(self, line):
        return self.lines / f"sim_gpio{self.names.index(line)}"

    def set(self, line, closed):
        if line not in self.pulls:
            self.pulls[line] = os.open(self._folder(line) / "pull", os.O_WRONLY)
        os.pwrite(self.pulls[line], b"pull-up" if closed else b"pull-down", 0)

    def value(self, line):
        """What the line is driven to, or pulled."""
        return (self._folder(line) / "value").read_text().strip() == "1"


class Keyboard:
    """A keyboard: keys to press, and three LEDs that the kernel's triggers can drive."""

    EV_SYN, EV_KEY, EV_LED = 0, 1, 0x11
    SET_EVBIT, SET_KEYBIT, SET_LEDBIT = 0x40045564, 0x40045565, 0x40045569
    DEV_SETUP, DEV_CREATE = 0x405C5503, 0x5501

    def __init__(self, vendor, product, keys):
        self.file = os.open("/dev/uinput", os.O_RDWR | os.O_NONBLOCK)
        for kind in (self.EV_KEY, self.EV_LED):
            fcntl.ioctl(self.file, self.SET_EVBIT, kind)
        for key in keys:
            fcntl.ioctl(self.file, self.SET_KEYBIT, key)
        for led in range(3):
            fcntl.ioctl(self.file, self.SET_LEDBIT, led)
        before = set(os.listdir("/sys/class/leds"))
        fcntl.ioctl(self.file, self.DEV_SETUP,
                    struct.pack("HHHH80sI", 3, vendor, product, 1, b"gate button", 0))
        fcntl.ioctl(self.file, self.DEV_CREATE)
        self.leds = {name.partition("::")[2]: name
                     for name in set(os.listdir("/sys/class/leds")) - before}

    def set(self, key, down):
        for kind, code, value in ((self.EV_KEY, key, down), (self.EV_SYN, 0, 0)):
            os.write(self.file, struct.pack("llHHi", 0, 0, kind, code, value))

    def is_lit(self, led):
        path = pathlib.Path("/sys/class/leds") / self.leds[led] / "brightness"
        return path.read_text().strip() != "0"
