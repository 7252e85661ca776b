# SPDX-License-Identifier: Apache-2.0
"""tocsin events list: the newest first, in local time, in pages, with a total."""
import json
import os
import re
import subprocess

import pytest
from stand import wait_until


@pytest.fixture
def gateway(stand):
    """Six events: three buttons were pressed and let go. Nobody takes them."""
    stand.write_config(cameras=False, buttons=3)
    stand.start_core()
    for n in (1, 2, 3):
        stand.press(f"b{n}")
    wait_until("all are let go", lambda: listed(stand)["total"] == 6)
    return stand


def listed(stand, *words):
    return json.loads(stand.cli("events", "list", "--json", *words, check=True).stdout)


def seqs(stand, *words):
    return [event["seq"] for event in listed(stand, *words)["events"]]


def test_the_newest_come_first_in_pages(gateway):
    assert seqs(gateway) == [6, 5, 4, 3, 2, 1]
    assert seqs(gateway, "--limit=4") == [6, 5, 4, 3]
    assert listed(gateway, "--limit=4")["total"] == 6
    assert seqs(gateway, "--limit=4", "--before", "3") == [2, 1]
    shown = gateway.cli("events", "list", "--limit", "2", check=True).stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["SEQ", "6", "5", "2", "older"]
    assert shown[-2:] == ["2 of 6", "older ones, if any: --before 5"]
    assert re.search(r"\bBUTTON\b", shown[0]) and not re.search(r"CAMERA|RECEIVER|REASON", shown[0])


def test_since_and_alarm_choose(gateway):
    assert seqs(gateway, "--since", "1h") == [6, 5, 4, 3, 2, 1]
    ahead = gateway.cli("events", "list", "--json", "--since", "2099-01-01")
    assert ahead.returncode == 2 and "2099" in ahead.stderr and not ahead.stdout
    alarm = listed(gateway)["events"][-1]["alarm"]
    chosen = listed(gateway, "--alarm", alarm)
    assert chosen["total"] == len(chosen["events"]) >= 2
    assert {(event["alarm"], event["input"]) for event in chosen["events"]} == {(alarm, "b1")}


@pytest.mark.parametrize("zone, offset", [("CST-8", "+08:00"), ("NST3:30", "-03:30")])
def test_times_are_those_of_here(gateway, zone, offset):
    done = subprocess.run([gateway.binary("daemon/cli/tocsin"), "events", "list", "--limit=1"],
                          capture_output=True, text=True, timeout=30, check=True,
                          env={**os.environ, "TOCSIN_SOCKET": str(gateway.control), "TZ": zone})
    assert f" {offset}  tocsin." in done.stdout


@pytest.mark.parametrize("words", [["--limit", "0"], ["--limit=501"], ["--limit=x"],
                                   ["--before=0"], ["--before=-1"], ["--since=yesterday"]])
def test_what_is_no_number_or_time_is_refused(stand, words):
    done = stand.cli("events", "list", *words)
    assert done.returncode == 2 and "see tocsin events list --help" in done.stderr
