# SPDX-License-Identifier: Apache-2.0
"""The receiver's page as people have it before them, in a real browser."""
import signal
import uuid

import pytest
from receiver_fixtures import Clip, client, police, raise_alarm  # noqa: F401
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from stand import wait_until

TELEPHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
SCREEN = {"width": 1920, "height": 1080, "deviceScaleFactor": 1, "mobile": False}
# What sticks out of the window, or is cut by the box around it: the text of each such element.
CUT = """
return [...document.querySelectorAll('h1, h2, time, p, b, .facts div, .warn, button, input, video, '
    + '.pending, figcaption, li, .gateway, article')].filter((e) => {
  const own = e.getBoundingClientRect();
  const box = (e.closest('article') || document.documentElement).getBoundingClientRect();
  return own.width > 0 && (own.left < box.left - 1 || own.right > box.right + 1
    || own.right > innerWidth + 1 || (e.tagName !== 'INPUT' && e.scrollWidth > e.clientWidth + 1
    && getComputedStyle(e).display !== 'inline'));
}).map((e) => `${e.tagName}.${e.className} ${e.textContent.slice(0, 40)}`)
"""


@pytest.fixture
def browser(tmp_path):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
                 "disable-background-networking", "disable-component-update", "disable-sync",
                 "disable-dev-shm-usage", f"user-data-dir={tmp_path / 'browser'}"):
        options.add_argument(f"--{flag}")
    made = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    yield made
    made.quit()


@pytest.fixture
def page(browser, police):
    browser.get(police.page)
    wait_until("the page is live", lambda: is_live(browser), 30)
    return browser


def is_live(browser):
    return browser.execute_script("return document.getElementById('live').className === 'on' && "
                                  "document.getElementById('stale').hidden")


def is_stale(browser):
    return browser.execute_script("return document.getElementById('live').className === 'off' && "
                                  "!document.getElementById('stale').hidden")


@pytest.mark.parametrize("screen", [TELEPHONE, SCREEN], ids=["telephone", "screen"])
def test_nothing_is_cut(page, client, screen, tmp_path):
    long_name = {"site": {"id": "s", "name": "上海市静安区阳光实验小学（东校区）附属幼儿园",
                          "address": "上海市静安区示范路1234弄56号甲", "contacts": ["值班室 +86 21 0000 0000"]},
                 "input": {"id": "b", "name": "一键报警按钮", "place": "南门门卫室及家长接待处"}}
    for n in range(2):
        alarm, _ = raise_alarm(client, data=long_name if n else {}, seq=3 * n + 1)
        Clip(client, b"no pictures", alarm=alarm, seq=3 * n + 2).upload()
        Clip(client, b"not here yet", alarm=alarm, seq=3 * n + 3)
    Clip(client, b"whose alarm is not here", alarm=str(uuid.uuid4()), seq=9)
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    wait_until("the cards", lambda: page.execute_script(
        "return document.querySelectorAll('figure').length") == 5, 20)
    page.save_screenshot(str(tmp_path / "page.png"))  # to look at
    assert page.execute_script("return [innerWidth, document.querySelectorAll('video').length]") == \
        [screen["width"], 2]
    assert page.execute_script("return document.scrollingElement.scrollWidth") <= screen["width"]
    assert page.execute_script(CUT) == []


def test_after_a_hang_it_is_live_again(page, police, client):
    police.process.child.send_signal(signal.SIGSTOP)
    try:
        wait_until("it says that it is cut off", lambda: is_stale(page), 60)
    finally:
        police.process.child.send_signal(signal.SIGCONT)
    wait_until("it says that it is live", lambda: is_live(page), 60)
    alarm, _ = raise_alarm(client)
    wait_until("it shows what comes", lambda: page.execute_script(
        "return document.querySelectorAll('article.open').length") == 1, 20)
    assert police.alarm(alarm)["answers"] == []


def test_a_stream_that_was_refused_is_asked_for_again(page):
    page.execute_script("stream.close(); setLive(false)")
    wait_until("it is live again", lambda: is_live(page) and page.execute_script(
        "return stream.readyState") == 1, 60)
