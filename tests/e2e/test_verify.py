# SPDX-License-Identifier: Apache-2.0
"""tocsin keygen and tocsin verify, against bundles of somebody else's making.

The bundles are signed here with Python's cryptography; no gateway runs.
"""
import base64
import hashlib
import json
import re
import stat
import struct
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from signing_client import digest_of, make_event, prev_of, public_der

URL = "https://police.example:8443/v1/events"
FIRST_PREV = "A" * 43


@pytest.fixture
def tocsin(build):
    def run(*arguments, text=None):
        return subprocess.run([str(build / "daemon/cli/tocsin"), *map(str, arguments)],
                              input=text, text=True, capture_output=True, timeout=30)
    return run


class Signer:
    """A private key, its public half as a file, and its headers over signed lines."""

    def __init__(self, folder, name, key):
        self.key = key
        self.public = folder / f"{name}.pem"
        self.public.write_bytes(key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        self.keyid = hashlib.sha256(public_der(key.public_key())).hexdigest()[:16]
        self.alg = ("ed25519" if isinstance(key, ed25519.Ed25519PrivateKey)
                    else "ecdsa-p256-sha256")

    def headers(self, body, lines, params):
        base = "\n".join([*lines, f'"@signature-params": {params}']).encode()
        if self.alg == "ed25519":
            raw = self.key.sign(base)
        else:
            r, s = decode_dss_signature(self.key.sign(base, ec.ECDSA(hashes.SHA256())))
            raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return (f"Content-Digest: {digest_of(body)}\nSignature-Input: sig1={params}\n"
                f"Signature: sig1=:{base64.b64encode(raw).decode()}:\n")

    def request(self, body, url=URL):
        params = ('("@method" "@target-uri" "content-digest");created=1763885730;'
                  f'expires=1763886030;nonce="AAECAwQFBgcICQoLDA0ODw";keyid="{self.keyid}";'
                  f'alg="{self.alg}";tag="tocsin-v1"')
        lines = ['"@method": POST', f'"@target-uri": {url}',
                 f'"content-digest": {digest_of(body)}']
        return f"POST {url}\n" + self.headers(body, lines, params)

    def receipt(self, body, event_id, status=200, **changes):
        text = json.dumps({"event": event_id, "digest": digest_of(body), "state": "stored",
                           "receiver_seq": 1, "answers": [], **changes})
        params = ('("@status" "content-digest" "content-digest";req);created=1763885731;'
                  f'keyid="{self.keyid}";alg="{self.alg}";tag="tocsin-v1-receipt"')
        lines = [f'"@status": {status}', f'"content-digest": {digest_of(text.encode())}',
                 f'"content-digest";req: {digest_of(body)}']
        return text, self.headers(text.encode(), lines, params)


class Bundle:
    """A bundle in the making; every line may be spoiled before it is written."""

    def __init__(self, folder):
        self.folder = folder
        self.gateway = Signer(folder, "gateway", ec.generate_private_key(ec.SECP256R1()))
        self.police = Signer(folder, "police", ed25519.Ed25519PrivateKey.generate())
        self.lines, self.ids = [], []
        self.prev, self.seq = FIRST_PREV, 0

    def add(self, kind="tocsin.alarm.raised", is_signed=True, data=None, **changes):
        self.seq += 1
        body, event_id = make_event(kind, **{"seq": self.seq, "prev": self.prev, "data": data,
                                             **changes})
        self.prev, self.seq = prev_of(body), changes.get("seq", self.seq)
        delivery = {"receiver": "police", "state": "pending", "attempts": 1, "request": None,
                    "receipt": None, "receipt_headers": None}
        if is_signed:
            receipt, headers = self.police.receipt(body, event_id)
            delivery.update(state="stored", request=self.gateway.request(body), receipt=receipt,
                            receipt_headers=headers)
        self.lines.append({"event": body.decode(), "receipts": [delivery]})
        self.ids.append(event_id)
        return body, event_id

    def delivery(self, line):
        return self.lines[line]["receipts"][0]

    def write(self):
        path = self.folder / "bundle.jsonl"
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n"
                                for line in self.lines))
        return path

    def verify(self, tocsin, *options):
        return tocsin("verify", "--key", self.gateway.public, "--receipt-key", self.police.public,
                      *options, self.write())


@pytest.fixture
def bundle(tmp_path):
    made = Bundle(tmp_path)
    for _ in range(3):
        made.add(data={"alarm": "01890a5d-ac96-774b-bcce-b302099a8057", "place": "门卫室"})
    return made


def problems(done):
    """The lines but the last, as (line, event, text)."""
    found = [re.fullmatch(r".*bundle\.jsonl:(\d+): event (\S+): (.*)", line)
             for line in done.stdout.splitlines()[:-1]]
    assert all(found), done.stdout
    return [(int(m[1]), m[2], m[3]) for m in found]


def test_a_whole_bundle_is_good_and_counted(tocsin, bundle):
    done = bundle.verify(tocsin)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("3 events: 3 signed, 0 proven by the chain; 3 receipts and 0 clips"
                           " verified; 0 problems\n")


def test_keys_may_be_a_folder_and_the_bundle_standard_input(tocsin, bundle):
    text = bundle.write().read_text()
    done = tocsin("verify", "--key", bundle.folder, "-", text=text)
    assert done.returncode == 0
    assert "0 receipts" in done.stdout and "3 receipts not checked" in done.stdout


def test_what_is_not_signed_is_held_by_the_chain_if_a_signed_event_follows(tocsin, tmp_path):
    made = Bundle(tmp_path)
    made.add(is_signed=False)
    made.add(is_signed=False)
    made.add()
    done = made.verify(tocsin)
    assert done.returncode == 0 and "1 signed, 2 proven by the chain" in done.stdout
    made.add(is_signed=False)
    made.add(is_signed=False)
    done = made.verify(tocsin)
    assert done.returncode == 1
    assert problems(done) == [(4, made.ids[3], "it and the 1 after it are not signed, and no signed "
                               "event follows them in the chain: nothing proves them")]


def test_a_forged_bundle_without_any_signature_is_not_good(tocsin, bundle):
    for line in bundle.lines:
        line["receipts"] = []
    done = bundle.verify(tocsin)
    assert done.returncode == 1 and "nothing proves" in done.stdout


def spoil_event(b):
    b.lines[1]["event"] = b.lines[1]["event"].replace("synced", "unknown")


def spoil_request(b):
    b.delivery(1)["request"] = b.delivery(0)["request"]


def spoil_url(b):
    b.delivery(1)["request"] = b.delivery(1)["request"].replace("police.example", "other.example")


def spoil_headers(b):
    b.delivery(1)["request"] = b.delivery(1)["request"].replace("Signature-Input", "X")


def double_header(b):
    b.delivery(1)["request"] += "Signature: sig1=:AAAA:\n"


def sign_by_another(b):
    other = Signer(b.folder, "other", ec.generate_private_key(ec.SECP256R1()))
    b.delivery(1)["request"] = other.request(b.lines[1]["event"].encode())


def receipt_of_another(b):
    b.delivery(1).update(receipt=b.delivery(0)["receipt"],
                         receipt_headers=b.delivery(0)["receipt_headers"])


def receipt_by_the_gateway(b):
    text, headers = b.gateway.receipt(b.lines[1]["event"].encode(), b.ids[1])
    b.delivery(1).update(receipt=text, receipt_headers=headers)


def receipt_that_only_queued(b):
    text, headers = b.police.receipt(b.lines[1]["event"].encode(), b.ids[1], state="queued")
    b.delivery(1).update(receipt=text, receipt_headers=headers)


def receipt_with_redirect(b):
    text, headers = b.police.receipt(b.lines[1]["event"].encode(), b.ids[1], status=302)
    b.delivery(1).update(receipt=text, receipt_headers=headers)


def receipt_taken_away(b):
    b.delivery(1).update(receipt=None, receipt_headers=None)


def receipt_without_headers(b):
    b.delivery(1)["receipt_headers"] = None


@pytest.mark.parametrize("spoil, words", [
    (spoil_event, "request to police: Content-Digest is not the digest of the body"),
    (spoil_request, "request to police: Content-Digest"),
    (spoil_url, "does not verify"),
    (spoil_headers, "request to police: its signature headers cannot be read"),
    (double_header, "request to police: its signature headers cannot be read"),
    (sign_by_another, "which is not among those given"),
    (receipt_of_another, "receipt of police: receipt's signature"),
    (receipt_by_the_gateway, "which is not in receipt_keys"),
    (receipt_that_only_queued, "receipt's state is queued instead of stored"),
    (receipt_with_redirect, "receipt of police: receipt's signature"),
    (receipt_taken_away, "receipt of police: missing"),
    (receipt_without_headers, "carries no receipt signature"),
])
def test_a_spoiled_line_is_named_by_its_event(tocsin, bundle, spoil, words):
    spoil(bundle)
    done = bundle.verify(tocsin)
    assert done.returncode == 1
    assert any(line == 2 and event == bundle.ids[1] and words in text
               for line, event, text in problems(done)), done.stdout


def test_a_receiver_may_answer_201(tocsin, tmp_path):
    made = Bundle(tmp_path)
    body, event_id = made.add()
    text, headers = made.police.receipt(body, event_id, status=201)
    made.delivery(0).update(receipt=text, receipt_headers=headers)
    assert made.verify(tocsin).returncode == 0


def swap(b):
    b.lines[1], b.lines[2] = b.lines[2], b.lines[1]


@pytest.mark.parametrize("spoil, line, words", [
    (lambda b: b.lines.pop(1), 2, "event 2 is missing before it"),
    (lambda b: b.lines.insert(1, b.lines[0]), 2, "seq 1 is there twice"),
    (swap, 3, "out of order, or a fork"),
    (lambda b: b.add(seq=3), 4, "seq 3 has two different events: the chain forks"),
    (lambda b: b.add(prev=FIRST_PREV), 4, "prev is not the digest of event 3"),
    (lambda b: b.add(prev="A"), 4, "prev is not 32 bytes"),
    (lambda b: b.add(seq=0), 4, "seq is not a number from 1 on"),
    (lambda b: b.add(seq="4"), 4, "seq is not a number from 1 on"),
    (lambda b: b.add(source="tocsin:other"), 4, "its source is tocsin:other"),
    (lambda b: b.add(seq=9), 4, "events 4 to 8 are missing before it"),
    (lambda b: b.add(id="../../etc/passwd"), 4, "the line holds no event with a UUID"),
    (lambda b: b.lines.append({"receipts": []}), 4, "the line holds no event"),
    (lambda b: b.lines.append({"event": "not JSON"}), 4, "the line holds no event"),
])
def test_a_chain_that_was_cut_or_mended_is_found(tocsin, bundle, spoil, line, words):
    spoil(bundle)
    done = bundle.verify(tocsin)
    assert done.returncode == 1
    assert any(at == line and words in text for at, _, text in problems(done)), done.stdout


def test_the_first_event_of_a_gateway_has_nothing_before_it(tocsin, tmp_path):
    made = Bundle(tmp_path)
    made.add(prev="B" * 42 + "A")
    done = made.verify(tocsin)
    assert done.returncode == 1 and "not 32 zero bytes" in done.stdout


def test_a_bundle_from_the_middle_is_good(tocsin, bundle):
    del bundle.lines[0]
    assert bundle.verify(tocsin).returncode == 0


def test_a_part_may_have_gaps_and_only_gaps(tocsin, bundle):
    bundle.add()
    removed = bundle.lines.pop(1)
    done = bundle.verify(tocsin, "--part")
    assert done.returncode == 0 and "1 gap between them" in done.stdout
    bundle.lines[0]["receipts"] = []
    done = bundle.verify(tocsin, "--part")
    assert done.returncode == 1 and "nothing proves it" in done.stdout
    bundle.lines.append(removed)
    assert "out of order" in bundle.verify(tocsin, "--part").stdout


def test_garbage_is_an_error_and_no_line_of_the_answer_is_the_bundles(tocsin, bundle):
    path = bundle.write()
    path.write_bytes(b"\xff\x00 garbage\n" + path.read_bytes())
    done = tocsin("verify", "--key", bundle.gateway.public, path)
    assert done.returncode == 1 and "the line is not JSON" in done.stdout
    bundle.delivery(0)["receiver"] = "x\n0 problems\x1b[2J"
    bundle.delivery(0)["request"] = "nothing"
    done = bundle.verify(tocsin)
    assert done.returncode == 1 and "\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) == 2
    path.write_text("")
    done = tocsin("verify", "--key", bundle.gateway.public, path)
    assert done.returncode == 1 and "holds no event" in done.stderr


def box(kind, payload=b""):
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def wide_box(kind, payload=b""):
    return struct.pack(">I4sQ", 1, kind, 16 + len(payload)) + payload


CHUNK = 1000


def add_clip(bundle, groups=4, seconds=2):
    """A file in the form of a clip, its manifest event, and where its groups begin."""
    header = box(b"ftyp", b"isom" * 4) + box(b"moov", bytes(200))
    parts = [(wide_box if n == 2 else box)(b"mdat", bytes([n]) * 700) for n in range(groups)]
    parts = [box(b"moof", bytes(90)) + part for part in parts]
    parts[0] = header + parts[0]
    data = b"".join(parts)
    sha = [hashlib.sha256(part).hexdigest() for part in parts]
    chunks = [data[at:at + CHUNK] for at in range(0, len(data), CHUNK)]
    manifest = {"alarm": "01890a5d-ac96-774b-bcce-b302099a8057",
                "camera": {"id": "gate", "name": "大门"}, "part": 1, "last": False,
                "start_monoms": 50000, "stop_monoms": 50000 + groups * seconds * 1000,
                "length": len(data), "sha256": hashlib.sha256(data).hexdigest(),
                "chunk_bytes": CHUNK, "chunks": [hashlib.sha256(c).hexdigest() for c in chunks],
                "gops": [{"at_ms": n * seconds * 1000, "sha256": sha[n]} for n in range(groups)],
                "gaps": []}
    _, event_id = bundle.add("tocsin.clip.manifest", data=manifest)
    path = bundle.folder / "clips" / f"{event_id}.mp4"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    starts = [sum(map(len, parts[:n])) for n in range(groups + 1)]
    return path, starts


@pytest.fixture
def clip(bundle):
    return add_clip(bundle)


def verify_clip(tocsin, bundle):
    done = bundle.verify(tocsin, "--clips", bundle.folder / "clips")
    texts = [text for _, event, text in problems(done) if event == bundle.ids[3]]
    assert all(text.startswith("clip of camera gate: ") for text in texts)
    assert done.returncode == (1 if texts else 0)
    return [text.removeprefix("clip of camera gate: ") for text in texts]


def flip(path, *places):
    data = bytearray(path.read_bytes())
    for place in places:
        data[place] ^= 1
    path.write_bytes(data)


def test_a_clip_as_recorded_is_good(tocsin, bundle, clip):
    assert verify_clip(tocsin, bundle) == []
    assert "1 clip verified" in bundle.verify(tocsin, "--clips",
                                                 bundle.folder / "clips").stdout


@pytest.mark.parametrize("group, start, stop", [(0, 0, 2), (1, 2, 4), (2, 4, 6), (3, 6, 8)])
def test_a_flipped_bit_is_named_by_its_second(tocsin, bundle, clip, group, start, stop):
    path, starts = clip
    place = starts[group + 1] - 1
    flip(path, place)
    assert verify_clip(tocsin, bundle) == [
        "as a whole it is not what was recorded",
        f"chunk {place // CHUNK + 1} (bytes {place // CHUNK * CHUNK} to "
        f"{min(place // CHUNK * CHUNK + CHUNK, starts[-1]) - 1}) is not what was recorded",
        f"from second {start}.0 to {stop}.0 it is not what was recorded"]


def test_neighbours_are_told_together_and_others_apart(tocsin, bundle, clip):
    path, starts = clip
    flip(path, starts[1] - 1, starts[2] - 1, starts[4] - 1)
    assert [text for text in verify_clip(tocsin, bundle) if "second" in text] == [
        "from second 0.0 to 4.0 it is not what was recorded",
        "from second 6.0 to 8.0 it is not what was recorded"]


def test_a_broken_box_is_named_by_the_second_from_which_on_nothing_is_known(tocsin, bundle, clip):
    path, starts = clip
    data = bytearray(path.read_bytes())
    data[starts[2]:starts[2] + 4] = b"\0\0\0\0"
    path.write_bytes(data)
    assert verify_clip(tocsin, bundle)[-1] == (
        "from second 4.0 on its groups of pictures cannot be told apart")


def test_a_clip_that_was_cut_or_grew_is_found(tocsin, bundle, clip):
    path, starts = clip
    data = path.read_bytes()
    path.write_bytes(data[:starts[3] + 10])
    told = verify_clip(tocsin, bundle)
    assert told[0] == f"has {starts[3] + 10} bytes instead of {len(data)}"
    assert told[-1] == "from second 6.0 on its groups of pictures cannot be told apart"
    path.write_bytes(data + box(b"free", b"x"))
    assert verify_clip(tocsin, bundle)[-1] == "holds 9 bytes behind its last group of pictures"
    path.write_bytes(b"")
    assert verify_clip(tocsin, bundle)[0] == f"has 0 bytes instead of {len(data)}"


def test_a_clip_that_is_not_there_or_no_file_is_found(tocsin, bundle, clip):
    path, _ = clip
    path.unlink()
    assert "No such file" in verify_clip(tocsin, bundle)[0]
    path.mkdir()
    assert "is not a file" in verify_clip(tocsin, bundle)[0]


@pytest.mark.parametrize("manifest", [
    None, {}, {"camera": []},
    {"camera": {"id": "gate"}, "length": -1, "chunk_bytes": 0, "chunks": {}, "gops": 3},
    {"camera": {"id": "gate"}, "chunk_bytes": 9223372036854775807, "chunks": [1, None],
     "gops": [None, 1], "sha256": 7, "length": 9223372036854775807},
])
def test_a_manifest_of_nonsense_is_a_problem_and_no_crash(tocsin, bundle, manifest):
    _, event_id = bundle.add("tocsin.clip.manifest", data=manifest or [])
    path = bundle.folder / "clips" / f"{event_id}.mp4"
    path.parent.mkdir()
    path.write_bytes(box(b"mdat", b"x") * 3)
    done = bundle.verify(tocsin, "--clips", path.parent)
    assert done.returncode == 1 and "clip of camera" in done.stdout


@pytest.mark.parametrize("arguments", [
    [], ["bundle"], ["--key"], ["--unknown"], ["--key", "KEY"], ["--key", "KEY", "a", "b"],
    ["--key", "KEY", "--clips"],
])
def test_verify_usage(tocsin, bundle, arguments):
    done = tocsin("verify", *[bundle.gateway.public if a == "KEY" else a for a in arguments])
    assert done.returncode == 2 and "tocsin verify" in done.stderr and not done.stdout


def test_keys_that_cannot_be_read_are_named(tocsin, bundle, tmp_path):
    path = bundle.write()
    empty = tmp_path / "empty"
    empty.mkdir()
    for key, words in ((tmp_path / "nowhere.pem", "No such file"), (empty, "holds no key"),
                       (path, "holds no public key")):
        done = tocsin("verify", "--key", key, path)
        assert done.returncode == 1 and words in done.stderr and str(key) in done.stderr
    done = tocsin("verify", "--key", bundle.gateway.public, tmp_path / "no-bundle")
    assert done.returncode == 1 and "no-bundle" in done.stderr


@pytest.mark.parametrize("options, kind", [
    ([], ec.EllipticCurvePrivateKey), (["--algorithm", "p256"], ec.EllipticCurvePrivateKey),
    (["--algorithm", "ed25519"], ed25519.Ed25519PrivateKey),
])
def test_keygen_makes_a_key_that_others_can_read_and_only_the_owner_may(tocsin, tmp_path, options,
                                                                        kind):
    path = tmp_path / "signing.key"
    done = tocsin("keygen", *options, path)
    assert (done.returncode, done.stderr) == (0, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, kind)
    first, _, public = done.stdout.partition("\n")
    assert first == f"keyid {hashlib.sha256(public_der(key.public_key())).hexdigest()[:16]}"
    assert public_der(serialization.load_pem_public_key(public.encode())) == public_der(
        key.public_key())
    assert [p.name for p in tmp_path.iterdir()] == ["signing.key"]


def test_keygen_keeps_the_key_there_is(tocsin, tmp_path):
    path = tmp_path / "signing.key"
    path.write_text("precious")
    done = tocsin("keygen", path)
    assert done.returncode == 1 and "--force" in done.stderr and path.read_text() == "precious"
    assert tocsin("keygen", "--force", path).returncode == 0
    assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----")


@pytest.mark.parametrize("arguments", [[], ["--algorithm"], ["--algorithm", "rsa", "x"],
                                       ["--unknown", "x"], ["x", "y"]])
def test_keygen_usage(tocsin, tmp_path, arguments):
    done = tocsin("keygen", *[tmp_path / a if a in "xy" else a for a in arguments])
    assert done.returncode == 2 and "tocsin keygen" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_keygen_says_when_nothing_could_be_written(build, tmp_path):
    done = subprocess.run([build / "daemon/cli/tocsin", "keygen", tmp_path / "no/such/folder/key"],
                          text=True, capture_output=True, timeout=30)
    assert done.returncode == 1 and "no/such/folder" in done.stderr
    with open("/dev/full", "w") as full:
        done = subprocess.run([build / "daemon/cli/tocsin", "keygen", tmp_path / "key"],
                              text=True, stdout=full, stderr=subprocess.PIPE, timeout=30)
    assert done.returncode == 1 and "openssl pkey" in done.stderr
