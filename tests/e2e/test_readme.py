# SPDX-License-Identifier: Apache-2.0
"""Whose files which are: what the READMEs say is what the units and tmpfiles make."""
import re

import pytest
from stand import TOP

READMES = ["README.md", "README.zh-CN.md"]


def owners(readme):
    """path: (owner:group, mode), of the table."""
    return {path: (owner, mode) for path, owner, mode in re.findall(
        r"^\| `(/[^`]+)` \| `([^`]+)` \| `(\d+)` \|", (TOP / readme).read_text(), flags=re.M)}


@pytest.mark.parametrize("readme", READMES)
def test_the_table_has_every_folder_that_is_made(readme):
    table = owners(readme)
    folders = re.findall(r"^d\s+(\S+)\s+(\d+)\s+(\S+)\s+(\S+)",
                         (TOP / "systemd/tmpfiles.conf").read_text(), flags=re.M)
    assert len(folders) >= 3
    for path, mode, owner, group in folders:
        assert table[path] == (f"{owner}:{group}", mode)
    for unit in ("tocsind", "tocsin-video"):
        keys = dict(re.findall(r"^(\w+)=(.+)$", (TOP / f"systemd/{unit}.service").read_text(),
                               flags=re.M))
        assert table[f"/var/lib/{keys['StateDirectory']}"] == \
            (f"{keys['User']}:{keys['Group']}", keys["StateDirectoryMode"])


def test_both_languages_say_the_same():
    assert owners(READMES[0]) == owners(READMES[1])


def test_every_file_of_the_examples_lies_in_a_folder_of_the_table():
    folders = {path.rsplit("/", 1)[0] for path in owners(READMES[0]) if "*" in path}
    examples = [(TOP / "README.md").read_text(), (TOP / "config/tocsin.yaml").read_text(),
                (TOP / "config/minimal.yaml").read_text()]
    for example in examples:
        files = re.findall(r"(?:_file:|receipt_keys: \[) *([\w./-]+)", example)
        assert len(files) >= 3
        assert {f"/etc/tocsin/{file.rsplit('/', 1)[0]}" for file in files} <= folders
    passwords = {re.search(r"password_file: *([\w./-]+)", example).group(1)
                 for example in examples[:2]}
    assert passwords == {"cameras/gate.password"}
