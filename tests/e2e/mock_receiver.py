# SPDX-License-Identifier: Apache-2.0
"""Receivers that do what a test says, keys for them, a tiny name server, and an uplink by hand.

Written from the wire description alone, with other people's cryptography, so that it is also a
second opinion on the signatures of the gateway.
"""
import base64
import datetime
import hashlib
import ipaddress
import json
import queue
import re
import socket
import ssl
import subprocess
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.utcnow()
DAY = datetime.timedelta(days=1)


def digest_header(data):
    return "sha-256=:" + base64.b64encode(hashlib.sha256(data).digest()).decode() + ":"


def keyid(public_key):
    der = public_key.public_bytes(serialization.Encoding.DER,
                                  serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:16]


def sign_raw(key, text):
    r, s = utils.decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()


def verify_raw(public_key, text, signature):
    raw = base64.b64decode(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"),
                                     int.from_bytes(raw[32:], "big"))
    public_key.verify(der, text.encode(), ec.ECDSA(hashes.SHA256()))


class Pki:
    """Every key and certificate that the tests need, as files."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = self._authority("ca")
        self.other_ca = self._authority("other-ca")
        self.issue("receiver", self.ca)
        self.issue("gateway", self.ca)
        self.issue("elsewhere", self.ca, names=("elsewhere.test",))
        self.issue("expired", self.ca, begin=NOW - 20 * DAY, end=NOW - 10 * DAY)
        self.issue("stranger", self.other_ca)
        self.receipt_key = self._key("receipt")
        self.wrong_receipt_key = self._key("wrong-receipt")
        self.gateway_key = self._key("signing")
        (folder / "encrypted.key").write_bytes(self.gateway_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret")))
        (folder / "encrypted.key").chmod(0o600)

    def path(self, name):
        return str(self.folder / name)

    def _key(self, name):
        key = ec.generate_private_key(ec.SECP256R1())
        private = self.folder / f"{name}.key"
        private.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        private.chmod(0o600)
        (self.folder / f"{name}.pub.pem").write_bytes(key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        return key

    def _certificate(self, name, issuer_name, issuer_key, key, begin, end, extensions):
        builder = x509.CertificateBuilder().subject_name(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])).issuer_name(
            issuer_name).public_key(key.public_key()).serial_number(
            x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        certificate = builder.sign(issuer_key, hashes.SHA256())
        (self.folder / f"{name}.pem").write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM))
        return certificate

    def _authority(self, name):
        key = self._key(name)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._certificate(name, subject, key, key, NOW - 30 * DAY, NOW + 365 * DAY, [
            (x509.BasicConstraints(ca=True, path_length=None), True)])
        return key, certificate

    def issue(self, name, authority, names=("receiver.test",), begin=NOW - 2 * DAY,
              end=NOW + 90 * DAY):
        issuer_key, issuer = authority
        alternatives = [x509.DNSName(n) for n in names]
        if names == ("receiver.test",):
            alternatives.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        self._certificate(name, issuer.subject, issuer_key, self._key(name), begin, end,
                          [(x509.SubjectAlternativeName(alternatives), False)])


class Request:
    """One HTTP request as it came."""

    def __init__(self, method, target, headers, body, connection):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.connection = connection

    @property
    def event(self):
        return self.headers.get("idempotency-key", "").strip('"')

    def verify(self, public_key, origin):
        """Raises unless the gateway signed exactly this request."""
        assert self.headers["content-digest"] == digest_header(self.body)
        parameters = self.headers["signature-input"]
        shape = (r'sig1=(\("@method" "@target-uri" "content-digest"\);created=\d+;expires=\d+;'
                 r'nonce="[A-Za-z0-9_-]{22}";keyid="([0-9a-f]{16})";alg="ecdsa-p256-sha256";'
                 r'tag="tocsin-v1")')
        match = re.fullmatch(shape, parameters)
        assert match and match[2] == keyid(public_key), parameters
        base = "\n".join([f'"@method": {self.method}', f'"@target-uri": {origin}{self.target}',
                          f'"content-digest": {self.headers["content-digest"]}',
                          f'"@signature-params": {match[1]}'])
        signature = re.fullmatch(r"sig1=:(.+):", self.headers["signature"])[1]
        verify_raw(public_key, base, signature)


def answer(status, body=b"", headers=()):
    lines = [f"HTTP/1.1 {status} X"] + [f"{k}: {v}" for k, v in headers]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def receipt(key, request, subject=None, clip=None, status=200, answers=(), **wrong):
    """A receipt for `request`; `wrong` spoils parts of it."""
    fields = {"digest": subject or request.headers["content-digest"],
              "received_at": "2026-11-23T08:00:00.000Z", "receiver_seq": 1, "state": "stored",
              "answers": list(answers)}
    fields["clip" if clip else "event"] = clip or request.event
    fields.update({k: v for k, v in wrong.items() if k in fields})
    body = json.dumps(fields).encode()
    parameters = ('("@status" "content-digest" "content-digest";req);created=1700000000;'
                  f'keyid="{keyid(key.public_key())}";alg="ecdsa-p256-sha256";'
                  'tag="tocsin-v1-receipt"')
    base = "\n".join([f'"@status": {wrong.get("signed_status", status)}',
                      f'"content-digest": {digest_header(body)}',
                      '"content-digest";req: ' +
                      wrong.get("request_digest", request.headers["content-digest"]),
                      f'"@signature-params": {parameters}'])
    if "spoil" in wrong:
        body = wrong["spoil"](body)
    return answer(status, body, [
        ("Content-Type", "application/json"),
        ("Content-Digest", wrong.get("content_digest", digest_header(body))),
        ("Signature-Input", "sig1=" + parameters),
        ("Signature", f"sig1=:{sign_raw(key, base)}:")])


class Mock:
    """A TLS server; `behave(request, connection)` gives the bytes to send, or None to hang up."""

    def __init__(self, pki, behave=None, certificate="receiver", client_ca="ca",
                 address="127.0.0.1", port=0):
        self.pki = pki
        self.behave = behave or self.store
        self.dial = lambda request, connection: answer(204)
        self.requests = []
        self.tls_failures = 0
        self.connections = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pki.path(f"{certificate}.pem"), pki.path(f"{certificate}.key"))
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_verify_locations(pki.path(f"{client_ca}.pem"))
        self.listener = socket.create_server((address, port), backlog=32)
        self.port = self.listener.getsockname()[1]
        self.open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def store(self, request, connection):
        return receipt(self.pki.receipt_key, request)

    @property
    def origin(self):
        return f"https://127.0.0.1:{self.port}"

    def posts(self):
        return [r for r in self.requests if r.method != "OPTIONS"]

    def hang_up(self):
        """Closes every connection, keeps listening."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        self.open = False
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # ends the accept that waits
        except OSError:
            pass
        self.listener.close()
        self.hang_up()

    def _accept(self):
        while self.open:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw):
        raw.settimeout(30)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self.context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        try:
            connection.do_handshake()
        except (OSError, ssl.SSLError):
            self.tls_failures += 1
            self._let_go(connection)
            return
        self.connections.append(connection)
        if not self.open:
            connection.close()
            return
        number = len(self.connections)
        try:
            stream = connection.makefile("rb")
            while True:
                request = self._read(stream, number)
                if request is None:
                    break
                self.requests.append(request)
                act = self.dial if request.method == "OPTIONS" else self.behave
                data = act(request, connection)
                if data is None:
                    break
                connection.sendall(data)
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            connection.close()

    @staticmethod
    def _let_go(connection):
        """Closes so that the alert arrives: unread bytes would turn the close into a reset."""
        try:
            socket.socket.shutdown(connection, socket.SHUT_WR)
            while socket.socket.recv(connection, 4096):
                pass
        except OSError:
            pass
        connection.close()

    @staticmethod
    def _read(stream, number):
        line = stream.readline()
        if not line:
            return None
        method, target, _ = line.decode().split()
        headers = {}
        while (line := stream.readline().decode().strip()):
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        return Request(method, target, headers, body, number)


class NameServer:
    """Answers A and AAAA queries as `answers` says: {"A": [...], "AAAA": [...]}; see `mode`."""

    def __init__(self, mode="answer", **answers):
        self.mode, self.answers = mode, answers
        self.queries = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        self.socket.close()

    def _serve(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(2048)
            except OSError:
                return
            reply = self._reply(query)
            if reply is not None:
                self.socket.sendto(reply, peer)

    def _reply(self, query):
        end = query.index(b"\0", 12) + 5
        question, kind = query[12:end], int.from_bytes(query[end - 4:end - 2], "big")
        name = {1: "A", 28: "AAAA"}.get(kind, str(kind))
        self.queries.append(name)
        if self.mode == "dead" or (self.mode == "only-a" and name != "A"):
            return None
        if self.mode == "garbage":
            return query[:2] + b"\xff" * 40
        if self.mode == "nxdomain":
            return query[:2] + b"\x81\x83" + b"\0\1\0\0\0\0\0\0" + question
        records, owner = [], b"\xc0\x0c"
        if self.mode == "cname":
            target = b"\5other\4test\0"
            records.append(owner + b"\0\5\0\1\0\0\0\x3c" + len(target).to_bytes(2, "big") + target)
            owner = target
        for address in self.answers.get(name, []):
            raw = ipaddress.ip_address(address).packed
            records.append(owner + kind.to_bytes(2, "big") + b"\0\1\0\0\0\x3c" +
                           len(raw).to_bytes(2, "big") + raw)
        return (query[:2] + b"\x81\x80\0\1" + len(records).to_bytes(2, "big") + b"\0\0\0\0" +
                question + b"".join(records))


class Uplink:
    """tests/contract/uplink_driver with its commands and outcomes."""

    def __init__(self, build, pki, state, driver="https", env=None, **options):
        self.state = state
        arguments = [str(build / "tests/contract/uplink_driver"), driver, pki.path("signing.key"),
                     str(state)]
        arguments += [f"{key}={value}" for key, value in options.items()]
        self.child = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, env=env)
        self.lines = queue.Queue()
        self.tags = 0
        self.kept = {}
        self.log = ""
        self.readers = [threading.Thread(target=self._read, daemon=True),
                        threading.Thread(target=self._read_log, daemon=True)]
        for reader in self.readers:
            reader.start()
        self.first = self._next()

    def _read(self):
        for line in self.child.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def _read_log(self):
        for line in self.child.stderr:
            self.log += line

    def _next(self, seconds=30):
        return self.lines.get(timeout=seconds)

    def command(self, **fields):
        self.child.stdin.write(json.dumps(fields) + "\n")
        self.child.stdin.flush()

    def send(self, lane="press", body='{"specversion":"1.0"}', **fields):
        self.tags += 1
        self.command(do="send", tag=str(self.tags), lane=lane, body=body, **fields)
        return str(self.tags)

    def upload(self, path, manifest="0190a1b2-0000-7000-8000-000000000001", sha256=None):
        data = path.read_bytes()
        self.tags += 1
        self.command(do="upload", tag=str(self.tags), manifest=manifest, path=str(path),
                     length=len(data), sha256=sha256 or hashlib.sha256(data).hexdigest())
        return str(self.tags)

    def outcome(self, tag):
        while tag not in self.kept:
            line = self._next()
            assert line is not None, f"the driver ended:\n{self.log}"
            assert "tag" in line, line
            self.kept[line["tag"]] = line
        return self.kept.pop(tag)

    def result_of_send(self, *arguments, **options):
        return self.outcome(self.send(*arguments, **options))

    def finish(self):
        """Closes the uplink; returns the outcomes that came meanwhile and the exit status."""
        self.child.stdin.close()
        outcomes = []
        while (line := self._next()) is not None:
            outcomes.append(line)
        status = self.child.wait(30)
        for reader in self.readers:
            reader.join(10)
        return outcomes, status
