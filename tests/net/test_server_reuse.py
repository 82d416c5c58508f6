# SPDX-License-Identifier: Apache-2.0
"""--reuse-addresses: when another node gets the addresses of a deleted one."""
import subprocess

import pytest

from lab.process import program_environment
from server_fixtures import ADMIN, PROGRAM, LocalServer, random_key


@pytest.fixture
def server(tmp_path):
    made = LocalServer(tmp_path)
    yield made
    made.close()


def restart(server, *args):
    if server.process is not None:
        assert server.stop() == 0
    server.args = list(args)
    server.start()


def guest(server, token):
    """The last parts of the addresses of a node that is deleted again."""
    node = server.register(token).info
    server.api("DELETE", f"/v1/nodes/{node['id']}")
    return node["ipv4"].rsplit(".", 1)[1], node["ipv6"].rsplit(":", 1)[1]


def test_addresses_rest(server):
    restart(server)
    network = server.network(overlay_v4="10.77.0.0/28")
    token = server.token(network)
    assert [guest(server, token) for _ in range(3)] == [("1", "a"), ("2", "b"), ("3", "c")]
    restart(server)
    assert guest(server, token) == ("4", "d"), "they rest over a restart"
    restart(server, "--reuse-addresses", "never")
    assert guest(server, token)[0] == "5"
    restart(server, "--reuse-addresses", "after", "1d", "--dns", "192.0.2.53:53")
    for number in range(6, 15):
        assert guest(server, token)[0] == str(number)
    answer = server.request("POST", "/v1/register", {
        "token": token, "node_name": "late", "machine_public_key": random_key(),
        "wg_public_key": random_key()}, token=None)
    assert answer.status == 409
    assert "addresses of deleted nodes are kept back (--reuse-addresses)" in answer.json["error"]
    restart(server, "--reuse-addresses", "at-once")
    assert [guest(server, token)[0] for _ in range(3)] == ["1", "1", "1"]
    server.api("DELETE", f"/v1/networks/{network['id']}")
    restart(server)


def test_the_lowest_that_is_free_again(server):
    restart(server, "--reuse-addresses", "at-once")
    network = server.network(overlay_v4="10.20.0.0/28", overlay_v6="fd20::/64")
    token = server.token(network)
    nodes = [server.register(token) for _ in range(14)]
    server.api("DELETE", f"/v1/nodes/{nodes[4].id}")
    again = server.register(token)
    assert (again.info["ipv4"], again.info["ipv6"]) == ("10.20.0.5", "fd20::e")


@pytest.mark.parametrize("words", [["30d"], ["after"], ["after 30"], ["after 0d"], ["after d"],
                                   ["after -1d"], ["after 99999d"], ["sometimes"], [""],
                                   ["after", "soon"], ["after  1d"]])
def test_bad_values(words, tmp_path):
    done = subprocess.run(
        [PROGRAM, "--state", str(tmp_path / "x.db"), "--reuse-addresses", *words],
        capture_output=True, text=True, timeout=20, check=False,
        env=program_environment({"LIGHTSCALE_ADMIN_TOKEN": ADMIN}))
    assert done.returncode == 2, done
    assert "--reuse-addresses" in done.stderr and "as in after 30d" in done.stderr
