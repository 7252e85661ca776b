# SPDX-License-Identifier: Apache-2.0
"""The guard's card as the build made it: XML, nothing fetched, one page, and text that stays on it."""
import pathlib
import subprocess
import unicodedata
import xml.etree.ElementTree as ET

import pytest

SVG = "{http://www.w3.org/2000/svg}"
PICTURE = pathlib.Path(__file__).parents[2] / "config/lamp.svg"


@pytest.fixture(params=["card", "picture"])
def drawing(request, build):
    path = build / "daemon/card/lamp-card.svg" if request.param == "card" else PICTURE
    return ET.parse(path).getroot()


def width_of(text, size):
    """Wide for the usual fonts: a Chinese character is a square, a Latin one a good half of it."""
    wide = sum(1 if unicodedata.east_asian_width(c) in "WF" else 0.58 for c in text)
    return wide * size


def test_nothing_is_fetched(drawing):
    assert drawing.tag == SVG + "svg"
    allowed = {"svg", "title", "style", "g", "rect", "circle", "line", "text"}
    assert {e.tag.removeprefix(SVG) for e in drawing.iter()} <= allowed
    for element in drawing.iter():
        for name, value in element.attrib.items():
            assert "href" not in name and "url(" not in value


def test_all_text_is_on_the_page(drawing):
    _, _, width, height = map(float, drawing.get("viewBox").split())
    texts = list(drawing.iter(SVG + "text"))
    assert len(texts) > 22
    for text in texts:
        x, y, size = (float(text.get(k)) for k in ("x", "y", "font-size"))
        wide = width_of(text.text, size)
        left = x - wide / 2 if text.get("text-anchor") == "middle" else x
        assert 0 < left and left + wide < width, text.text
        assert size < y < height - size / 4, text.text


def test_lines_of_text_do_not_run_into_each_other(drawing):
    """In one place there is one line of text: boxes of ink, not of leading."""
    boxes = []
    for text in drawing.iter(SVG + "text"):
        x, y, size = (float(text.get(k)) for k in ("x", "y", "font-size"))
        wide = width_of(text.text, size)
        left = x - wide / 2 if text.get("text-anchor") == "middle" else x
        boxes.append((left, left + wide, y - 0.88 * size, y + 0.1 * size, text.text))
    for i, (left, right, top, bottom, one) in enumerate(boxes):
        for left2, right2, top2, bottom2, two in boxes[:i]:
            apart = right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top
            assert apart, f"{one!r} runs into {two!r}"


def test_the_card_is_one_page_of_a4(build):
    card = ET.parse(build / "daemon/card/lamp-card.svg").getroot()
    assert (card.get("width"), card.get("height")) == ("210mm", "297mm")


def test_a_card_that_cannot_be_written_is_said_and_leaves_nothing(build, tmp_path):
    program = build / "daemon/card/tocsin-card"
    missing = tmp_path / "no" / "card.svg"
    result = subprocess.run([program, missing], capture_output=True, text=True)
    assert result.returncode == 1 and str(missing) in result.stderr
    assert subprocess.run([program], capture_output=True).returncode == 2
