# SPDX-License-Identifier: Apache-2.0
"""tocsin limits prints what stands in the header, whole."""
import re
import subprocess

from stand import TOP


def test_every_bound_is_printed_with_its_unit_and_its_reason(build):
    text = (TOP / "daemon/iface/limits.h").read_text()
    rows = re.findall(r'ROW\(([A-Z_]+), (\d+), "([^"]+)",\s*(?:\\\s*)?"([^"]+)"\)', text)
    assert len(rows) == len(re.findall(r"ROW\((?!name)[A-Z]", text)) > 40
    titles = re.findall(r'GROUP\("([^"]+)"', text)
    done = subprocess.run([build / "daemon/cli/tocsin", "limits"], capture_output=True, text=True,
                          timeout=30, check=True)
    lines = [line for line in done.stdout.splitlines() if line]
    printed = [re.match(r" +(\d+)  (.*?)  +(.*)$", line).groups() for line in lines if line[0] == " "]
    assert printed == [(value, unit, reason) for _, value, unit, reason in rows]
    assert [line for line in lines if line[0] != " "] == [title + ":" for title in titles]


def test_limits_takes_no_operand(build):
    done = subprocess.run([build / "daemon/cli/tocsin", "limits", "inputs"], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode == 2
