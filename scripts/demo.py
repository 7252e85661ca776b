# SPDX-License-Identifier: Apache-2.0
"""What scripts/run shows: one school gate on this machine, from the button to the receivers' pages.

Started by scripts/run. With --once it presses by itself and judges every step: the exit status is 0
only if both receivers hold the alarm with a receipt whose signature was verified and the clips,
downloaded back, are what their manifests say, play, and begin before the press as configured.
"""
import argparse
import hashlib
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import termios
import threading
import time
import tty

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests" / "e2e"))

from stand import Stand, StandError, decode_clip, probe_clip, wait_until  # noqa: E402

PRE_EVENT_S = 10.0  # as in config/demo.yaml
WORDS = {
    "heard": "heard", "delivered": "delivered to", "unconfirmed": "delivered, unconfirmed, to",
    "clip-ready": "clip part ready, camera", "manifest-receipted": "manifest receipted by",
    "clip-uploaded": "clip uploaded to", "seen": "seen by", "coming": "coming, says",
    "fault": "FAULT", "fault-cleared": "fault cleared", "lamp": "lamp",
    "attempt-failed": "attempt failed at", "upload-failed": "upload failed at",
    "closed": "closed by", "follow-up-delivered": "follow-up delivered to",
}


class Watch:
    """`tocsin watch --json` in the background; lines are printed and kept."""

    def __init__(self, stand, quiet=False):
        self.lines = []
        self.quiet = quiet
        self.child = subprocess.Popen(
            [stand.binary("daemon/cli/tocsin"), "watch", "--json"], stdout=subprocess.PIPE,
            text=True, env={**os.environ, "TOCSIN_SOCKET": str(stand.control)})
        self.child.stdout.readline()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for text in self.child.stdout:
            line = json.loads(text)
            self.lines.append(line)
            if not self.quiet:
                say(line)

    def stop(self):
        self.child.terminate()
        self.child.wait(5)


def say(line):
    """One line with the milliseconds since the press."""
    since = line.get("since_press_ms")
    stamp = f"{since:+9.1f} ms" if since is not None else " " * 12
    parts = [WORDS.get(line["what"], line["what"])]
    parts += [line[key] for key in ("receiver", "camera", "event", "text") if line.get(key)]
    print(f"{stamp}  {' '.join(parts)}", flush=True)


def check_clips(stand, alarm_id, pressed_ms):
    """Downloads every clip of both receivers and judges it. Yields (what, problem or None)."""
    for name, receiver in stand.receivers.items():
        alarm = receiver.alarm(alarm_id)
        for clip in alarm["clips"]:
            what = f"clip of camera {clip['camera']}, part {clip['part']}, back from {name}"
            data = receiver.get(f"/clips/{clip['manifest']}.mp4", raw=True)
            path = stand.folder / f"clips-{name}" / f"{clip['manifest']}.mp4"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
            if hashlib.sha256(data).hexdigest() != clip["sha256"]:
                yield what, "its hash is not the manifest's"
                continue
            try:
                seconds, codecs = probe_clip(path)
                decode_clip(path)
            except (StandError, subprocess.CalledProcessError) as error:
                yield what, f"it does not play: {error}"
                continue
            # Both by the gateway's monotonic clock: no step of the wall clock can flatter this.
            before = (pressed_ms - clip["start_monoms"]) / 1000
            if clip["part"] == 1 and before < PRE_EVENT_S:
                yield what, f"it begins only {before:.1f} s before the press"
                continue
            begins = f", begins {before:.1f} s before the press" if clip["part"] == 1 else ""
            print(f"{'':12}  {what}: {seconds:.1f} s of {'+'.join(codecs)}, hash as in the manifest"
                  f"{begins}", flush=True)
            yield what, None


def judge(stand, watch, press):
    """Waits for the whole main job after a press; returns the list of what is missing."""
    missing = []
    alarm_id = press["alarm"]

    def step(what, condition, seconds):
        try:
            wait_until(what, condition, seconds)
            return True
        except (StandError, OSError) as error:
            missing.append(f"{what} ({error})")
            return False

    if press.get("heard") != "stored":
        print(f"{'':12}  the disk took longer than 50 ms; sent from memory meanwhile", flush=True)
    step("press stored on this gateway", lambda: stand.status()["store"]["in_memory"] == 0, 20)
    for name in stand.receivers:
        step(f"signed receipt of {name}", lambda n=name: any(
            line["what"] == "delivered" and line.get("receiver") == n and
            line.get("alarm") == alarm_id for line in watch.lines), 20)
        step(f"alarm in the store of {name}",
             lambda n=name: stand.receivers[n].alarm(alarm_id), 20)

    def clips_complete(name):
        clips = (stand.receivers[name].alarm(alarm_id) or {"clips": []})["clips"]
        cameras = {clip["camera"] for clip in clips if clip["last"]}
        return cameras == {"gate", "yard"} and all(clip["complete"] for clip in clips)

    for name in stand.receivers:
        step(f"every clip complete at {name}", lambda n=name: clips_complete(n), 60)
    if not missing:
        pressed_ms = stand.receivers["police"].alarm(alarm_id)["monoms"]
        for what, problem in check_clips(stand, alarm_id, pressed_ms):
            if problem:
                missing.append(f"{what}: {problem}")
    missing += verify_bundle(stand, alarm_id)
    return missing


def verify_bundle(stand, alarm_id):
    """Exports the alarm and has it checked offline, receipts and all."""
    bundle = stand.folder / "bundle.jsonl"
    # What no receiver has taken yet carries no signature: nothing would prove the last event.
    try:
        wait_until("nothing is waiting for a receiver", lambda: all(
            receiver["backlog"] == 0 for receiver in stand.status()["receivers"]), 20)
    except StandError as error:
        return [str(error)]
    exported = stand.cli("events", "export")
    bundle.write_text(exported.stdout)
    keys = ["--key", stand.pki / "gateway-keys" / "gateway.pem"]
    for name in stand.receivers:
        keys += ["--receipt-key", stand.pki / f"{name}-receipt.pub.pem"]
    done = stand.cli("verify", *keys, "--clips", stand.folder / "clips-police", bundle)
    print(f"{'':12}  tocsin verify: {done.stdout.strip().splitlines()[-1]}", flush=True)
    if exported.returncode != 0 or done.returncode != 0 or alarm_id not in exported.stdout:
        return [f"tocsin verify: {done.stdout}{done.stderr}"]
    return []


def bring_up(stand):
    print("starting two receivers, two cameras, the video daemon and the gateway", flush=True)
    stand.start_all()
    wait_until("both cameras online", lambda: all(
        camera["state"] == "online" for camera in stand.status()["cameras"]), 60)
    wait_until("both receivers proven", lambda: all(
        receiver["state"] == "proven" for receiver in stand.status()["receivers"]), 30)
    for name, receiver in stand.receivers.items():
        print(f"page of {name}: {receiver.page}", flush=True)


def once(stand):
    bring_up(stand)
    watch = Watch(stand)
    try:
        print(f"filling the pre-event memory for {PRE_EVENT_S + 2:.0f} s", flush=True)
        time.sleep(PRE_EVENT_S + 2)  # the clips must hold what was before the press
        missing = judge(stand, watch, stand.press())
    finally:
        watch.stop()
    for what in missing:
        print(f"MISSING: {what}", flush=True)
    return 1 if missing else 0


def press_and_check(stand, watch):
    try:
        missing = judge(stand, watch, stand.press())
    except (StandError, OSError, subprocess.CalledProcessError) as error:
        missing = [getattr(error, "stderr", "") or str(error)]
    for what in missing:
        print(f"MISSING: {what}", flush=True)
    if not missing:
        print(f"{'':12}  clips verified; close the alarm with: tocsin reset", flush=True)


def stay(stand):
    bring_up(stand)
    watch = Watch(stand)
    print("\nPress p here, or in a second terminal:\n"
          f"  {stand.binary('daemon/cli/tocsin')} --socket {stand.control} press gate-button\n"
          "Press r to reset open alarms, s for the status, Ctrl-C to end.\n", flush=True)
    terminal = termios.tcgetattr(sys.stdin) if sys.stdin.isatty() else None
    try:
        if terminal:
            tty.setcbreak(sys.stdin)
        while stand.core.alive():
            ready = select.select([sys.stdin], [], [], 0.5)[0] if terminal else time.sleep(0.5)
            key = sys.stdin.read(1) if ready else ""
            if key == "p":
                threading.Thread(target=press_and_check, args=(stand, watch), daemon=True).start()
            elif key in ("r", "s"):
                print(stand.cli("reset" if key == "r" else "status").stdout, flush=True)
        print(f"tocsind ended:\n{stand.core.tail()}", flush=True)
        return 1
    except KeyboardInterrupt:
        print("\nstopping", flush=True)
        return 0
    finally:
        if terminal:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, terminal)
        watch.stop()


def main():
    parser = argparse.ArgumentParser(prog="scripts/run", description=__doc__)
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true",
                        help="make one press, judge everything, and end")
    parser.add_argument("--state", help="state folder (default: demo-state in the build folder)")
    options = parser.parse_args()
    folder = pathlib.Path(options.state or pathlib.Path(options.build) / "demo-state")
    # A signal ends it as Ctrl-C does: nothing is left running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stand = Stand(folder, options.build)
    result = 1
    try:
        result = once(stand) if options.once else stay(stand)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    except (StandError, subprocess.SubprocessError) as error:
        print(f"MISSING: {error}", flush=True)
    finally:
        for problem in stand.stop():
            print(f"not stopped cleanly: {problem}", flush=True)
            result = 1
    if options.once:
        print("everything was seen to work" if result == 0 else "FAILED", flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
