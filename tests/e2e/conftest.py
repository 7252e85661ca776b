# SPDX-License-Identifier: Apache-2.0
"""Where the binaries are (TOCSIN_BUILD), a stand that is always stopped, and the order of the tests when
several run at a time (pytest-xdist with --dist loadgroup): two groups of those that encode video as they
run, of each of which one runs at a time, then the long ones, so that none begins when all else is over."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from stand import Stand  # noqa: E402


def forgets(folder):
    return subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True,
                          check=False).stdout.strip() in ("tmpfs", "ramfs")


# Nothing is "stored" on what forgets, and a gateway whose state is there is at fault; in some systems
# /tmp is such a place (Debian 13's by itself).
if forgets(tempfile.gettempdir()):
    tempfile.tempdir = "/var/tmp"


# What a shell sends into the background ignores SIGINT, and a program of ours goes on doing so.
for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(ignored) is signal.SIG_IGN:
        signal.signal(ignored, signal.default_int_handler if ignored == signal.SIGINT else signal.SIG_DFL)


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes a quarter of a minute or more; begins early")


def pytest_collection_modifyitems(items):
    """The tests that share a group first, then the long ones, then the rest as it stands."""
    items.sort(key=lambda item: (item.get_closest_marker("xdist_group") is None,
                                 item.get_closest_marker("long") is None))


@pytest.fixture(scope="session")
def build():
    folder = os.environ.get("TOCSIN_BUILD")
    if not folder:
        pytest.exit("set TOCSIN_BUILD to the build folder, or run scripts/test e2e", 2)
    return pathlib.Path(folder)


@pytest.fixture
def stand(tmp_path, build):
    made = Stand(tmp_path, build)
    yield made
    bad = made.stop()
    assert not bad, "\n".join(bad)
