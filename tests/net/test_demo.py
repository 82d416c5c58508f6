# SPDX-License-Identifier: Apache-2.0
"""scripts/demo, the way that the README tells; here the longer one of its two ways."""
import os
import re
import subprocess

import pytest

from lab.process import program_environment
from server_fixtures import TOP


@pytest.mark.data_plane
def test_demo_over_tls_and_a_proxy():
    """Node a completes the main job with a pinned certificate, over TLS, through a proxy alone."""
    environment = program_environment({"LIGHTSCALE_DEMO_BUILT": "1",
                                       "BUILD_DIR": os.environ.get("BUILD_DIR", "build")})
    done = subprocess.run([os.path.join(TOP, "scripts/demo"), "--tls", "--no-install"],
                          capture_output=True, text=True, timeout=200, check=False,
                          stdin=subprocess.DEVNULL, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"control  TLS, pinned by both; [1-9]\d* connections of node a through the "
                     r"proxy, none around it", done.stdout)
    assert re.search(r"ping     IPv4 and IPv6, by address and by name, both ways", done.stdout)
    assert re.search(r"iperf3   [1-9]\d* Mbit/s through WireGuard", done.stdout)
