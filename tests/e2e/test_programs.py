# SPDX-License-Identifier: Apache-2.0
"""Every program's command line and standard output, by one table: the same words, the same statuses."""
import dataclasses
import json
import os
import pathlib
import re
import socket
import subprocess
import threading

import pytest
from stand import wait_until

TOP = pathlib.Path(__file__).parents[2]
LOST = "what was to be printed could not be written"
GONE = "tocsind is not running"
NONE = "{}/none: No such file"  # {} is a folder with nothing in it


@dataclasses.dataclass
class Program:
    name: str  # as its messages begin
    binary: str
    page: str  # its man page, if it is installed
    operands: list  # as many as it takes; None: any number
    option: tuple = ()  # one that has a value, and a value
    with_option: list = dataclasses.field(default_factory=list)  # what else the line needs
    status: int = 1  # of that line
    words: str = GONE  # and what it says

    @property
    def command(self):
        return self.name.split()[1:]


def cli(command, *arguments, **options):
    return Program(f"tocsin {command}", "daemon/cli/tocsin",
                   f"daemon/cli/man/tocsin-{command.split()[0]}.1", *arguments, **options)


PROGRAMS = [
    Program("tocsind", "daemon/gateway/tocsind", "daemon/gateway/tocsind.8", [], ("--config", "{}/none"),
            status=78, words=NONE),
    Program("tocsin-video", "daemon/video/tocsin-video", "daemon/video/tocsin-video.8", [],
            ("--config", "{}/none"), status=78, words=NONE),
    Program("tocsin-receiver", "receiver/tocsin-receiver", "receiver/tocsin-receiver.1", [],
            ("--listen", "8443"), status=2, words="8443 is not IPv4-ADDRESS:PORT"),
    Program("tocsin-demo-cameras", "tests/cameras/tocsin-demo-cameras", "", [],
            ("--password-file", "{}/none"), ["--user=x"], words=NONE),
    Program("tocsin-card", "daemon/card/tocsin-card", "", ["{}/card.svg"]),
    Program("tocsin", "daemon/cli/tocsin", "daemon/cli/man/tocsin.1", None, ("--socket", "{}/none"),
            ["status"], words=NONE),
    cli("status", []),
    cli("watch", []),
    cli("press", ["gate-button"], ("--hold", "5"), ["gate-button"]),
    cli("release", ["gate-button"]),
    cli("card", ["reader", "123"]),
    cli("drill", None, ("--for", "5min"), ["begin", "gate-button"]),
    cli("test", None, ("--for", "5min"), ["gate-button"]),
    cli("cancel", ["019a0000-0000-7000-8000-000000000000"], ("--note", "a ball")),
    cli("reset", ["019a0000-0000-7000-8000-000000000000"], ("--by", "Wang")),
    cli("store status", []),
    cli("store accept", [], ("--by", "Wang")),
    cli("reload", []),
    cli("limits", []),
    cli("events", None),
    cli("events list", [], ("--since", "2h")),
    cli("events show", ["12"]),
    cli("events export", [], ("--after", "12")),
    cli("check", ["{}/none"], ("--user", "nobody-at-all"), words="there is no user nobody-at-all"),
    cli("keygen", ["{}/none/key"], ("--algorithm", "p256"), ["{}/none/key"], words="{}/none/key"),
    cli("verify", ["-"], ("--key", "{}/none"), ["-"], words=NONE),
]


def of(programs):
    return pytest.mark.parametrize("program", programs, ids=[p.name.replace(" ", "-") for p in programs])


@pytest.fixture
def run(build, tmp_path):
    """Runs a program of the table with these words."""
    def go(program, *words, **options):
        words = [str(word).replace("{}", str(tmp_path)) for word in words]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.run(
            [build / program.binary, *program.command, *words], text=True, timeout=60, check=False,
            stdin=subprocess.DEVNULL, env={**os.environ, "TOCSIN_SOCKET": str(tmp_path / "gone")},
            **options)
    return go


def refused(done, program, word, what):
    """Status 2, and one line that names the program, the word, what is wrong and where help is."""
    said = f"{program.name}: {word}: {what}; see {program.name} --help\n"
    return (done.returncode, done.stdout, done.stderr) == (2, "", said)


@of(PROGRAMS)
@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_is_help(run, program, word):
    done = run(program, word)
    assert (done.returncode, done.stderr) == (0, "")
    # The help of events is one for its three.
    assert re.match(rf"usage: {' '.join(program.name.split()[:2])}\s", done.stdout)


@of(PROGRAMS)
@pytest.mark.parametrize("word", ["--version", "-V"])
def test_version_is_the_version(run, program, word):
    done = run(program, word)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(program.name.split()[0] + r" \d+\.\d+\.\d+\n", done.stdout)


@of(PROGRAMS)
@pytest.mark.parametrize("word", ["--nonsense", "--nonsense=3", "-Z"])
def test_an_unknown_option_is_named(run, program, word):
    """With what there is instead: the lines of usage, as --help has them."""
    done = run(program, word)
    usage = run(program, "--help").stdout.split("\n\n")[0] + "\n"
    assert done.stderr.endswith(usage), done
    done.stderr = done.stderr.removesuffix(usage)
    assert refused(done, program, word, "no such option"), done


@pytest.mark.parametrize("words", [["frobnicate"], ["help", "frobnicate"], []], ids=["word", "help", "none"])
def test_the_commands_that_there_are_are_named(build, words):
    tocsin = build / "daemon/cli/tocsin"
    done = subprocess.run([tocsin, *words], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    first, usage = done.stderr.split("\n", 1)
    assert first == f"tocsin: {'frobnicate: no such command' if words else 'no COMMAND'}; see tocsin --help"
    assert usage.startswith("usage: tocsin ") and "\n  check " in usage and "\n  status " in usage


def test_help_of_a_command_is_its_own(build):
    tocsin = build / "daemon/cli/tocsin"
    helps = [subprocess.run([tocsin, *words], capture_output=True, text=True, timeout=60, check=True).stdout
             for words in (["help", "check"], ["check", "--help"])]
    assert helps[0] == helps[1] and helps[0].startswith("usage: tocsin check")


def test_the_usage_of_the_receiver_names_every_option(build):
    done = subprocess.run([build / "receiver/tocsin-receiver", "--help"], capture_output=True, text=True,
                          timeout=60, check=True)
    usage, _, options = done.stdout.partition("\n\n")
    for option in re.findall(r"--[a-z-]+", options):
        assert option in usage or option in ("--version", "--help"), option


@of(PROGRAMS)
def test_a_flag_takes_no_value(run, program):
    done = run(program, "--help=3")
    assert refused(done, program, "--help=3", "this option takes no value"), done


@of([p for p in PROGRAMS if p.option])
def test_a_missing_value_is_said(run, program):
    done = run(program, program.option[0])
    assert refused(done, program, program.option[0], "a value is missing"), done


@of([p for p in PROGRAMS if p.option])
@pytest.mark.parametrize("spelling", ["joined", "apart"])
def test_a_value_stands_behind_its_option_or_behind_an_equals_sign(run, program, spelling, tmp_path):
    option = ["=".join(program.option)] if spelling == "joined" else program.option
    done = run(program, *option, *program.with_option)
    assert done.returncode == program.status, done
    assert program.words.replace("{}", str(tmp_path)) in done.stderr


@of([p for p in PROGRAMS if p.operands is not None])
def test_a_word_too_many_is_refused(run, program):
    done = run(program, *program.operands, "more")
    assert refused(done, program, "more", "one word too many"), done


@pytest.mark.parametrize("line, words", [
    ("cancel", "no --note"),
    ("cancel --note=", "no --note"),
    ("reset --unknown", "no --by"),
    ("store accept", "no --by"),
    ("store", "neither status nor accept"),
    ("press b --hold 60001", "from 0 to 60000"),
    ("events list --since 2126-11-26", "still to come"),
])
def test_what_cannot_be_meant_is_a_mistake_of_usage(run, line, words):
    done = run(next(p for p in PROGRAMS if p.name == "tocsin"), *line.split())
    assert (done.returncode, done.stdout) == (2, ""), done
    assert words in done.stderr


@of(PROGRAMS)
def test_help_that_cannot_be_written_is_an_error(run, program):
    with open("/dev/full", "w") as full:
        done = run(program, "--help", stdout=full)
    name = program.name.split()[0]
    assert (done.returncode, done.stderr) == (1, f"{name}: {LOST}: No space left on device\n")
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as gone:
        done = run(program, "--help", stdout=gone)
    assert (done.returncode, done.stderr) == (1, f"{name}: {LOST}: Broken pipe\n")


@of([p for p in PROGRAMS if p.page])
def test_its_manual_page_knows_every_option(run, program):
    page = (TOP / program.page).read_text().replace("\\-", "-")
    options = set(re.findall(r"--[a-z][a-z-]+", run(program, "--help").stdout))
    if program.name.startswith("tocsin "):
        options -= {"--help"}  # the page tocsin(1) has it, for all of them
    assert options == {option for option in options if option in page}


def test_every_command_is_in_the_help(run):
    tocsin = next(p for p in PROGRAMS if p.name == "tocsin")
    listed = re.findall(r"^  (\w+) ", run(tocsin, "--help").stdout, flags=re.M)
    assert sorted(listed) == sorted({p.command[0] for p in PROGRAMS if p.command} | {"version"})


@pytest.fixture
def gateway(stand):
    """A gateway with one event, and nobody who takes it."""
    stand.write_config(cameras=False, buttons=12)
    stand.start_core()
    stand.press()
    return stand


def test_what_no_receiver_has_is_not_said_to_be_told(gateway):
    assert "will be told" in gateway.cli("cancel", "--note", "a ball").stdout
    assert "telephone 110" in gateway.cli("reset").stdout
    done = gateway.cli("events", "export", "--alarm", "019a0000-0000-7000-8000-000000000000")
    assert (done.returncode, done.stdout) == (1, "") and "no such event" in done.stderr


def test_every_command_says_that_there_are_too_many_clients(gateway):
    clients = [socket.socket(socket.AF_UNIX) for _ in range(32)]
    for client in clients:
        client.connect(str(gateway.control))
    for command in ("status", "watch", "events list", "events export", "press b1", "reload", "test"):
        done = gateway.cli(*command.split())
        assert done.returncode == 1 and done.stderr.startswith("tocsin: too many clients"), done
    for client in clients:
        client.close()


def test_status_as_json_is_what_the_gateway_answers(gateway):
    # A button that an earlier test has pressed may be let go between two answers.
    wait_until("no button is down", lambda: not any(
        i["pressed"] for i in gateway.status()["inputs"]), 20)
    done = gateway.cli("status", "--json", check=True)
    shown, told = json.loads(done.stdout), gateway.status()
    assert shown.keys() == told.keys()
    for alarm in (*shown["alarms"], *told["alarms"]):
        assert alarm.pop("age_ms") >= 0  # the only thing that grows
    for name in ("inputs", "outputs", "lamps", "alarms"):
        assert shown[name] == told[name], name


@pytest.mark.parametrize("member", ["class", "nature"])
def test_status_of_a_gateway_that_is_older_than_the_command_shows_a_drill_as_one(gateway, tmp_path, member):
    """A package is new before its daemon is started anew: 0.1 said `nature` alone."""
    answer = {"ok": True, **gateway.status(), "alarms": [
        {"alarm": "019a0000-0000-7000-8000-000000000000", member: "drill", "kind": "panic",
         "place": "门卫室", "name": "按钮", "presses": 1, "receivers": []}]}
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(tmp_path / "old.sock"))
        old.listen()

        def answer_once():
            with old.accept()[0] as client:
                client.recv(65536)
                client.sendall(json.dumps(answer).encode() + b"\n")

        server = threading.Thread(target=answer_once)
        server.start()
        done = gateway.cli("--socket", tmp_path / "old.sock", "status", check=True)
        server.join()
    assert re.search(r"^drill +门卫室", done.stdout, re.M) and "ALARM" not in done.stdout


@pytest.mark.parametrize("command", [
    "status", "status --json", "events list", "events list --json", "events show 1",
    "events export", "press b{n}", "press b{n} --json", "reset", "reload",
    "check {config}", "check --json {config}", "watch --json", "keygen {folder}/key"])
def test_an_answer_that_cannot_be_written_is_an_error(gateway, command):
    def words(n):  # a button that is still down cannot be pressed
        return command.format(config=gateway.config, folder=gateway.folder, n=n).split()

    if words(0)[0] != "watch":
        assert gateway.cli(*words(1)).returncode == 0
    reader, writer = os.pipe()
    os.close(reader)
    with open("/dev/full", "w") as full, open(writer, "w") as gone:
        for n, output in enumerate((full, gone), 2):
            # A key that is made stays; what could not be printed of it must be an error all the same.
            (gateway.folder / "key").unlink(missing_ok=True)
            done = subprocess.run([gateway.binary("daemon/cli/tocsin"), *words(n)], stdout=output,
                                  stderr=subprocess.PIPE, text=True, timeout=30, check=False,
                                  env={**os.environ, "TOCSIN_SOCKET": str(gateway.control)})
            assert done.returncode == 1, done
            assert LOST in done.stderr or "could not be printed" in done.stderr


def test_a_watch_whose_reader_is_gone_ends(gateway):
    watch = subprocess.Popen([gateway.binary("daemon/cli/tocsin"), "watch", "--json"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env={**os.environ, "TOCSIN_SOCKET": str(gateway.control)})
    watch.stdout.readline()
    watch.stdout.close()
    gateway.press("test-button")
    assert watch.wait(20) == 1
    assert LOST in watch.stderr.read()
    watch.stderr.close()


def test_a_long_export_stops_where_nobody_reads_it(gateway):
    """More than a buffer holds: it is lost on the way, not at the end alone."""
    for n in range(1, 13):
        gateway.press(f"b{n}")
    with open("/dev/full", "w") as full:
        done = subprocess.run([gateway.binary("daemon/cli/tocsin"), "events", "export"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=30, check=False,
                              env={**os.environ, "TOCSIN_SOCKET": str(gateway.control)})
    assert done.returncode == 1 and done.stderr.startswith(f"tocsin: {LOST}")
    assert done.stderr.count("\n") == 1
