# SPDX-License-Identifier: Apache-2.0
"""scripts/soak for a few seconds: its load and its attacks arrive, and it leaves nothing behind."""
import json
import os
import signal
import subprocess
import sys

import pytest

from lab.process import program_environment
from lab.wait import wait_for
from server_fixtures import PROGRAM, TOP

sys.path.insert(0, os.path.join(TOP, "tests", "bench"))
import soak  # noqa: E402  (the path above comes first)

SOAK = os.path.join(TOP, "tests", "bench", "soak.py")


def start(tmp_path, *args):
    return subprocess.Popen(
        [sys.executable, SOAK, "--agents", "5", *args], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=program_environment(
            {"BUILD_DIR": os.path.dirname(PROGRAM), "TMPDIR": str(tmp_path)}))


def test_a_short_soak(tmp_path):
    path = tmp_path / "report.json"
    process = start(tmp_path, "--minutes", "0.1", "--json", str(path))
    shown, noted = process.communicate(timeout=120)
    assert process.returncode in (0, 1) and not noted, shown + noted
    report = json.loads(path.read_text(encoding="ascii"))
    # How fast it is says little while other tests share the machine.
    assert (report["exit_status"], report["healthz_failed"]) == (0, 0), shown
    assert report["rss_mb"]["peak"] >= report["rss_mb"]["last_quarter"] > 1
    agents, changes, floods = (report["counts"][name] for name in ("Agents", "Changes", "Floods"))
    assert agents["poll 200"] >= 5 and changes["change 200"] >= 5
    assert changes["register 200"] >= 2
    assert floods["guess 429"] > 0 and floods["malformed 400"] > 0 and floods["flap 200"] > 0
    assert os.listdir(tmp_path) == ["report.json"]


def test_an_interrupted_soak_cleans_up(tmp_path):
    process = start(tmp_path, "--minutes", "10")

    def servers():
        """The processes that have this soak's directory in their command line."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                    if str(tmp_path) + "/lightscale-soak-" in file.read():
                        found.append(pid)
            except OSError:
                pass  # it has ended
        return found
    try:
        wait_for(servers, 20, "the server of the soak")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 143
    assert servers() == [] and os.listdir(tmp_path) == []


GOOD = {"rss_mb": {"growth": 1, "second_quarter": 30}, "healthz": 9, "healthz_failed": 0,
        "healthz_ms": {"p99": 9}, "exit_status": 0, "sanitizer": False,
        "counts": {"Agents": {"poll 200": 1000}, "Changes": {"change 200": 600}}}


@pytest.mark.parametrize("wrong,text", [
    ({}, None),
    ({"rss_mb": {"growth": 9, "second_quarter": 30}}, "memory grew by 9 MB"),
    ({"healthz_failed": 1}, "1 of 9 /healthz failed"),
    ({"healthz_ms": {"p99": 1001}}, "p99 of /healthz is 1001 ms"),
    ({"exit_status": -6}, "the server ended with -6"),
    ({"sanitizer": True}, "a sanitizer"),
    ({"counts": {"Agents": {"poll 200": 1}, "Changes": {"change 200": 600}}}, "told too little"),
    ({"counts": {"Agents": {"poll 200": 1000, "poll lost": 1}, "Changes": {"change 200": 600}}},
     "not answered with 200: {'poll lost': 1}"),
    ({"counts": {"Agents": {"poll 200": 1000}, "Changes": {"change 200": 100}}}, "fewer than half"),
])
def test_what_a_soak_finds(wrong, text):
    class Options:
        minutes, agents = 1, 200
    found = soak.findings({**GOOD, **wrong}, Options)
    assert found == [] if text is None else len(found) == 1 and text in found[0]
