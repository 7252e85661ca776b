# SPDX-License-Identifier: Apache-2.0
"""The tree that the rules look at: its files, their text, their code without comments and strings."""
import functools
import pathlib
import re
import subprocess

NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
HEAD = re.compile(r"([A-Za-z_]\w*)\s*\(((?:[^()]|\([^()]*\))*)\)\s*\{")


def blank(match):
    """Same length, same lines, nothing in it."""
    return re.sub(r"[^\n]", " ", match.group())


class Tree:
    def __init__(self, top, files=None):
        self.top = pathlib.Path(top)
        if files is None:
            files = subprocess.run(["git", "ls-files", "-z", "--cached", "--others",
                                    "--exclude-standard"], cwd=top, capture_output=True, text=True,
                                   check=True).stdout.split("\0")
        self.files = [f for f in files if f and (self.top / f).is_file()]

    def named(self, *endings):
        return [f for f in self.files if f.endswith(endings)]

    @functools.cache
    def text(self, file):
        return (self.top / file).read_text(errors="replace")

    @functools.cache
    def code(self, file):
        """C without comments, strings and preprocessor lines; every line still has its number."""
        text = NOT_CODE.sub(blank, self.text(file))
        return re.sub(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", blank, text, flags=re.M)

    @functools.cache
    def functions(self, file):
        """(name, first character of its body, last) of every function that a C file defines."""
        code, at, found = self.code(file), 0, []
        while head := HEAD.search(code, at):
            end = closing(code, head.end() - 1)
            found.append((head.group(1), head.end() - 1, end))
            at = end
        return found


def closing(code, at):
    """Where the brace that opens at `at` is closed."""
    depth = 0
    for brace in re.finditer(r"[{}]", code[at:]):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return at + brace.end()
    return len(code)


def line_of(text, at):
    return text.count("\n", 0, at) + 1
