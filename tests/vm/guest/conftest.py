# SPDX-License-Identifier: Apache-2.0
"""One school for all tests: its gateway is installed once, and every test leaves it at rest."""
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from chips import Chip, Keyboard  # noqa: E402
from school import CROWD, School  # noqa: E402

KEY_F13 = 183
WARNED = 1 << 7 | 1 << 9  # of the kernel's marks (/proc/sys/kernel/tainted): it died, it warned


@pytest.fixture(scope="session")
def kernel():
    """What a kernel says that has warned once is proof of nothing."""
    yield
    marks = int(pathlib.Path("/proc/sys/kernel/tainted").read_text())
    assert not marks & WARNED, subprocess.run(
        ["dmesg", "--level=emerg,alert,crit,err,warn"], capture_output=True, text=True,
        check=True).stdout[-6000:]


@pytest.fixture(scope="session")
def the_school(kernel):  # pylint: disable=unused-argument
    chip = Chip("one", "school", ["panic", "closed", "latch", "pair-no", "pair-nc", "tamper", "red",
                                  "amber", "green", "siren", *(f"b{n}" for n in range(1, 11))])
    crowd = Chip("two", "crowd", [f"c{n}" for n in range(CROWD)])
    for line in ("closed", "pair-nc"):
        chip.set(line, True)
    school = School(pathlib.Path(os.environ["TOCSIN_BUILD"]), (chip, crowd),
                    Keyboard(0x1D50, 0x6089, [KEY_F13]), Keyboard(0x1D50, 0x0001, []))
    yield school
    bad = school.stop()
    assert not bad, "\n".join(bad)


@pytest.fixture
def school(the_school):
    the_school.rest()
    yield the_school
