# SPDX-License-Identifier: Apache-2.0
"""State folders that came to harm, each made from a seed and a number, so that a run can be repeated:
what a gateway left behind that was killed or stopped, and then one or two harms to files of it or to
the folder: bits, cuts, rubbish, other owners and modes, links, pipes, folders, mounts without room."""
import hashlib
import itertools
import os
import pathlib
import shutil
import sqlite3
import subprocess

STORE = ("outbox.db", "outbox.db-wal", "outbox.head")
JOURNAL = ("journal.0", "journal.1")
FILES = (*STORE, *STORE, *JOURNAL, "tocsin.yaml.last", "tocsin.yaml", "gateway-signing.key")
NOBODY = 65534
BLOCK = 512


def run(*words, check=True):
    subprocess.run([str(w) for w in words], check=check, capture_output=True)


# --- Harms to a file: each is done to a path by a random generator, and says what it was.

def flip_bit(path, random):
    return flip(path, random, 1)


def flip_bits(path, random):
    return flip(path, random, random.randint(2, 200))


def flip(path, random, count):
    data = bytearray(path.read_bytes())
    blocks = in_use(data)
    if not blocks:
        return "nothing to flip"
    places = [min(random.choice(blocks) + random.randrange(BLOCK), len(data) - 1) for _ in range(count)]
    for at in places:
        data[at] ^= 1 << random.randrange(8)
    overwrite(path, data)
    return f"{count} bits flipped, first at {places[0]} of {len(data)}"


def in_use(data):
    """Where its blocks are that are not just room: what is done to that is as good as nothing."""
    return [at for at in range(0, len(data), BLOCK) if data[at:at + BLOCK].strip(b"\0")]


def overwrite(path, data):
    """In place: who it belongs to and what it may be used for stay."""
    with open(path, "r+b") as file:
        file.write(data)
        file.truncate()


def cut(path, random):
    size, blocks = path.stat().st_size, in_use(path.read_bytes())
    to = min(random.choice(blocks) + random.randrange(BLOCK), size - 1) if blocks else size // 2
    os.truncate(path, to)
    return f"cut from {size} to {to} bytes"


def empty(path, _):
    os.truncate(path, 0)
    return "emptied"


def zero_part(path, random):
    data = bytearray(path.read_bytes())
    at = random.choice(in_use(data) or [0])
    length = random.choice((512, 4096, 65536))
    data[at:at + length] = bytes(len(data[at:at + length]))
    overwrite(path, data)
    return f"zeros from {at} on, {length} bytes, of {len(data)}"


def junk(path, random):
    data = random.randbytes(random.choice((1, 20, 5000)))
    overwrite(path, data)
    return f"{len(data)} bytes of rubbish"


def append(path, random):
    data = random.randbytes(random.choice((1, 300, 5000)))
    with open(path, "ab") as file:
        file.write(data)
    return f"{len(data)} bytes of rubbish behind it"


def remove(path, _):
    path.unlink()
    return "gone"


def link(path, _):
    """To where it is now, with its log if it has one: nothing is lost by that."""
    moved = path.with_name("moved-" + path.name)
    for end in ("", "-wal"):
        if pathlib.Path(f"{path}{end}").exists():
            pathlib.Path(f"{path}{end}").rename(f"{moved}{end}")
    path.symlink_to(moved)
    return "a link to it"


def dangle(path, _):
    path.unlink()
    path.symlink_to("/nonexistent/file")
    return "a dangling link"


def folder(path, random):
    path.unlink()
    path.mkdir()
    if random.random() < 0.5:
        (path / "something").write_text("of somebody's")
    return "a folder"


def pipe(path, _):
    path.unlink()
    os.mkfifo(path, 0o600)
    return "a pipe"


def foreign(path, _):
    os.chown(path, NOBODY, NOBODY)
    return "of another owner"


def mode(bits):
    def change(path, _):
        path.chmod(bits)
        return f"mode {bits:04o}"
    change.__name__ = f"mode_{bits:04o}"
    return change


ROTTEN = (flip_bit, flip_bits, cut, empty, zero_part, junk, append)
REPLACED = (remove, link, dangle, folder, pipe)
CLOSED = (foreign, mode(0o400), mode(0), mode(0o666))
# Another configuration or key than the one that was meant is no damage: what is left of these is none.
NOT_OF_THE_CONFIG = (flip_bit, flip_bits, cut, zero_part, append)


# --- Harms to the folder; each gives what undoes it.

class Folder:
    """The state folder as a whole; `env` is what the gateway is started with."""
    env = {}

    def __init__(self, world):
        self.world, self.state = world, world.stand.folder / "state"

    def harm(self):
        raise NotImplementedError

    def mend(self):
        pass

    def clear(self):
        run("umount", "-l", self.state, check=False)


class ReadOnly(Folder):
    def harm(self):
        run("mount", "--bind", self.state, self.state)
        run("mount", "-o", "remount,ro,bind", self.state)
        return "the folder is read-only"

    def mend(self):
        run("mount", "-o", "remount,rw,bind", self.state)


class Tmpfs(Folder):
    """A small disk with the same files; it passes for one that lasts (lasting_disk.c)."""
    options = "size=64m"
    mended = "size=64m,nr_inodes=0"

    def harm(self):
        self.env = self.world.stand.preloaded("lasting_disk")
        kept = self.state.with_name("kept")
        run("cp", "-a", self.state, kept)  # pipes and all
        run("mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", self.state)
        run("cp", "-a", f"{kept}/.", self.state)
        shutil.rmtree(kept)
        return self.fill()

    def mend(self):
        (self.state / "filler").unlink(missing_ok=True)
        run("mount", "-o", f"remount,{self.mended}", self.state)


class Full(Tmpfs):
    def fill(self):
        run("sh", "-c", f"cat /dev/zero >{self.state}/filler", check=False)
        return "the disk is full"


class NoInodes(Tmpfs):
    def fill(self):
        used = os.statvfs(self.state)
        run("mount", "-o", f"remount,nr_inodes={used.f_files - used.f_ffree}", self.state)
        return "no inodes are left"


class OfAnother(Folder):
    def harm(self):
        for path in (self.state, *self.state.iterdir()):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        return "the folder and all in it are of another owner"

    def mend(self):
        for path in (self.state, *self.state.iterdir()):
            os.chown(path, 0, 0, follow_symlinks=False)


class Closed(Folder):
    def harm(self):
        self.state.chmod(0o500)
        return "mode 0500 of the folder"

    def mend(self):
        self.state.chmod(0o700)


class Gone(Folder):
    def harm(self):
        shutil.rmtree(self.state)
        return "the folder is gone"


class FileInPlace(Folder):
    def harm(self):
        self.state.rename(self.state.with_name("state.away"))
        self.state.write_text("in the way")
        return "a file is in the folder's place"

    def mend(self):
        self.state.unlink()
        self.state.with_name("state.away").rename(self.state)


FOLDERS = (ReadOnly, Full, NoInodes, OfAnother, Closed, Gone, FileInPlace)


class Harm:
    """What was done to one thing, and how a person puts right what a person can."""

    def __init__(self, world, random, target):
        self.world, self.target, self.whole = world, target, None
        if target == "folder":
            self.whole = random.choice(FOLDERS)(world)
            self.text = self.whole.harm()
            self.hows = type(self.whole).__name__
            return
        path = world.path(target)
        hows = [*ROTTEN, *REPLACED, *CLOSED]
        if target in ("tocsin.yaml", "gateway-signing.key"):
            hows = [how for how in hows if how not in NOT_OF_THE_CONFIG]
        how = random.choice(hows)
        self.hows = how.__name__
        self.closed = how in CLOSED
        self.text = f"{target}: {how(path, random)}" if path.exists() else f"{target}: there is none"

    @property
    def env(self):
        return self.whole.env if self.whole else {}

    def mend(self):
        if self.whole:
            self.whole.mend()
        elif self.target in ("tocsin.yaml", "gateway-signing.key"):
            self.world.put_back(self.target)
        else:
            self.mend_file(self.world.path(self.target))

    def mend_file(self, path):
        """Of the store alone what stands in its place has to go; of all else the gateway sees to that."""
        if self.closed and path.is_file():
            os.chown(path, 0, 0)
            path.chmod(0o600)
        elif self.target in ("outbox.db", "outbox.db-wal") and path.is_dir():
            shutil.rmtree(path)
        elif self.target == "outbox.db-wal" and path.is_symlink() and path.exists():
            path.resolve().rename(path)  # SQLite takes no link for a log
        elif self.target in ("outbox.db", "outbox.db-wal") and path.is_symlink() and not path.exists():
            path.unlink()

    def clear(self):
        if self.whole:
            self.whole.clear()


def choose(random):
    """The things that come to harm, one or two; never both configurations, of which one is needed."""
    first = random.choice((*FILES, "folder", "folder"))
    if random.random() < 0.7:
        return [first]
    needed = {"tocsin.yaml", "tocsin.yaml.last", "folder"}
    others = [t for t in FILES if t != first and not {t, first} <= needed]
    return [random.choice(others), first]  # the folder last: its files are still within reach


# --- What can still be read, by somebody else's eyes.

def readable(state, numbers, scratch):
    """Of the events with these numbers, those that SQLite reads out of a copy and whose bytes are of
    their digest: {seq: id}."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    path = (pathlib.Path(state) / "outbox.db").resolve()
    for name in (path, path.with_name(path.name + "-wal")):
        if name.is_file():
            shutil.copyfile(name, scratch / name.name)
    if not (scratch / "outbox.db").exists() or not (scratch / "outbox.db").stat().st_size:
        return {}
    found = {}
    db = sqlite3.connect(scratch / "outbox.db")
    db.text_factory = lambda raw: raw.decode(errors="replace")
    for seq, table in itertools.product(numbers, ("event", "fresh")):
        try:
            row = db.execute(f"SELECT id, bytes, digest FROM {table} WHERE seq=?", (seq,)).fetchone()
        except sqlite3.Error:
            continue
        if row and isinstance(row[1], bytes) and hashlib.sha256(row[1]).digest() == row[2]:
            found[seq] = row[0]
    db.close()
    return found
