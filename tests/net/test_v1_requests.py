# SPDX-License-Identifier: Apache-2.0
"""What the client asks of an existing v1 server, request by request and member by member, and that it
understands the answers of one: short ones, with members it does not know, in every framing.

    loopback: the client's commands, v1_server.py beside it
    host: the agent and v1_server.py, for its loop
"""
import json
import re
import socket
import subprocess

import pytest

import v1_protocol
from lab import Lab, wait_for
from lab.lightscale import only_not_running
from lab.process import program_environment
from test_cli_help import PATHS, PROGRAM
from v1_server import ADMIN, V1Server, new_key

pytestmark = [pytest.mark.main_subset, pytest.mark.control_plane]

KEYS = {"machine_public_key": "{machine}", "wg_public_key": "{wg}"}
# What our client adds for our own server; a v1 server ignores members that it does not know.
OURS = {"CreateNetwork": {"join", "revocation"}, "Register": {"rename_if_taken"},
        "RegisterUrl": {"rename_if_taken"}, "Heartbeat": {"instance"}}
HEADERS = {"host", "user-agent", "accept", "authorization", "content-type", "content-length"}


class World:
    """A v1 server with a network and two nodes, and a client that is registered as one of them."""

    def __init__(self, directory, slim, registered=True):
        self.server = V1Server(slim=slim)
        self.net = self.server.add_network("office")["id"]
        self.token = self.server.add_token(self.net, uses=9)["token"]
        self.directory = directory
        self.ids = {"net": self.net, "token": self.token, "key": new_key()}
        if registered:
            self.run("init", self.server.url)
            self.run("register", self.token, "--node-name", "laptop")
            self.node = self.state()["node_id"]
            self.ids.update(node=self.node, peer=self.server.add_node(self.net, "desk"))
        self.server.taken()

    def run(self, *words, check=True, admin=True):
        environment = program_environment({"HOME": str(self.directory / "home")})
        if admin:
            environment["LIGHTSCALE_ADMIN_TOKEN"] = ADMIN
        done = subprocess.run([PROGRAM, *words], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, env=environment, check=False)
        assert done.returncode != 99, f"sanitizer: {done.stderr}"
        assert not check or done.returncode == 0 or only_not_running(done), done
        return done

    def json(self, *words):
        return json.loads(self.run(*words, "--json").stdout)

    def state(self):
        path = self.directory / "home" / ".local/share/lightscale/default/state.json"
        return json.loads(path.read_text())

    def fill(self, value):
        """Puts ids and keys in the place of {names}."""
        if isinstance(value, dict):
            return {name: self.fill(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(inner) for inner in value]
        return re.sub(r"{(\w+)}", lambda m: self.word(m[1]), value) \
            if isinstance(value, str) else value

    def word(self, name):
        """What it is by now: rotation changes keys."""
        if name in ("machine", "wg"):
            return self.state()[name + "_public_key"]
        if name == "approved":  # the secret of the node that was just made
            return next(reversed(self.server.nodes.values()))["secret"]
        if name == "made":
            return next(reversed(self.server.nodes))
        return self.ids[name]


@pytest.fixture(params=["slim", "full"])
def world(request, tmp_path):
    made = World(tmp_path, request.param == "slim")
    yield made
    made.server.close()


@pytest.fixture(params=["slim", "full"])
def stranger(request, tmp_path):
    """The same without a registration."""
    made = World(tmp_path, request.param == "slim", registered=False)
    yield made
    made.server.close()


def kind_of(world, credential):
    if credential in (None, ADMIN):
        return credential and "admin"
    assert credential == world.state()["node_token"]
    return "node"


def assert_sound(request):
    """Headers, query and body are of v1, whatever the command."""
    assert {name.lower() for name in request.headers.keys()} <= HEADERS
    assert request.headers["Accept"] == "application/json"
    pattern, _ = v1_protocol.find_endpoint(request.method, request.path)
    assert set(request.query) <= v1_protocol.QUERIES.get(pattern, set())
    _, kind, _ = v1_protocol.ENDPOINTS[request.method, pattern]
    if kind is None:
        assert request.body is None and "Content-Type" not in request.headers
        assert request.headers.get("Content-Length", "0") == "0"
        return
    assert request.headers["Content-Type"] == "application/json"
    body = {name: value for name, value in request.body.items() if name not in OURS.get(kind, ())}
    assert v1_protocol.problems(kind, body, exact=True) == []


def assert_requests(world, wanted):
    found = world.server.taken()
    shown = [(request.method, request.path, request.query, kind_of(world, request.credential),
              request.body) for request in found]
    assert shown == [(method, world.fill(path), world.fill(query), who, world.fill(body))
                     for method, path, query, who, body in wanted]
    for request in found:
        assert_sound(request)


def beat(**members):
    return [("POST", "/v1/heartbeat", {}, "node",
             {"node_id": "{node}", "endpoints": [], "listen_port": None, "routes": [],
              "probe": None, **members})]


def admin(method, path, body=None, **query):
    return (method, path, query, "admin", body)


def create(**members):
    return [admin("POST", "/v1/networks", {"name": "lab", "requires_approval": False, **members})]


ANY = {"any": True, "tags": [], "node_ids": [], "names": []}
POLICY = {"default_action": "deny",
          "rules": [{"action": "allow", "src": {**ANY, "any": False, "tags": ["a"]}, "dst": ANY}]}
ACL = admin("GET", "/v1/networks/{net}/acl")
NODES = admin("GET", "/v1/admin/networks/{net}/nodes")
NETMAP = ("GET", "/v1/netmap/{node}", {}, "node", None)
LINES = [
    ("netmap", [NETMAP]),
    ("heartbeat", beat()),
    ("heartbeat --endpoint 192.0.2.1:5,[2001:db8::1]:6 --listen-port 51820",
     beat(endpoints=["192.0.2.1:5", "[2001:db8::1]:6"], listen_port=51820)),
    ("heartbeat --route 192.168.7.0/24 --route-map 10.1.0.0/24=10.9.0.0/24 --exit-node",
     beat(routes=[
         {"prefix": "192.168.7.0/24", "kind": "subnet", "enabled": True, "mapped_prefix": None},
         {"prefix": "10.1.0.0/24", "kind": "subnet", "enabled": True,
          "mapped_prefix": "10.9.0.0/24"},
         {"prefix": "0.0.0.0/0", "kind": "exit", "enabled": True, "mapped_prefix": None},
         {"prefix": "::/0", "kind": "exit", "enabled": True, "mapped_prefix": None}])),
    # A prefix that is mapped, too, is announced once; host bits are cleared.
    ("heartbeat --route 10.1.0.0/24,192.168.7.9/24,192.168.7.0/24 "
     "--route-map 10.1.0.7/24=10.9.0.7/24",
     beat(routes=[
         {"prefix": "10.1.0.0/24", "kind": "subnet", "enabled": True,
          "mapped_prefix": "10.9.0.0/24"},
         {"prefix": "192.168.7.0/24", "kind": "subnet", "enabled": True, "mapped_prefix": None}])),
    ("heartbeat --route 0.0.0.0/0 --exit-node", beat(routes=[
        {"prefix": "0.0.0.0/0", "kind": "exit", "enabled": True, "mapped_prefix": None},
        {"prefix": "::/0", "kind": "exit", "enabled": True, "mapped_prefix": None}])),
    ("rotate-keys", [("POST", "/v1/nodes/{node}/rotate-keys", {}, "node", KEYS), NETMAP]),
    ("rotate-keys --machine", [("POST", "/v1/nodes/{node}/rotate-keys", {}, "node",
                                {"machine_public_key": "{machine}"}), NETMAP]),
    ("rotate-keys --wg", [("POST", "/v1/nodes/{node}/rotate-keys", {}, "node",
                           {"wg_public_key": "{wg}"}), NETMAP]),
    ("status", []), ("dns", [NETMAP]), ("relay", [NETMAP]), ("platform", []),
    ("admin network create lab", create()),
    ("admin network create lab --overlay-v4 10.7.0.0/24 --overlay-v6 fd07::/64 "
     "--dns-domain lab.test --requires-approval --key-max-age 86400 --token-ttl 60 "
     "--token-uses 2 --token-tags a,b",
     create(overlay_v4="10.7.0.0/24", overlay_v6="fd07::/64", dns_domain="lab.test",
            requires_approval=True, key_rotation_max_age_seconds=86400, join="admin",
            bootstrap_token_ttl_seconds=60, bootstrap_token_uses=2,
            bootstrap_token_tags=["a", "b"])),
    ("admin network create lab --token-ttl 60",
     create(bootstrap_token_ttl_seconds=60, bootstrap_token_uses=1, bootstrap_token_tags=[])),
    ("admin network delete {net}", [admin("DELETE", "/v1/networks/{net}")]),
    ("admin nodes {net}", [NODES]),
    ("admin nodes {net} --pending", [NODES]),
    ("admin approve {peer}", [admin("POST", "/v1/admin/nodes/{peer}/approve")]),
    ("admin node update {peer} --name new", [
        admin("PUT", "/v1/admin/nodes/{peer}", {"name": "new"})]),
    ("admin node update {peer} --tags a,b", [
        admin("PUT", "/v1/admin/nodes/{peer}", {"tags": ["a", "b"]})]),
    ("admin node update {peer} --name new --clear-tags", [
        admin("PUT", "/v1/admin/nodes/{peer}", {"name": "new", "tags": []})]),
    ("admin node revoke {peer}", [admin("POST", "/v1/nodes/{peer}/revoke")]),
    ("admin keys revoke {peer}", [admin("POST", "/v1/nodes/{peer}/revoke")]),
    ("admin node delete {peer}", [admin("DELETE", "/v1/nodes/{peer}")]),
    ("admin keys history {peer}", [admin("GET", "/v1/nodes/{peer}/keys")]),
    ("admin keys rotate {peer} --wg-public-key {key}", [
        admin("POST", "/v1/nodes/{peer}/rotate-keys", {"wg_public_key": "{key}"})]),
    ("admin keys rotate {peer} --machine-public-key {key}", [
        admin("POST", "/v1/nodes/{peer}/rotate-keys", {"machine_public_key": "{key}"})]),
    ("admin token create {net}", [
        admin("POST", "/v1/networks/{net}/tokens", {"ttl_seconds": 3600, "uses": 1, "tags": []})]),
    ("admin token create {net} --ttl-seconds 60 --uses 5 --tags a --tags b", [
        admin("POST", "/v1/networks/{net}/tokens",
              {"ttl_seconds": 60, "uses": 5, "tags": ["a", "b"]})]),
    ("admin token list {net}", [admin("GET", "/v1/networks/{net}/tokens")]),
    ("admin token revoke {token}", [admin("POST", "/v1/tokens/{token}/revoke")]),
    ("admin acl get {net}", [ACL]),
    ("admin acl test {net} laptop desk", [ACL, NODES]),
    ("admin acl set {net} --json " + json.dumps(
        {"default_action": "deny", "rules": [{"action": "allow", "src": {"tags": ["a"]},
                                              "dst": {"any": True}}]}, separators=(",", ":")),
     [ACL, NODES, admin("PUT", "/v1/networks/{net}/acl", {"policy": POLICY})]),
    ("admin acl set {net} --json {} --dry-run", [ACL, NODES]),
    ("admin key-policy get {net}", [admin("GET", "/v1/networks/{net}/key-policy")]),
    ("admin key-policy set {net} --max-age-seconds 60", [
        admin("PUT", "/v1/networks/{net}/key-policy", {"max_age_seconds": 60})]),
    ("admin key-policy set {net}", [
        admin("PUT", "/v1/networks/{net}/key-policy", {"max_age_seconds": None})]),
    ("admin key-policy set {net} --clear", [
        admin("PUT", "/v1/networks/{net}/key-policy", {"max_age_seconds": None})]),
    ("admin audit", [admin("GET", "/v1/audit")]),
    ("admin audit --network-id {net} --node-id {peer} --limit 7", [
        admin("GET", "/v1/audit", network_id="{net}", node_id="{peer}", limit="7")]),
]


def test_every_command_is_here():
    """A command that asks a control server has a row, but those that v1 has no endpoint for."""
    leaves = {path for path in PATHS if not any(o.startswith(path + " ") for o in PATHS) and path}
    elsewhere = {"help", "init", "pin", "register", "register-url", "agent", "wg-up", "wg-down",
                 "completion", "admin network list", "admin network set"}
    named = {path for path in leaves for line, _ in LINES if (line + " ").startswith(path + " ")}
    assert leaves - named == elsewhere


@pytest.mark.parametrize("line,wanted", LINES, ids=[row[0][:60] for row in LINES])
def test_requests(world, line, wanted):
    # Braces of a policy are no names.
    words = [world.fill(word) for word in line.split(" ")]
    done = world.run(*words)
    assert_requests(world, wanted)
    assert world.token not in done.stdout + done.stderr


def test_a_server_without_a_list_of_networks(world):
    done = world.run("admin", "network", "list", check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert " 405 method not allowed; not every control server can list networks" in done.stderr


def test_register(stranger):
    stranger.run("--bootstrap-url", stranger.server.url, "register", stranger.token,
                 "--node-name", "laptop")
    assert_requests(stranger, [("POST", "/v1/register", {}, None, {
        "token": stranger.token, "node_name": "laptop", **KEYS})])


@pytest.mark.parametrize("words,ttl", [((), 600), (("--ttl-seconds", "60"), 60)])
def test_register_url(stranger, words, ttl):
    done = stranger.run("--control-url", stranger.server.url, "register-url", stranger.net,
                        "--node-name", "laptop", *words)
    assert_requests(stranger, [("POST", "/v1/register-url", {}, None, {
        "network_id": stranger.net, "node_name": "laptop", "ttl_seconds": ttl, **KEYS})])
    assert stranger.fill(stranger.server.url + "/v1/register/approve/{made}/{approved}") \
        in done.stdout.split()


@pytest.mark.parametrize("by_admin", [True, False])
def test_register_url_approve(stranger, by_admin):
    answer = json.loads(stranger.run(
        "--control-url", stranger.server.url, "register-url", stranger.net, "--node-name",
        "laptop", "--approve", "--json", admin=by_admin).stdout)
    assert answer["approved"] is True
    approval = ("POST", "/v1/admin/nodes/{made}/approve", {}, "admin", None) if by_admin else \
        ("GET", "/v1/register/approve/{made}/{approved}", {}, None, None)
    assert_requests(stranger, [
        ("POST", "/v1/register-url", {}, None, {
            "network_id": stranger.net, "node_name": "laptop", "ttl_seconds": 600, **KEYS}),
        approval, ("GET", "/v1/netmap/{made}", {}, "node", None)])


def test_without_a_node_token_the_admin_s_is_used(world):
    path = world.directory / "home" / ".local/share/lightscale/default/state.json"
    path.write_text(json.dumps({**world.state(), "node_token": None}))
    world.run("netmap")
    assert_requests(world, [("GET", "/v1/netmap/{node}", {}, "admin", None)])


def test_what_a_short_answer_means(tmp_path):
    """Members that are left out are what the protocol says they are by default."""
    world = World(tmp_path, slim=True)
    try:
        netmap = world.json("netmap")
        netmap.pop("left_out")  # ours
        assert v1_protocol.problems("NetMap", netmap, complete=True, exact=True) == []
        assert netmap["node"]["approved"] is True and netmap["node"]["revoked"] is False
        assert netmap["node"]["key_rotation_required"] is False
        assert netmap["node"]["owner_user_id"] is None and netmap["node"]["routes"] == []
        assert netmap["network"]["requires_approval"] is False
        assert netmap["network"]["key_rotation_max_age_seconds"] is None
        assert netmap["revision"] == 0 and netmap["relay"] is None
        assert netmap["probe_requests"] == [] and len(netmap["peers"]) == 1
        assert world.json("status")["approved"] is True
        assert world.json("admin", "acl", "get", world.net) == {"default_action": "allow",
                                                                "rules": []}
        world.server.policies[world.net] = {"default_action": "allow", "rules": [
            {"action": "deny", "src": {"any": False, "tags": [], "node_ids": [], "names": []},
             "dst": {"any": False, "tags": ["a"], "node_ids": [], "names": []}}]}
        rule = world.json("admin", "acl", "get", world.net)["rules"][0]
        assert rule["src"] == {"any": False, "tags": [], "node_ids": [], "names": []}
        keys = world.json("admin", "keys", "history", world.node)["keys"]
        assert [key["revoked_at"] for key in keys] == [None, None]
        world.server.relay = {"stun_servers": ["a.test:1"], "turn_servers": [],
                              "stream_relay_servers": [], "udp_relay_servers": [],
                              "dns_servers": []}
        assert world.json("netmap")["relay"] == world.server.relay
        beaten = world.run("heartbeat", "--route", "10.5.0.0/16", "--json").stdout
        assert json.loads(beaten)["node"]["routes"] == [
            {"prefix": "10.5.0.0/16", "kind": "subnet", "enabled": True, "mapped_prefix": None}]
    finally:
        world.server.close()


def test_what_a_full_answer_says_is_kept(tmp_path):
    world = World(tmp_path, slim=False)
    try:
        entry = world.server.nodes[world.node]
        entry["info"].update(tags=["x"], owner_user_id="u", owner_email="a@b.test",
                             owner_is_admin=True, key_rotation_required=True,
                             endpoints=["192.0.2.1:5", "host.test:6"])
        entry["probes"] = [{"peer_id": world.ids["peer"], "endpoints": ["192.0.2.9:1"],
                            "ipv4": "100.64.0.11", "ipv6": "fd00::b", "requested_at": 1700000000}]
        world.server.networks[world.net].update(requires_approval=True,
                                                key_rotation_max_age_seconds=60)
        said, netmap = world.server.netmap(world.node), world.json("netmap")
        netmap.pop("left_out")  # ours
        for map_ in (said, netmap):  # addresses may be written in several ways
            map_.pop("generated_at")
        assert v1_protocol.problems("NetMap", {**netmap, "generated_at": 1}, complete=True,
                                    exact=True) == []
        for name in ("tags", "owner_user_id", "owner_email", "owner_is_admin", "endpoints",
                     "key_rotation_required", "machine_public_key", "wg_public_key", "ipv4"):
            assert netmap["node"][name] == said["node"][name]
        for name in ("probe_requests", "revision", "relay"):
            assert netmap[name] == said[name]
        for name in ("requires_approval", "key_rotation_max_age_seconds", "overlay_v4"):
            assert netmap["network"][name] == said["network"][name]
        assert world.state()["last_netmap"]["revision"] == said["revision"]
    finally:
        world.server.close()


def test_a_key_that_is_none(world):
    """An existing server takes any text for a key. The node is named, and costs the others nothing."""
    odd = world.server.add_node(world.net, "odd", wg_public_key="a key")
    said = f"Left out: peer odd ({odd}): its public key is no key."
    done = world.run("netmap")
    assert "left out: peer odd: its public key is no key" in done.stdout and "desk" in done.stdout
    assert [peer["name"] for peer in world.json("netmap")["peers"]] == ["desk"]
    done = world.run("admin", "nodes", world.net)
    assert f"Node odd ({odd}): its WireGuard key is no key, so nobody can reach it." in done.stderr
    nodes = {node["name"]: node for node in world.json("admin", "nodes", world.net)["nodes"]}
    assert nodes["odd"]["wg_public_key"] == "" and nodes["desk"]["wg_public_key"] != ""
    world.server.keys[world.node][0]["public_key"] = "old"
    assert [key["public_key"] for key in world.json("admin", "keys", "history", world.node)["keys"]][
        0] == ""
    other = world.run("--profile", "b", "--control-url", world.server.url, "register", world.token,
                      "--node-name", "phone")
    assert said in other.stderr
    world.run("--profile", "b", "status")


def test_registered_whatever_the_netmap_is_like(stranger):
    """The server has used the token up and made the node: what it needs to come back is kept."""
    stranger.server.add_node(stranger.net, "broken", ipv4="nowhere")
    done = stranger.run("--control-url", stranger.server.url, "register", stranger.token,
                        "--node-name", "laptop")
    assert "The netmap in the server's answer cannot be read: netmap: peers[0].ipv4: " in done.stderr
    state = stranger.state()
    assert state["node_token"] and state["node_id"] in stranger.server.nodes
    assert state["ipv4"] == stranger.server.nodes[state["node_id"]]["info"]["ipv4"]
    stranger.server.nodes = {state["node_id"]: stranger.server.nodes[state["node_id"]]}
    stranger.run("netmap")


@pytest.mark.parametrize("command", ["dns", "relay"])
def test_the_stored_netmap_will_do(world, command):
    world.run("netmap")
    fresh = world.run(command)
    assert "stored netmap" not in fresh.stderr
    world.server.close()
    stale = world.run(command)
    assert stale.stdout == fresh.stdout
    assert f"This is the stored netmap: GET {world.server.url}/v1/netmap/" in stale.stderr


@pytest.mark.parametrize("pin", ["", "....", ". . ."])
def test_a_placeholder_for_the_pin(world, pin):
    """As in example configurations: only https:// needs it, and another profile never does."""
    path = world.directory / "home" / ".config/lightscale/config.json"
    config = json.loads(path.read_text())
    config["profiles"]["default"]["tls_pinned_sha256"] = pin
    config["profiles"]["odd"] = {"control_urls": 5}
    path.write_text(json.dumps(config))
    world.run("netmap")
    done = world.run("--control-url", "https://127.0.0.1:1", "netmap", check=False)
    assert "has a placeholder for the pin of https://127.0.0.1:1" in done.stderr
    done = world.run("--control-url", "https://127.0.0.1:1", "pin", check=False)
    assert "placeholder" not in done.stderr and "refused" in done.stderr
    done = world.run("--profile", "odd", "netmap", check=False)
    assert "profiles.odd.control_urls: not an array" in done.stderr


def test_dns_as_v1_has_it(world):
    answer = json.loads(world.run("dns", "--format", "json").stdout)
    info = {name: world.server.nodes[world.ids[which]]["info"]
            for name, which in (("laptop", "node"), ("desk", "peer"))}
    assert answer["network"] == {name: world.server.networks[world.net][name]
                                 for name in ("id", "name", "dns_domain")}
    assert answer["generated_at"] > 1700000000
    assert sorted(answer["records"], key=lambda record: record["name"]) == [
        {"name": info[name]["dns_name"], "node_id": info[name]["id"], "ipv4": info[name]["ipv4"],
         "ipv6": info[name]["ipv6"]} for name in ("desk", "laptop")]


# --- the agent ---

@pytest.fixture(params=["slim", "full"])
def agent(request, tmp_path):
    with Lab(tmp_path) as lab:
        host = lab.internet().host("host")
        listener = host.ns.call(socket.create_server, ("127.0.0.1", 0))
        server = V1Server(listener, slim=request.param == "slim")
        net = server.add_network()["id"]
        client = lab.client(host, name="a", control_urls=[server.url])
        client.register(server.add_token(net)["token"])
        server.taken()
        try:
            yield client, server, net
        finally:
            if client.process:
                client.process.kill()
            server.close()
        lab.check()


@pytest.mark.data_plane
def test_agent_loop(agent):
    client, server, net = agent
    client.agent("--heartbeat-interval", "1", "--longpoll-timeout", "1", "--endpoint",
                 "192.0.2.1:5", "--advertise-route", "192.168.7.9/24", "--advertise-exit-node")
    peer = server.add_node(net, "desk")

    def count(path):
        return sum(request.path.endswith(path) for request in server.requests)
    wait_for(lambda: count("/heartbeat") >= 3 and count("/longpoll") >= 3, 20, "three of each")
    wait_for(lambda: server.nodes[peer]["info"]["wg_public_key"] in client.wg_peers(), 10,
             "the new peer")
    client.stop()
    revisions = {0} if server.slim else set(range(1, server.revision + 1))
    for request in server.taken():
        assert_sound(request)
        assert request.credential == client.state()["node_token"]
        if request.path == "/v1/heartbeat":
            body = {name: value for name, value in request.body.items() if name != "instance"}
            assert body == {
                "node_id": client.node_id, "endpoints": ["192.0.2.1:5"], "listen_port": 51820,
                "routes": [{"prefix": prefix, "kind": kind, "enabled": True,
                            "mapped_prefix": None}
                           for prefix, kind in (("192.168.7.0/24", "subnet"),
                                                ("0.0.0.0/0", "exit"), ("::/0", "exit"))],
                "probe": None}
        else:
            assert request.path == f"/v1/netmap/{client.node_id}/longpoll"
            assert request.query["timeout_seconds"] == "1"
            assert int(request.query["since"]) in revisions
