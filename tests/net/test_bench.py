# SPDX-License-Identifier: Apache-2.0
"""scripts/bench --netmap in small: what it measures is measured, and it leaves nothing behind."""
import json
import os
import subprocess
import sys

from lab import build_directory
from lab.netns import ip
from lab.process import program_environment
from server_fixtures import TOP


def test_the_bench_of_netmaps(tmp_path):
    """Two builds, here the same one twice, with few peers."""
    report = tmp_path / "report.json"
    build = build_directory()
    bench = subprocess.Popen(  # pylint: disable=consider-using-with
        [sys.executable, os.path.join(TOP, "tests/bench/netmap.py"), "--peers", "20", "--rounds",
         "1", "--versus", build, "--json", str(report)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
        env=program_environment({"BUILD_DIR": build, "TMPDIR": str(tmp_path)}))
    shown, noted = bench.communicate(timeout=120)
    assert bench.returncode == 0, shown + noted
    assert "20 peers, medians of 1 rounds" in shown and "this/versus" in shown
    result = json.loads(report.read_text(encoding="ascii"))
    for name in ("this", "versus"):
        measured = result["medians"][name]
        # The log's times are of whole milliseconds: of so few peers they tell nothing.
        assert all(value > 0 for kind, value in measured.items()
                   if kind.endswith(("_cpu", "_rss"))), measured
        # The state file is written for news alone.
        assert measured["same_written"] < measured["peer_written"]
    assert f"lstest{bench.pid}x" not in ip("netns", "list")
    assert not [name for name in os.listdir(tmp_path) if name.startswith("ls-bench")]
