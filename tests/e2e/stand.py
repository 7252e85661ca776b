# SPDX-License-Identifier: Apache-2.0
"""A whole school on one machine: cameras, gateway, video daemon, receivers, each a real process.

Used by scripts/demo.py and by the end-to-end tests. Every wait is bounded; ports are chosen by the
kernel; everything lives in one folder and is stopped by Stand.stop().
"""
import functools
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
ANSWER_S = 10  # a page has so long for an answer


class StandError(Exception):
    """Something of the stand did not come up, or a wait ran out."""


PATIENCE = 3  # how much longer a busy machine may take than a quiet one


def wait_until(what, condition, seconds=10.0, step=0.02):
    """Waits for a true value of condition() and returns it. `seconds` is what a quiet machine may take;
    it says when to give up, and nothing about how fast the programs have to be."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise StandError(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(step)


class Ports:
    """Ports that no other stand on this machine gets, though nobody may be listening on them yet or
    just now: a block of them for as long as this process lives, below those that the kernel gives
    away by itself. A block is taken by a name among the abstract Unix sockets, which nothing outlives."""
    FIRST, LAST, BLOCK = 12000, 32000, 200

    def __init__(self):
        self.lock = threading.Lock()
        self.taken = self.block = None
        self.used = 0

    def take_block(self):
        blocks = (self.LAST - self.FIRST) // self.BLOCK
        for n in range(os.getpid(), os.getpid() + blocks):
            first = self.FIRST + n % blocks * self.BLOCK
            taken = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                taken.bind(f"\0tocsin-ports-{first}")
            except OSError:
                taken.close()
                continue
            self.taken, self.block = taken, first
            return
        raise StandError("no block of ports is free")

    def one(self):
        with self.lock:
            if self.block is None:
                self.take_block()
            for _ in range(self.BLOCK):
                port = self.block + self.used % self.BLOCK
                self.used += 1
                with socket.socket() as s:
                    try:
                        s.bind(("127.0.0.1", port))
                    except OSError:
                        continue  # somebody who does not ask here
                return port
        raise StandError("no port of this stand's block is free")


free_port = Ports().one


class Process:
    """A child with its log file; the first line that starts with `ready` is kept."""

    def __init__(self, name, argv, folder, env=None):
        self.name = name
        self.argv = [str(a) for a in argv]
        self.log_path = pathlib.Path(folder) / f"{name}.log"
        self.log = open(self.log_path, "ab")
        self.ready_line = None
        self._ready = threading.Event()
        self.child = subprocess.Popen(
            self.argv, stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL,
            env={**os.environ, **(env or {})}, start_new_session=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.child.stdout:
            self.log.write(line)
            self.log.flush()
            if line.startswith(b"ready") and not self.ready_line:
                self.ready_line = line.decode().strip()
                self._ready.set()
        self._ready.set()

    def wait_ready(self, seconds=30):
        self._ready.wait(seconds)
        if self._ready.is_set() and not self.ready_line:
            # Nothing more will come from it: it is ending. Who is told so finds it ended.
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                raise StandError(f"{self.name} closed its output and runs on:\n{self.tail()}") from None
            raise StandError(f"{self.name} ended with {self.child.returncode}:\n{self.tail()}")
        if not self.ready_line:
            raise StandError(f"{self.name} did not get ready in {seconds} s:\n{self.tail()}")
        return dict(part.split("=", 1) for part in self.ready_line.split()[1:] if "=" in part)

    def alive(self):
        return self.child.poll() is None

    def tail(self, lines=15):
        text = self.log_path.read_text(errors="replace").splitlines()
        return "\n".join(text[-lines:])

    def kill(self):
        """SIGKILL to it and to everything it started."""
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait(10)

    def stop(self, seconds=20):
        """SIGTERM, then a bounded wait. Returns the exit status; SIGKILL only if it overran."""
        if self.alive():
            self.child.send_signal(signal.SIGCONT)  # a test may have stopped it
            self.child.terminate()
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise StandError(f"{self.name} did not stop within {seconds} s") from None
        return self.child.returncode


class Receiver:
    """One reference receiver and its page's programming interface."""

    def __init__(self, stand, name):
        self.stand = stand
        self.name = name
        self.port = free_port()
        self.page_port = free_port()
        self.store = stand.folder / f"{name}-store"
        self.token_file = stand.pki / f"{name}-page.token"
        if not self.token_file.exists():
            self.token_file.write_text(secrets.token_urlsafe(24) + "\n")
            self.token_file.chmod(0o600)
        self.process = None

    @property
    def token(self):
        return self.token_file.read_text().strip()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}/v1/events"

    @property
    def page(self):
        return f"http://127.0.0.1:{self.page_port}/?token={self.token}"

    def start(self):
        pki = self.stand.pki
        self.store.mkdir(exist_ok=True)
        self.process = Process(self.name, [
            self.stand.binary("receiver/tocsin-receiver"), "--name", self.name,
            "--listen", f"127.0.0.1:{self.port}", "--cert", pki / f"{self.name}.pem",
            "--key", pki / f"{self.name}.key", "--client-ca", pki / "ca.pem",
            "--gateway-keys", pki / "gateway-keys", "--receipt-key",
            pki / f"{self.name}-receipt.key", "--store", self.store,
            "--page-listen", f"127.0.0.1:{self.page_port}",
            "--page-token-file", self.token_file], self.stand.logs)
        self.process.wait_ready()

    def get(self, path, raw=False, headers=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.page_port}{path}")
        request.add_header("Authorization", f"Bearer {self.token}")
        for key, value in (headers or {}).items():
            request.add_header(key, value)
        with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
            body = answer.read()
        return body if raw else json.loads(body)

    def post(self, path, body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.page_port}{path}", data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
            return json.loads(answer.read() or b"{}")

    def state(self):
        return self.get("/api/state")

    def events(self):
        """Every event in its store, oldest first."""
        found = []
        while True:
            after = found[-1]["receiver_seq"] if found else 0
            page = self.get(f"/api/events?after={after}")["events"]
            if not page:
                return found
            found += page

    def alarm(self, alarm_id):
        """The alarm as the receiver shows it, or None."""
        for alarm in self.state()["alarms"]:
            if alarm["alarm"] == alarm_id:
                return alarm
        return None


@functools.cache
def made_keys(tocsin):
    """Keys and certificates as scripts/make-pki makes them, once for all stands of a process: thirty
    runs of openssl are a third of what a small test costs."""
    folder = tempfile.TemporaryDirectory(prefix="tocsin-keys-")  # gone when the process ends
    keys = pathlib.Path(folder.name)
    subprocess.run([TOP / "scripts/make-pki", keys], check=True, capture_output=True, timeout=180)
    made = subprocess.run([tocsin, "keygen", keys / "gateway-signing.key"], check=True,
                          capture_output=True, text=True, timeout=60).stdout
    (keys / "gateway-keys").mkdir()
    (keys / "gateway-keys/gateway.pem").write_text(made[made.index("-----BEGIN PUBLIC KEY-----"):])
    return folder


class Stand:
    """The folder, the keys, and the processes; start what a scenario needs, in any order."""

    def __init__(self, folder, build, receivers=("police", "education")):
        self.folder = pathlib.Path(folder)
        self.build = pathlib.Path(build)
        self.pki = self.folder / "pki"
        self.logs = self.folder / "logs"
        self.run = self.folder / "run"
        for path in (self.folder, self.logs, self.run, self.folder / "state",
                     self.folder / "video"):
            path.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "tocsin.yaml"
        self.control = self.run / "control.sock"
        self.camera_port = free_port()
        self.core = self.video = self.cameras = None
        self.preloads = set()
        self.make_pki()
        self.receivers = {name: Receiver(self, name) for name in receivers}

    def binary(self, path):
        return self.build / path

    def make_pki(self):
        password = self.pki / "camera.password"
        if password.exists():  # a stand that goes on keeps what it has
            return
        shutil.copytree(made_keys(self.binary("daemon/cli/tocsin")).name, self.pki, dirs_exist_ok=True)
        password.write_text(secrets.token_urlsafe(12) + "\n")
        password.chmod(0o600)

    def cli(self, *arguments, check=False, timeout=30):
        """Runs the tocsin command."""
        return subprocess.run(
            [self.binary("daemon/cli/tocsin"), *map(str, arguments)], text=True,
            capture_output=True, timeout=timeout, check=check,
            env={**os.environ, "TOCSIN_SOCKET": str(self.control)})

    def status(self):
        """Asked often, by everything that waits: without a process each time."""
        return self.ask(command="status", duress=False)

    def press(self, button="gate-button", **options):
        """Presses and returns what the gateway proved, as a dictionary. A finger that is still on the
        button from the press before is waited for."""
        done = []

        def pressed():
            done[:] = [self.cli("press", button, "--json", **options)]
            return "is still pressed" not in done[0].stderr

        wait_until(f"{button} is at rest", pressed, 10)
        done[0].check_returncode()
        return json.loads(done[0].stdout)

    def write_config(self, replace=(), cameras=True, buttons=0):
        """config/demo.yaml with this stand's ports, and (old, new) replacements in turn; without
        its cameras, or with so many further buttons b1, b2 … if asked."""
        text = (TOP / "config/demo.yaml").read_text()
        if not cameras:
            text = re.sub(r"^cameras:\n(?:[ ].*\n|\n)*", "", text, flags=re.M)
            text = re.sub(r"^ +cameras: \[.*\]\n", "", text, flags=re.M)
        more = "".join(f"  - {{id: b{n}, name: 按钮{n}, place: 教室{n}, driver: sim}}\n"
                       for n in range(1, buttons + 1))
        text = text.replace("inputs:\n", f"inputs:\n{more}", 1)
        text = text.replace("127.0.0.1:8554", f"127.0.0.1:{self.camera_port}")
        for name, default in (("police", 8443), ("education", 8444)):
            if name in self.receivers:
                text = text.replace(f"127.0.0.1:{default}",
                                    f"127.0.0.1:{self.receivers[name].port}")
        for old, new in replace:
            if old not in text:
                raise StandError(f"config/demo.yaml holds no {old!r}")
            text = text.replace(old, new)
        self.config.write_text(text)
        self.config.chmod(0o600)

    def ask(self, **request):
        """One request on the control socket, without the tocsin command in between."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(20)
            s.connect(str(self.control))
            s.sendall(json.dumps(request).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                piece = s.recv(65536)
                if not piece:
                    raise ConnectionError("tocsind closed the connection")
                answer += piece
        return json.loads(answer)

    def stored(self):
        """Every event that the gateway has stored, oldest first: (type, data)."""
        found, where = [], {}
        while page := self.ask(command="events.list", limit=500, **where)["events"]:
            for one in page:
                shown = self.ask(command="events.show", id=one["id"])["events"][0]
                found.append((one["type"], json.loads(shown["bytes"])["data"]))
            where = {"before": page[-1]["seq"]}
        return found[::-1]

    def start_cameras(self, sizes=("--small",)):
        """A test of anything else does with small pictures; the demo shows large ones."""
        self.cameras = Process("cameras", [
            self.binary("tests/cameras/tocsin-demo-cameras"), "--port", self.camera_port,
            "--user", "viewer", "--password-file", self.pki / "camera.password", *sizes], self.logs)
        self.cameras.wait_ready()

    def start_video(self):
        self.video = Process("tocsin-video", [
            self.binary("daemon/video/tocsin-video"), "--config", self.config], self.logs)

    def start_core(self, env=None):
        self.core = Process("tocsind", [
            self.binary("daemon/gateway/tocsind"), "--config", self.config], self.logs, env)
        wait_until("tocsind answers on its control socket", self.core_answers, 15)

    def core_answers(self):
        if not self.core.alive():
            raise StandError(f"tocsind ended:\n{self.core.tail()}")
        try:
            return "inputs" in self.status()
        except OSError:  # nobody is there yet
            return False

    def preloaded(self, name, **settings):
        """The environment of a program with tests/e2e/NAME.c before its libraries. Where that has changed
        nothing by the end, nothing was tested: stop() says so."""
        library = self.build / f"tests/e2e/lib{name}.so"
        if not library.is_file():
            raise StandError(f"{library} is not there")
        self.preloads.add(name)
        return {"LD_PRELOAD": str(library), "ASAN_OPTIONS": "verify_asan_link_order=0",
                "PRELOAD_MARK": str(self.preload_mark(name)),
                **{key: str(value) for key, value in settings.items()}}

    def preload_mark(self, name):
        return self.folder / f"{name}.acted"

    def start_receivers(self):
        for receiver in self.receivers.values():
            receiver.start()

    def start_all(self):
        self.write_config()
        self.start_receivers()
        self.start_cameras(sizes=())
        self.start_video()
        self.start_core()

    def stop(self):
        """Stops everything; returns what did not stop cleanly, or was not what the test takes it for."""
        bad = [f"{name} was preloaded, and has changed nothing" for name in sorted(self.preloads)
               if not self.preload_mark(name).exists()]
        processes = [self.core, self.video, self.cameras]
        processes += [r.process for r in self.receivers.values()]
        for process in processes:
            if process is None:
                continue
            was_alive = process.alive()
            try:
                status = process.stop()
            except StandError as error:
                bad.append(str(error))
                continue
            if was_alive and status != 0:
                bad.append(f"{process.name} ended with {status}:\n{process.tail()}")
        return bad


def probe_clip(path):
    """What ffprobe says of a clip: duration in seconds and codec names; raises if it cannot."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", str(path)],
        capture_output=True, text=True, timeout=60, check=True)
    if done.stderr.strip():
        raise StandError(f"ffprobe complains of {path}: {done.stderr.strip()}")
    seen = json.loads(done.stdout)
    return float(seen["format"]["duration"]), [s["codec_name"] for s in seen["streams"]]


def decode_clip(path):
    """Decodes every picture; raises with ffmpeg's words if one is broken."""
    # Each picture at its own time: a camera's clock does not tick in ffmpeg's idea of its frame rate,
    # and two that a busy machine took late together are no two of one time.
    done = subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-vsync",
                           "passthrough", "-enc_time_base:v", "1/90000", "-f", "null", "-"],
                          capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0 or done.stderr.strip():
        raise StandError(f"ffmpeg complains of {path}: {done.stderr.strip()}")
