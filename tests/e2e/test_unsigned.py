# SPDX-License-Identifier: Apache-2.0
"""The gateway with a receiver that cannot sign: what it took is unconfirmed, and nothing says more."""
import contextlib
import http.server
import json
import ssl
import threading

from stand import wait_until
from test_main_job import lamp


class Taker(http.server.BaseHTTPRequestHandler):
    """Takes whatever comes, keeps it, and answers 200 without a word."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def taker(stand, name):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(stand.pki / f"{name}.pem", stand.pki / f"{name}.key")
    tls.load_verify_locations(stand.pki / "ca.pem")
    tls.verify_mode = ssl.CERT_REQUIRED
    server = http.server.ThreadingHTTPServer(("127.0.0.1", stand.receivers[name].port), Taker)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.taken, server.daemon_threads = [], True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.taken
    finally:
        server.shutdown()
        server.server_close()


def test_a_receiver_that_cannot_sign_has_the_alarm_and_nobody_says_that_it_was_reached(stand):
    stand.write_config(cameras=False, replace=[
        ("receipt_keys: [pki/police-receipt.pub.pem]", "receipts: unsigned")])
    stand.receivers["education"].start()
    with taker(stand, "police") as taken:
        stand.start_core()
        alarm = stand.press()["alarm"]
        wait_until("police have it", lambda: [e for e in taken if e["type"] == "tocsin.alarm.raised"], 20)
        wait_until("the lamp says so", lambda: lamp(stand) == "unconfirmed", 20)
        wait_until("education have it", lambda: stand.receivers["education"].state()["alarms"], 20)
        assert lamp(stand) == "unconfirmed"  # a bureau's receipt makes no help of it
        [raised] = [e for e in taken if e["type"] == "tocsin.alarm.raised"]
        assert alarm in json.dumps(raised)
        wait_until("nothing waits", lambda: all(r["backlog"] == 0 for r in stand.status()["receivers"]), 20)
