# SPDX-License-Identifier: Apache-2.0
"""tocsin limits prints what stands in the header, whole."""
import re
import subprocess

from stand import TOP


def test_every_bound_is_printed_with_its_unit_and_its_reason(build):
    text = (TOP / "daemon/iface/limits.h").read_text()
    rows = re.findall(r'ROW\(([A-Z_]+), (\d+), "([^"]+)",\s*(?:\\\s*)?"([^"]+)"\)', text)
    assert len(rows) == text.count("ROW(") - 1  # the comment's example
    done = subprocess.run([build / "daemon/cli/tocsin", "limits"], capture_output=True, text=True,
                          timeout=30, check=True)
    printed = [re.match(r" *(\d+)  (.*?)  +(.*)$", line).groups() for line in done.stdout.splitlines()]
    assert printed == [(value, unit, reason) for _, value, unit, reason in rows]
    # Each is what some code goes by.
    used = subprocess.run(["grep", "-rhoE", "--include=*.[ch]", r"LIMIT_[A-Z_]+", TOP / "daemon",
                           TOP / "drivers"], capture_output=True, text=True, check=True).stdout.split()
    assert {f"LIMIT_{name}" for name, *_ in rows} <= set(used)


def test_limits_takes_no_operand(build):
    done = subprocess.run([build / "daemon/cli/tocsin", "limits", "inputs"], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode == 2
