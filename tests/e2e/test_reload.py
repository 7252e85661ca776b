# SPDX-License-Identifier: Apache-2.0
"""A new configuration under way: who has not changed does not notice, and no disk holds anybody up."""
import json
import os
import re
import threading

import pytest
from mock_receiver import Mock, Pki
from stand import wait_until


def proven(stand):
    return all(r["state"] == "proven" for r in stand.status()["receivers"])


def edit(stand, old, new):
    text = stand.config.read_text()
    assert old in text
    stand.config.write_text(text.replace(old, new, 1))


def start(stand, replace=(), env=None):
    stand.write_config(cameras=False, replace=[
        ("  reserve_events: 2000\n", "  reserve_events: 2000\n  commit_wait: 1s\n"), *replace])
    stand.start_receivers()
    stand.start_core(env)


@pytest.fixture
def holding(stand):
    """The police as a receiver of the test's own, which keeps whoever sends a press waiting."""
    folder = stand.folder / "mock"
    folder.mkdir()
    pki = Pki(folder)
    mock = Mock(pki)
    mock.may_answer = threading.Event()

    def behave(request, connection):
        if b".raised" in request.body:
            assert mock.may_answer.wait(60)
        return mock.store(request, connection)

    mock.behave = behave
    stand.receivers.pop("police")
    stand.write_config(cameras=False)
    mine = {"url: https://127.0.0.1:8443": f"attempt_timeout: 30s\n    url: {mock.origin}",
            "ca_file: pki/ca.pem": f"ca_file: {pki.path('ca.pem')}",
            "cert_file: pki/gateway.pem": f"cert_file: {pki.path('gateway.pem')}",
            "key_file: pki/gateway.key": f"key_file: {pki.path('gateway.key')}",
            "[pki/police-receipt.pub.pem]": f"[{pki.path('receipt.pub.pem')}]"}
    for old, new in mine.items():
        edit(stand, old, new)  # where it stands first: in the entry of the police
    stand.start_receivers()
    stand.start_core()
    yield mock
    mock.may_answer.set()
    mock.stop()


def heartbeats(mock):
    return sum(b"heartbeat" in r.body for r in mock.posts())


def await_heartbeats(mock, count):
    before = heartbeats(mock)
    wait_until(f"{count} more heartbeats", lambda: heartbeats(mock) >= before + count, 30)


def test_a_press_on_the_wire_of_a_receiver_that_has_not_changed_does_not_notice_a_reload(stand, holding):
    wait_until("both proven", lambda: proven(stand), 20)
    press = stand.press()

    def sent():
        return [r for r in holding.posts() if r.event == press["event"]]

    wait_until("the press is on the wire", sent, 10)
    await_heartbeats(holding, 2)  # beside it: every connection that this takes is there
    connections, on = len(holding.connections), sent()[0].connection
    edit(stand, "name: 教育局", "name: 区教育局")
    done = stand.cli("reload")
    assert done.returncode == 0, done.stderr
    assert stand.status()["receivers"][0]["state"] == "proven"
    wait_until("the other one is proven over its new connection", lambda: proven(stand), 20)
    await_heartbeats(holding, 2)
    assert len(holding.connections) == connections
    holding.may_answer.set()
    wait_until("receipted", lambda: json.loads(stand.cli("events", "show", press["seq"]).stdout)[
        "receivers"][0]["state"] == "stored", 20)
    assert [r.connection for r in sent()] == [on]
    log = stand.core.log_path.read_text()
    assert "education: its settings or files have changed" in log
    assert "police: its settings or files have changed" not in log


def test_a_certificate_that_was_replaced_is_taken_though_the_configuration_is_as_it_was(stand):
    start(stand)
    wait_until("both proven", lambda: proven(stand), 20)
    own = stand.pki / "education-own.pem"
    own.write_bytes((stand.pki / "ca.pem").read_bytes())
    text = stand.config.read_text()
    first, second = text.rsplit("ca_file: pki/ca.pem", 1)
    stand.config.write_text(f"{first}ca_file: pki/education-own.pem{second}")
    assert stand.cli("reload").returncode == 0
    wait_until("both proven again", lambda: proven(stand), 20)
    own.write_bytes(b"# renewed\n" + (stand.pki / "ca.pem").read_bytes())
    assert stand.cli("reload").returncode == 0
    log = stand.core.log_path.read_text()
    assert log.count("education: its settings or files have changed") == 2
    assert "police: its settings or files have changed" not in log
    wait_until("both proven once more", lambda: proven(stand), 20)


def test_a_pipe_as_a_certificate_holds_up_neither_a_reload_nor_a_start(stand):
    start(stand)
    wait_until("both proven", lambda: proven(stand), 20)
    pipe = stand.pki / "pipe"
    os.mkfifo(pipe)
    text = stand.config.read_text()
    first, second = text.rsplit("ca_file: pki/ca.pem", 1)
    stand.config.write_text(f"{first}ca_file: pki/pipe{second}")
    done = stand.cli("reload")
    assert done.returncode == 1
    assert re.search(r"tocsin\.yaml:\d+:\d+: receiver education: .*/pipe: is no file", done.stderr), \
        done.stderr
    assert proven(stand)
    press = stand.press()
    for receiver in stand.receivers.values():
        wait_until("delivered", lambda r=receiver: r.alarm(press["alarm"]), 10)
    stand.core.stop()
    stand.start_core()
    education = stand.status()["receivers"][1]
    assert education["state"] != "proven"
    wait_until("why", lambda: "is no file" in stand.status()["receivers"][1]["reason"], 10)
    stand.ask(command="reset")
    press = stand.press()
    wait_until("the police have it", lambda: stand.receivers["police"].alarm(press["alarm"]), 10)


@pytest.mark.long
def test_a_disk_that_does_not_answer_a_reload_delays_no_press_and_is_given_up(stand):
    file = stand.pki / "education-receipt.pub.pem"
    stuck = file.with_name(file.name + ".stuck")
    start(stand, env=stand.preloaded("stuck_disk", STUCK_FILE=file))
    wait_until("both proven", lambda: proven(stand), 20)
    stuck.touch()
    edit(stand, "name: 教育局", "name: 区教育局")
    said = []
    asking = threading.Thread(target=lambda: said.append(stand.cli("reload", timeout=60)))
    asking.start()
    press = stand.press()
    for receiver in stand.receivers.values():
        wait_until("delivered", lambda r=receiver: r.alarm(press["alarm"]), 5)
    assert proven(stand)
    asking.join()
    assert said[0].returncode == 1
    assert f"reading {file} has taken 10 s: given up, nothing changed" in said[0].stderr
    assert proven(stand)
    assert stand.status()["receivers"][1]["name"] == "教育局"
    again = stand.cli("reload")
    assert again.returncode == 1 and f"still reads {file}" in again.stderr
    stuck.unlink()

    def reloaded():
        return stand.cli("reload").returncode == 0

    wait_until("the disk answers again", reloaded, 10)
    assert stand.status()["receivers"][1]["name"] == "区教育局"
    wait_until("both proven", lambda: proven(stand), 20)
