# SPDX-License-Identifier: Apache-2.0
"""tocsin check as a technician runs it: what it prints, where, and its exit status."""
import json
import os
import pathlib
import pwd
import shutil
import subprocess

import pytest

TOCSIN = pathlib.Path(os.environ.get("TOCSIN_BUILD", "")) / "daemon/cli/tocsin"

GOOD = """\
site:
  id: "31010600001320000001"
  name: 阳光小学
  latitude: 31.2304
  longitude: 121.4737
signing:
  driver: pem
  key_file: signing.key
inputs:
  - {id: gate-button, name: 按钮, place: 门卫室, driver: gpiod, chip: c, line: "1", cameras: [gate]}
cameras:
  - {id: gate, name: 大门, driver: lav, url: "rtsp://192.0.2.1/1"}
receivers:
  - {id: police, name: 公安, driver: sim}
lamps:
  - {id: lamp, driver: ledclass, red: r, amber: a, green: g}
"""


def run(*arguments, **more):
    return subprocess.run([TOCSIN, *map(str, arguments)], capture_output=True, text=True,
                          encoding="utf-8", timeout=30, **more)


def as_me():
    return "--user", pwd.getpwuid(os.geteuid()).pw_name


def check(file, *options, **more):
    return run("check", *as_me(), *options, file, **more)


@pytest.fixture
def config(tmp_path):
    """Writes a configuration beside a real signing key and returns its path."""
    made = run("keygen", tmp_path / "signing.key")
    assert made.returncode == 0, made.stderr

    def write(text=GOOD, mode=0o640):
        path = tmp_path / "tocsin.yaml"
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path
    return write


def test_a_good_file_is_summed_up_with_the_key_id(config):
    path = config()
    result = check(path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(
        f"{path}: good: 1 input, 1 camera, 1 receiver, 1 lamp; signing key ")
    assert result.stderr == (f"{path}:14:5: note: receivers.police: is simulated (driver: sim): "
                             "nothing real is behind it\n")


def test_every_mistake_is_told_on_standard_error_in_the_order_of_the_file(config):
    path = config(GOOD.replace("name: 阳光小学", "nmae: 阳光小学").replace("[gate]", "[gaet]"))
    result = check(path)
    assert result.returncode == 78
    assert result.stdout == ""
    assert [line.split(": ")[0] for line in result.stderr.splitlines()] == [
        f"{path}:3:3", f"{path}:10:90", str(path)]
    assert result.stderr.endswith(f"{path}: 2 mistakes\n")


def test_a_file_that_holds_no_key_is_no_signing_key(config, tmp_path):
    path = config()
    (tmp_path / "signing.key").write_text("nothing\n")
    result = check(path)
    assert result.returncode == 78
    assert f"{path}:7:3: signing: {tmp_path}/signing.key: holds no unencrypted private key" \
        in result.stderr


def test_json_of_a_good_file(config):
    path = config()
    result = check(path, "--json")
    said = json.loads(result.stdout)
    assert (result.returncode, result.stderr) == (0, "")
    assert said["good"] is True and said["file"] == str(path) and said["mistakes"] == []
    assert (said["inputs"], said["cameras"], said["receivers"], said["lamps"]) == (1, 1, 1, 1)
    assert len(said["keyid"]) == 16 and said["algorithm"] == "ecdsa-p256-sha256"
    assert [note["line"] for note in said["notes"]] == [14]


def test_json_of_a_bad_file(config):
    path = config(GOOD.replace("name: 阳光小学", "name: [阳光小学]"))
    result = check(path, "--json")
    said = json.loads(result.stdout)
    assert (result.returncode, result.stderr) == (78, "")
    assert said == {"file": str(path), "good": False, "notes": [], "mistakes": [
        {"line": 3, "column": 9, "text": "site.name: is a list, but must be a single value"}]}


def test_a_file_that_is_not_there(tmp_path):
    result = check(tmp_path / "none.yaml")
    assert result.returncode == 78
    assert result.stderr == f"{tmp_path}/none.yaml: No such file or directory\n"


def test_a_folder_is_no_file(tmp_path):
    result = check(tmp_path)
    assert result.returncode == 78
    assert result.stderr == f"{tmp_path}: Is a directory\n"


def test_what_is_not_understood_is_usage(config):
    for words in (["check", "a", "b"], ["check", "--jsn"], ["check", "--user"]):
        result = run(*words)
        assert result.returncode == 2, words
        assert "see tocsin check --help" in result.stderr


def test_help_names_every_option():
    result = run("check", "--help")
    assert result.returncode == 0
    assert "--json" in result.stdout and "--user" in result.stdout and "78" in result.stdout


def test_a_user_that_is_not_there(config):
    result = run("check", "--user", "no-such-user", config())
    assert result.returncode == 1
    assert result.stderr == "tocsin check: there is no user no-such-user on this machine\n"


def test_another_user_can_only_be_taken_on_by_root_and_reads_no_more_than_it_may(config, tmp_path):
    path = config(mode=0o644)
    if os.geteuid() != 0:
        result = run("check", "--user", "root", path)
        assert result.returncode == 1 and "cannot become the user root" in result.stderr
        return
    shared = pathlib.Path("/tmp") / f"tocsin-check-{os.getpid()}"
    shared.mkdir(mode=0o755)
    try:
        shutil.copy(path, shared / "tocsin.yaml")
        shutil.copy(tmp_path / "signing.key", shared / "signing.key")
        (shared / "signing.key").chmod(0o600)
        result = run("check", "--user", "nobody", shared / "tocsin.yaml")
        assert result.returncode == 78
        assert f"{shared}/tocsin.yaml:8:13: signing.key_file: {shared}/signing.key: " \
            "Permission denied\n" in result.stderr
        (shared / "tocsin.yaml").chmod(0o600)
        result = run("check", "--user", "nobody", shared / "tocsin.yaml")
        assert result.returncode == 78
        assert "Permission denied (read as the user nobody: chgrp tocsin-config" in result.stderr
    finally:
        shutil.rmtree(shared)
