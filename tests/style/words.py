# SPDX-License-Identifier: Apache-2.0
"""The words of HACKING.md's glossary, where a text shows it: in the names of C code (comments and
strings are not looked at) a word that was given up is nowhere, and a word of one room is in that room."""
import re

# HACKING.md says what took their place.
GIVEN_UP = {"nature", "natures", "untold", "journey"}
# A word: the only folders and files that may use it.
OF_ONE_ROOM = {
    "unit": ("daemon/video/", "daemon/iface/camera.h", "drivers/camera/"),
    "lane": ("daemon/dispatch/", "daemon/iface/uplink.h", "daemon/delivery/", "drivers/uplink/"),
    "segment": (),
}
PARTS = ("daemon/", "drivers/", "receiver/")


def words(tree):
    for file in tree.named(".c", ".h"):
        if not file.startswith(PARTS):
            continue
        for name in sorted(set(re.findall(r"[A-Za-z_]\w*", tree.code(file)))):
            for word in set(name.lower().split("_")):
                rooms = OF_ONE_ROOM.get(word.removesuffix("s"))
                wrong = word in GIVEN_UP or (rooms is not None and not file.startswith(rooms))
                yield "word", f"{file}:{name}", int(wrong), 0


RULES = (words,)
