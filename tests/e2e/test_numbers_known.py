# SPDX-License-Identifier: Apache-2.0
"""The store, its witness and the journal are gone at once, or are of before: receivers know better."""
import shutil

from invariant import settled
from stand import wait_until


def press(stand, button, times=1):
    """And lets go: a start after it has nothing of its own to say."""
    for _ in range(times):
        last = stand.press(button)
    wait_until("it is at rest", lambda: stand.stored()[-1][0] == "tocsin.alarm.restored")
    return last


def restart_without(stand, keep=None):
    """All that this machine knew of its numbers is gone, or is again as it was at `keep`."""
    assert stand.core.stop() == 0
    shutil.rmtree(stand.folder / "state")
    for path in stand.run.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if keep:
        shutil.copytree(keep, stand.folder / "state")
    else:
        (stand.folder / "state").mkdir()
    stand.start_core()


def fault(stand):
    return [f["reason"] for f in stand.status()["faults"] if f["fault"] == "store-damaged"]


def numbers(stand):
    return [(e["seq"], e["id"], e["chain"]) for e in stand.receivers["police"].events()]


def goes_on_above(stand, before):
    wait_until("it is told", lambda: fault(stand), 20)
    assert "of this gateway, and the newest that is known here is" in fault(stand)[0]
    pressed = press(stand, "b3")
    settled(stand)
    after = numbers(stand)
    assert pressed["seq"] > max(seq for seq, _, _ in before)
    assert len({seq for seq, _, _ in after}) == len(after), after
    assert [one for one in after if one[2] == "fork"] == []


def test_numbers_go_on_above_what_a_receiver_has_when_all_is_gone(stand):
    stand.write_config(cameras=False, buttons=3)
    stand.start_receivers()
    stand.start_core()
    press(stand, "b1", 3)
    settled(stand)
    before = numbers(stand)
    restart_without(stand)
    goes_on_above(stand, before)
    stand.core.stop()  # and the next start knows of all of it
    stand.start_core()
    assert fault(stand)
    assert stand.cli("store", "accept", "--by", "technician").returncode == 0
    press(stand, "b2")
    settled(stand)
    assert fault(stand) == []


def test_numbers_go_on_above_what_a_receiver_has_when_an_old_copy_is_put_back(stand):
    stand.write_config(cameras=False, buttons=3)
    stand.start_receivers()
    stand.start_core()
    press(stand, "b1")
    settled(stand)
    assert stand.core.stop() == 0
    shutil.copytree(stand.folder / "state", stand.folder / "old")
    stand.start_core()
    press(stand, "b1", 3)
    settled(stand)
    before = numbers(stand)
    restart_without(stand, keep=stand.folder / "old")
    goes_on_above(stand, before)


def test_numbers_that_were_given_twice_before_a_receiver_was_there_are_told(stand):
    """In an outage more numbers are given anew than the receivers have: they say it of each event."""
    stand.write_config(cameras=False, buttons=3)
    stand.start_receivers()
    stand.start_core()
    press(stand, "b1")
    settled(stand)
    assert stand.core.stop() == 0
    shutil.copytree(stand.folder / "state", stand.folder / "old")
    stand.start_core()
    press(stand, "b1")
    settled(stand)
    for receiver in stand.receivers.values():
        receiver.process.stop()
    restart_without(stand, keep=stand.folder / "old")
    press(stand, "b3", 3)
    stand.start_receivers()
    wait_until("it is told", lambda: fault(stand), 20)
    assert "numbers were given twice" in fault(stand)[0], fault(stand)
    settled(stand)
