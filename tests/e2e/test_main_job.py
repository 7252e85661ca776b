# SPDX-License-Identifier: Apache-2.0
"""The promises, with the real programs: no press lost, none invented, nothing delayed, no lies."""
import json
import os
import random
import signal
import subprocess
import threading
import time

import pytest
from stand import Stand, StandError, decode_clip, probe_clip, wait_until

KILLS = 200
SHARDS = 8  # so many tests share them

ENCODES = pytest.mark.xdist_group("cameras")


def start(stand, receivers=True, replace=(), env=None, **config):
    # Where a test wants a press stored, a busy machine may take its time for it.
    patient = [("  reserve_events: 2000\n", "  reserve_events: 2000\n  commit_wait: 1s\n")]
    stand.write_config(cameras=False, replace=[*patient, *replace], **config)
    if receivers:
        stand.start_receivers()
    stand.start_core(env=env)


def proven(stand):
    return all(r["state"] == "proven" for r in stand.status()["receivers"])


def lamp(stand):
    return stand.status()["lamps"][0]["pattern"]


def raised_at(receiver, alarm_id):
    """How often an alarm was raised in a receiver's store."""
    return sum(e["alarm"] == alarm_id and e["type"].endswith(".raised") for e in receiver.events())


def test_a_press_reaches_both_receivers_once_signed_and_receipted(stand):
    start(stand)
    press = stand.press()
    assert press["heard"] == "stored"
    for receiver in stand.receivers.values():
        wait_until("delivered", lambda r=receiver: r.alarm(press["alarm"]), 10)
        assert raised_at(receiver, press["alarm"]) == 1
    shown = wait_until("both receipts recorded", lambda: (lambda e: all(
        d["state"] == "stored" and d["receipt"] for d in e["receivers"]) and e)(
            json.loads(stand.cli("events", "show", press["seq"]).stdout)), 10)
    assert shown["id"] == press["event"]


def test_an_ed25519_gateway_key_serves_as_well(stand):
    made = stand.cli("keygen", "--algorithm", "ed25519", "--force",
                     stand.pki / "gateway-signing.key", check=True).stdout
    public = stand.pki / "gateway-keys/gateway.pem"
    public.write_text(made[made.index("-----BEGIN"):])
    assert stand.cli("keygen", stand.pki / "gateway-signing.key").returncode == 1
    start(stand)
    press = stand.press()
    for receiver in stand.receivers.values():
        wait_until("delivered", lambda r=receiver: r.alarm(press["alarm"]), 10)
    evidence = stand.receivers["police"].get(f"/api/events/{press['event']}")
    assert 'alg="ed25519"' in evidence["headers"]


def test_the_lamp_goes_from_ready_to_delivered_to_coming_and_back(stand):
    start(stand)
    wait_until("lamp ready", lambda: lamp(stand) == "ready", 20)
    press = stand.press()
    wait_until("lamp delivered", lambda: lamp(stand) == "delivered", 10)
    police, education = stand.receivers["police"], stand.receivers["education"]
    education.post("/api/answer", {"alarm": press["alarm"], "state": "coming", "by": "教育"})
    police.post("/api/answer", {"alarm": press["alarm"], "state": "seen", "by": "张警官"})
    # Education sends nobody: its "coming" must not move the lamp.
    wait_until("lamp seen", lambda: lamp(stand) == "seen", 10)
    police.post("/api/answer", {"alarm": press["alarm"], "state": "coming", "by": "张警官"})
    wait_until("lamp coming", lambda: lamp(stand) == "coming", 10)
    wait_until("answers confirmed", lambda: all(
        a["confirmed"] for a in police.alarm(press["alarm"])["answers"]), 10)
    police.post("/api/answer", {"alarm": press["alarm"], "state": "closed", "by": "张警官"})
    wait_until("closed by the responder", lambda: not stand.status()["alarms"], 10)
    wait_until("lamp ready again", lambda: lamp(stand) == "ready", 10)


def test_a_dead_receiver_delays_nobody_and_gets_everything_later(stand):
    start(stand, buttons=3)
    wait_until("both proven", lambda: proven(stand), 20)
    police, education = stand.receivers["police"], stand.receivers["education"]
    # Stopped, not closed: connections stay open and nobody answers.
    police.process.child.send_signal(signal.SIGSTOP)
    presses = []
    for number in range(1, 4):
        presses.append(stand.press(f"b{number}"))
        wait_until("education has it", lambda: education.alarm(presses[-1]["alarm"]), 2)
    police.process.child.send_signal(signal.SIGCONT)
    for press in presses:
        wait_until("police has it, too", lambda p=press: police.alarm(p["alarm"]), 20)
        assert raised_at(police, press["alarm"]) == 1
    wait_until("nothing waits", lambda: all(
        r["backlog"] == 0 for r in stand.status()["receivers"]), 20)
    assert [e["chain"] for e in police.events() if e["chain"]] == []


def test_without_any_network_a_press_is_kept_and_comes_late(stand):
    start(stand, receivers=False)
    press = stand.press()
    assert press["heard"] == "stored"
    assert lamp(stand) == "heard"
    stand.core.kill()
    stand.start_receivers()
    stand.start_core()
    for receiver in stand.receivers.values():
        wait_until("late alarm", lambda r=receiver: r.alarm(press["alarm"]), 20)
        assert raised_at(receiver, press["alarm"]) == 1


def test_an_open_alarm_survives_a_restart_and_stays_one(stand):
    start(stand)
    press = stand.press("gate-button")
    stand.core.stop()
    stand.start_core()
    alarms = stand.status()["alarms"]
    assert [a["alarm"] for a in alarms] == [press["alarm"]]
    wait_until("delivered is remembered", lambda: lamp(stand) == "delivered", 10)
    wait_until("released", lambda: not stand.status()["inputs"][0]["pressed"], 5)
    again = stand.press("gate-button")
    assert again["alarm"] == press["alarm"]
    stand.ask(command="reset")
    assert stand.status()["alarms"] == []


def test_a_press_while_the_gateway_was_down_is_no_part_of_the_one_before(stand):
    start(stand)
    stand.ask(command="press", input="gate-button", hold_ms=0)
    stand.ask(command="reset")  # closed while it is still pressed
    stand.ask(command="release", input="gate-button")
    wait_until("released", lambda: not stand.status()["inputs"][0]["pressed"], 5)
    time.sleep(0.2)  # a press within this time of a kill could be taken for the one before
    stand.core.kill()
    pressed = [("    silent: false\n    driver: sim\n",
                "    silent: false\n    driver: sim\n    pressed_at_start: true\n")]
    stand.write_config(cameras=False, replace=pressed)
    stand.start_core()
    [alarm] = stand.status()["alarms"]
    assert alarm["at_start"]
    for receiver in stand.receivers.values():
        wait_until("delivered", lambda r=receiver: r.alarm(alarm["alarm"]), 10)


def test_a_test_button_never_raises_an_alarm(stand):
    start(stand)
    press = stand.press("test-button")
    for receiver in stand.receivers.values():
        alarm = wait_until("test arrives", lambda r=receiver: r.alarm(press["alarm"]), 10)
        assert all(e["type"].startswith("tocsin.test.") for e in alarm["events"])
    assert lamp(stand) == "test"


def test_ten_buttons_at_once_are_ten_alarms_at_both(stand):
    start(stand, buttons=10)
    pressed = []
    threads = [threading.Thread(target=lambda n=n: pressed.append(
        stand.ask(command="press", input=f"b{n}"))) for n in range(1, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    ids = {p["alarm"] for p in pressed}
    assert len(ids) == 10
    for receiver in stand.receivers.values():
        wait_until("all ten", lambda r=receiver: all(r.alarm(i) for i in ids), 10)


@pytest.mark.long
@pytest.mark.parametrize("shard", range(SHARDS))
def test_kill_9_at_any_moment_loses_and_invents_nothing(stand, shard):
    start(stand, buttons=8)
    kills, heard, asked, stop = KILLS // SHARDS, [], [], threading.Event()
    generator = random.Random(shard)

    def press_on():
        while not stop.is_set():
            button = f"b{generator.randint(1, 8)}"
            try:
                asked.append(button)
                answer = stand.ask(command="press", input=button, hold_ms=5)
                if answer.get("heard") == "stored":
                    heard.append(answer)
                if generator.random() < 0.3:
                    stand.ask(command="reset")
            except (OSError, ValueError):
                time.sleep(0.01)

    presser = threading.Thread(target=press_on)
    presser.start()
    try:
        for _ in range(kills):
            time.sleep(generator.uniform(0.0, 0.15))
            stand.core.kill()
            stand.start_core()
    finally:
        stop.set()
        presser.join(30)
    assert len(heard) > kills // 4, "hardly anything was pressed"
    wait_until("nothing waits", lambda: all(
        r["backlog"] == 0 for r in stand.status()["receivers"]), 60, step=0.5)
    for receiver in stand.receivers.values():
        events = receiver.events()
        ids = [e["id"] for e in events]
        assert len(ids) == len(set(ids))
        missing = [h for h in heard if h["event"] not in set(ids)]
        assert missing == [], f"{receiver.name} lacks {len(missing)} presses that were heard"
        presses = [e for e in events if e["type"] in ("tocsin.alarm.raised", "tocsin.alarm.updated")]
        assert len(presses) <= len(asked), "more presses than were made"
        assert [e["seq"] for e in events if e["chain"]] == []
    print(f"{kills} kills, {len(asked)} presses asked, {len(heard)} heard, all at both receivers")


def lasting(stand):
    """A small tmpfs that passes for a disk."""
    return stand.preloaded("lasting_disk")


def test_of_a_store_on_tmpfs_nothing_is_said_to_be_stored(stand):
    state = stand.folder / "state"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", state], check=True)
    try:
        start(stand)
        wait_until("the fault", lambda: ("store", f"{state} is on tmpfs") in {
            (f["fault"], f["reason"].split(":")[0]) for f in stand.status()["faults"]}, 10)
        assert stand.status()["store"]["state"] == "fault"
        press = stand.ask(command="press", input="gate-button", hold_ms=5)
        assert press["heard"] == "memory", press
        assert stand.ask(command="reset", by="Li")["kept"] == "memory"
        noted = stand.cli("check", str(stand.config)).stderr
        assert "storage.state_dir: is on tmpfs, which forgets everything" in noted
    finally:
        stand.core.stop()
        subprocess.run(["umount", state], check=True)


def test_a_full_disk_still_takes_alarms(stand):
    state = stand.folder / "state"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", state], check=True)
    try:
        start(stand, buttons=8, env=lasting(stand))
        with open(state / "filler", "wb") as filler:
            try:
                while True:
                    filler.write(b"\0" * 65536)
                    filler.flush()
            except OSError:
                pass
        for round_number in range(20):
            for button in range(1, 9):
                press = stand.ask(command="press", input=f"b{button}", hold_ms=5)
                assert press.get("heard") == "stored", press
            stand.ask(command="reset")
            wait_until("released", lambda: not any(
                i["pressed"] for i in stand.status()["inputs"]), 5)
            if round_number == 10:  # a restart on the full disk must not change that
                stand.core.kill()
                stand.start_core(env=lasting(stand))
                stand.core.stop()
                stand.start_core(env=lasting(stand))
        assert stand.status()["store"]["state"] == "good"
    finally:
        stand.core.stop()
        subprocess.run(["umount", state], check=True)


def test_a_stuck_disk_delays_no_press_and_is_a_fault_until_it_answers(stand):
    stuck = stand.folder / "stuck"
    stand.write_config(cameras=False, buttons=2)
    stand.start_receivers()
    stand.start_core(env=stand.preloaded("stuck_disk", STUCK_DISK=stuck))
    wait_until("both proven", lambda: proven(stand), 20)
    stuck.touch()
    presses = [stand.press(f"b{n}") for n in (1, 2)]
    assert [p["heard"] for p in presses] == ["memory", "memory"]
    for press in presses:
        for receiver in stand.receivers.values():
            wait_until("sent from memory", lambda r=receiver: r.alarm(press["alarm"]), 5)
    wait_until("the fault", lambda: any(f["fault"] == "store" for f in stand.status()["faults"]), 10)
    assert stand.status()["store"]["in_memory"] >= 2
    assert lamp(stand) == "delivered"
    stuck.unlink()
    wait_until("stored after all", lambda: stand.status()["store"]["in_memory"] == 0, 10)
    wait_until("no fault", lambda: not any(
        f["fault"] == "store" for f in stand.status()["faults"]), 10)
    stand.core.kill()
    stand.start_core()
    listed = stand.cli("events", "list", "--json", check=True).stdout
    assert all(p["event"] in listed for p in presses)


def test_a_bad_reload_keeps_the_old_configuration_and_says_so(stand):
    start(stand)
    wait_until("both proven", lambda: proven(stand), 20)
    good = stand.config.read_text()
    stand.config.write_text(good.replace("driver: https", "driver: htps", 1))
    done = stand.cli("reload")
    assert done.returncode == 1
    assert "htps" in done.stderr and "https" in done.stderr
    press = stand.press()
    for receiver in stand.receivers.values():
        wait_until("still delivered", lambda r=receiver: r.alarm(press["alarm"]), 10)
    stand.config.write_text(good)
    assert stand.cli("reload").returncode == 0
    stand.ask(command="reset")
    wait_until("released", lambda: not stand.status()["inputs"][0]["pressed"], 5)
    press = stand.press()  # within the debounce time of the release: answered all the same
    for receiver in stand.receivers.values():
        wait_until("delivered after a good reload", lambda r=receiver: r.alarm(press["alarm"]), 10)


def test_one_receivers_bad_certificate_stops_nobody_else(stand):
    stand.write_config(cameras=False, replace=[
        ("    ca_file: pki/ca.pem\n    cert_file: pki/gateway.pem\n    key_file: pki/gateway.key\n"
         "    receipt_keys: [pki/police", "    ca_file: pki/ca.pem\n    cert_file: pki/nowhere.pem\n"
         "    key_file: pki/gateway.key\n    receipt_keys: [pki/police")])
    stand.start_receivers()
    stand.start_core()
    press = stand.press()
    wait_until("education has it", lambda: stand.receivers["education"].alarm(press["alarm"]), 10)
    assert stand.receivers["police"].alarm(press["alarm"]) is None
    police = stand.status()["receivers"][0]
    assert police["state"] == "refused" and "nowhere.pem" in police["reason"]
    assert lamp(stand) == "heard"
    (stand.pki / "nowhere.pem").write_bytes((stand.pki / "gateway.pem").read_bytes())
    assert stand.cli("reload").returncode == 0
    wait_until("police have it, too", lambda: stand.receivers["police"].alarm(press["alarm"]), 20)
    wait_until("lamp delivered", lambda: lamp(stand) == "delivered", 10)


def test_a_real_line_cannot_be_pressed_by_a_command_and_a_missing_chip_is_a_fault(stand):
    start(stand, replace=[("    kind: test\n    driver: sim\n",
                           "    kind: test\n    driver: gpiod\n    chip: nowhere\n    line: \"3\"\n")])
    done = stand.cli("press", "test-button")
    assert done.returncode == 1 and "real line" in done.stderr
    faults = stand.status()["faults"]
    assert any(f["fault"] == "line" and "nowhere" in f["reason"] for f in faults)
    assert lamp(stand) == "fault"


def test_the_exported_bundle_verifies_and_a_changed_one_does_not(stand):
    start(stand)
    press = stand.press()
    wait_until("receipted", lambda: all(r["backlog"] == 0 for r in stand.status()["receivers"]), 10)
    stand.ask(command="reset")
    stand.press("test-button")

    def all_receipted():
        events = json.loads(stand.cli("events", "list", "--json", check=True).stdout)["events"]
        states = [{r["id"]: r["state"] for r in event["receivers"]} for event in events]
        return (any(event["type"] == "tocsin.test.restored" for event in events) and
                all(state.get("police") == "stored" for state in states))

    # The last event is proven by its receipt alone.
    wait_until("every event receipted, the last one too", all_receipted, 10)
    bundle = stand.folder / "bundle"
    keys = ["--key", stand.pki / "gateway-keys/gateway.pem", "--receipt-key",
            stand.pki / "police-receipt.pub.pem", "--receipt-key",
            stand.pki / "education-receipt.pub.pem"]
    exported = stand.cli("events", "export", check=True).stdout
    bundle.write_text(exported)
    assert stand.cli("verify", *keys, bundle).returncode == 0
    bundle.write_text(exported.replace('\\"presses\\":1', '\\"presses\\":2'))
    done = stand.cli("verify", *keys, bundle)
    assert done.returncode == 1 and press["event"] in done.stdout
    lines = exported.splitlines(keepends=True)
    bundle.write_text("".join(lines[:1] + lines[2:]))
    done = stand.cli("verify", *keys, bundle)
    assert done.returncode == 1 and "missing" in done.stdout


def test_no_camera_keeps_no_alarm_back_and_is_said(stand):
    stand.write_config()  # cameras in the configuration, nobody there
    stand.start_receivers()
    stand.start_video()
    stand.start_core()
    press = stand.press()
    for receiver in stand.receivers.values():
        wait_until("delivered", lambda r=receiver: r.alarm(press["alarm"]), 10)
    wait_until("cameras are at fault", lambda: all(
        c["state"] == "fault" and c["reason"] for c in stand.status()["cameras"]), 30)
    assert any(f["fault"] == "camera" for f in stand.status()["faults"])


@ENCODES
def test_a_wrong_camera_password_is_said_and_a_right_one_gives_clips_from_before_the_press(stand):
    short = [("pre_event: 10s", "pre_event: 4s"), ("post_event: 5s", "post_event: 3s")]
    password = stand.pki / "camera.password"
    right = password.read_text()
    stand.write_config(replace=short)
    stand.start_receivers()
    stand.start_cameras()
    password.write_text("not-it\n")
    stand.start_video()
    stand.start_core()
    camera = wait_until("the fault", lambda: next(
        (c for c in stand.status()["cameras"] if c["state"] == "fault"), None), 40)
    assert "refuses the user or the password" in camera["reason"], camera
    assert "not-it" not in stand.video.log_path.read_text()
    stand.video.stop()
    password.write_text(right)
    stand.start_video()
    wait_until("online", lambda: all(
        c["state"] == "online" for c in stand.status()["cameras"]), 150)
    time.sleep(8)  # there must be something before the press: the time itself has to pass
    press = stand.press()
    police = stand.receivers["police"]

    def complete():
        clips = police.alarm(press["alarm"])["clips"]
        return {c["camera"] for c in clips if c["last"]} == {"gate", "yard"} and all(
            c["complete"] for c in clips) and clips

    clips = wait_until("every clip", complete, 60, step=0.2)
    pressed_ms = police.alarm(press["alarm"])["monoms"]
    for clip in clips:
        path = stand.folder / "back.mp4"
        path.write_bytes(police.get(f"/clips/{clip['manifest']}.mp4", raw=True))
        _, codecs = probe_clip(path)
        decode_clip(path)
        assert ("aac" in codecs) == (clip["camera"] == "gate")
        if clip["part"] == 1:
            assert clip["start_monoms"] <= pressed_ms - 4000
            assert clip["gaps"] == []


def manifests(stand):
    """The data of every manifest that the gateway has stored."""
    return [data for kind, data in stand.stored() if kind == "tocsin.clip.manifest"]


@ENCODES
def test_an_upload_goes_on_after_the_receiver_and_the_gateway_were_killed(stand):
    stand.write_config(replace=[("pre_event: 10s", "pre_event: 4s"),
                                ("post_event: 5s", "post_event: 3s")])
    stand.start_cameras()
    stand.start_video()
    stand.start_core()  # no receiver yet
    wait_until("online", lambda: all(
        c["state"] == "online" for c in stand.status()["cameras"]), 60)
    press = stand.press()
    # A camera that falters on a busy machine makes more parts than two: the last one ends its clip.
    wait_until("every manifest made", lambda: sum(m["last"] for m in manifests(stand)) == 2, 40, step=0.2)
    parts = len(manifests(stand))
    stand.core.kill()
    stand.video.kill()
    stand.start_receivers()
    stand.start_video()
    stand.start_core()

    def complete(receiver):
        alarm = receiver.alarm(press["alarm"])
        return alarm and len(alarm["clips"]) == parts and all(c["complete"] for c in alarm["clips"])

    for receiver in stand.receivers.values():
        wait_until("every clip", lambda r=receiver: complete(r), 60, step=0.2)


def test_usage_errors_exit_2_and_a_missing_daemon_is_explained(stand):
    assert stand.cli("prss").returncode == 2
    assert stand.cli("press").returncode == 2
    done = stand.cli("status")
    assert done.returncode == 1 and "not running" in done.stderr
    for command in ("status", "watch", "press", "release", "reset", "reload", "events", "check",
                    "keygen", "verify"):
        done = stand.cli(command, "--help")
        assert done.returncode == 0 and done.stdout.startswith("usage: tocsin " + command)
