# SPDX-License-Identifier: Apache-2.0
"""tocsin-video as its core sees it: real RTSP servers on one side, the link's socket on the other.

Each clip is judged by its own bytes and by other people's programs (ffprobe, ffmpeg).
"""
import contextlib
import os
import pathlib
import signal
import stat
import subprocess
import sys
import time
import uuid

import pytest

from stand import TOP, Process, StandError, decode_clip, wait_until
from video_core import VideoStand, check_file, keyframes, monotonic_ms, streams

sys.path.insert(0, str(TOP / "tests/cameras"))
from fault_server import FaultServer, pictures  # noqa: E402

PRE_MS = 2000
POST_MS = 1000
SLACK_MS = 200  # between the clocks of two measurements of the same moment


@contextlib.contextmanager
def video(folder, build, cameras, **settings):
    stand = VideoStand(folder, build, cameras, **settings)
    stand.start()
    try:
        yield stand
    finally:
        stand.stop()


@pytest.fixture(scope="module")
def gst(tmp_path_factory, build):
    """The GStreamer cameras; gives (base URL, password file)."""
    folder = tmp_path_factory.mktemp("cameras")
    password = folder / "password"
    password.write_text("correct-horse\n")
    process = Process("cameras", [build / "tests/cameras/tocsin-demo-cameras", "--user", "viewer",
                                  "--password-file", password, "--small"], folder)
    process.wait_ready()
    yield process.ready_line.split()[1].rstrip("/"), password
    process.stop()


def start_with(stand, password):
    """The stand's cameras get the password of the GStreamer server."""
    stand.password = password.read_text().strip()
    stand.password_file.write_text(stand.password + "\n")


def fill_ring(core, cameras, seconds=PRE_MS / 1000 + 1.5):
    """Every camera online, and online for long enough that a whole pre-event time is there."""
    for camera in cameras:
        core.wait_state(camera, "online")
    since = time.monotonic()
    wait_until("the pre-event time has passed", lambda: time.monotonic() - since > seconds,
               seconds + 1)


def check_start(manifest, press_ms, pre_ms=PRE_MS):
    """It begins with the newest picture that stands for itself: the next such one would be too late.

    No bound in milliseconds: how far apart they are is the camera's and the machine's business.
    """
    start_ms = manifest["start_monoms"]
    assert start_ms <= press_ms - pre_ms
    assert all(start_ms + group["at_ms"] > press_ms - pre_ms - SLACK_MS
               for group in manifest["gops"][1:2]), "begins before it has to"


def check_no_moment_lacks(parts, from_ms, to_ms):
    """Each moment is shown, or named as a gap."""
    spans = []
    for manifest in (p["manifest"] for p in parts):
        start_ms = manifest["start_monoms"]
        spans.append((start_ms, manifest["stop_monoms"]))
        spans += [(start_ms + g["from_ms"], start_ms + g["to_ms"]) for g in manifest["gaps"]]
    known_ms = from_ms
    for start_ms, stop_ms in sorted(spans):
        if start_ms <= known_ms + SLACK_MS:
            known_ms = max(known_ms, stop_ms)
    assert known_ms >= to_ms - SLACK_MS, f"neither shown nor named: {known_ms} of {spans}"


def check_clip(parts, press_ms, pre_ms=PRE_MS, post_ms=POST_MS, may_lack=()):
    """The parts of a clip: hashes, times, playable, from before the press to after it; without gaps,
    but for what the camera may have failed to send (`may_lack`: why)."""
    for number, message in enumerate(parts, 1):
        manifest = message["manifest"]
        check_file(message)
        decode_clip(message["path"])
        assert manifest["part"] == number
        assert manifest["last"] == (number == len(parts))
        assert [g for g in manifest["gaps"] if g["why"] not in may_lack] == []
        assert stat.S_IMODE(os.stat(message["path"]).st_mode) & 0o007 == 0
    check_start(parts[0]["manifest"], press_ms, pre_ms)
    check_no_moment_lacks(parts, press_ms - pre_ms, press_ms + post_ms)


@pytest.mark.xdist_group("cameras")
def test_clips_of_a_foreign_server(tmp_path, build, gst):
    """H.264 and H.265, with AAC, with G.711 and without sound, in one alarm."""
    url, password = gst
    names = ["gate", "yard", "g711", "h265"]
    stand = VideoStand(tmp_path, build, {n: f"{url}/{n}" for n in names}, post="8s")
    start_with(stand, password)
    stand.start()
    try:
        core = stand.core()
        fill_ring(core, names)
        alarm, press_ms = core.alarm(names)
        clips = {n: core.wait_last(alarm, n) for n in names}
        for name, parts in clips.items():
            # These cameras encode while they are watched: a machine that has no time for it sends
            # nothing for a while, and then that is what has to be said.
            check_clip(parts, press_ms, post_ms=8000, may_lack=("no pictures from the camera",))
            # The pre-event part is there while what comes after the press is still being recorded.
            assert core.arrived[parts[0]["clip"]] < parts[-1]["manifest"]["stop_monoms"], name
        codecs = {n: {s["codec_name"] for s in streams(p[-1]["path"])["streams"]}
                  for n, p in clips.items()}
        assert codecs == {"gate": {"h264", "aac"}, "yard": {"h264"},
                          "g711": {"h264", "pcm_alaw"}, "h265": {"hevc"}}
        # Apple's players refuse hev1.
        tag = streams(clips["h265"][0]["path"])["streams"][0]["codec_tag_string"]
        assert tag == "hvc1"
        for pid in stand.children():
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
        assert stand.password not in stand.log_text()
        for pid in [stand.video.child.pid, *stand.children()]:
            shown = (pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() +
                     pathlib.Path(f"/proc/{pid}/environ").read_bytes())
            assert stand.password.encode() not in shown
    finally:
        stand.stop()


@pytest.mark.parametrize("mode", ["healthy", "in-band"])
def test_the_manifest_tells_the_true_time(tmp_path, build, mode):
    """The first picture of the clip is the one that the camera sent at that moment."""
    with FaultServer(mode) as camera, \
            video(tmp_path, build, {"cam": camera.url.replace("127.0.0.1", "localhost")}) as stand:
        core = stand.core()
        fill_ring(core, ["cam"])
        alarm, press_ms = core.alarm(["cam"])
        parts = core.wait_last(alarm, "cam")
        check_clip(parts, press_ms)
        idr = {p[-1]: n for n, p in enumerate(pictures()) if p[-1][0] & 31 == 5}
        for part in parts:
            number = idr[keyframes(part["path"])[0]]
            said = part["manifest"]["start_monoms"]
            sent = [at * 1000 for at, n in camera.sent if n == number]
            # Half of what lies between two keyframes: nearer to this one's sending than to any other's.
            assert min(abs(said - at) for at in sent) < 500, f"says {said}, was sent at {sent}"


def test_a_time_jump_does_not_harm_the_clip(tmp_path, build):
    """The camera's own clock leaps an hour between the pictures: the clip says ours."""
    with FaultServer("jump", seconds=4) as camera, \
            video(tmp_path, build, {"cam": camera.url}) as stand:
        core = stand.core()
        fill_ring(core, ["cam"], 4.5)
        alarm, press_ms = core.alarm(["cam"])
        parts = core.wait_last(alarm, "cam")
        check_start(parts[0]["manifest"], press_ms)
        stop_ms = parts[-1]["manifest"]["stop_monoms"]
        assert press_ms + POST_MS - SLACK_MS <= stop_ms <= monotonic_ms(), "an hour is no part of it"
        for part in parts:
            check_file(part)
            decode_clip(part["path"])


def test_a_further_press_extends_the_clip(tmp_path, build):
    with FaultServer("healthy") as camera, video(tmp_path, build, {"cam": camera.url}) as stand:
        core = stand.core()
        fill_ring(core, ["cam"])
        alarm, press_ms = core.alarm(["cam"])
        wait_until("the first part", lambda: core.parts(alarm, "cam"), 10)
        _, again_ms = core.alarm(["cam"], alarm)
        core.alarm(["cam"], alarm, press_ms)  # an old message once more shortens nothing
        parts = core.wait_last(alarm, "cam")
        check_clip(parts, press_ms)
        assert parts[-1]["manifest"]["stop_monoms"] >= again_ms + POST_MS - SLACK_MS


def test_a_long_alarm_is_cut_into_parts(tmp_path, build):
    with FaultServer("healthy") as camera, \
            video(tmp_path, build, {"cam": camera.url}, part="5s", post="12s") as stand:
        core = stand.core()
        fill_ring(core, ["cam"])
        alarm, press_ms = core.alarm(["cam"])
        parts = core.wait_last(alarm, "cam", 60)
        check_clip(parts, press_ms, post_ms=12000)
        assert len(parts) >= 3


def test_ten_alarms_at_once(tmp_path, build):
    with FaultServer("healthy") as camera, video(tmp_path, build, {"cam": camera.url}) as stand:
        core = stand.core()
        fill_ring(core, ["cam"])
        alarms = [core.alarm(["cam"]) for _ in range(10)]
        for alarm, press_ms in alarms:
            check_clip(core.wait_last(alarm, "cam"), press_ms)


def test_clips_are_announced_until_stored(tmp_path, build):
    """On every connection, over a kill -9 of everything, until clip_stored."""
    with FaultServer("healthy") as camera, video(tmp_path, build, {"cam": camera.url}) as stand:
        core = stand.core()
        fill_ring(core, ["cam"])
        alarm, _ = core.alarm(["cam"])
        ids = {p["clip"] for p in core.wait_last(alarm, "cam")}
        core.close()
        again = stand.core()
        wait_until("all clips once more", lambda: {c["clip"] for c in again.clips} == ids)
        again.close()
        stand.video.kill()
        stand.start()
        third = stand.core()
        wait_until("all clips after the kill", lambda: {c["clip"] for c in third.clips} == ids)
        for message in third.parts(alarm, "cam"):
            check_file(message)
            third.stored(message["clip"])
            third.done(message["clip"])
        third.wait_state("cam", "online")
        third.close()
        fourth = stand.core()
        fourth.wait_state("cam", "online")
        alarm, _ = fourth.alarm(["cam"])
        fourth.wait_last(alarm, "cam")
        assert not ids & {c["clip"] for c in fourth.clips}
        files = {p.name for p in stand.dir.rglob("*.mp4")}
        assert {f"{i}.mp4" for i in ids} <= files, "a clip that is done is kept for its time"


def test_killed_workers_come_back(tmp_path, build):
    """kill -9 of every child: the daemon lives, the camera is back, the next press has pictures."""
    with FaultServer("healthy") as camera, video(tmp_path, build, {"cam": camera.url}) as stand:
        core = stand.core()
        core.wait_state("cam", "online")
        killed = stand.kill_children()
        assert killed
        wait_until("the loss is told", lambda: any(
            state != "online" for _, state, _ in core.history[core.history.index(
                next(h for h in core.history if h[1] == "online")):]), 20)
        core.wait_state("cam", "online")
        assert not set(killed) & set(stand.children())
        fill_ring(core, ["cam"])
        alarm, press_ms = core.alarm(["cam"])
        check_clip(core.wait_last(alarm, "cam"), press_ms)


def test_a_killed_recording_is_kept(tmp_path, build):
    """kill -9 of daemon and workers in the middle of a clip costs at most the open group."""
    with FaultServer("healthy") as camera, \
            video(tmp_path, build, {"cam": camera.url}, post="14s") as stand:
        core = stand.core()
        fill_ring(core, ["cam"])
        alarm, press_ms = core.alarm(["cam"])
        wait_until("three seconds are whole", lambda: stand.vouched_ms() > press_ms + 3000, 15)
        kept_ms = stand.vouched_ms()
        stand.video.kill()
        killed_ms = monotonic_ms()
        stand.start()
        again = stand.core()
        again.alarm(["cam"], alarm, press_ms)
        parts = again.wait_last(alarm, "cam", 60)
        for message in parts:
            check_file(message)
            decode_clip(message["path"])
        assert parts[0]["manifest"]["start_monoms"] <= press_ms - PRE_MS
        before = [p for p in parts if p["manifest"]["start_monoms"] < killed_ms]
        # No bound in milliseconds: how far camera and disk are behind is the machine's business.
        assert max(p["manifest"]["stop_monoms"] for p in before) >= kept_ms
        assert [p["manifest"]["part"] for p in parts] == list(range(1, len(parts) + 1))
        after = [p for p in parts if p["manifest"]["start_monoms"] >= killed_ms]
        assert after, "recording went on after the restart"
        assert after[0]["manifest"]["gaps"], "the time between is named as a gap"
        assert after[-1]["manifest"]["stop_monoms"] >= press_ms + 14000 - SLACK_MS


def test_a_camera_lost_in_the_middle(tmp_path, build):
    """The pictures of before the loss are kept; what is missing is named."""
    with FaultServer("reset", seconds=7) as camera, \
            video(tmp_path, build, {"cam": camera.url}, post="8s") as stand:
        core = stand.core()
        fill_ring(core, ["cam"], PRE_MS / 1000 + 1)
        alarm, press_ms = core.alarm(["cam"])
        parts = core.wait_last(alarm, "cam", 60)
        assert parts[0]["manifest"]["start_monoms"] <= press_ms - PRE_MS
        for message in parts:
            check_file(message)
            decode_clip(message["path"])
        gaps = [g for p in parts for g in p["manifest"]["gaps"]]
        assert gaps and all(g["why"] and g["to_ms"] > g["from_ms"] for g in gaps)
        assert camera.plays >= 2


def test_an_alarm_without_pictures_harms_nothing(tmp_path, build):
    """No camera there, a camera nobody configured: no clip of theirs, and the good one has its."""
    with FaultServer("healthy") as camera, \
            video(tmp_path, build, {"good": camera.url, "dead": "rtsp://127.0.0.1:9/x"}) as stand:
        core = stand.core()
        fill_ring(core, ["good"])
        dead = core.wait_state("dead", "fault")
        assert "127.0.0.1" in dead["reason"] or "refused" in dead["reason"].lower(), dead
        alarm, press_ms = core.alarm(["dead", "nobody", "good"])
        check_clip(core.wait_last(alarm, "good"), press_ms)
        assert not core.parts(alarm, "dead")


@pytest.mark.xdist_group("cameras")
def test_wrong_password(tmp_path, build, gst):
    url, _ = gst
    with video(tmp_path, build, {"cam": f"{url}/yard"}) as stand:
        core = stand.core()
        fault = core.wait_state("cam", "fault")
        assert "password" in fault["reason"]
        wait_until("a second try", lambda: core.cameras["cam"]["restarts"] >= 1, 30)
        assert stand.password not in stand.log_text()


def without(text, camera, key):
    """The configuration without that line of that camera."""
    head, mark, tail = text.partition(f"  - id: {camera}\n")
    lines = tail.split("\n")
    lines.remove(next(line for line in lines if line.strip().startswith(f"{key}:")))
    return head + mark + "\n".join(lines)


def test_a_password_that_cannot_be_read_takes_one_camera(tmp_path, build):
    """At the start and at a reload: that camera is a fault which says what to do, the other one has
    its pictures, and once the file is there nobody has to restart anything."""
    with FaultServer("healthy") as one, FaultServer("healthy") as two:
        stand = VideoStand(tmp_path, build, {"one": one.url, "two": two.url})
        late = tmp_path / "late.password"
        text = stand.config.read_text()
        head, mark, tail = text.partition("  - id: two\n")
        stand.config.write_text(head + mark + tail.replace(str(stand.password_file), str(late), 1))
        stand.start()
        try:
            core = stand.core()
            fill_ring(core, ["one"])
            fault = core.wait_state("two", "fault")
            assert str(late) in fault["reason"] and "No such file" in fault["reason"], fault
            alarm, press_ms = core.alarm(["one", "two"])
            check_clip(core.wait_last(alarm, "one"), press_ms)
            late.write_text("a secret\n")
            late.chmod(0o604)
            wait_until("what is wrong now", lambda: "others may read" in
                       core.cameras["two"]["reason"])
            assert f"chmod 0640 {late}" in core.cameras["two"]["reason"]
            late.chmod(0o600)
            core.wait_state("two", "online")
            workers = stand.children()
            late.unlink()
            stand.video.child.send_signal(signal.SIGHUP)
            core.wait_state("two", "fault")
            core.wait_state("one", "online")
            assert not set(workers) & set(stand.children())
            late.write_text("a secret\n")
            late.chmod(0o600)
            core.wait_state("two", "online")
            assert "a secret" not in stand.log_text()
        finally:
            stand.stop()


def test_a_camera_that_can_never_work_takes_one_camera(tmp_path, build):
    """At a start nobody is there to mend the file; at a reload the mistake is told and nothing
    changes."""
    with FaultServer("healthy") as one:
        stand = VideoStand(tmp_path, build, {"one": one.url, "two": "rtsp://127.0.0.1:9/x"})
        good = stand.config.read_text()
        stand.config.write_text(without(good, "two", "url"))
        stand.start()
        try:
            core = stand.core()
            fill_ring(core, ["one"])
            fault = core.wait_state("two", "fault")
            assert "cameras.two.url: is missing" in fault["reason"], fault
            alarm, press_ms = core.alarm(["one", "two"])
            check_clip(core.wait_last(alarm, "one"), press_ms)
            workers = stand.children()
            stand.config.write_text(without(good, "one", "url"))
            stand.video.child.send_signal(signal.SIGHUP)
            wait_until("the mistake is told", lambda: "cameras.one.url" in stand.log_text())
            assert stand.children() == workers and core.state("one") == "online"
        finally:
            stand.stop()


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_a_camera_that_is_a_file(tmp_path, build, codec):
    """Without any server: pictures in the order of their display, with sound; the worker may read
    that file and no other beside it."""
    film, other = tmp_path / "film.mp4", tmp_path / "other.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=d=3:s=320x240:r=25",
                    "-f", "lavfi", "-i", "sine=d=3", "-c:v", codec, "-preset", "ultrafast", "-g",
                    "25", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac", film],
                   check=True, timeout=60, capture_output=True)
    with video(tmp_path, build, {"cam": film, "none": other}) as stand:
        core = stand.core()
        fault = core.wait_state("none", "fault")
        assert f"{other}: No such file" in fault["reason"], fault
        fill_ring(core, ["cam"], 4)
        alarm, press_ms = core.alarm(["cam"])
        parts = core.wait_last(alarm, "cam")
        check_clip(parts, press_ms)
        wanted = {"h264" if codec == "libx264" else "hevc", "aac"}
        for part in parts:
            assert {s["codec_name"] for s in streams(part["path"])["streams"]} == wanted
        # Each film of three seconds holds three keyframes, and they come in turn.
        if codec == "libx264":
            seen = [keyframes(film).index(k) for k in keyframes(parts[0]["path"])]
            assert all(later == (one + 1) % 3 for one, later in zip(seen, seen[1:])), seen


# What must be said of a camera in the end, whatever is said on the way.
HOSTILE = ["silent", "silent-describe", "redirect", "garbage", "drip", "huge-sdp", "garbage-stream",
           "unauthorized", "not-found", "no-video", "no-keyframe", "no-parameters", "reset", "close",
           "freeze", "stall"]


@pytest.mark.long
def test_hostile_servers_end_within_their_deadline(tmp_path, build):
    """All at once: each is ended, shown as a fault and tried again, slower and slower; a good
    camera that is filmed beside them never notices and gets its clip."""
    with contextlib.ExitStack() as stack:
        servers = {m: stack.enter_context(FaultServer(m, seconds=2)) for m in HOSTILE}
        good = stack.enter_context(FaultServer("healthy"))
        urls = {m: s.url for m, s in servers.items()} | {"good": good.url}
        stand = stack.enter_context(video(tmp_path, build, urls))
        began = time.monotonic()
        core = stand.core()
        fill_ring(core, ["good"])
        # Sixteen workers that start at once may keep it from its first answer in time.
        ready, plays = len(core.history), good.plays

        def unpunished():
            return [m for m in HOSTILE if (m, "fault") not in {h[:2] for h in core.history}]
        try:
            wait_until("each is a fault", lambda: not unpunished(), 60)
        except StandError as error:
            raise AssertionError(f"{error}: {unpunished()}") from None
        for mode, state, reason in core.history:
            assert state != "fault" or len(reason) > 10, f"{mode}: {reason!r} says nothing"

        def untried():
            return [m for m in HOSTILE if servers[m].connections < 2]
        try:
            wait_until("each is tried again", lambda: not untried(), 90)
        except StandError as error:
            raise AssertionError(f"{error}: {untried()}") from None
        assert not [h for h in core.history[ready:] if h[0] == "good"]
        assert good.plays == plays
        alarm, press_ms = core.alarm([*HOSTILE, "good"])
        check_clip(core.wait_last(alarm, "good"), press_ms)
        # Not hammered: no more than one try a second, but for the redirects within one try.
        for mode in set(HOSTILE) - {"redirect"}:
            assert servers[mode].connections < time.monotonic() - began, mode
        assert stand.video.alive()


@pytest.mark.long
def test_a_hung_worker_is_killed(tmp_path, build):
    """SIGSTOP stands for code that never returns: only the supervisor can end that."""
    with FaultServer("healthy") as camera, video(tmp_path, build, {"cam": camera.url}) as stand:
        core = stand.core()
        core.wait_state("cam", "online")
        stopped = stand.children()
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        wait_until("hung processes are replaced", lambda: not set(stopped) & set(stand.children()),
                   90)
        core.wait_state("cam", "online")
        fill_ring(core, ["cam"])
        alarm, press_ms = core.alarm(["cam"])
        check_clip(core.wait_last(alarm, "cam"), press_ms)


def test_sigterm_keeps_what_was_recorded(tmp_path, build):
    with FaultServer("healthy") as camera, FaultServer("silent") as silent, \
            video(tmp_path, build, {"cam": camera.url, "hung": silent.url}, post="30s") as stand:
        core = stand.core()
        fill_ring(core, ["cam"])
        alarm, press_ms = core.alarm(["cam"])
        wait_until("two seconds are whole", lambda: stand.vouched_ms() > press_ms + 2000, 15)
        kept_ms = stand.vouched_ms()
        children = stand.children()
        assert stand.video.stop(12) == 0
        assert not [pid for pid in children if pathlib.Path(f"/proc/{pid}").exists()]
        stand.start()
        again = stand.core()
        wait_until("both parts", lambda: len(again.parts(alarm, "cam")) >= 2)
        parts = again.parts(alarm, "cam")
        for message in parts:
            check_file(message)
            decode_clip(message["path"])
        assert parts[-1]["manifest"]["stop_monoms"] > kept_ms, "the open group is kept, too"


def test_sighup_takes_a_good_file_and_refuses_a_bad_one(tmp_path, build):
    with FaultServer("healthy") as one, FaultServer("healthy") as two, \
            video(tmp_path, build, {"one": one.url}, post="14s") as stand:
        core = stand.core()
        fill_ring(core, ["one"])
        workers = stand.children()
        good = stand.config.read_text()
        stand.config.write_text(good.replace("pre_event", "pre_evnt"))
        stand.video.child.send_signal(signal.SIGHUP)
        wait_until("the mistake is told", lambda: "pre_evnt" in stand.log_text())
        assert stand.children() == workers
        alarm, press_ms = core.alarm(["one"])
        stand.write_config({"one": one.url, "two": two.url})
        stand.video.child.send_signal(signal.SIGHUP)
        core.wait_state("two", "online")
        assert not set(workers) & set(stand.children())
        parts = core.wait_last(alarm, "one", 60)
        for message in parts:
            check_file(message)
            decode_clip(message["path"])
        assert parts[0]["manifest"]["start_monoms"] <= press_ms - PRE_MS
        assert parts[-1]["manifest"]["stop_monoms"] >= press_ms + 14000 - SLACK_MS
        assert [g["why"] for g in parts[-1]["manifest"]["gaps"]]


def test_the_link_survives_nonsense(tmp_path, build):
    """What is not a message ends that connection and nothing else."""
    with FaultServer("healthy") as camera, video(tmp_path, build, {"cam": camera.url}) as stand:
        stand.core().wait_state("cam", "online")
        alarm = str(uuid.uuid4())
        for bad in (b"{}\n", b"\xff\xfe\n", b'{"type":"alarm"}\n', b"[" * 100000 + b"\n",
                    b'{"type":"alarm","alarm":"x","cameras":["cam"],"press_ms":1}\n',
                    b'{"type":"alarm","alarm":"%s","cameras":["cam"],"press_ms":-1}\n'
                    % alarm.encode(), b"x" * (3 << 20)):
            core = stand.core()
            with contextlib.suppress(OSError):
                core.socket.sendall(bad)
            wait_until(f"{bad[:40]} ends the connection", lambda c=core: c.closed)
        core = stand.core()
        core.wait_state("cam", "online")
        assert stand.video.alive()
        fill_ring(core, ["cam"])
        # An alarm of a time that cannot be is one of now: its clip ends like any other.
        before_ms = monotonic_ms()
        future, _ = core.alarm(["cam"], press_ms=before_ms + 10 ** 9)
        check_clip(core.wait_last(future, "cam"), before_ms)
        alarm, press_ms = core.alarm(["cam"])
        check_clip(core.wait_last(alarm, "cam"), press_ms)


def test_a_second_one_ends_and_takes_nothing(tmp_path, build):
    """Who starts it beside the unit, to see what is wrong: it recovered what was being written."""
    with FaultServer("healthy") as camera, \
            video(tmp_path, build, {"cam": camera.url}, post="4s") as stand:
        core = stand.core()
        fill_ring(core, ["cam"])
        alarm, press_ms = core.alarm(["cam"])
        wait_until("it records", lambda: stand.vouched_ms() > press_ms)
        first, second = stand.video, stand.start()
        stand.video = first
        try:
            wait_until("the second ends", lambda: not second.alive(), 20)
        finally:
            second.kill()
        assert second.child.returncode == 1
        assert "another tocsin-video is at work there" in second.log_path.read_text()
        parts = core.wait_last(alarm, "cam")
        check_clip(parts, press_ms, post_ms=4000)
        assert "being written" not in stand.log_text() and not core.closed


def test_a_folder_that_goes_comes_back(tmp_path, build):
    """Removed while it runs: a worker is confined to the folder that it began with."""
    with FaultServer("healthy") as camera, video(tmp_path, build, {"cam": camera.url}) as stand:
        core = stand.core()
        fill_ring(core, ["cam"])
        away = stand.dir.rename(tmp_path / "away")
        stand.dir.write_text("no folder")
        fault = core.wait_state("cam", "fault")
        wait_until("it says why", lambda: "Not a directory" in core.cameras["cam"]["reason"])
        assert fault["reason"].startswith("video.dir: ") and "free_bytes" not in core.room
        stand.dir.unlink()
        core.wait_state("cam", "online")
        assert stand.dir.is_dir() and away.is_dir()
        wait_until("the room is known", lambda: "free_bytes" in core.room)
        fill_ring(core, ["cam"])
        alarm, press_ms = core.alarm(["cam"])
        check_clip(core.wait_last(alarm, "cam"), press_ms)
