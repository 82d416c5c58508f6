# SPDX-License-Identifier: Apache-2.0
"""lightscale-server import: a database from the state file of an existing (v1) server."""
import copy
import json
import os
import sqlite3
import subprocess

import pytest

from lab.process import program_environment
from server_fixtures import ADMIN, PROGRAM, LocalServer, random_key
from v1_server import ADMIN as OLD_ADMIN
from v1_server import V1Server

pytestmark = pytest.mark.control_plane

CLIENT = os.path.join(os.path.dirname(PROGRAM), "lightscale-client")


@pytest.fixture
def old():
    made = V1Server()
    yield made
    made.close()


@pytest.fixture
def server(tmp_path):
    made = LocalServer(tmp_path)
    yield made
    made.close()


def run_import(tmp_path, document, state=None, check=True):
    path = tmp_path / "state.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    done = subprocess.run([PROGRAM, "import", str(path), "--state",
                           str(state or tmp_path / "server.db")], capture_output=True, text=True,
                          timeout=60, check=False, env=program_environment({}))
    if check:
        assert done.returncode == 0 and done.stderr.count("\n") <= 1, done
        assert "event=store.new" in done.stderr or not done.stderr
    return done


def client(tmp_path, name, url, *command, token=None):
    arguments = [CLIENT, "--state-dir", str(tmp_path / name), "--control-url", url]
    if token:
        path = tmp_path / "admin"
        path.write_text(token)
        path.chmod(0o600)
        arguments += ["--admin-token-file", str(path)]
    return subprocess.run([*arguments, *command], capture_output=True, text=True, timeout=60,
                          check=True, env=program_environment({})).stdout


def rows(tmp_path, sql):
    with sqlite3.connect(tmp_path / "server.db") as database:
        return database.execute(sql).fetchall()


def nodes(server, net):
    return server.api("GET", f"/v1/admin/networks/{net}/nodes")["nodes"]


def test_no_node_notices(tmp_path, old):
    """Clients, of which one waits for approval and one is revoked, go on with the new server, on
    the old one's address."""
    net = old.add_network("office")["id"]
    closed = old.add_network("closed", requires_approval=True)["id"]
    token = old.add_token(net, uses=9, tags=["web", "blue"], owner_user_id="u7",
                          owner_email="ada@example.com", owner_is_admin=False)["token"]
    for name in ("a", "b", "c"):
        client(tmp_path, name, old.url, "register", "--node-name", name, "--", token)
    client(tmp_path, "a", old.url, "rotate-keys")
    client(tmp_path, "b", old.url, "heartbeat", "--endpoint", "192.0.2.7:51820", "--route",
           "10.7.0.0/16", "--exit-node")
    client(tmp_path, "d", old.url, "register-url", "--node-name", "d", closed)
    ids = {entry["info"]["name"]: node for node, entry in old.nodes.items()}
    client(tmp_path, "a", old.url, "admin", "keys", "revoke", ids["c"], token=OLD_ADMIN)
    before = {name: json.loads(client(tmp_path, name, old.url, "netmap", "--json"))
              for name in ("a", "b")}
    document = old.document()
    address, secret = old.address, old.nodes[ids["d"]]["secret"]
    old.close()
    done = run_import(tmp_path, document)
    assert done.stdout == (f"imported into {tmp_path}/server.db: 2 networks, 4 nodes, 1 enrolment "
                           f"tokens, {len(document['audit_log'])} audit entries; 0 odd values\n")
    server = LocalServer(tmp_path, listen=(f"{address[0]}:{address[1]}",)).start()
    try:
        for name in ("a", "b"):
            after = json.loads(client(tmp_path, name, old.url, "netmap", "--json"))
            assert after["revision"] > before[name]["revision"]
            for part in ("network", "node", "peers"):
                assert after[part] == before[name][part], part
        beaten = client(tmp_path, "b", old.url, "heartbeat", "--endpoint", "192.0.2.8:1")
        assert ids["b"] in beaten
        # The token has uses left, and its tags and owner.
        client(tmp_path, "e", old.url, "register", "--node-name", "e", "--", token)
        (late,) = [node for node in nodes(server, net) if node["name"] == "e"]
        assert late["tags"] == ["web", "blue"] and late["owner_email"] == "ada@example.com"
        assert late["ipv4"] not in {entry["info"]["ipv4"] for entry in old.nodes.values()}
        assert server.api("GET", f"/v1/networks/{net}/tokens")["tokens"][0]["uses_left"] == 5
        # Who waits is approved by the old link; who is revoked stays so until its keys change.
        assert [node["approved"] for node in nodes(server, closed)] == [False]
        assert server.api("GET", f"/v1/register/approve/{ids['d']}/{secret}",
                          token=None)["approved"]
        assert {node["name"] for node in nodes(server, net) if node["revoked"]} == {"c"}
        client(tmp_path, "c", old.url, "rotate-keys")
        assert not any(node["revoked"] for node in nodes(server, net))
        actions = [entry["action"] for entry in server.api(
            "GET", "/v1/audit?limit=100")["entries"]]
        assert actions[:len(document["audit_log"])] == [
            entry["action"] for entry in document["audit_log"]]
    finally:
        server.close()
    with open(tmp_path / "server.db", "rb") as file:
        data = file.read()
    for text in [token, *(entry["token"] for entry in old.nodes.values()), secret]:
        assert text.encode() not in data


def test_keys_and_their_ages(tmp_path, old, server):
    net = old.add_network("net", key_rotation_max_age_seconds=86400)["id"]
    node = old.add_node(net, "n")
    old.nodes[node]["created_at"] = 1600000000
    former = random_key()
    old.keys[node].insert(0, {"key_type": "wire_guard", "public_key": former,
                              "created_at": 1600000000, "revoked_at": 1700000000})
    old.keys[node].append({"key_type": "wire_guard", "public_key": "no key",
                           "created_at": 1600000000, "revoked_at": 1700000000})
    done = run_import(tmp_path, old.document())
    assert f"note: node {node}: a record of its former keys is left out\n" in done.stdout
    assert rows(tmp_path, "SELECT wg_key_since, machine_key_since FROM nodes") == [
        (1700000000, 1700000000)]
    server.start()
    keys = server.api("GET", f"/v1/nodes/{node}/keys")["keys"]
    assert keys == [key for key in old.keys[node] if key["public_key"] != "no key"]
    (info,) = nodes(server, net)
    assert info["key_rotation_required"] is True


def odd(document):
    """Gives the one node of a document values that a v1 server takes and ours does not."""
    (node,) = document["nodes"].values()
    twin = copy.deepcopy(node)
    twin.update(id="0" * 8 + node["id"][8:], name="MY-HOST", ipv4="100.64.0.99",
                ipv6="fd00::99", wg_public_key=random_key(), created_at=node["created_at"] + 1)
    node.update(name="my host", endpoints=["192.0.2.1:5", "nowhere", "[fe80::1%eth0]:5"], routes=[
        {"prefix": "10.1.2.3/16", "kind": "subnet", "enabled": True, "mapped_prefix": None},
        {"prefix": "elsewhere", "kind": "subnet", "enabled": True, "mapped_prefix": None}],
        node_token=None)
    document["nodes"][twin["id"]] = twin
    (network,) = document["networks"].values()
    network["overlay_v4"] = "100.64.0.5/24"
    network["key_policy"] = {"max_age_seconds": 0}
    network["acl"] = {"rules": [{"action": "deny", "dst": {"tags": ["x"]}}]}
    document["tokens"]["lost"] = {**document["tokens"][next(iter(document["tokens"]))],
                                  "network_id": "gone"}
    document["audit_log"].append({"id": "x", "timestamp": 5, "network_id": None, "node_id": None,
                                  "action": "later", "detail": [1]})
    return node["id"], twin["id"], network["id"]


def test_odd_values_are_mended_and_named(tmp_path, old, server):
    net = old.add_network("net")["id"]
    old.add_token(net)
    old.add_node(net, "n")
    document = old.document()
    node, twin, net = odd(document)
    done = run_import(tmp_path, document)
    notes = [line[len("note: "):] for line in done.stdout.splitlines()[:-1]]
    assert sorted(notes) == sorted([
        f"network {net}: overlay_v4 100.64.0.5/24 becomes 100.64.0.0/24",
        f"network {net}: a key age of 0 becomes none",
        f'node {node}: its name "my host" becomes my-host',
        f'node {twin}: its name "MY-HOST" becomes MY-HOST-2',
        f"node {node}: endpoint nowhere is left out",
        f"node {node}: endpoint [fe80::1%eth0]:5 is left out",
        f"node {node}: route 10.1.2.3/16 becomes 10.1.0.0/16",
        f"node {node}: route elsewhere is left out",
        f"node {node}: it has no token, so only an admin can ask for it",
        "an enrolment token is left out: its network is not there",
        f"audit_log [{len(document['audit_log']) - 1}]: its detail is left out"])
    server.start()
    first, second = sorted(nodes(server, net), key=lambda info: info["name"], reverse=True)
    assert (first["name"], second["name"]) == ("my-host", "MY-HOST-2")
    assert second["dns_name"].startswith("my-host-2.")
    assert first["endpoints"] == ["192.0.2.1:5"]
    policy = server.api("GET", f"/v1/networks/{net}/acl")
    assert policy["sight"] == "one-way" and policy["rules"][0]["dst"]["tags"] == ["x"]
    assert [route["prefix"] for route in first["routes"]] == ["10.1.0.0/16"]


def _other(document, **members):
    """A second node, as the first one but for its id and `members`."""
    node = copy.deepcopy(next(iter(document["nodes"].values())))
    node.update({"id": "f" * 8 + node["id"][8:], "name": "other", "ipv4": "100.64.0.77",
                 "ipv6": "fd00::77", "wg_public_key": random_key(), **members})
    document["nodes"][node["id"]] = node


def _first(document, **members):
    next(iter(document["nodes"].values())).update(members)


def _net(document, **members):
    next(iter(document["networks"].values())).update(members)


PROBLEMS = {
    "no key": (lambda d: _first(d, wg_public_key="hello"), "its wg_public_key is no key"),
    "no machine key": (lambda d: _first(d, machine_public_key=""),
                       "its machine_public_key is no key"),
    "outside": (lambda d: _first(d, ipv4="10.0.0.1"), "an address outside the overlay"),
    "no address": (lambda d: _first(d, ipv6="x"), "ipv6: not an IPv6 address"),
    "address of two": (lambda d: _other(d, ipv4=next(iter(d["nodes"].values()))["ipv4"]),
                       "it has the address 100.64.0.10 of node "),
    "key of two": (lambda d: _other(d, wg_public_key=next(iter(d["nodes"].values()))[
        "wg_public_key"]), "it has the WireGuard key of node "),
    "network of a node": (lambda d: _first(d, network_id="x"), "its network is not in the file"),
    "another key": (lambda d: _first(d, id="x"), "its key is not its id"),
    "no room": (lambda d: _net(d, overlay_v4="100.64.0.0/31"), "an overlay has no room"),
    "domain": (lambda d: _net(d, dns_domain="a b"), "dns_domain may only have"),
    "policy": (lambda d: _net(d, acl={"rules": [{"action": "perhaps"}]}), "policy"),
    "token": (lambda d: next(iter(d["tokens"].values())).pop("expires_at"), "expires_at"),
    "audit": (lambda d: d["audit_log"][0].pop("timestamp"), "audit_log [0]: "),
    "version": (lambda d: d.update(version=2), "version 2 of the state: only 1 is known"),
    "no version": (lambda d: d.pop("version"), "not the state of a v1 server"),
    "list": (lambda d: d.update(nodes=[]), "not the state of a v1 server"),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_all_or_nothing(tmp_path, old, case):
    spoil, text = PROBLEMS[case]
    net = old.add_network("net")["id"]
    old.add_token(net)
    old.add_node(net, "n")
    document = copy.deepcopy(old.document())
    spoil(document)
    done = run_import(tmp_path, document, check=False)
    assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith("lightscale-server: ")
    assert "imported into" not in done.stdout
    if text:
        assert text in done.stdout + done.stderr, done
    if os.path.exists(tmp_path / "server.db"):
        assert rows(tmp_path, "SELECT count(*) FROM networks") == [(0,)]
    # No trace is in the way of a good one.
    assert "1 networks, 1 nodes" in run_import(tmp_path, old.document()).stdout


def test_only_into_a_new_database(tmp_path, old):
    old.add_network("net")
    run_import(tmp_path, old.document())
    again = run_import(tmp_path, old.document(), check=False)
    assert again.returncode == 1
    assert f"database {tmp_path}/server.db has networks already" in again.stderr
    assert rows(tmp_path, "SELECT count(*) FROM networks") == [(1,)]


def test_beside_a_running_server(tmp_path, old, server):
    server.start()
    done = run_import(tmp_path, old.document(), check=False)
    assert done.returncode == 1 and "in use by another lightscale-server" in done.stderr


@pytest.mark.parametrize("arguments,text", [
    (["import"], "import takes one FILE"),
    (["import", "a", "b", "--state", "x"], "import takes one FILE"),
    (["import", "postgres://db/x", "--state", "x"], "import reads files only"),
    (["import", "a"], "--state PATH is missing"),
    (["export", "a"], "export: not an option"),
])
def test_bad_command_lines(arguments, text):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20,
                          check=False, env=program_environment({}))
    assert done.returncode == 2 and text in done.stderr and done.stderr.count("\n") == 1, done


@pytest.mark.parametrize("text,message", [
    ("", "state.json"), ("{", "state.json"), ("[]", "not the state of a v1 server")])
def test_bad_files(tmp_path, text, message):
    done = run_import(tmp_path, text, check=False)
    assert done.returncode == 1 and message in done.stderr
    assert not os.path.exists(tmp_path / "server.db")


def test_server_says_how_to_import(tmp_path, old):
    path = tmp_path / "state.json"
    text = json.dumps(old.document(), indent=2)
    path.write_text(text)
    done = subprocess.run([PROGRAM, "--state", str(path), "--listen", "127.0.0.1:0"],
                          capture_output=True, text=True, timeout=20, check=False,
                          env=program_environment({"LIGHTSCALE_ADMIN_TOKEN": ADMIN}))
    assert done.returncode == 1
    assert f"lightscale-server import {path} --state NEW-FILE" in done.stderr
    assert path.read_text() == text
