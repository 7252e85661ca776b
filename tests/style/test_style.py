# SPDX-License-Identifier: Apache-2.0
"""Each rule with a sample that it must fail and one beside it that it must let pass."""
import importlib.machinery
import importlib.util
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
import bounds  # noqa: E402
import graph  # noqa: E402
import sizes  # noqa: E402
import structs  # noqa: E402
import words  # noqa: E402
from tree import Tree  # noqa: E402

loader = importlib.machinery.SourceFileLoader("check", str(HERE / "check"))
check = importlib.util.module_from_spec(importlib.util.spec_from_loader("check", loader))
loader.exec_module(check)
LICENCE = "/* SPDX-License-Identifier: Apache-2.0 */\n"


@pytest.fixture
def tree(tmp_path):
    def make(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Tree(tmp_path, list(files))
    return make


def wrong(rule, tree):
    """What a rule finds over its limit."""
    return {(what, value) for _, what, value, limit in rule(tree) if value > limit}


def test_long_files(tree):
    assert wrong(sizes.files, tree({"a.c": "\n" * 601, "b.c": "\n" * 600})) == {("a.c", 601)}


def test_long_functions(tree):
    def body(lines):
        return "int f(void)\n{\n" + "    g();\n" * (lines - 3) + "}\n"
    found = tree({"a.c": body(81), "b.c": body(80)})
    assert wrong(sizes.functions, found) == {("a.c:f", 81)}


def test_branched_functions(tree):
    def body(ifs):
        return "int f(int a)\n{\n" + "    if (a)\n        g();\n" * ifs + "    return a;\n}\n"
    assert wrong(sizes.functions, tree({"a.c": body(15), "b.c": body(14)})) == {("a.c:f", 16)}


def test_long_parameter_lists(tree):
    eight = ", ".join(f"int {c}" for c in "abcdefgh")
    seven = "int a, int b, int c, int d, int e, int f, int (*g)(int, int, int)"
    files = {"a.c": f"static int many({eight})\n{{\n    return few(a, b, c, d, e, f, g, h);\n}}\n",
             "a.h": f"struct s {{\n    int (*member)({eight});\n    int (*some[2])({eight});\n}};\n"
                    f"int declared({eight});\ntypedef int (*handler)({eight});\n"
                    f"int deep(int (*f)(int (*g)(int)), {eight[7:]});\n",
             "b.c": f'/* ({eight}) */ int few({seven})\n{{\n    call(1, 2, 3, 4, 5, 6, 7, 8, "(9, 9");\n}}\n'}
    assert {what for what, _ in wrong(sizes.parameters, tree(files))} == {
        "a.c:many", "a.h:member", "a.h:some", "a.h:declared", "a.h:handler", "a.h:deep"}


def test_lists_that_are_chained_by_hand(tree):
    files = {"a.c": "struct one {\n    int a; /* struct one *no; */\n    struct one *next, **last;\n};\n",
             "b.h": "struct two {\n    struct { int a; } in;\n    struct two *(*make)(struct two *);\n"
                    "    LIST_ENTRY(two) next;\n    struct two *left, *right;\n    struct one *next;\n};\n"}
    assert {what for what, _ in wrong(sizes.chained, tree(files))} == {"a.c:one.next", "a.c:one.last"}


def test_folders_that_a_run_does_not_remove(tree):
    made = 'void f(void)\n{\n    mkdtemp(path); /* mkdtemp(no) */\n}\n'
    files = {"tests/unit/a.c": made, "tests/fuzz/b.c": made, "tests/unit/c.c": made.replace("mkdtemp", "test_folder")}
    assert wrong(sizes.folders, tree(files)) == {("tests/unit/a.c", 1)}


def test_files_without_a_licence(tree):
    files = {"a.h": "#pragma once\n", "script": "#!/bin/sh\n", "b.c": LICENCE, "notes.md": "# Notes\n",
             "good": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n", "data": "nothing"}
    assert {what for what, _ in wrong(sizes.licence, tree(files))} == {"a.h", "script"}


CMAKE = {
    "daemon/low/CMakeLists.txt": "tocsin_library(NAME low SOURCES low.c SEES base)\n",
    "daemon/mid/CMakeLists.txt": "tocsin_library(NAME mid SOURCES mid.c\n  SEES low # floor\n  USES PkgConfig::X)\n",
    "daemon/top/CMakeLists.txt": "tocsin_library(NAME top SOURCES top.c SEES mid)\n"
                                 "add_executable(program main.c)\n"
                                 "target_link_libraries(program PRIVATE top low)\n",
}


def test_an_include_that_the_graph_forbids(tree):
    files = {**CMAKE, "daemon/low/low.c": '#include "low/low.h"\n#include "mid/mid.h"\n',
             "daemon/mid/mid.c": '#include "low/low.h"\n#include <stdio.h>\n',
             "daemon/top/top.c": '#include "mid/mid.h"\n#include "low/low.h"\n#include "../low/own.h"\n',
             "daemon/top/main.c": '#include "low/low.h"\n'}
    assert {what for what, _ in wrong(graph.includes, tree(files))} == {
        "daemon/low/low.c of mid", "daemon/top/top.c of low", "daemon/top/top.c of ../low"}


def test_libraries_that_see_each_other(tree):
    assert not wrong(graph.sees_in_circles, tree(CMAKE))
    files = {**CMAKE, "daemon/low/CMakeLists.txt": "tocsin_library(NAME low SOURCES low.c SEES top)\n"}
    assert wrong(graph.sees_in_circles, tree(files)) == {("low mid top", 3)}


def test_circles_of_calls(tree):
    files = {"daemon/x/a.c": "void a_f(void)\n{\n    b_f();\n}\n",
             "daemon/x/b.c": "void b_f(void)\n{\n    a_f();\n}\n",
             "daemon/y/c.c": "void c_f(void)\n{\n    /* d_f() */ a_f();\n    driver->d_f();\n    log(\"d_f()\");\n}\n",
             "daemon/y/d.c": "static void c_f(void)\n{\n}\nvoid d_f(void)\n{\n    c_f();\n}\n"}
    assert wrong(graph.calling, tree(files)) == {("daemon/x", 2)}
    # By way of a pointer is a call, too.
    files["daemon/x/b.c"] = "const struct table t = {.f = c_f};\nvoid b_f(void)\n{\n    use(&t);\n}\n"
    assert wrong(graph.calling, tree(files)) == {("daemon", 3)}


def test_large_structs(tree, monkeypatch):
    files = {"daemon/a.c": "struct big {\n    char a[4097];\n} big;\nstruct small {\n    char a[4096];\n} small;\n"}
    found = tree(files)
    assert not wrong(structs.structs, found)
    build = found.top / "build"
    (build / "daemon").mkdir(parents=True)
    subprocess.run(["gcc", "-g", "-c", found.top / "daemon/a.c", "-o", build / "daemon/a.o"], check=True)
    monkeypatch.setenv("TOCSIN_BUILD", str(build))
    assert wrong(structs.structs, found) == {("big", 4097)}


def test_a_build_that_tells_no_sizes_is_not_called_good(tree, monkeypatch):
    found = tree({"daemon/a.c": "struct big {\n    char a[4097];\n} big;\n"})
    build = found.top / "build"
    (build / "daemon").mkdir(parents=True)
    subprocess.run(["gcc", "-g1", "-c", found.top / "daemon/a.c", "-o", build / "daemon/a.o"], check=True)
    monkeypatch.setenv("TOCSIN_BUILD", str(build))
    with pytest.raises(SystemExit, match="build it with -g"):
        wrong(structs.structs, found)


BOUNDS = {
    "daemon/iface/limits.h": "#define LIMITS(ROW) ROW(A, 64, \"as\", \"why\") \\\n    ROW(B, 1048576, \"bs\", \"why\")\n",
    "tests/style/bounds": "# why\ndaemon/c.c:INNER_MAX: nobody can meet it, because\nreceiver/r.c:OWN_MAX = B\n"
                          "receiver/r.c:WAIT = A\n",
    "daemon/c.c": "#define A_MAX LIMIT_A /* of them */\n#define INNER_MAX 7\n#define ROOM 9\nint maximum = 3;\n",
    "receiver/r.c": "#define OWN_MAX (1u << 20)\n#define WAIT 64\n",
}


def test_every_bound_is_in_the_table_or_says_why_not(tree):
    assert wrong(bounds.bounds, tree(BOUNDS)) == set()


@pytest.mark.parametrize("file, old, new, where", [
    ("daemon/c.c", "#define ROOM", "#define ROOM_MAX", "daemon/c.c:ROOM_MAX"),
    ("daemon/c.c", "#define ROOM", "#  define RETRY_CAP_MS", "daemon/c.c:RETRY_CAP_MS"),
    ("daemon/c.c", "A_MAX LIMIT_A", "A_MAX 64", "daemon/c.c:A_MAX"),
    ("daemon/c.c", "#define INNER_MAX 7\n", "", "tests/style/bounds: daemon/c.c:INNER_MAX"),
    ("tests/style/bounds", ": nobody can meet it, because", ": so", "daemon/c.c:INNER_MAX"),
    ("receiver/r.c", "1u << 20", "1u << 21", "receiver/r.c:OWN_MAX"),
    ("receiver/r.c", "WAIT 64", "WAIT 65", "tests/style/bounds: receiver/r.c:WAIT"),
    ("receiver/r.c", "#define WAIT 64\n", "", "tests/style/bounds: receiver/r.c:WAIT"),
    ("daemon/iface/limits.h", "ROW(B,", "ROW(C, 2, \"c\", \"d\") ROW(B,", "daemon/iface/limits.h: C is what nothing goes by"),
])
def test_a_bound_that_is_nowhere_or_not_the_same(tree, file, old, new, where):
    assert old in BOUNDS[file]
    found = {what for what, _ in wrong(bounds.bounds, tree({**BOUNDS, file: BOUNDS[file].replace(old, new)}))}
    assert where in found


def test_a_word_that_was_given_up_or_stands_in_another_room(tree):
    files = {"daemon/video/a.c": "struct unit unit_nature; /* untold */ int signature_of;\n",
             "daemon/conf/b.c": "int with_units(const char *text); const char *opportunity = \"unit\";\n",
             "drivers/camera/c.h": "#include \"lane.h\"\nint UNIT_MAX, lanes;\n", "tests/d.c": "int unit;\n"}
    assert {what for what, _ in wrong(words.words, tree(files))} == {
        "daemon/video/a.c:unit_nature", "daemon/conf/b.c:with_units", "drivers/camera/c.h:lanes"}


@pytest.mark.parametrize("value, cap, complaint", [
    (20, None, "20, at most 15"), (21, 20, "may only fall"), (19, 20, "has to fall"), (20, 20, None)])
def test_a_cap_may_only_fall(value, cap, complaint):
    caps = {} if cap is None else {("complexity", "a.c:f"): cap}
    said = list(check.judge({("complexity", "a.c:f"): (value, 15)}, {"complexity"}, caps))
    assert [complaint in one for one in said] == [True] if complaint else said == []


def test_a_cap_that_nothing_needs_is_an_error_and_lower_takes_it_out(tmp_path):
    caps = tmp_path / "caps"
    caps.write_text("# why\ncomplexity a.c:f 20\ncomplexity b.c:g 30\ncomplexity c.c:h 16\nstruct-bytes s 5000\n")
    found = {("complexity", "a.c:f"): (18, 15), ("complexity", "c.c:h"): (17, 15)}
    said = list(check.judge(found, {"complexity"}, check.read_caps(caps)))
    assert len(said) == 3 and "b.c:g" in said[2]
    check.lower(caps, found, {"complexity"})
    # The one that has grown stays as it was: nobody raises a cap but by hand.
    assert caps.read_text() == "# why\ncomplexity a.c:f 18\ncomplexity c.c:h 16\nstruct-bytes s 5000\n"


def test_clang_tidy_finds_what_dot_clang_tidy_asks_for(tmp_path):
    (tmp_path / "daemon").mkdir()
    source = tmp_path / "daemon/a.c"
    source.write_text("#include <stdlib.h>\n#include <string.h>\nchar *f(const char *s);\n"
                      "char *f(const char *s)\n{\n    return malloc(strlen(s + 1));\n}\n")
    done = subprocess.run(["clang-tidy", f"--config-file={HERE.parents[1] / '.clang-tidy'}", "--quiet",
                           source, "--"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0 and "bugprone-misplaced-operator-in-strlen-in-alloc" in done.stdout
