# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the end-to-end tests. They need root, for network namespaces and TUN devices."""
import os
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from lab import Lab, has_data_plane, sweep_stale  # noqa: E402  (the path above comes first)
from openapi_contract import violations  # noqa: E402


def _interrupt(number, _frame):
    """A TERM or HUP unwinds like Ctrl-C, so that every lab is removed."""
    raise KeyboardInterrupt(signal.Signals(number).name)


def pytest_configure(config):
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    config.addinivalue_line("markers", "slow: minutes of real time; run with SLOW_TESTS=1")
    config.addinivalue_line("markers", "main_subset: also run with the sanitizer build")
    config.addinivalue_line("markers", "control_plane: also run with a build without data plane")
    config.addinivalue_line("markers", "data_plane: not that one, in a file that is control_plane")
    config.addinivalue_line("markers", "no_data_plane: only with a build without data plane")


def _fits_build(item, full):
    if full:
        return item.get_closest_marker("no_data_plane") is None
    return (item.get_closest_marker("control_plane") is not None
            and item.get_closest_marker("data_plane") is None)


def pytest_collection_modifyitems(config, items):
    full = has_data_plane()
    left_out = [item for item in items if not _fits_build(item, full)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _fits_build(item, full)]
    if os.geteuid() == 0:
        return
    for item in items:
        item.add_marker(pytest.mark.skip(reason="needs root for network namespaces"))


@pytest.fixture(scope="session", autouse=True)
def _ready_for_namespaces():
    """None of an earlier run are left, and ip-netns(8) finds a hosts file to bind theirs over."""
    if os.geteuid() == 0:
        sweep_stale()
        if not os.path.exists("/etc/hosts"):
            with open("/etc/hosts", "w", encoding="ascii") as file:
                file.write("127.0.0.1 localhost\n::1 localhost\n")


@pytest.fixture(autouse=True)
def _as_documented():
    """Fails a test whose threads saw the server do what the document of its API does not say."""
    violations.clear()
    yield
    assert not violations, "\n".join(violations[:20])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    lab = item.funcargs.get("lab") if hasattr(item, "funcargs") else None
    if lab is not None and report.failed:
        report.sections.append(("logs of the programs", lab.logs()))


@pytest.fixture
def lab(tmp_path):
    """An empty lab, removed after the test with all that runs in it."""
    with Lab(tmp_path) as made:
        yield made
        made.check()


@pytest.fixture
def small_disk(tmp_path):
    """A directory with room for 1 MiB."""
    path = tmp_path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)], check=True)
    yield path
    subprocess.run(["umount", str(path)], check=True)
