# SPDX-License-Identifier: Apache-2.0
"""Every bound is in the table that `tocsin limits` prints (daemon/iface/limits.h), or in the file
`bounds` with the reason why nobody can meet it.

A bound is a macro with MAX, MOST, CAP or LIMIT in its name. It is in the table if it is made of a
LIMIT_ constant. Code that cannot see the table (the receiver, and what stands below `iface`) has its
own number, which `bounds` ties to a row: FILE:MACRO = ROW. A row that nothing goes by is an error."""
import re

BOUND = re.compile(r"^[ \t]*#[ \t]*define[ \t]+((?:[A-Z0-9]+_)*(?:MAX|MOST|CAP|LIMIT)(?:_[A-Z0-9]+)*)"
                   r"[ \t]+((?:[^\n\\/]|\\\n|/(?!\*))+)", re.M)
TABLE, LIST = "daemon/iface/limits.h", "tests/style/bounds"
PARTS = ("daemon/", "drivers/", "receiver/")


def number(text):
    """What a macro's text comes to; None if that takes a compiler."""
    bare = re.sub(r"\bU?INT64_C\b|\(\w+_t\)", "", text)
    bare = re.sub(r"(?<=\d)[uUlL]+\b", "", bare)
    return eval(bare) if re.fullmatch(r"[\d\s()+*<-]+", bare) else None  # digits and operators alone


def rows(tree):
    text = tree.text(TABLE).replace("\\\n", " ")
    return {name: int(value) for name, value in re.findall(r"ROW\((\w+), (\d+),", text)}


def listed(tree):
    """{file:macro: (row or None, reason or None)}"""
    found = {}
    for line in tree.text(LIST).splitlines():
        if line.strip() and not line.startswith("#"):
            tied = re.fullmatch(r"(\S+:\w+) = (\w+)", line)
            kept = re.fullmatch(r"(\S+:\w+): (.{15,})", line)
            if tied:
                found[tied.group(1)] = tied.group(2), None
            elif kept:
                found[kept.group(1)] = None, kept.group(2)
            else:
                found[line] = None, None
    return found


def bounds(tree):
    if TABLE not in tree.files:
        return
    table, known = rows(tree), listed(tree)
    used = {row for row, _ in known.values() if row}
    for file in tree.named(".c", ".h"):
        if not file.startswith(PARTS) or file == TABLE:
            continue
        text = tree.text(file)
        used |= set(re.findall(r"\bLIMIT_(\w+)", text))
        for macro, value in BOUND.findall(text):
            where = f"{file}:{macro}"
            row, reason = known.pop(where, (None, None))
            of_table = re.search(r"\bLIMIT_\w", value)
            wrong = not of_table and not reason and (row is None or table.get(row) != number(value))
            yield "bound", where, int(bool(wrong)), 0
    for where, (row, _) in known.items():  # other macros may be tied; nothing else may be left
        file, _, macro = where.partition(":")
        other = row and file in tree.files and re.search(
            rf"#define\s+{macro}\s+([^/\n]+)", tree.text(file))
        yield "bound", f"{LIST}: {where}", int(not other or number(other.group(1)) != table.get(row)), 0
    for row in table:
        yield "bound", f"{TABLE}: {row} is what nothing goes by", int(row not in used), 0


RULES = (bounds,)
