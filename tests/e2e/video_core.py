# SPDX-License-Identifier: Apache-2.0
"""The core's end of the link to tocsin-video, and a stand with that daemon alone: for test_video.py.

Written from daemon/videolink/message.h and the event catalogue, not from the daemon's code.
"""
import contextlib
import hashlib
import json
import os
import pathlib
import secrets
import signal
import socket
import struct
import subprocess
import threading
import time
import uuid

from stand import Process, StandError, wait_until

CHUNK_BYTES = 4194304


def monotonic_ms():
    return int(time.monotonic() * 1000)


class Core:
    """What tocsind is to tocsin-video: connects, says alarms, takes clips."""

    def __init__(self, path, seconds=20):
        self.cameras = {}
        self.history = []  # (camera, state, reason) in the order of arrival
        self.clips = []    # every clip message, repeats too
        self.arrived = {}  # clip id: CLOCK_MONOTONIC ms of its first announcement
        self.room = None   # the last that was said
        self.closed = False
        self.socket = socket.socket(socket.AF_UNIX)
        wait_until("tocsin-video listens", lambda: self._connect(path), seconds)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        for _ in range(4):
            self.send(type="clip_wanted")

    def _connect(self, path):
        try:
            self.socket.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def _read(self):
        try:
            with self.socket.makefile("rb") as lines:
                for line in lines:
                    self._take(json.loads(line))
        except OSError:
            pass
        self.closed = True

    def _take(self, message):
        if message["type"] == "camera":
            self.cameras[message["camera"]] = message
            self.history.append((message["camera"], message["state"], message["reason"]))
        elif message["type"] == "clip":
            self.arrived.setdefault(message["clip"], monotonic_ms())
            self.clips.append(message)
            self.send(type="clip_wanted")
        elif message["type"] == "room":
            self.room = message
        elif message["type"] == "beat":
            pass  # it lives
        else:
            raise AssertionError(f"tocsin-video said {message}")

    def send(self, **message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def alarm(self, cameras, alarm=None, press_ms=None):
        alarm = alarm or str(uuid.uuid4())
        press_ms = press_ms or monotonic_ms()
        self.send(type="alarm", alarm=alarm, cameras=list(cameras), press_ms=press_ms)
        return alarm, press_ms

    def stored(self, clip):
        self.send(type="clip_stored", clip=clip)

    def done(self, clip):
        self.send(type="clip_done", clip=clip)

    def state(self, camera):
        return self.cameras.get(camera, {}).get("state")

    def wait_state(self, camera, state, seconds=30):
        wait_until(f"camera {camera} is {state}; it is {self.cameras.get(camera)}",
                   lambda: self.state(camera) == state, seconds)
        return self.cameras[camera]

    def parts(self, alarm, camera):
        """The parts of one camera's clip, each once, by number."""
        found = {}
        for message in list(self.clips):
            if message["alarm"] == alarm and message["camera"] == camera:
                found.setdefault(message["clip"], message)
        return sorted(found.values(), key=lambda m: m["manifest"]["part"])

    def wait_last(self, alarm, camera, seconds=40):
        """Every part, once the one that says it is the last has come."""
        def whole():
            parts = self.parts(alarm, camera)
            return parts if parts and parts[-1]["manifest"]["last"] else None
        try:
            return wait_until("the last part", whole, seconds)
        except StandError:
            have = [(p["manifest"]["part"], p["manifest"]["last"])
                    for p in self.parts(alarm, camera)]
            raise StandError(f"no last part of {camera} in {seconds} s; there are {have}, the "
                             f"camera is {self.cameras.get(camera)}") from None

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(5)
        self.socket.close()


class VideoStand:
    """tocsin-video with cameras of the test's choice."""

    def __init__(self, folder, build, cameras, pre="2s", post="1s", part="60s", more=""):
        self.folder = pathlib.Path(folder)
        self.build = pathlib.Path(build)
        self.logs = self.folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        (self.folder / "run").mkdir(exist_ok=True)
        self.dir = self.folder / "video"
        self.dir.mkdir(exist_ok=True)
        self.socket = self.folder / "run/link.sock"
        self.password = secrets.token_urlsafe(12)
        self.password_file = self.folder / "camera.password"
        self.password_file.write_text(self.password + "\n")
        self.password_file.chmod(0o600)
        self.config = self.folder / "tocsin.yaml"
        self.settings = dict(pre=pre, post=post, part=part, more=more)
        self.cores = []
        self.video = self.servers = None
        self.write_config(cameras)

    def write_config(self, cameras):
        """`cameras`: id to URL, or to the path of a film for a camera that is none."""
        lines = ["site: {id: test, name: test, address: test}",
                 "signing: {driver: pem, key_file: signing.key}",
                 "storage: {state_dir: state}",
                 "control: {socket: run/control.sock}",
                 "video:", "  socket: run/link.sock", "  dir: video",
                 f"  pre_event: {self.settings['pre']}", f"  post_event: {self.settings['post']}",
                 f"  part: {self.settings['part']}", *self.settings["more"].splitlines(),
                 "cameras:"]
        for name, url in cameras.items():
            lines += [f"  - id: {name}", f"    name: {name}"]
            if str(url).startswith("/"):
                lines += ["    driver: sim", f"    file: {url}"]
            else:
                lines += ["    driver: lav", f"    url: {url}", "    user: viewer",
                          f"    password_file: {self.password_file}"]
        lines += ["inputs:", "  - {id: button, name: b, place: p, driver: sim, "
                  f"cameras: [{', '.join(cameras)}]}}",
                  "receivers:", "  - id: police", "    name: police", "    driver: https",
                  "    url: https://127.0.0.1:9/v1/events"]
        self.config.write_text("\n".join(lines) + "\n")
        self.config.chmod(0o600)

    def start(self):
        number = len(list(self.logs.glob("tocsin-video*.log")))
        self.video = Process(f"tocsin-video{number or ''}", [
            self.build / "daemon/video/tocsin-video", "--config", self.config], self.logs)
        return self.video

    def core(self):
        core = Core(self.socket)
        self.cores.append(core)
        return core

    def children(self):
        """Process ids of everything that tocsin-video started, directly or not."""
        parents = {}
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                text = path.read_text()
            except OSError:
                continue
            parents[int(path.parent.name)] = int(text.rpartition(")")[2].split()[1])
        found, front = [], [self.video.child.pid]
        while front:
            front = [pid for pid, parent in parents.items() if parent in front]
            found += front
        return found

    def kill_children(self):
        killed = self.children()
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        return killed

    def vouched_ms(self):
        """Until when (CLOCK_MONOTONIC) the clips that are being written are safe: 0 if none is."""
        newest = 0
        for path in self.dir.rglob("*.journal"):
            with contextlib.suppress(FileNotFoundError):
                lines = path.read_text().split("\n")
                newest = max([newest] + [json.loads(line)["stop_us"] // 1000
                                         for line in lines[1:-1]])
        return newest

    def log_text(self):
        return "".join(p.read_text(errors="replace") for p in self.logs.glob("tocsin-video*.log"))

    def stop(self):
        for core in self.cores:
            core.close()
        was_alive = self.video is not None and self.video.alive()
        status = self.video.stop() if was_alive else 0
        if status != 0:
            raise StandError(f"tocsin-video ended with {status}:\n{self.video.tail(40)}")


# Judging a clip by its own bytes.


def boxes(data):
    """(type, start, end) of the top boxes of an MP4 file; refuses a torn one."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        if size == 1:
            size = struct.unpack(">Q", data[at + 8:at + 16])[0]
        assert size >= 8 and at + size <= len(data), f"torn box {kind} at {at}"
        yield kind.decode(), at, at + size
        at += size


def check_hashes(message):
    """Length, file, chunks and groups of pictures are what the manifest says."""
    manifest = message["manifest"]
    data = pathlib.Path(message["path"]).read_bytes()
    assert len(data) == manifest["length"]
    assert hashlib.sha256(data).hexdigest() == manifest["sha256"]
    assert manifest["chunk_bytes"] == CHUNK_BYTES
    assert manifest["chunks"] == [hashlib.sha256(data[i:i + CHUNK_BYTES]).hexdigest()
                                  for i in range(0, len(data), CHUNK_BYTES)]
    groups, start = [], 0
    for kind, _, end in boxes(data):
        if kind == "mdat":  # a group is all bytes since the one before: the first holds the header
            groups.append(hashlib.sha256(data[start:end]).hexdigest())
            start = end
    assert start == len(data)
    assert [g["sha256"] for g in manifest["gops"]] == groups
    at = [g["at_ms"] for g in manifest["gops"]]
    assert at == sorted(at) and at[0] == 0


def check_times(message):
    """The pictures play at the times that the manifest says, from its start to its stop.

    However late a busy machine or camera was: file and manifest are made of the same units' times,
    and differ by nothing but the rounding to milliseconds. Sound has a clock and a way of its own:
    it may end before the pictures or after. (A picture that others lean on is decoded before it is
    shown; what counts here is when it is decoded, which is when it came.)
    """
    manifest = message["manifest"]
    done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-select_streams", "v",
                           "-show_entries", "packet=dts_time,flags:stream=duration",
                           str(message["path"])], capture_output=True, text=True, timeout=60,
                          check=True)
    seen = json.loads(done.stdout)
    keys = [float(p["dts_time"]) * 1000 for p in seen["packets"] if "K" in p["flags"]]
    said = [g["at_ms"] for g in manifest["gops"]]
    assert len(keys) == len(said)
    for number, (plays, at_ms) in enumerate(zip(keys, said)):
        assert abs(plays - at_ms) < 2, f"group {number} plays at {plays} ms and says {at_ms}"
    plays = float(seen["streams"][0]["duration"]) * 1000
    length = manifest["stop_monoms"] - manifest["start_monoms"]
    assert abs(plays - length) < 2, f"the pictures play {plays} ms and say {length}"


def check_file(message):
    """The file is what its manifest says: its bytes, and its times."""
    check_hashes(message)
    check_times(message)


def streams(path):
    """ffprobe's words on each stream; fails if it has any complaint."""
    done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format",
                           str(path)], capture_output=True, text=True, timeout=60, check=True)
    assert not done.stderr.strip(), done.stderr
    return json.loads(done.stdout)


def keyframes(path, codec="h264"):
    """The IDR units of a clip, as they came from the camera."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-c", "copy",
                           "-bsf:v", f"{codec}_mp4toannexb", "-f", codec, "-"],
                          capture_output=True, timeout=60, check=True)
    nals = done.stdout.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]
    return [n for n in nals if n[0] & 31 == 5]
