# SPDX-License-Identifier: Apache-2.0
"""The file of the store, or its folder, is no longer what has its name: what was told as stored is kept
by an ordinary stop, however late that is seen. And a folder that does not answer keeps no line waiting."""
import shutil
import time

import pytest
from invariant import Told, check, stored
from stand import Process, wait_until


def press(stand, told, button):
    wait_until(f"{button} is heard", lambda: told.note(stand.ask(
        command="press", input=button, hold_ms=5)).get("heard"), 10)
    wait_until("it is stored", lambda: stand.status()["store"]["in_memory"] == 0)


def remove(stand):
    for path in (stand.folder / "state").glob("outbox.db*"):
        path.unlink()


def replace(stand):
    shutil.copy(stand.folder / "old/outbox.db", stand.folder / "new.db")
    (stand.folder / "new.db").rename(stand.folder / "state/outbox.db")


def move(stand):
    (stand.folder / "state").rename(stand.folder / "gone")
    (stand.folder / "state").mkdir()


def begin_with_an_old_copy(stand, told):
    stand.write_config(cameras=False, buttons=8)
    stand.receivers["police"].start()
    stand.start_core()
    press(stand, told, "b1")
    stand.core.stop()
    shutil.copytree(stand.folder / "state", stand.folder / "old")
    stand.start_core()


def is_kept(stand, told):
    stand.start_core()
    stand.receivers["education"].start()
    check(stand, told, gaps=True)


def at_rest(stand):
    """All is in the database: nothing is written any more that would find out what has become of it."""
    since = time.time_ns()
    stored(stand)  # what was recorded of deliveries is written for whoever asks
    wait_until("the log is moved", lambda: (stand.folder / "state/outbox.db").stat().st_mtime_ns > since, 20)


@pytest.mark.parametrize("harm", [remove, replace, move])
def test_a_stop_writes_an_open_store_anew_that_has_no_name_any_more(stand, harm):
    told = Told()
    begin_with_an_old_copy(stand, told)
    for n in range(2, 7):
        press(stand, told, f"b{n}")
    at_rest(stand)
    harm(stand)
    stand.core.stop()
    is_kept(stand, told)


def test_a_store_that_is_replaced_twice_in_ten_minutes_is_kept_at_a_stop(stand):
    told = Told()
    begin_with_an_old_copy(stand, told)
    for _ in range(2):
        press(stand, told, "b2")
        replace(stand)
        press(stand, told, "b3")
    stand.core.stop()
    is_kept(stand, told)


@pytest.mark.parametrize("what", ["", "/addresses-police"])
def test_a_state_folder_that_does_not_answer_keeps_no_line_from_being_read(stand, what):
    stand.write_config(cameras=False, buttons=1, replace=[
        ("{id: b1, name: 按钮1, place: 教室1, driver: sim}",
         "{id: b1, name: 按钮1, place: 教室1, driver: sim, pressed_at_start: true}")])
    stand.receivers["police"].start()
    marker = stand.folder / f"state{what}.stuck"
    marker.touch()
    stand.core = Process("tocsind", [stand.binary("daemon/gateway/tocsind"), "--config", stand.config],
                         stand.logs, stand.preloaded("stuck_disk", STUCK_FILE=f"{stand.folder}/state{what}"))
    try:
        wait_until("police have the press", lambda: stand.receivers["police"].state()["alarms"], 20)
        assert stand.preload_mark("stuck_disk").exists()  # it is waited for, in vain as yet
    finally:
        marker.unlink()
