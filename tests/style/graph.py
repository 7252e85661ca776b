# SPDX-License-Identifier: Apache-2.0
"""Who includes whom, and who calls whom.

An include is allowed if the library or program that the file belongs to names the other library under
SEES (or links it), itself and not by way of a third. A circle of calls is a set of files each of which can
be reached from each other by calls: below daemon/ there may be none between different folders, and the
largest within one folder may only shrink."""
import collections
import pathlib
import re


FLOOR = {"base", "loop", "iface"}  # every library stands on these and need not say so


def commands(text, name):
    """The arguments of every call of a CMake command."""
    text = re.sub(r"#.*", "", text)
    return [body.split() for body in re.findall(rf"^\s*{name}\(([^()]*)\)", text, re.M)]


def after(words, keyword, others):
    """What stands behind a keyword up to the next one."""
    found, on = [], False
    for word in words:
        on = word == keyword or (on and word not in others)
        if on and word != keyword:
            found.append(word)
    return found


def libraries(tree):
    """CMakeLists.txt: [(name as it is included or None, target, sources, what it sees)]"""
    found, keywords = {}, {"NAME", "SOURCES", "SEES", "USES"}
    for file in tree.named("CMakeLists.txt"):
        text, here = tree.text(file), {}
        for words in commands(text, "tocsin_library"):
            [name] = after(words, "NAME", keywords)
            here[name.replace("/", "_")] = (name, after(words, "SOURCES", keywords),
                                            set(after(words, "SEES", keywords)))
        for target, *sources in commands(text, "add_executable") + commands(text, "add_library"):
            here[target] = (None, sources, set())
        for target, *linked in commands(text, "target_link_libraries"):
            if target in here:
                here[target][2].update(linked)
        if any(name for name, _, _ in here.values()):
            found[file] = [(name, target, *rest) for target, (name, *rest) in here.items()]
    return found


def includes(tree):
    known = libraries(tree)
    targets = {name: target for here in known.values() for name, target, _, _ in here if name}
    for cmake, here in known.items():
        folder = pathlib.PurePosixPath(cmake).parent
        own = {target for name, target, _, _ in here if name}
        whole = set.union(*(sees for *_, sees in here))
        for file in tree.named(".c", ".h"):
            path = pathlib.PurePosixPath(file)
            if path.parent != folder:
                continue
            sees = set.union(set(), *(sees for *_, sources, sees in here if path.name in sources))
            for wanted in re.findall(r'^\s*#\s*include\s+"([^"]+)/[^/"]+"', tree.text(file), re.M):
                other = targets.get(wanted)
                if wanted.startswith("."):
                    yield "include", f"{file} of {wanted}", 1, 0
                elif other and other not in FLOOR | own | (whole if file.endswith(".h") else sees):
                    # A library that comes in several has a longer target: drivers_camera_lav.
                    if not any(one.startswith(other + "_") for one in sees | whole):
                        yield "include", f"{file} of {wanted}", 1, 0


def sees_in_circles(tree):
    """Libraries that see each other, if by way of others."""
    known = {target: sees for here in libraries(tree).values() for name, target, _, sees in here if name}
    for circle in circles(known):
        yield "see-each-other", " ".join(sorted(circle)), len(circle), 0


def calls(tree, below):
    """file: the files whose functions it names, for the C files below a folder."""
    sources = [f for f in tree.named(".c") if f.startswith(below)]
    home, names = {}, {}
    for file in sources:
        names[file] = {name for name, _, _ in tree.functions(file)}
        code = tree.code(file)
        for name in names[file]:
            if not re.search(rf"^static\b[^;{{}}]*\b{name}\s*\(", code, re.M):
                home.setdefault(name, file)
    graph = {}
    for file in sources:
        # A member of a struct is no function of that name.
        free = re.sub(r"(\.|->)\s*[A-Za-z_]\w*", " ", tree.code(file))
        words = set(re.findall(r"[A-Za-z_]\w*", free)) - names[file]
        graph[file] = {home[word] for word in words & home.keys()} - {file}
    return graph


def circles(graph):
    """Strongly connected sets of more than one (Tarjan's algorithm, without recursion)."""
    index, low, on, stack, found = {}, {}, set(), [], []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(sorted(graph[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            node, further = work[-1]
            for other in further:
                if other not in graph:
                    continue
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on.add(other)
                    work.append((other, iter(sorted(graph[other]))))
                    break
                if other in on:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    circle = set()
                    while node not in circle:
                        circle.add(stack.pop())
                    on -= circle
                    if len(circle) > 1:
                        found.append(circle)
    return found


def call_circles(tree, below="daemon/"):
    """(files in the largest circle between different folders, {folder: in the largest within it})"""
    between, within = set(), collections.Counter()
    graph = calls(tree, below)
    folder = {file: file.rsplit("/", 1)[0] for file in graph}
    for circle in circles(graph):
        if len({folder[file] for file in circle}) > 1:
            between = max(between, circle, key=len)
    for one in set(folder.values()):
        inside = {f: {o for o in graph[f] if folder[o] == one} for f in graph if folder[f] == one}
        within[one] = max(map(len, circles(inside)), default=0)
    return between, within


def calling(tree):
    between, within = call_circles(tree)
    yield "circle-between-folders", "daemon", len(between), 0
    for folder, size in within.items():
        yield "circle", folder, size, 0


RULES = (includes, sees_in_circles, calling)

if __name__ == "__main__":
    import sys
    from tree import Tree
    between, within = call_circles(Tree(pathlib.Path(__file__).resolve().parents[2]))
    print(f"files in the largest circle of calls between folders below daemon/: {len(between)}")
    for file in sorted(between):
        print("  " + file)
    for folder, size in sorted(within.items()):
        if size:
            print(f"within {folder}: {size}")
    sys.exit(bool(between))
