# SPDX-License-Identifier: Apache-2.0
"""Files over 600 lines; functions over 80 lines or too branched (pmccabe counts both); parameter lists
over seven; lists that are chained by hand; folders that a test makes past the run's; files of ours that
do not say their licence."""
import re
import subprocess

from tree import closing

FILE_LINES, FUNCTION_LINES, COMPLEXITY, PARAMETERS = 600, 80, 15, 7
OURS = (".c", ".h", ".py", ".mjs", ".sh", ".cmake", "CMakeLists.txt", ".css", ".js", ".service")


def files(tree):
    for file in tree.named(".c", ".h", ".py", ".mjs", ".js"):
        yield "file-lines", file, tree.text(file).count("\n"), FILE_LINES


def functions(tree):
    sources = tree.named(".c")
    if not sources:
        return
    counted = subprocess.run(["pmccabe", *sources], cwd=tree.top, capture_output=True, text=True,
                             check=True).stdout
    for line in counted.splitlines():
        complexity, _, _, _, lines, rest = line.split(maxsplit=5)
        file, name = re.match(r"(.*?)\(\d+\): (\S+)", rest).groups()
        yield "complexity", f"{file}:{name}", int(complexity), COMPLEXITY
        yield "function-lines", f"{file}:{name}", int(lines), FUNCTION_LINES


def outside_bodies(tree, file):
    """The code with every function's body blanked: declarations, members, heads."""
    code = tree.code(file)
    for _, start, end in tree.functions(file):
        code = code[:start] + re.sub(r"[^\n]", " ", code[start:end]) + code[end:]
    return code


def flat(code, at):
    """What stands behind the parenthesis that was opened before `at`, until it is closed, without what
    stands in others."""
    inside, depth = "", 1
    for one in code[at:]:
        depth += (one == "(") - (one == ")")
        if depth == 0:
            break
        inside += one if depth == 1 else ""
    return inside


def parameters(tree):
    for file in tree.named(".c", ".h"):
        code = outside_bodies(tree, file)
        for listed in re.finditer(r"(\w+)\s*(?:\[[^]]*\]\s*)*\)?\s*\((?!\s*\*)", code):
            count = flat(code, listed.end()).count(",") + 1
            yield "parameters", f"{file}:{listed.group(1)}", count, PARAMETERS


def chained(tree):
    """Structs that point at the next of their own kind: a list's have an entry of <sys/queue.h>."""
    for file in tree.named(".c", ".h"):
        code = tree.code(file)
        for struct in re.finditer(r"\bstruct\s+(\w+)\s*\{", code):
            inside = code[struct.end():closing(code, struct.end() - 1)]
            for member in re.findall(rf"\bstruct\s+{struct[1]}\s*\*([^;()]*);", inside):
                for name in re.findall(r"\b(?:next|prev|previous|last)\b", member):
                    yield "chained-by-hand", f"{file}:{struct[1]}.{name}", 1, 0


def folders(tree):
    """A unit test's come from test_folder, which is where a run removes them from."""
    for file in tree.named(".c"):
        made = len(re.findall(r"\b(?:mkdtemp|mkstemp)\s*\(", tree.code(file)))
        if file.startswith(("tests/unit/", "tests/contract/")) and made:
            yield "own-folder", file, made, 0


def licence(tree):
    for file in tree.files:
        text = tree.text(file) if file.endswith(OURS) or "." not in file.rsplit("/", 1)[-1] else ""
        script = text.startswith("#!")
        if (file.endswith(OURS) or script) and "SPDX-License-Identifier:" not in text[:400]:
            yield "no-licence", file, 1, 0


RULES = (files, functions, parameters, chained, folders, licence)
