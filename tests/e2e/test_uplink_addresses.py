# SPDX-License-Identifier: Apache-2.0
"""The https uplink: names, name servers that are dead, addresses where nobody is."""
import socket

import pytest

from mock_receiver import NameServer
from stand import wait_until
from uplink_fixtures import events, made, pki, receiver, uplink  # noqa: F401


def named(mock):
    return f"https://receiver.test:{mock.port}/v1/events"


def test_a_name_is_looked_up_and_kept(receiver, uplink, made, tmp_path):
    mock = receiver()
    names = NameServer(A=["127.0.0.1"])
    made.append(names)
    one = uplink(named(mock), name_servers=f"127.0.0.1:{names.port}")
    assert one.result_of_send()["outcome"] == "stored"
    kept = tmp_path / "addresses-tested"
    wait_until("the address was kept", lambda: kept.exists() and kept.read_text() == "127.0.0.1\n")


def test_a_dead_name_server_does_not_stall_a_send(receiver, uplink, made, tmp_path):
    mock = receiver()
    names = NameServer(mode="dead")
    made.append(names)
    (tmp_path / "addresses-tested").write_text("127.0.0.1\n")
    one = uplink(named(mock), name_servers=f"127.0.0.1:{names.port}")
    for _ in range(3):
        assert one.result_of_send()["outcome"] == "stored"
    assert names.queries  # it was asked, in the background


def test_nothing_known_and_a_dead_name_server_blocks_nobody(uplink, made):
    names = NameServer(mode="dead")
    made.append(names)
    one = uplink("https://receiver.test/e", name_servers=f"127.0.0.1:{names.port}",
                 attempt_timeout=600)
    result = one.result_of_send()
    assert result["outcome"] == "retry"
    assert "the address of receiver.test is not known after 600 ms" in result["reason"]
    assert result["ticks"] > 20


def test_a_press_waits_for_the_first_look_up_only_as_long_as_that_takes(receiver, uplink, made):
    mock = receiver()
    names = NameServer(mode="only-a", A=["127.0.0.1"])  # drops what it is asked about IPv6
    made.append(names)
    one = uplink(named(mock), name_servers=f"127.0.0.1:{names.port}")
    assert one.result_of_send()["outcome"] == "stored"


@pytest.mark.parametrize("mode,reason", [
    ("nxdomain", "does not exist"), ("answer", "has no address"), ("garbage", "")])
def test_a_name_that_cannot_be_had(mode, reason, uplink, made):
    names = NameServer(mode=mode)
    made.append(names)
    one = uplink("https://receiver.test/e", name_servers=f"127.0.0.1:{names.port}",
                 attempt_timeout=1000)
    result = one.result_of_send()
    assert result["outcome"] == "retry"
    assert "the address of receiver.test is not known" in result["reason"]
    assert reason in result["reason"]


def test_an_alias_is_followed(receiver, uplink, made):
    names = NameServer(mode="cname", A=["127.0.0.1"])
    made.append(names)
    one = uplink(named(receiver()), name_servers=f"127.0.0.1:{names.port}")
    assert one.result_of_send()["outcome"] == "stored"


def test_an_unreachable_ipv6_address_costs_no_attempt(receiver, uplink, made):
    # 2001:db8:: is documentation's: no route, or nobody there.
    names = NameServer(A=["127.0.0.1"], AAAA=["2001:db8::1"])
    made.append(names)
    one = uplink(named(receiver()), name_servers=f"127.0.0.1:{names.port}")
    assert one.result_of_send()["outcome"] == "stored"
    assert sorted(set(names.queries)) == ["A", "AAAA"]


@pytest.mark.parametrize("first", ["nobody listens", "accepts and says nothing"])
def test_a_dead_first_address_costs_no_attempt(first, receiver, uplink):
    mock = receiver()
    mute = None
    if first != "nobody listens":
        mute = socket.create_server(("127.0.0.2", mock.port))
    one = uplink(named(mock), addresses="127.0.0.2,127.0.0.1", attempt_timeout=2000)
    result = one.result_of_send()
    assert result["outcome"] == "stored", result
    if mute:
        mute.close()


def test_a_receiver_that_moves_is_followed(receiver, uplink, made, tmp_path):
    mock = receiver()
    names = NameServer(A=["127.0.0.1"])
    made.append(names)
    (tmp_path / "addresses-tested").write_text("127.0.0.3\n")
    one = uplink(named(mock), name_servers=f"127.0.0.1:{names.port}", attempt_timeout=2000)
    # The first attempt may go to the old place while the name is still being looked up.
    outcomes = []
    while "stored" not in outcomes and len(outcomes) < 4:
        outcomes.append(one.result_of_send()["outcome"])
    assert outcomes[-1] == "stored"
