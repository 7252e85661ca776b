# SPDX-License-Identifier: Apache-2.0
"""Where the binaries are (TOCSIN_BUILD), and a stand that is always stopped."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from stand import Stand  # noqa: E402


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
