# SPDX-License-Identifier: Apache-2.0
"""The client where people use it: terminals of any width, pipes, closed streams, and what it says to do
next. On loopback."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios

import pytest

from cli_site import read_terminal
from lab import has_data_plane
from lab.process import program_environment
from test_cli_help import PROGRAM
from test_v1_requests import World
from v1_server import ADMIN

pytestmark = pytest.mark.control_plane

PEERS = 40  # enough to fill stdout's buffer more than once


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("terminal"), slim=False)
    for number in range(PEERS):
        made.server.add_node(made.net, f"peer-{number}", tags=["a", "b"])
    yield made
    made.server.close()


@pytest.fixture
def stranger(tmp_path):
    made = World(tmp_path, slim=False, registered=False)
    yield made
    made.server.close()


def environment(world, **more):
    return program_environment({"HOME": str(world.directory / "home"),
                                "LIGHTSCALE_ADMIN_TOKEN": ADMIN, "TERM": "xterm", **more})


def on_terminal(world, *words, columns=80, **more):
    """Standard output is a terminal of that width; returns what it shows."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen([PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=theirs,
                          stderr=subprocess.DEVNULL, env=environment(world, **more)) as process:
        os.close(theirs)
        shown = read_terminal(ours)
        # No agent runs. A build without a data plane has none.
        assert process.wait(30) == (1 if "status" in words and has_data_plane() else 0)
    return shown


def in_shell(world, line):
    return subprocess.run(["sh", "-c", line, "sh", PROGRAM], stdin=subprocess.DEVNULL, check=False,
                          capture_output=True, text=True, timeout=60, env=environment(world))


LINES = ["status", "netmap", "relay", "platform", "admin nodes {net}", "admin token list {net}",
         "admin acl get {net}", "admin audit", "admin keys history {node}", "--help"]


@pytest.mark.parametrize("line", LINES)
def test_any_terminal(world, line):
    """Colour is all that a terminal adds, and NO_COLOR or a dumb one takes it away: lines are never
    cut or broken, whatever the width."""
    words = [world.fill(word) for word in line.split()]
    plain = on_terminal(world, *words, NO_COLOR="1")
    assert "\x1b" not in plain
    ages = re.compile(r"\b(now|\d+[smhd] ago|in \d+[smhd])\b *")
    for columns in (20, 300):
        shown = on_terminal(world, *words, columns=columns)
        assert ("\x1b[1m" in shown) == (line != "--help")
        assert ages.sub("", re.sub("\x1b\\[[0-9]*m", "", shown)) == ages.sub("", plain)
    assert "\x1b" not in on_terminal(world, *words, TERM="dumb")
    assert "\x1b" not in world.run(*words).stdout


@pytest.mark.parametrize("reader", ["head -1", "true"])
@pytest.mark.parametrize("line", ["netmap --json", "admin nodes {net}", "completion bash"])
def test_a_reader_that_has_enough(world, line, reader):
    """No word about it."""
    done = in_shell(world, f'"$1" {world.fill(line)} | {reader}')
    assert done.stderr == "" and done.returncode == 0
    assert done.stdout.count("\n") == (reader != "true")


def test_a_full_disk_is_a_failure(world):
    done = in_shell(world, '"$1" netmap --json >/dev/full')
    assert done.returncode == 1
    assert "cannot write to standard output: No space left on device" in done.stderr


@pytest.mark.parametrize("line", ["netmap --json", "netmap", "--help", "platform --json"])
def test_closed_output(world, line):
    """Nothing is printed into what took the descriptor's number: a socket, the state file."""
    before = world.state()
    world.server.taken()
    done = in_shell(world, f'"$1" {line} >&-')
    assert done.returncode == 1
    assert done.stderr == ("lightscale-client: cannot write to standard output: "
                           "Bad file descriptor\n")
    found = world.server.taken()
    assert [request.path for request in found] == (
        [f"/v1/netmap/{world.node}"] if "netmap" in line else [])
    assert world.state()["node_token"] == before["node_token"]


@pytest.mark.parametrize("line", ["-v netmap --json", "-v heartbeat --json", "-v platform --json"])
@pytest.mark.parametrize("closed", ["2>&-", "<&-", "2>&- <&-"])
def test_closed_input_and_errors(world, line, closed):
    done = in_shell(world, f'"$1" {line} {closed}')
    assert done.returncode == 0, done
    json.loads(done.stdout)
    world.state()


def test_everything_closed(world):
    assert in_shell(world, '"$1" netmap <&- >&- 2>&-').returncode == 1
    world.state()


# --- what to do next ---

def test_after_init(stranger):
    url = stranger.server.url
    done = stranger.run("init", url)
    assert done.stderr == ("Next: 'lightscale-client register TOKEN' or 'register-url NETWORK' joins "
                           "a network.\n")
    assert "--profile lab register TOKEN'" in stranger.run("--profile", "lab", "init", url).stderr
    assert stranger.run("-q", "init", url).stderr == stranger.run("init", url, "--json").stderr == ""
    done = stranger.run("init", f"{url},http://192.0.2.1:8080/")
    assert f"control URLs:  {url}, http://192.0.2.1:8080\n" in done.stdout


def test_after_register(stranger):
    stranger.run("init", stranger.server.url)
    done = stranger.run("register", stranger.token)
    assert done.stderr == ("Next: 'lightscale-client agent' keeps this machine in the network, as "
                           "root.\n")
    # It is in a network already.
    assert stranger.run("init", stranger.server.url).stderr == ""


def test_after_register_url(stranger):
    stranger.run("init", stranger.server.url)
    done = stranger.run("register-url", stranger.net, "--approve")
    assert "'lightscale-client agent' keeps" in done.stderr
    # Without an approval that comes first.
    other = stranger.run("--profile", "b", "--control-url", stranger.server.url, "register-url",
                         stranger.net, "--node-name", "other")
    assert other.stderr == "" and "approve at:" in other.stdout


def test_after_a_token(world):
    done = world.run("admin", "token", "create", world.net)
    token = re.search(r"^token: +(\S+)$", done.stdout, re.MULTILINE).group(1)
    assert done.stdout.count(token) == 1 and token not in done.stderr
    assert done.stderr == (
        "The token is not shown again: keep it safe. Next, on a new node: 'lightscale-client init "
        f"{world.server.url}', then 'lightscale-client register TOKEN'.\n")
    assert world.run("admin", "token", "create", world.net, "--json").stderr == ""
    assert world.run("-q", "admin", "token", "create", world.net).stderr == ""


def test_after_a_network(world):
    done = world.run("admin", "network", "create", "lab")
    made = re.search(r"^id: +(\S+)$", done.stdout, re.MULTILINE).group(1)
    assert done.stderr == (f"Next: 'lightscale-client admin token create {made}' makes a token for "
                           "nodes.\n")
    assert "not shown again" in world.run("admin", "network", "create", "lab", "--token-ttl",
                                          "60").stderr


@pytest.mark.parametrize("line,words", [
    ("admin nodes {bare}", "no nodes"), ("admin token list {bare}", "no tokens"),
    ("admin acl get {bare}", "no rules"), ("admin nodes {net} --pending", "no nodes"),
    ("netmap", "no peers"), ("status", "no peers")])
def test_empty_lists_are_said_in_words(tmp_path, line, words):
    world = World(tmp_path, slim=False)
    try:
        world.ids["bare"] = world.server.add_network("bare")["id"]
        world.run("admin", "node", "delete", world.ids["peer"])
        world.run("netmap")
        shown = world.run(*[world.fill(word) for word in line.split()]).stdout
        assert f"{words}\n" in shown and "NAME" not in shown and "TOKEN" not in shown
    finally:
        world.server.close()
