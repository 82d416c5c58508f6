# SPDX-License-Identifier: Apache-2.0
"""A host without /dev/net/tun: what needs it is refused before anything is touched, the rest works.
Each program runs in a mount namespace of its own, with an empty /dev/net."""
import json
import platform
import subprocess

import pytest

from lab.process import program_environment
from test_cli_help import PROGRAM

LACK = ("/dev/net/tun is missing: load the tun module (modprobe tun), or give the device to the "
        "container; registration, administration, heartbeat, netmap, status, rotate-keys, dns and "
        "relay do work")


def run(tmp_path, *words):
    return subprocess.run(["unshare", "--mount", "--net", "sh", "-c",
                           "mount -t tmpfs none /dev/net && exec \"$@\"", "sh", PROGRAM, *words],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
                          env=program_environment({"HOME": str(tmp_path / "home")}), check=False)


@pytest.mark.parametrize("line", ["agent", "wg-up", "wg-up --interface ls-x --backend boringtun",
                                  "agent --pid-file PID --dns-hosts-path HOSTS"])
def test_refused(tmp_path, line):
    words = [str(tmp_path / word) if word.isupper() else word for word in line.split()]
    done = run(tmp_path, *words)
    assert done.stderr == (f"lightscale-client: {words[0]} does not work on this host "
                           f"(linux {platform.machine()}): {LACK}\n")
    assert done.returncode == 1 and done.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line,text", [("status --wg", "profile 'default' is not registered"),
                                       ("wg-down --interface ls-x", "nothing to remove"),
                                       ("status", "profile 'default' is not registered")])
def test_not_refused(tmp_path, line, text):
    done = run(tmp_path, *line.split())
    assert done.returncode == 1 and text in done.stderr and "this host" not in done.stderr


def test_platform(tmp_path):
    answer = json.loads(run(tmp_path, "platform", "--json").stdout)
    assert answer["control_plane"] == "supported" and answer["data_plane"] == "partial"
    assert answer["note"] == LACK
