# SPDX-License-Identifier: Apache-2.0
"""The https uplink alone, and receivers for it: what its tests share."""
import pytest

from mock_receiver import Mock, Pki, Uplink


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def made():
    """What a test starts and this stops."""
    things = []
    yield things
    for thing in things:
        thing.stop()


@pytest.fixture
def receiver(pki, made):
    def start(*arguments, **options):
        made.append(Mock(pki, *arguments, **options))
        return made[-1]
    return start


@pytest.fixture
def uplink(build, pki, tmp_path):
    """Starts a driver; at the end it must close cleanly, with nothing left in its loop."""
    started = []

    def start(url, clean=True, state=None, **options):
        chosen = {"url": url, "ca_file": pki.path("ca.pem"), "cert_file": pki.path("gateway.pem"),
                  "key_file": pki.path("gateway.key"), "attempt_timeout": 3000,
                  "receipt_keys": pki.path("receipt.pub.pem")}
        chosen.update(options)
        env = chosen.pop("env", None)
        chosen = {k: v for k, v in chosen.items() if v is not None}
        made = Uplink(build, pki, state or tmp_path, env=env, **chosen)
        if clean:
            assert made.first == {"opened": True}, made.log
            started.append(made)
        return made

    yield start
    for one in started:
        if not one.child.stdin.closed:
            outcomes, status = one.finish()
            assert status == 0, f"{outcomes} {one.log}"


def events(mock):
    return f"{mock.origin}/v1/events"
