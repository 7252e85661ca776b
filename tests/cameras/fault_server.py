# SPDX-License-Identifier: Apache-2.0
"""RTSP cameras that misbehave, each in one way, over TCP on loopback.

As a library: `with FaultServer("stall") as server: … server.url … server.connections`.
As a program: `fault_server.py MODE` prints "ready rtsp://127.0.0.1:PORT/cam" and serves until it is
ended. MODES says what each does. The pictures are real H.264, encoded once by ffmpeg.
"""
import argparse
import base64
import collections
import functools
import os
import random
import select
import socket
import struct
import subprocess
import sys
import threading
import time

MODES = {
    "healthy": "a good camera: the yardstick for the others",
    "in-band": "a good camera whose parameter sets come in band only, none in the SDP",
    "silent": "accepts and never says a word",
    "silent-describe": "answers OPTIONS, never DESCRIBE",
    "redirect": "redirects every request to itself, for ever",
    "garbage": "answers with random bytes, for ever",
    "drip": "answers DESCRIBE with one byte a second, for ever",
    "huge-sdp": "announces and sends a session description of 512 MiB",
    "garbage-stream": "plays, then sends random bytes instead of frames, for ever",
    "unauthorized": "refuses every password",
    "not-found": "has no such stream",
    "no-video": "offers sound only",
    "no-keyframe": "plays pictures that all depend on one that never comes",
    "no-parameters": "plays pictures without any parameter sets",
    "reset": "plays for `seconds`, then resets the connection",
    "close": "plays for `seconds`, then closes the connection",
    "freeze": "plays for `seconds`, then sends nothing more on the open connection",
    "stall": "plays for `seconds`, then the sound goes on and the pictures do not",
    "jump": "plays; after `seconds` the RTP time jumps one hour ahead",
}
RATE = 25
CLOCK = 90000
NAL_SLICE, NAL_IDR, NAL_SPS, NAL_PPS = 1, 5, 7, 8


@functools.lru_cache(maxsize=None)
def pictures():
    """Access units of ten seconds of H.264: lists of NAL units, one keyframe a second."""
    stream = subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=d=10:s=320x240:r={RATE}",
         "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-threads", "1",
         "-g", str(RATE), "-f", "h264", "-"], capture_output=True, check=True, timeout=60).stdout
    units, current = [], []
    for nal in stream.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]:
        current.append(nal)
        if nal[0] & 31 in (NAL_SLICE, NAL_IDR):
            units.append(current)
            current = []
    return units


def parameter_sets():
    return [nal for nal in pictures()[0] if nal[0] & 31 in (NAL_SPS, NAL_PPS)]


class Ended(Exception):
    """The other end is gone, or the server is being stopped."""


class Session:
    """One connection, in a thread of its own."""

    def __init__(self, server, connection):
        self.server = server
        self.mode = server.mode
        self.socket = connection
        self.waiting = b""
        self.sequence = [0, 0]
        self.random = random.Random(7)

    def run(self):
        try:
            self.serve()
        except (Ended, OSError):
            pass
        finally:
            self.socket.close()

    def wait(self, seconds):
        """Sleeps, unless the server is stopped."""
        if self.server.stopping.wait(max(0, seconds)):
            raise Ended

    def wait_for_ever(self):
        """Until the other end closes: what it sends is read and ignored."""
        while True:
            self.readable(0.2, discard=True)

    def readable(self, seconds, discard=False):
        if self.server.stopping.is_set():
            raise Ended
        if not select.select([self.socket], [], [], max(0, seconds))[0]:
            return False
        got = self.socket.recv(65536)
        if not got:
            raise Ended
        if not discard:
            self.waiting += got
        return True

    def take_request(self):
        """One request of those that have arrived, or None."""
        while self.waiting[:1] == b"$" and len(self.waiting) >= 4:
            length = 4 + struct.unpack(">H", self.waiting[2:4])[0]
            if len(self.waiting) < length:
                return None
            self.waiting = self.waiting[length:]  # a receiver report
        end = self.waiting.find(b"\r\n\r\n")
        if end < 0:
            return None
        text, self.waiting = self.waiting[:end].decode(), self.waiting[end + 4:]
        lines = text.split("\r\n")
        method, url = lines[0].split(" ")[:2]
        headers = {}
        for line in lines[1:]:
            key, _, value = line.partition(":")
            headers[key.strip().lower()] = value.strip()
        self.server.requests.append(method)
        return method, url, headers

    def next_request(self):
        while not (request := self.take_request()):
            self.readable(0.2)
        return request

    def answer(self, headers, status="200 OK", more="", body=""):
        if body:
            more += f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        self.socket.sendall(f"RTSP/1.0 {status}\r\nCSeq: {headers.get('cseq', '0')}\r\n"
                            f"{more}\r\n{body}".encode())

    def sdp(self):
        text = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=fault\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
                "a=control:*\r\n")
        if self.mode != "no-video":
            sprop = ""
            if self.mode not in ("no-parameters", "in-band"):
                sets = ",".join(base64.b64encode(s).decode() for s in parameter_sets())
                sprop = f";sprop-parameter-sets={sets}"
            text += ("m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
                     f"a=fmtp:96 packetization-mode=1{sprop}\r\na=control:track0\r\n")
        if self.mode in ("stall", "no-video"):
            text += "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:track1\r\n"
        return text

    # What each mode does before it plays.

    def serve(self):
        if self.mode == "silent":
            self.wait_for_ever()
        while True:
            method, url, headers = self.next_request()
            if self.mode == "garbage":
                self.send_garbage()
            elif self.mode == "redirect":
                self.answer(headers, "302 Moved Temporarily", f"Location: {self.server.url}\r\n")
            elif method == "DESCRIBE":
                self.describe(headers)
            elif method == "SETUP":
                self.setup(url, headers)
            elif method == "PLAY":
                self.answer(headers, more="Session: 1\r\nRange: npt=0-\r\n")
                self.play()
            elif method == "TEARDOWN":
                self.answer(headers)
                raise Ended
            else:
                self.answer(headers, more="Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n")

    def describe(self, headers):
        if self.mode == "silent-describe":
            self.wait_for_ever()
        elif self.mode == "unauthorized":
            self.answer(headers, "401 Unauthorized",
                        f'WWW-Authenticate: Digest realm="fault", nonce="{os.urandom(8).hex()}"\r\n')
        elif self.mode == "not-found":
            self.answer(headers, "404 Not Found")
        elif self.mode == "drip":
            while True:
                self.socket.sendall(b"R")
                self.wait(1)
        elif self.mode == "huge-sdp":
            self.send_huge(headers)
        else:
            self.answer(headers, more=f"Content-Base: {self.server.url}/\r\n", body=self.sdp())

    def send_huge(self, headers):
        size = 512 * 1024 * 1024
        self.socket.sendall(
            f"RTSP/1.0 200 OK\r\nCSeq: {headers.get('cseq', '0')}\r\nContent-Type: application/sdp\r\n"
            f"Content-Length: {size}\r\n\r\n{self.sdp()}".encode())
        line = b"a=x-filler:" + b"x" * 65523 + b"\r\n"
        for _ in range(size // len(line)):
            if self.server.stopping.is_set():
                raise Ended
            self.socket.sendall(line)

    def send_garbage(self):
        while not self.server.stopping.is_set():
            self.socket.sendall(self.random.randbytes(16384))
            self.wait(0.01)
        raise Ended

    def setup(self, url, headers):
        transport = headers.get("transport", "")
        if "interleaved" not in transport:
            self.answer(headers, "461 Unsupported Transport")
            return
        channel = 2 if url.endswith("track1") else 0
        self.answer(headers, more=f"Session: 1;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;"
                                  f"interleaved={channel}-{channel + 1}\r\n")

    # Playing.

    def send_rtp(self, track, stamp, payload, marker):
        header = struct.pack(">BBHII", 0x80, (marker << 7) | (8 if track else 96),
                             self.sequence[track], stamp & 0xffffffff, 0x1000 + track)
        self.sequence[track] = (self.sequence[track] + 1) & 0xffff
        packet = header + payload
        self.socket.sendall(struct.pack(">BBH", 0x24, track * 2, len(packet)) + packet)

    def send_nal(self, nal, stamp, marker):
        limit = 1300
        if len(nal) <= limit:
            self.send_rtp(0, stamp, nal, marker)
            return
        body = nal[1:]
        for at in range(0, len(body), limit):
            first, last = at == 0, at + limit >= len(body)
            fu = bytes([(nal[0] & 0x60) | 28, first << 7 | last << 6 | (nal[0] & 31)])
            self.send_rtp(0, stamp, fu + body[at:at + limit], marker and last)

    def send_picture(self, number, stamp):
        nals = pictures()[number % len(pictures())]
        self.server.sent.append((time.monotonic(), number % len(pictures())))
        if self.mode == "no-parameters":
            nals = [n for n in nals if n[0] & 31 in (NAL_SLICE, NAL_IDR)]
        elif self.mode == "no-keyframe":
            nals = [n for n in nals if n[0] & 31 == NAL_SLICE]
        for i, nal in enumerate(nals):
            self.send_nal(nal, stamp, i == len(nals) - 1)

    def play(self):
        start = time.monotonic()
        self.server.plays += 1
        number = 0
        while True:
            elapsed = time.monotonic() - start
            after = elapsed > self.server.seconds
            if after and self.mode == "reset":
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise Ended
            if after and self.mode == "close":
                raise Ended
            if after and self.mode == "freeze":
                self.wait_for_ever()
            if after and self.mode == "garbage-stream":
                self.send_garbage()
            if self.mode == "no-video" or (after and self.mode == "stall"):
                pass
            else:
                stamp = number * CLOCK // RATE
                if after and self.mode == "jump":
                    stamp += 3600 * CLOCK
                self.send_picture(number, stamp)
            if self.mode in ("stall", "no-video"):
                self.send_rtp(1, number * 8000 // RATE, b"\xd5" * (8000 // RATE), 0)
            number += 1
            self.readable(start + number / RATE - time.monotonic())
            self.obey()

    def obey(self):
        """Answers what came while playing."""
        request = self.take_request()
        if request:
            self.answer(request[2], more="Session: 1\r\n")
            if request[0] == "TEARDOWN":
                raise Ended


class FaultServer:
    def __init__(self, mode, seconds=3.0, port=0):
        if mode not in MODES:
            raise ValueError(f"{mode} is none of {', '.join(MODES)}")
        self.mode = mode
        self.seconds = seconds
        self.connections = 0
        self.plays = 0
        self.requests = []
        self.sent = collections.deque(maxlen=10000)  # (CLOCK_MONOTONIC seconds, picture)
        self.stopping = threading.Event()
        self.threads = []
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.url = f"rtsp://127.0.0.1:{self.port}/cam"

    def __enter__(self):
        self.threads.append(threading.Thread(target=self._accept, daemon=True))
        self.threads[0].start()
        return self

    def _accept(self):
        while not self.stopping.is_set():
            if not select.select([self.listener], [], [], 0.1)[0]:
                continue
            connection, _ = self.listener.accept()
            connection.settimeout(30)
            self.connections += 1
            thread = threading.Thread(target=Session(self, connection).run, daemon=True)
            thread.start()
            self.threads = [t for t in self.threads if t.is_alive()] + [thread]

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(5)
        self.listener.close()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", maxsplit=1)[0],
        epilog="modes: " + "; ".join(f"{k}: {v}" for k, v in MODES.items()))
    parser.add_argument("mode", choices=sorted(MODES))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3.0)
    arguments = parser.parse_args()
    with FaultServer(arguments.mode, arguments.seconds, arguments.port) as server:
        print(f"ready {server.url}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    sys.exit(main())
