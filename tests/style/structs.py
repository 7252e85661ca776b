# SPDX-License-Identifier: Apache-2.0
"""How large the structs of the product are: over 4096 bytes only with a cap. pahole reads them out of
the debug information of a build (TOCSIN_BUILD); without a build there is nothing to see."""
import os
import pathlib
import re
import subprocess

BYTES = 4096
PARTS = ("daemon", "drivers", "receiver")


def ours(tree):
    """The names of all structs that the product's own files define."""
    return {name for file in tree.named(".c", ".h") if file.startswith(PARTS)
            for name in re.findall(r"\bstruct\s+(\w+)\s*\{", tree.code(file))}


def structs(tree):
    build = os.environ.get("TOCSIN_BUILD")
    if not build:
        return
    sizes, names, told = {}, ours(tree), False
    for part in PARTS:
        for file in sorted(pathlib.Path(build, part).rglob("*.o")):
            listed = subprocess.run(["pahole", "--sizes", file], capture_output=True, text=True,
                                    check=True).stdout
            told = told or bool(listed)
            for name, size, _ in (line.split("\t") for line in listed.splitlines()):
                if name in names:
                    sizes[name] = max(sizes.get(name, 0), int(size))
    if not told:
        raise SystemExit(f"style: {build} tells no struct's size: build it with -g (-g1 is too little)")
    for name, size in sizes.items():
        yield "struct-bytes", name, size, BYTES


RULES = (structs,)
