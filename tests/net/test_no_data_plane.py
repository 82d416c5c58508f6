# SPDX-License-Identifier: Apache-2.0
"""The client that is built without its data plane: what it refuses, what it says of itself, and
that nothing of the data plane is in it."""
import json
import os
import platform
import re
import subprocess

import pytest

from lab import build_directory
from lab.process import program_environment
from test_cli_help import PATHS, PROGRAM

pytestmark = [pytest.mark.control_plane, pytest.mark.no_data_plane]

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
LACK = ("this client is built without a WireGuard data plane; registration, administration, "
        "heartbeat, netmap, status, rotate-keys, dns and relay do work")
REFUSED = {"agent": "agent", "wg-up": "wg-up", "wg-down": "wg-down", "status --wg": "status --wg",
           "status --json --wg --interface ls-x": "status --wg",
           "--profile nobody agent --listen-port 0": "agent"}
# Folders of src/ of which nothing is built, and single files.
LEFT_OUT = ("agent/", "dataplane/", "netlink/", "path/", "wg/", "apply/address.c",
            "apply/executor.c", "apply/facts_kernel.c", "apply/hosts.c", "apply/hosts_watch.c",
            "apply/leftover.c", "apply/link.c", "apply/peers.c", "apply/route.c", "plan/steps.c",
            "cli/node/status_wg.c", "cli/host/dry_run.c", "cli/host/tunnel_commands.c",
            "cli/session/host_facts.c", "cli/show/wg_table.c")
DECLARED = re.compile(r"^(?!static|typedef|#|/| |\t)[a-z][\w *]*?\b(\w+)\(", re.MULTILINE)


def run(*words, **env):
    return subprocess.run([PROGRAM, *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=30, env=program_environment(env), check=False)


@pytest.mark.parametrize("line", REFUSED)
def test_refusal_comes_before_everything(tmp_path, line):
    """No profile, no configuration that could be read, no home: none of it is looked at."""
    config = tmp_path / "config.json"
    config.write_text("{ damaged")
    done = run("--config", str(config), *line.split(), HOME="")
    assert done.stderr == (f"lightscale-client: {REFUSED[line]} does not work on this host "
                           f"(linux {platform.machine()}): {LACK}\n")
    assert done.returncode == 1 and done.stdout == ""
    assert config.read_text() == "{ damaged" and os.listdir(tmp_path) == ["config.json"]


@pytest.mark.parametrize("line,text", [("agent --heartbeat-interval 0", "--heartbeat-interval"),
                                       ("wg-down --interface eth0", "--interface"),
                                       ("wg-up extra", "'extra'"), ("agnet", "'agent'")])
def test_wrong_command_lines_are_still_that(line, text):
    done = run(*line.split())
    assert done.returncode == 2 and text in done.stderr and "this host" not in done.stderr


def test_refused_commands_are_in_the_help():
    for path in ("agent", "wg-up", "wg-down", "status"):
        assert path in PATHS
    assert "--wg " in run("status", "--help").stdout


def test_the_others_are_not_refused(tmp_path):
    """They get as far as the profile or the server that is missing."""
    refused = {line.split()[0] for line in REFUSED if "status" not in line}
    arguments = {"admin acl set": ["--json", "{}"], "completion": ["bash"],
                 "admin node update": ["--name", "n"], "admin keys rotate": ["--wg-public-key",
                                                                             "A" * 42 + "E="],
                 "admin key-policy set": ["--clear"], "admin network set": ["--join", "off"],
                 "init": ["http://127.0.0.1:1"]}
    for path in PATHS:
        help_text = run(*path.split(), "--help").stdout
        if "\nCommands:\n" in help_text or path in refused | {"--profile"}:
            continue
        words = re.search(r"^Usage: \S+ \[GLOBAL OPTIONS\] ([^\[\n]*)", help_text).group(1)
        count = len(words.split()) - len(path.split())
        given = arguments.get(path, [])
        if path not in ("completion", "init"):
            given = ["x"] * count + given
        done = run(*path.split(), *given, HOME=str(tmp_path))
        assert "does not work on this host" not in done.stderr, path
        assert done.returncode in (0, 1), f"{path}: {done}"


def test_platform():
    answer = json.loads(run("platform", "--json").stdout)
    managers = answer.pop("service_managers_found")
    assert answer.pop("service_managers") == ["systemd", "openrc", "procd", "none"]
    assert answer.pop("data_plane_capabilities")["wireguard"] == "unsupported"
    assert answer == {"os": "linux", "arch": platform.machine(), "control_plane": "supported",
                      "data_plane": "unsupported", "service_integration": "unsupported",
                      "note": LACK}
    assert set(managers) <= {"systemd", "openrc", "procd", "launchd"}
    shown = run("platform").stdout
    assert re.search(r"^data plane: +unsupported$", shown, re.MULTILINE) and LACK in shown


def output(*argv):
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout


def test_nothing_of_it_is_compiled():
    with open(os.path.join(build_directory(), "compile_commands.json"), encoding="utf-8") as file:
        sources = {os.path.relpath(os.path.join(entry["directory"], entry["file"]), TOP)
                   for entry in json.load(file)}
    assert "src/cli/host/agent.c" in sources and "src/plan/plan.c" in sources
    assert [path for path in sources if path.startswith(tuple("src/" + p for p in LEFT_OUT))] == []


def declared(folders):
    """The functions that the headers of these folders of src/ promise."""
    found = set()
    for folder in folders:
        directory = os.path.join(TOP, "src", folder)
        for room, _, names in os.walk(directory):
            for name in names:
                if name.endswith(".h"):
                    with open(os.path.join(room, name), encoding="utf-8") as file:
                        found |= set(DECLARED.findall(file.read()))
    return found


def test_nothing_of_it_is_linked():
    symbols = {line.split()[-1] for line in output("nm", PROGRAM).splitlines()}
    ours = declared(["cli", "control", "profile", "proto", "json"])
    assert {"cli_need_check", "cli_platform_look", "proto_netmap_free"} <= ours & symbols
    theirs = declared([path.rstrip("/") for path in LEFT_OUT if path.endswith("/")])
    assert {"agent_run", "wg_device_new", "nl_socket_open", "dp_uapi_client_get"} <= theirs
    assert theirs & symbols == set()
    assert [name for name in symbols if name.startswith("mnl_")] == []
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "--dynamic", PROGRAM))
    assert any(name.startswith("libcrypto.") for name in needed)
    assert [name for name in needed if "mnl" in name] == []
    assert "libmnl" not in output("ldd", PROGRAM)
