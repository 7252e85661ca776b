# SPDX-License-Identifier: Apache-2.0
"""What scripts/run shows: one school gate on this machine, from the button to the receivers' pages.

Started by scripts/run. With --once it presses by itself and judges every step: the exit status is 0
only if both receivers hold the alarm with a receipt whose signature was verified and the clips,
downloaded back, are what their manifests say, play, and begin before the press as configured.
Each run has a state folder that was empty before, unless one is named.
"""
import argparse
import fcntl
import hashlib
import json
import os
import pathlib
import select
import shutil
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

PRE_EVENT_S, POST_EVENT_S = 10.0, 5.0  # as in config/demo.yaml
SILENT_S, JUDGE_S = 5, 120  # a wait that is longer says so; all waits of a press together
CAMERAS = {"gate", "yard"}
PICTURE_S = 0.5  # where a clip ends is told to the picture, and a camera is not always on time
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

    def __init__(self, stand):
        self.lines = []
        self.pressed_ms = {}  # of the presses' events, by seq
        self.child = subprocess.Popen(
            [stand.binary("daemon/cli/tocsin"), "watch", "--json"], stdout=subprocess.PIPE,
            text=True, env={**os.environ, "TOCSIN_SOCKET": str(stand.control)})
        self.child.stdout.readline()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for text in self.child.stdout:
            line = json.loads(text)
            self.lines.append(line)
            self.say(line)

    def say(self, line):
        """One line with the milliseconds since the press that it is about."""
        since, seq = line.get("since_press_ms"), line.get("seq")
        if since is not None and line["what"] == "heard":
            self.pressed_ms[seq] = line["at_ms"] - since
        if seq in self.pressed_ms:  # another press may have come since then
            since = line["at_ms"] - self.pressed_ms[seq]
        stamp = f"{since:+9.1f} ms" if since is not None else " " * 12
        parts = [WORDS.get(line["what"], line["what"])]
        parts += [line[key] for key in ("receiver", "camera", "event", "text") if line.get(key)]
        print(f"{stamp}  {' '.join(parts)}", flush=True)

    def receipted(self, receiver, seq):
        """Whether that receiver's signed receipt for that event was verified."""
        return any(line["what"] in ("delivered", "follow-up-delivered") and
                   line.get("receiver") == receiver and line.get("seq") == seq
                   for line in self.lines)

    def stop(self):
        self.child.terminate()
        self.child.wait(5)


def press_event(stand, press):
    """The event of the press as the first receiver holds it."""
    receiver = next(iter(stand.receivers.values()))
    return json.loads(receiver.get(f"/api/events/{press['event']}")["bytes"])


def span_of(clips, camera):
    """From when to when one camera's clips go, in milliseconds of the gateway's monotonic clock:
    no step of the wall clock can flatter this."""
    own = [clip for clip in clips if clip["camera"] == camera]
    return (min((clip["start_monoms"] for clip in own), default=None),
            max((clip["stop_monoms"] for clip in own), default=None))


def covers(clips, pressed_ms):
    """Whether every camera's clips are there in full and go on until POST_EVENT_S after the press.
    An alarm may have been open before it: then so may clips that end too early."""
    stops = [span_of(clips, camera)[1] for camera in CAMERAS]
    return all(clip["complete"] for clip in clips) and all(
        stop is not None and stop >= pressed_ms + (POST_EVENT_S - PICTURE_S) * 1000
        for stop in stops)


def check_clip(receiver, clip, path):
    """Downloads a clip and judges it. Returns what it is and None, or the problem."""
    data = receiver.get(f"/clips/{clip['manifest']}.mp4", raw=True)
    path.write_bytes(data)
    if hashlib.sha256(data).hexdigest() != clip["sha256"]:
        return None, "its hash is not the manifest's"
    try:
        seconds, codecs = probe_clip(path)
        decode_clip(path)
    except (StandError, subprocess.CalledProcessError) as error:
        return None, f"it does not play: {error}"
    return f"{seconds:.1f} s of {'+'.join(codecs)}, hash as in the manifest", None


def check_clips(stand, press, pressed_ms):
    """Judges every clip of the alarm, back from both receivers. Yields what is wrong."""
    for name, receiver in stand.receivers.items():
        clips = receiver.alarm(press["alarm"])["clips"]
        folder = clip_folder(stand, name, press)
        folder.mkdir()
        for clip in clips:
            what = f"clip of camera {clip['camera']}, part {clip['part']}, back from {name}"
            good, problem = check_clip(receiver, clip, folder / f"{clip['manifest']}.mp4")
            if problem:
                yield f"{what}: {problem}"
            else:
                print(f"{'':12}  {what}: {good}", flush=True)
        for camera in sorted(CAMERAS):
            before = (pressed_ms - span_of(clips, camera)[0]) / 1000
            print(f"{'':12}  clips of camera {camera} at {name} begin {before:.1f} s before the "
                  "press", flush=True)
            if before < PRE_EVENT_S:
                yield f"clips of camera {camera} at {name}: not {PRE_EVENT_S:.0f} s before the press"


def clip_folder(stand, receiver, press):
    return stand.folder / f"clips-{receiver}-{press['seq']}"


def judge(stand, watch, press):
    """Waits for the whole main job after a press; returns the list of what is missing."""
    missing = []
    if not press.get("event"):
        return [f"the press is no event: {press.get('text')}"]

    judged_until = time.monotonic() + JUDGE_S

    def step(what, condition, seconds):
        seconds = min(seconds, judged_until - time.monotonic())
        try:
            try:
                wait_until(what, condition, SILENT_S)
            except StandError:
                print(f"{'':12}  still waiting for: {what}", flush=True)
                wait_until(what, condition, max(seconds - SILENT_S, 0))
        except (StandError, OSError) as error:
            missing.append(f"{what} ({error})")

    def holds(name):
        alarm = stand.receivers[name].alarm(press["alarm"])
        return alarm and any(event["id"] == press["event"] for event in alarm["events"])

    if press.get("heard") != "stored":
        print(f"{'':12}  the disk took longer than 50 ms; sent from memory meanwhile", flush=True)
    step("press stored on this gateway", lambda: stand.status()["store"]["in_memory"] == 0, 20)
    for name in stand.receivers:
        step(f"signed receipt of {name}", lambda n=name: watch.receipted(n, press["seq"]), 20)
        step(f"this press in the store of {name}", lambda n=name: holds(n), 20)
    if not missing:
        pressed_ms = press_event(stand, press)["monoms"]
        for name, receiver in stand.receivers.items():
            step(f"every clip complete at {name}", lambda r=receiver: covers(
                r.alarm(press["alarm"])["clips"], pressed_ms), 60)
    if not missing:
        missing += check_clips(stand, press, pressed_ms)
        missing += verify_bundles(stand, press)
    return missing


def verify_bundles(stand, press):
    """Has two exports checked offline, receipts and all: of everything, for the chain, and of this
    alarm, for its clips."""
    keys = ["--key", stand.pki / "gateway-keys" / "gateway.pem"]
    for name in stand.receivers:
        keys += ["--receipt-key", stand.pki / f"{name}-receipt.pub.pem"]
    clips = clip_folder(stand, next(iter(stand.receivers)), press)
    bundles = [("the chain of all events", [], []),
               ("this alarm with its clips", ["--alarm", press["alarm"]], ["--part", "--clips", clips])]
    problems = []
    for what, part, how in bundles:
        said = []

        def proven(what=what, part=part, how=how, said=said):
            # What no receiver has taken yet carries no signature: nothing would prove the last event.
            bundle = stand.folder / f"bundle-{press['seq']}-{what.replace(' ', '-')}.jsonl"
            exported = stand.cli("events", "export", *part)
            bundle.write_text(exported.stdout)
            done = stand.cli("verify", *keys, *how, bundle)
            said[:] = [exported.stderr + done.stdout + done.stderr]
            return exported.returncode == 0 and done.returncode == 0 and \
                press["event"] in exported.stdout

        try:
            wait_until(f"an export of {what} that verifies", proven, 20, step=0.5)
            print(f"{'':12}  tocsin verify, {what}: {said[0].strip().splitlines()[-1]}", flush=True)
        except StandError as error:
            problems.append(f"{error}: {said[0]}")
    return problems


def bring_up(stand):
    print("starting two receivers, two cameras, the video daemon and the gateway", flush=True)
    stand.start_all()
    wait_until("both cameras online", lambda: all(
        camera["state"] == "online" for camera in stand.status()["cameras"]), 60)
    wait_until("both receivers proven", lambda: all(
        receiver["state"] == "proven" for receiver in stand.status()["receivers"]), 30)
    print(f"filling the pre-event memory for {PRE_EVENT_S + 2:.0f} s", flush=True)
    time.sleep(PRE_EVENT_S + 2)  # the clips must hold what was before the press
    for name, receiver in stand.receivers.items():
        print(f"page of {name}: {receiver.page}", flush=True)


def once(stand):
    bring_up(stand)
    watch = Watch(stand)
    try:
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
        print(f"{'':12}  everything about this press was seen to work; r closes the alarm",
              flush=True)


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


def own_folder(build):
    """The state folder of this run, empty; and what keeps it ours."""
    folder = pathlib.Path(build) / "demo-state"
    lock = open(f"{folder}.lock", "w")  # noqa: SIM115 (open as long as the run)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"another scripts/run is using {folder}; give this one a folder: --state FOLDER")
    if folder.exists():
        shutil.rmtree(folder)
    return folder, lock


def main():
    parser = argparse.ArgumentParser(prog="scripts/run", description=__doc__)
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true",
                        help="make one press, judge everything, and end")
    parser.add_argument("--state", help="state folder to go on with (default: a fresh demo-state in "
                                        "the build folder)")
    options = parser.parse_args()
    folder, lock = (pathlib.Path(options.state), None) if options.state \
        else own_folder(options.build)
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
        print("everything was seen to work" if result == 0 else f"FAILED; the logs are in {stand.logs}",
              flush=True)
    if lock:
        lock.close()
    return result


if __name__ == "__main__":
    sys.exit(main())
