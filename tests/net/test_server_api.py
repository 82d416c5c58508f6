# SPDX-License-Identifier: Apache-2.0
"""Every endpoint of the control protocol, as clients and admins use it."""
import ipaddress
import re
import time
import uuid

import pytest

from lab.wait import wait_for
from server_fixtures import ADMIN, NO_ID, LocalServer, random_key

pytestmark = pytest.mark.main_subset


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = LocalServer(tmp_path_factory.mktemp("api"), "--control-url",
                       "https://a.example,https://b.example", "--stun", "stun.example:3478",
                       "--dns", "10.0.0.1:53,[fd00::1]:53").start()
    yield made
    made.close()


def test_healthz(server):
    answer = server.request("GET", "/healthz", token=None)
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.headers["Content-Type"] == "text/plain"
    head = server.request("HEAD", "/healthz", token=None)
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "2")


def test_network_with_defaults(server):
    answer = server.api("POST", "/v1/networks", {"name": "home"})
    network = answer["network"]
    assert answer["bootstrap_token"] is None
    assert uuid.UUID(network["id"]).version == 4
    assert ipaddress.ip_network(network["overlay_v4"]).subnet_of(
        ipaddress.ip_network("100.64.0.0/10"))
    assert network["overlay_v4"].endswith("/24")
    assert ipaddress.ip_network(network["overlay_v6"]).subnet_of(ipaddress.ip_network("fd00::/8"))
    assert network["overlay_v6"].endswith("/48")
    assert network["dns_domain"] == f"net-{network['id'].split('-')[0]}.lightscale"
    assert network["requires_approval"] is False
    assert network["key_rotation_max_age_seconds"] is None
    assert network in server.api("GET", "/v1/networks")["networks"]
    assert server.api("GET", f"/v1/networks/{network['id']}")["network"] == network


def test_network_with_everything(server):
    answer = server.api("POST", "/v1/networks", {
        "name": "büro", "overlay_v4": "10.77.0.0/16", "overlay_v6": "fd77::/64",
        "dns_domain": "office.example", "requires_approval": True,
        "key_rotation_max_age_seconds": 86400, "bootstrap_token_ttl_seconds": 60,
        "bootstrap_token_uses": 3, "bootstrap_token_tags": ["a", "b"]})
    assert answer["network"]["name"] == "büro"
    assert answer["network"]["overlay_v4"] == "10.77.0.0/16"
    assert answer["network"]["key_rotation_max_age_seconds"] == 86400
    token = answer["bootstrap_token"]
    assert token["uses_left"] == 3 and token["tags"] == ["a", "b"]
    assert token["revoked_at"] is None and token["expires_at"] <= time.time() + 61
    node = server.register(token["token"])
    assert node.info["approved"] is False and node.first_netmap["peers"] == []
    assert node.info["tags"] == ["a", "b"]
    assert (node.info["ipv4"], node.info["ipv6"]) == ("10.77.0.10", "fd77::a")
    assert node.info["dns_name"] == f"{node.name}.office.example"


def test_network_overlap_and_delete(server):
    first = server.network("one", overlay_v4="10.1.0.0/16", overlay_v6="fd01::/64")
    for field, prefix in (("overlay_v4", "10.1.2.0/24"), ("overlay_v6", "fd01::/48")):
        answer = server.request("POST", "/v1/networks", {"name": "two", field: prefix})
        assert answer.status == 409 and "overlaps" in answer.error
    token = server.token(first)
    node = server.register(token)
    answer = server.request("DELETE", f"/v1/networks/{first['id']}")
    assert answer.status == 409 and "still has 1 node;" in answer.error
    server.api("DELETE", f"/v1/nodes/{node.id}")
    answer = server.request("DELETE", f"/v1/networks/{first['id']}")
    assert (answer.status, answer.body) == (204, b"")
    assert server.request("GET", f"/v1/networks/{first['id']}").status == 404
    answer = server.request("POST", "/v1/register", {
        "token": token, "node_name": "x", "machine_public_key": random_key(),
        "wg_public_key": random_key()}, token=None)
    assert answer.status == 401
    server.network("two", overlay_v4="10.1.2.0/24")


def test_tokens(server):
    network = server.network("tokens")
    path = f"/v1/networks/{network['id']}/tokens"
    made = [server.api("POST", path, {
        "ttl_seconds": ttl, "uses": 2, "tags": ["x"], "owner_user_id": "u1",
        "owner_email": "u@example.org", "owner_is_admin": True})["token"] for ttl in (50, 500, 5)]
    assert all(len(token["token"]) == 43 for token in made)
    listed = server.api("GET", path)["tokens"]
    assert [t["expires_at"] for t in listed] == sorted(
        (t["expires_at"] for t in made), reverse=True)
    assert not {t["token"] for t in listed} & {t["token"] for t in made}
    assert all(len(t["token"]) == 16 for t in listed)
    node = server.register(made[1]["token"])
    assert node.info["owner_user_id"] == "u1" and node.info["owner_email"] == "u@example.org"
    assert node.info["owner_is_admin"] is True and node.info["tags"] == ["x"]
    assert server.api("GET", path)["tokens"][0]["uses_left"] == 1
    revoked = server.api("POST", f"/v1/tokens/{made[1]['token']}/revoke")
    assert revoked["revoked_at"] >= time.time() - 5
    assert server.api("POST", f"/v1/tokens/{revoked['token']}/revoke") == revoked
    by_id = server.api("POST", f"/v1/tokens/{listed[2]['token']}/revoke")
    assert by_id["token"] == listed[2]["token"] and by_id["revoked_at"]
    assert server.request("POST", f"/v1/tokens/{NO_ID}/revoke").status == 404


@pytest.mark.parametrize("case", ["used up", "revoked", "expired", "unknown", "public id"])
def test_token_that_does_not_register(server, case):
    network = server.network()
    token = server.token(network, uses=1, ttl_seconds=1 if case == "expired" else 60)
    expected = case
    if case == "used up":
        server.register(token)
    elif case == "revoked":
        server.api("POST", f"/v1/tokens/{token}/revoke")
    elif case == "unknown":
        token = "A" * 43
    elif case == "public id":
        token = server.api("GET", f"/v1/networks/{network['id']}/tokens")["tokens"][0]["token"]
        expected = "unknown"
    body = {"token": token, "node_name": "late", "machine_public_key": random_key(),
            "wg_public_key": random_key()}

    def refused():
        answer = server.request("POST", "/v1/register", dict(
            body, node_name="n" + uuid.uuid4().hex, wg_public_key="" if case == "expired"
            and time.time() < made + 1.1 else random_key()), token=None)
        return answer if answer.status == 401 else None
    made = time.time()
    answer = wait_for(refused, 5, "the token to be refused")
    assert expected in answer.error


def test_register_conflicts(server):
    network = server.network()
    token = server.token(network, uses=10)
    node = server.register(token, "alpha")
    body = {"token": token, "node_name": "ALPHA", "machine_public_key": random_key(),
            "wg_public_key": random_key()}
    answer = server.request("POST", "/v1/register", body, token=None)
    assert answer.status == 409 and "alpha is taken" in answer.error
    body.update(node_name="beta", wg_public_key=node.info["wg_public_key"])
    answer = server.request("POST", "/v1/register", body, token=None)
    assert answer.status == 409 and "in use by node alpha" in answer.error
    # Neither used up the token.
    assert server.api("GET", f"/v1/networks/{network['id']}/tokens")["tokens"][0][
        "uses_left"] == 9
    # A revoked node's name and key are free again.
    server.api("POST", f"/v1/nodes/{node.id}/revoke")
    body["node_name"] = "alpha"
    assert server.request("POST", "/v1/register", body, token=None).status == 200


def test_addresses_in_order_and_not_reused_soon(server):
    network = server.network(overlay_v4="10.20.0.0/28", overlay_v6="fd20::/64")
    token = server.token(network)
    nodes = [server.register(token) for _ in range(14)]
    assert [n.info["ipv4"] for n in nodes] == [f"10.20.0.{i}" for i in range(1, 15)]
    assert [n.info["ipv6"] for n in nodes] == [
        str(ipaddress.ip_address("fd20::") + i) for i in range(10, 24)]
    late = {"token": token, "node_name": "toomany", "machine_public_key": random_key(),
            "wg_public_key": random_key()}
    answer = server.request("POST", "/v1/register", late, token=None)
    assert answer.status == 409 and "IPv4 address space" in answer.error
    # --reuse-addresses: test_server_reuse.py.
    server.api("DELETE", f"/v1/nodes/{nodes[4].id}")
    answer = server.request("POST", "/v1/register", late, token=None)
    assert answer.status == 409 and "IPv4 address space" in answer.error


def test_netmap_shape(server):
    network = server.network()
    token = server.token(network)
    a, b = server.register(token, "a"), server.register(token, "b")
    assert set(a.info) == {
        "id", "name", "dns_name", "ipv4", "ipv6", "wg_public_key", "machine_public_key",
        "endpoints", "tags", "owner_user_id", "owner_email", "owner_is_admin", "routes",
        "last_seen", "approved", "key_rotation_required", "revoked"}
    netmap = a.netmap()
    assert set(netmap) == {"network", "node", "peers", "relay", "probe_requests", "generated_at",
                           "revision"}
    rules = {"join": "link", "revocation": "final"}  # only admins see them
    assert {**netmap["network"], **rules} == network and netmap["node"]["id"] == a.id
    assert [p["id"] for p in netmap["peers"]] == [b.id]
    assert set(netmap["peers"][0]) == {
        "id", "name", "dns_name", "ipv4", "ipv6", "wg_public_key", "endpoints", "tags", "routes",
        "last_seen"}
    assert netmap["relay"] == {
        "stun_servers": ["stun.example:3478"], "turn_servers": [], "stream_relay_servers": [],
        "udp_relay_servers": [], "dns_servers": ["10.0.0.1:53", "[fd00::1]:53"]}
    assert abs(netmap["generated_at"] - time.time()) < 5
    # The admin may ask for any node, another node may not.
    assert server.api("GET", f"/v1/netmap/{a.id}")["revision"] == netmap["revision"]
    assert server.request("GET", f"/v1/netmap/{a.id}", token=b.token).status == 401


def test_register_url_and_approval(server):
    network = server.network()
    peer = server.register(server.token(network), "peer")
    before = peer.revision()
    made = server.register_url(network, "laptop", ttl_seconds=60)
    assert set(made) == {"node_id", "network_id", "ipv4", "ipv6", "auth_path", "expires_at",
                         "node_token", "node_name"}
    assert made["network_id"] == network["id"]
    assert abs(made["expires_at"] - time.time() - 60) < 5
    path = f"/v1/netmap/{made['node_id']}"
    netmap = server.api("GET", path, token=made["node_token"])
    assert netmap["node"]["approved"] is False and netmap["peers"] == []
    assert peer.peers() == {}
    wrong = made["auth_path"][:-1] + ("A" if made["auth_path"][-1] != "A" else "B")
    assert server.request("GET", wrong, token=None).status == 401
    assert server.request("HEAD", made["auth_path"], token=None).status == 405
    first = server.api("GET", made["auth_path"], token=None)
    assert first["node_id"] == made["node_id"] and first["approved"] is True
    assert abs(first["approved_at"] - time.time()) < 5
    assert server.api("GET", made["auth_path"], token=None) == first
    netmap = server.api("GET", path, token=made["node_token"])
    assert netmap["node"]["approved"] is True
    assert [p["name"] for p in netmap["peers"]] == ["peer"]
    assert list(peer.peers()) == ["laptop"] and peer.revision() > before


def test_approval_link_expires_and_admin_approves(server):
    network = server.network()
    made = server.register_url(network, "slow", ttl_seconds=1)
    wait_for(lambda: time.time() > made["expires_at"] + 0.1, 5, "the link to expire")
    answer = server.request("GET", made["auth_path"], token=None)
    assert answer.status == 401 and "expired" in answer.error
    path = f"/v1/admin/nodes/{made['node_id']}/approve"
    assert server.request("POST", path, token=made["node_token"]).status == 401
    first = server.api("POST", path)
    assert first["approved"] is True and server.api("POST", path) == first
    # Approved by now: the right secret says so.
    assert server.api("GET", made["auth_path"], token=None) == first


def test_requires_approval(server):
    network = server.network(requires_approval=True)
    token = server.token(network)
    a, b = server.register(token, "a"), server.register(token, "b")
    assert a.info["approved"] is False and a.peers() == {}
    server.api("POST", f"/v1/admin/nodes/{a.id}/approve")
    assert a.netmap()["node"]["approved"] is True and a.peers() == {}
    server.api("POST", f"/v1/admin/nodes/{b.id}/approve")
    assert list(a.peers()) == ["b"] and list(b.peers()) == ["a"]


def test_node_list_and_update(server):
    network = server.network()
    token = server.token(network)
    a, b = server.register(token, "a"), server.register(token, "b")
    path = f"/v1/admin/networks/{network['id']}/nodes"
    assert [n["name"] for n in server.api("GET", path)["nodes"]] == ["a", "b"]
    before = b.revision()
    node = server.api("PUT", f"/v1/admin/nodes/{a.id}", {"name": "Gate", "tags": ["gw"]})["node"]
    assert node["name"] == "Gate" and node["tags"] == ["gw"]
    assert node["dns_name"] == f"gate.{network['dns_domain']}"
    peer = b.peers()["Gate"]
    assert peer["tags"] == ["gw"] and peer["dns_name"] == node["dns_name"]
    assert b.revision() == before + 1
    answer = server.request("PUT", f"/v1/admin/nodes/{b.id}", {"name": "GATE"})
    assert answer.status == 409
    node = server.api("PUT", f"/v1/admin/nodes/{a.id}", {"tags": []})["node"]
    assert node["tags"] == [] and node["name"] == "Gate"
    assert server.request("PUT", f"/v1/admin/nodes/{a.id}", {}).status == 400
    server.register(token, "a")  # the old name is free


def test_rotate_revoke_and_history(server):
    network = server.network()
    token = server.token(network)
    a, b = server.register(token, "a"), server.register(token, "b")
    wg, machine = random_key(), random_key()
    rotate = f"/v1/nodes/{a.id}/rotate-keys"
    answer = server.api("POST", rotate, {"wg_public_key": wg}, token=a.token)
    assert answer == {"node_id": a.id, "wg_public_key": wg,
                      "machine_public_key": a.info["machine_public_key"]}
    assert b.peers()["a"]["wg_public_key"] == wg
    answer = server.request("POST", rotate, {"wg_public_key": wg}, token=a.token)
    assert answer.status == 400 and "unchanged" in answer.error
    answer = server.request("POST", rotate,
                            {"wg_public_key": b.info["wg_public_key"]}, token=a.token)
    assert answer.status == 409
    revoked = server.api("POST", f"/v1/nodes/{a.id}/revoke")
    assert revoked["node_id"] == a.id and abs(revoked["revoked_at"] - time.time()) < 5
    assert server.api("POST", f"/v1/nodes/{a.id}/revoke") == revoked
    assert b.peers() == {}
    netmap = a.netmap()
    assert netmap["node"]["revoked"] is True and netmap["node"]["approved"] is False
    assert netmap["peers"] == []
    keys = server.api("GET", f"/v1/nodes/{a.id}/keys", token=a.token)
    assert keys["node_id"] == a.id
    assert [(k["key_type"], k["public_key"]) for k in keys["keys"]] == [
        ("machine", a.info["machine_public_key"]), ("wire_guard", a.info["wg_public_key"]),
        ("wire_guard", wg)]
    assert all(k["revoked_at"] for k in keys["keys"])
    # Rotating clears the revocation; the key that stays is active again.
    server.api("POST", rotate, {"machine_public_key": machine})
    keys = server.api("GET", f"/v1/nodes/{a.id}/keys")["keys"]
    assert [k["public_key"] for k in keys if k["revoked_at"] is None] == [wg, machine]
    assert list(b.peers()) == ["a"] and a.netmap()["node"]["revoked"] is False


def test_delete_node(server):
    network = server.network()
    token = server.token(network)
    a, b = server.register(token, "a"), server.register(token, "b")
    assert server.api("DELETE", f"/v1/nodes/{a.id}") == {"node_id": a.id}
    assert b.peers() == {}
    for method, path in (("GET", f"/v1/netmap/{a.id}"), ("DELETE", f"/v1/nodes/{a.id}"),
                         ("GET", f"/v1/nodes/{a.id}/keys")):
        assert server.request(method, path).status == 404
    assert server.request("GET", f"/v1/netmap/{a.id}", token=a.token).status == 404


def test_key_policy(server):
    network = server.network()
    path = f"/v1/networks/{network['id']}/key-policy"
    token = server.token(network)
    a, b = server.register(token, "a"), server.register(token, "b")
    assert server.api("GET", path) == {"policy": {"max_age_seconds": None}}
    assert server.api("PUT", path, {"max_age_seconds": 3600}) == {
        "policy": {"max_age_seconds": 3600}}
    assert a.netmap()["network"]["key_rotation_max_age_seconds"] == 3600
    assert list(a.peers()) == ["b"]
    before = a.revision()
    server.api("PUT", path, {"max_age_seconds": 1})
    wait_for(lambda: a.netmap()["node"]["key_rotation_required"], 10, "keys to come of age")
    netmap = a.netmap()
    assert netmap["node"]["approved"] is False and netmap["peers"] == []
    assert netmap["revision"] > before
    server.api("PUT", path, {"max_age_seconds": None})
    assert list(a.peers()) == ["b"] and list(b.peers()) == ["a"]


ACL_CASES = [
    # default, rules, who sees whom among web (tag web), db (tag db), lap (no tag)
    ("allow", [], "web-db web-lap db-lap"),
    ("deny", [], ""),
    ("allow", [("deny", {"tags": ["web"]}, {"tags": ["db"]})], "web-lap db-lap"),
    ("allow", [("deny", {"names": ["LAP"]}, {})], "web-db"),
    ("allow", [("deny", {"any": True}, {"names": ["lap"]})], "web-db"),
    ("deny", [("allow", {"tags": ["web"]}, {"tags": ["db"]})], ""),
    ("deny", [("allow", {"tags": ["web"]}, {"tags": ["db"]}),
              ("allow", {"tags": ["db"]}, {"tags": ["web"]})], "web-db"),
    ("deny", [("deny", {"names": ["lap"]}, {}), ("allow", {}, {})], "web-db"),
    ("deny", [("allow", {}, {}), ("deny", {"names": ["lap"]}, {})], "web-db web-lap db-lap"),
]


@pytest.mark.parametrize("default,rules,expected", ACL_CASES)
def test_acl(server, default, rules, expected):
    network = server.network()
    nodes = {name: server.register(server.token(network, tags=tags), name)
             for name, tags in (("web", ["web"]), ("db", ["db"]), ("lap", []))}
    path = f"/v1/networks/{network['id']}/acl"
    assert server.api("GET", path) == {"default_action": "allow", "rules": []}
    before = nodes["web"].revision()
    policy = {"default_action": default,
              "rules": [{"action": a, "src": s, "dst": d} for a, s, d in rules]}
    answer = server.api("PUT", path, {"policy": policy})
    assert answer["policy"]["default_action"] == default
    assert server.api("GET", path) == answer["policy"]
    assert nodes["web"].revision() == before + 1
    pairs = {frozenset(pair.split("-")) for pair in expected.split()}
    for name, node in nodes.items():
        assert {frozenset((name, peer)) for peer in node.peers()} == {
            pair for pair in pairs if name in pair}


def test_acl_by_node_id(server):
    network = server.network()
    token = server.token(network)
    a, b, c = (server.register(token, name) for name in "abc")
    server.api("PUT", f"/v1/networks/{network['id']}/acl", {"policy": {"rules": [
        {"action": "deny", "src": {"node_ids": [a.id]}, "dst": {"node_ids": [b.id]}}]}})
    assert (set(a.peers()), set(b.peers()), set(c.peers())) == ({"c"}, {"c"}, {"a", "b"})


def test_endpoints_that_aim_at_others_are_dropped(server):
    network = server.network()
    a, b = (server.register(server.token(network), name) for name in "ab")
    overlay = str(ipaddress.ip_network(network["overlay_v4"])[99])
    bad = ["127.0.0.1:53", "127.8.9.1:53", "[::1]:53", "0.0.0.0:53", "0.1.2.3:53", "[::]:53",
           "224.0.0.251:5353", "[ff02::fb]:5353", "255.255.255.255:9", "250.1.1.1:9",
           "169.254.169.254:80", "[fe80::1]:9", "[::ffff:127.0.0.1]:53", f"{overlay}:51820"]
    good = ["192.0.2.1:5", "10.0.0.1:6", "[fd12::1]:7", "host.example:8"]
    netmap = a.heartbeat(endpoints=[bad[0], *good[:2], *bad[1:], *good[2:]], listen_port=4000)
    assert netmap["node"]["endpoints"] == good
    assert b.peers()["a"]["endpoints"] == good
    for _ in range(3):
        assert a.heartbeat(endpoints=bad)["node"]["endpoints"] == []
    logged = re.findall(r"event=node\.endpoints_dropped .*", server.log())
    assert len(logged) == 1, logged
    assert f"count={len(bad)} first=127.0.0.1:53" in logged[0] and a.id in logged[0]


def test_heartbeat(server):
    network = server.network()
    token = server.token(network)
    a, b = server.register(token, "a"), server.register(token, "b")
    route = {"prefix": "192.168.7.0/24", "kind": "subnet", "enabled": True,
             "mapped_prefix": "10.7.7.0/24"}
    before = b.revision()
    netmap = a.heartbeat(endpoints=["192.0.2.1:51820", "[2001:db8::1]:51820"], listen_port=4000,
                         routes=[route])
    assert netmap["node"]["endpoints"] == ["192.0.2.1:51820", "[2001:db8::1]:51820"]
    assert netmap["revision"] == before + 1
    peer = b.peers()["a"]
    assert peer["endpoints"] == netmap["node"]["endpoints"] and peer["routes"] == [route]
    # The same once more changes nothing.
    netmap = a.heartbeat(endpoints=["192.0.2.1:51820", "[2001:db8::1]:51820"], listen_port=4000,
                         routes=[route])
    assert netmap["revision"] == before + 1
    # An endpoint is not listed twice.
    netmap = a.heartbeat(endpoints=["192.0.2.1:1", "192.0.2.1:1"], listen_port=4000)
    assert netmap["node"]["endpoints"] == ["192.0.2.1:1"]
    assert netmap["node"]["routes"] == []
    # An admin may send it too; other nodes may not.
    body = {"node_id": a.id, "endpoints": [], "routes": []}
    assert server.request("POST", "/v1/heartbeat", body).status == 200
    assert server.request("POST", "/v1/heartbeat", body, token=b.token).status == 401
    assert server.request("POST", "/v1/heartbeat", dict(body, node_id=NO_ID)).status == 404


def test_observed_endpoint_of_the_loopback_v6(tmp_path):
    """No other host could use it. Sources that others can use: test_server_proxy.py, test_stun.py."""
    server = LocalServer(tmp_path, listen=("127.0.0.1:0", "[::1]:0")).start()
    try:
        node = server.register(server.token(server.network()))
        import http.client
        connection = http.client.HTTPConnection("::1", int(server.addresses[1][1]), timeout=10)
        answer = server.request("POST", "/v1/heartbeat", {
            "node_id": node.id, "listen_port": 7, "endpoints": [], "routes": []},
            connection=connection)
        assert answer.json["netmap"]["node"]["endpoints"] == []
        connection.close()
    finally:
        server.close()


def test_probe_requests(server):
    network = server.network()
    token = server.token(network)
    a, b = server.register(token, "a"), server.register(token, "b")
    before = b.revision()
    a.heartbeat(endpoints=["192.0.2.9:9"], probe=True)
    netmap = b.netmap()
    assert netmap["revision"] > before
    assert netmap["probe_requests"] == [{
        "peer_id": a.id, "endpoints": ["192.0.2.9:9"], "ipv4": a.info["ipv4"],
        "ipv6": a.info["ipv6"], "requested_at": netmap["probe_requests"][0]["requested_at"]}]
    assert abs(netmap["probe_requests"][0]["requested_at"] - time.time()) < 5
    assert a.netmap()["probe_requests"] == []
    revision = b.revision()
    a.heartbeat(endpoints=["192.0.2.9:9"], probe=True)
    assert b.longpoll(revision, 20).json["revision"] == revision
    server.api("DELETE", f"/v1/nodes/{a.id}")
    assert b.netmap()["probe_requests"] == []


def test_audit(server):
    network = server.network()
    other = server.network()
    token = server.token(network)
    a = server.register(token, "a")
    server.register_url(network, "c")
    server.api("PUT", f"/v1/admin/nodes/{a.id}", {"tags": ["t"]})
    server.api("PUT", f"/v1/networks/{network['id']}/acl", {"policy": {}})
    server.api("PUT", f"/v1/networks/{network['id']}/key-policy", {"max_age_seconds": 99})
    server.api("POST", f"/v1/nodes/{a.id}/revoke")
    server.api("POST", f"/v1/nodes/{a.id}/rotate-keys", {"wg_public_key": random_key()})
    server.api("POST", f"/v1/tokens/{token}/revoke")
    server.api("DELETE", f"/v1/nodes/{a.id}")
    entries = server.api("GET", f"/v1/audit?network_id={network['id']}")["entries"]
    assert [e["action"] for e in entries] == [
        "network.create", "token.create", "node.register", "node.register_url", "node.update",
        "acl.update", "key_policy.update", "keys.revoke", "keys.rotate", "token.revoke",
        "node.delete"]
    assert all(e["network_id"] == network["id"] and uuid.UUID(e["id"]) for e in entries)
    assert token not in str(entries)
    mine = server.api("GET", f"/v1/audit?node_id={a.id}")["entries"]
    assert [e["action"] for e in mine] == ["node.register", "node.update", "keys.revoke",
                                          "keys.rotate", "node.delete"]
    last = server.api("GET", f"/v1/audit?network_id={network['id']}&limit=2")["entries"]
    assert last == entries[-2:]
    assert len(server.api("GET", "/v1/audit?limit=3")["entries"]) == 3
    server.api("DELETE", f"/v1/networks/{other['id']}")
    entries = server.api("GET", f"/v1/audit?network_id={other['id']}")["entries"]
    assert entries[-1]["action"] == "network.delete"


def test_topology(server):
    topology = server.api("GET", "/v1/admin/topology")
    assert topology["control_urls"] == [f"http://127.0.0.1:{server.port}", "https://a.example",
                                        "https://b.example"]
    assert topology["mesh_server_id"] is None and topology["mesh_peers"] == []
    assert abs(topology["generated_at"] - time.time()) < 5


def test_many_groups_of_peers(server):
    """More nodes than one group of the roster holds: each sees all others, once."""
    network = server.network(overlay_v4="10.90.0.0/16")
    token = server.token(network)
    connection = server.connect()
    nodes = [server.register(token, f"m{i}", connection=connection) for i in range(300)]
    names = {node.name for node in nodes}
    for node in (nodes[0], nodes[255], nodes[256], nodes[299]):
        peers = [p["name"] for p in node.netmap()["peers"]]
        assert len(peers) == 299 and set(peers) == names - {node.name}
    for i in (0, 10, 255, 256):
        server.api("DELETE", f"/v1/nodes/{nodes[i].id}", connection=connection)
    gone = {nodes[i].name for i in (0, 10, 255, 256)}
    peers = [p["name"] for p in nodes[299].netmap()["peers"]]
    assert len(peers) == 295 and set(peers) == names - gone - {"m299"}
    fresh = [server.register(token, f"x{i}", connection=connection) for i in range(5)]
    assert len(fresh[-1].netmap()["peers"]) == 300
    connection.close()


def test_no_secret_in_the_log(server):
    network = server.network()
    token = server.token(network)
    node = server.register(token)
    made = server.register_url(network)
    server.api("GET", made["auth_path"], token=None)
    log = server.log()
    for secret in (token, node.token, made["node_token"], made["auth_path"].split("/")[-1],
                   ADMIN):
        assert secret not in log
    for event in ("network.created", "token.created", "node.registered", "node.approved"):
        assert f"event={event} " in log
