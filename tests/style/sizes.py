# SPDX-License-Identifier: Apache-2.0
"""Files over 600 lines; functions over 80 lines or too branched (pmccabe counts both); parameter lists
over seven; files of ours that do not say their licence."""
import re
import subprocess

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


def parameters(tree):
    for file in tree.named(".c", ".h"):
        code = outside_bodies(tree, file)
        for listed in re.finditer(r"(\w+)\s*\)?\s*\((?!\s*\*)([^()]*(?:\([^()]*\)[^()]*)*)\)", code):
            flat = re.sub(r"\([^()]*\)", "", listed.group(2))
            where = f"{file}:{listed.group(1)}"
            yield "parameters", where, flat.count(",") + 1, PARAMETERS


def licence(tree):
    for file in tree.files:
        text = tree.text(file) if file.endswith(OURS) or "." not in file.rsplit("/", 1)[-1] else ""
        script = text.startswith("#!")
        if (file.endswith(OURS) or script) and "SPDX-License-Identifier:" not in text[:400]:
            yield "no-licence", file, 1, 0


RULES = (files, functions, parameters, licence)
