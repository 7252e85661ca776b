#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which files below daemon/ call each other in a circle: from what the compiler made of them.

Reads the object files of a build folder with nm, draws an edge from each file to the file that
defines a function or datum it needs, and finds the circles. Fails if one holds files of two
folders: calls go down, facts come up.

usage: circles.py BUILD-FOLDER [--all]
"""
import pathlib
import re
import subprocess
import sys

SOURCES = pathlib.Path(__file__).resolve().parent.parent / "daemon"
OBJECT = re.compile(r"daemon/(?P<folder>[a-z]+)/CMakeFiles/[^/]+\.dir/(?P<file>\w+)\.c\.o$")


def read_symbols(build):
    """{file: (defined, needed)} for every object of a library or program below daemon/."""
    files = {}
    for path in sorted(pathlib.Path(build, "daemon").rglob("*.c.o")):
        match = OBJECT.search(str(path))
        # What is left in the folder of a file that is no more says nothing.
        if not match or not (SOURCES / match["folder"] / f"{match['file']}.c").exists():
            continue
        defined, needed = set(), set()
        text = subprocess.run(["nm", str(path)], capture_output=True, text=True, check=True).stdout
        for line in text.splitlines():
            *_, kind, name = line.split()
            (needed if kind == "U" else defined if kind in "TDBRVW" else set()).add(name)
        files[f"{match['folder']}/{match['file']}.c"] = (defined, needed)
    return files


def draw(files):
    """{file: files it calls}; `main` and what two programs both define joins nobody."""
    homes = {}
    for name, (defined, _) in files.items():
        for symbol in defined:
            homes.setdefault(symbol, set()).add(name)
    return {
        name: {home for symbol in needed for home in homes.get(symbol, ()) if len(homes[symbol]) == 1}
        for name, (_, needed) in files.items()
    }


def find_circles(graph):
    """The strongly connected components of more than one file (Tarjan, without recursion)."""
    index, low, on_stack, stack, circles, count = {}, {}, set(), [], [], 0
    for root in sorted(graph):
        if root in index:
            continue
        work = [(root, iter(sorted(graph[root])))]
        index[root] = low[root] = count
        count += 1
        stack.append(root)
        on_stack.add(root)
        while work:
            node, edges = work[-1]
            for other in edges:
                if other not in index:
                    index[other] = low[other] = count
                    count += 1
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(sorted(graph[other]))))
                    break
                if other in on_stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    circle = set()
                    while node not in circle:
                        circle.add(stack.pop())
                    on_stack -= circle
                    if len(circle) > 1:
                        circles.append(sorted(circle))
    return circles


def main(arguments):
    if not arguments or arguments[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    files = read_symbols(arguments[0])
    if len(files) < 50:
        print(f"{arguments[0]}: only {len(files)} object files; is it built?", file=sys.stderr)
        return 2
    circles = find_circles(draw(files))
    between = [c for c in circles if len({name.split("/")[0] for name in c}) > 1]
    for circle in between:
        print("a circle between folders:", ", ".join(circle))
    if "--all" in arguments:
        for circle in circles:
            print("circle:", ", ".join(circle))
    largest = max((len(c) for c in between), default=0)
    inside = max((len(c) for c in circles if c not in between), default=0)
    print(f"{len(files)} files; largest circle between folders: {largest}, inside one: {inside}")
    return 1 if between else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
