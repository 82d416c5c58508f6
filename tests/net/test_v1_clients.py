# SPDX-License-Identifier: Apache-2.0
"""Our server under v1 clients: requests as they send them, with members we do not know, optional ones
absent or null; and answers that hold all of v1's members with their types. On loopback."""
import http.client
import json
import threading
import time

import pytest

import v1_protocol
from lab.wait import wait_for
from server_fixtures import ADMIN, LocalServer, Waiter, random_key

pytestmark = pytest.mark.main_subset

ANNOUNCED = ["--stun", "stun.test:3478", "--turn", "turn.test:3478", "--stream-relay",
             "192.0.2.1:443", "--udp-relay", "192.0.2.1:3480", "--dns-server", "192.0.2.53:53",
             "--control-url", "http://control.test:8080", "--metrics-listen", "127.0.0.1:0"]
LATER = {"x_later": {"deep": [1, None, {"any": "thing"}]}, "features": ["delta"]}


class V1Client:
    """Asks as an endpoint's row in the protocol has it, and holds the answer to its type."""

    def __init__(self, server):
        self.server = server
        self.asked = set()

    def ask(self, method, path, body=None, token=ADMIN, **options):
        answer = self.server.request(method, path, body, token, **options)
        assert answer.status in (200, 204), f"{method} {path} {body}: {answer!r}"
        pattern, _ = v1_protocol.find_endpoint(method, path.partition("?")[0])
        self.asked.add((method, pattern))
        kind = v1_protocol.ENDPOINTS[method, pattern][2]
        if kind is None:
            return answer.body
        assert v1_protocol.problems(kind, answer.json, complete=True, where=kind) == []
        return answer.json

    def network(self, name="v1", **members):
        return self.ask("POST", "/v1/networks", {"name": name, **members})["network"]

    def token(self, network, **members):
        return self.ask("POST", f"/v1/networks/{network['id']}/tokens",
                        {"ttl_seconds": 60, "uses": 9, "tags": [], **members})["token"]

    def register(self, network, name, **members):
        """Returns (node id, node token, netmap)."""
        answer = self.ask("POST", "/v1/register", {
            "token": self.token(network)["token"], "node_name": name,
            "machine_public_key": random_key(), "wg_public_key": random_key(), **members}, None)
        return answer["netmap"]["node"]["id"], answer["node_token"], answer["netmap"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = LocalServer(tmp_path_factory.mktemp("v1"), *ANNOUNCED).start()
    yield made
    made.close()


@pytest.fixture
def v1(server):
    return V1Client(server)


def beat(node, **members):
    return {"node_id": node, "endpoints": [], "routes": [], **members}


@pytest.mark.parametrize("how", ["plain", "more", "null"])
def test_every_endpoint(v1, how):
    """A network's life in v1's requests; every answer is checked by `ask`."""
    more = LATER if how == "more" else {}

    def null(*names):
        return dict.fromkeys(names) if how == "null" else {}
    assert v1.ask("GET", "/healthz", token=None) == b"ok"
    made = v1.ask("POST", "/v1/networks", {
        "name": "life-" + how, "bootstrap_token_ttl_seconds": 60, **more,
        **null("overlay_v4", "overlay_v6", "dns_domain", "key_rotation_max_age_seconds")})
    net = made["network"]["id"]
    assert made["bootstrap_token"]["uses_left"] == 1 and made["bootstrap_token"]["tags"] == []
    token = v1.token(made["network"], tags=["a"], **more,
                     **null("owner_user_id", "owner_email"))
    keys = {"machine_public_key": random_key(), "wg_public_key": random_key()}
    joined = v1.ask("POST", "/v1/register", {"token": token["token"], "node_name": "one", **keys,
                                             **more}, None)
    node, secret = joined["netmap"]["node"]["id"], joined["node_token"]
    assert joined["netmap"]["node"]["tags"] == ["a"] and joined["netmap"]["node"]["approved"]
    waiting = v1.ask("POST", "/v1/register-url", {
        "network_id": net, "node_name": "two", "machine_public_key": random_key(),
        "wg_public_key": random_key(), **more, **null("ttl_seconds")}, None)
    approved = v1.ask("GET", waiting["auth_path"], token=None)
    assert approved == v1.ask("GET", waiting["auth_path"], token=None)
    assert v1.ask("POST", f"/v1/admin/nodes/{waiting['node_id']}/approve") == approved
    assert len(v1.ask("GET", f"/v1/admin/networks/{net}/nodes")["nodes"]) == 2
    assert v1.ask("PUT", f"/v1/admin/nodes/{node}", {"name": "uno", **more, **null("tags")})[
        "node"]["name"] == "uno"
    route = {"prefix": "10.9.0.0/16", "kind": "subnet", "enabled": True, **more,
             **null("mapped_prefix")}
    beaten = v1.ask("POST", "/v1/heartbeat", beat(
        node, endpoints=["192.0.2.1:5"], routes=[route], **more, **null("listen_port", "probe")),
        secret)
    assert beaten["netmap"]["node"]["routes"] == [
        {"prefix": "10.9.0.0/16", "kind": "subnet", "enabled": True, "mapped_prefix": None}]
    assert beaten["netmap"]["node"]["endpoints"] == ["192.0.2.1:5"]
    v1.ask("POST", "/v1/heartbeat", beat(waiting["node_id"], probe=True, **more), ADMIN)
    netmap = v1.ask("GET", f"/v1/netmap/{node}", token=secret)
    assert [probe["peer_id"] for probe in netmap["probe_requests"]] == [waiting["node_id"]]
    assert [peer["name"] for peer in netmap["peers"]] == ["two"]
    polled = v1.ask("GET", f"/v1/netmap/{node}/longpoll?since=0", token=secret)
    assert polled["revision"] == netmap["revision"]
    selector = {"tags": ["a"], **more, **null("any", "node_ids", "names")}
    policy = {"rules": [{"action": "deny", "src": selector, "dst": {}, **more}], **more,
              **null("default_action")}
    answer = v1.ask("PUT", f"/v1/networks/{net}/acl", {"policy": policy, **more})
    assert answer["policy"] == v1.ask("GET", f"/v1/networks/{net}/acl") == {
        "default_action": "allow", "rules": [
            {"action": "deny", "src": {"any": False, "tags": ["a"], "node_ids": [], "names": []},
             "dst": {"any": False, "tags": [], "node_ids": [], "names": []}}]}
    assert v1.ask("GET", f"/v1/netmap/{node}", token=secret)["peers"] == []
    for age in (60, None):
        v1.ask("PUT", f"/v1/networks/{net}/key-policy", {"max_age_seconds": age, **more})
        assert v1.ask("GET", f"/v1/networks/{net}/key-policy") == {
            "policy": {"max_age_seconds": age}}
    new = random_key()
    rotated = v1.ask("POST", f"/v1/nodes/{node}/rotate-keys", {
        "wg_public_key": new, **more, **null("machine_public_key")}, secret)
    assert rotated == {"node_id": node, "machine_public_key": keys["machine_public_key"],
                       "wg_public_key": new}
    history = v1.ask("GET", f"/v1/nodes/{node}/keys", token=secret)["keys"]
    assert sorted(key["revoked_at"] is None for key in history) == [False, True, True]
    v1.ask("POST", f"/v1/nodes/{node}/revoke")
    assert v1.ask("GET", f"/v1/netmap/{node}", token=secret)["node"]["revoked"] is True
    listed = v1.ask("GET", f"/v1/networks/{net}/tokens")["tokens"]
    assert len(listed) == 2 and listed == sorted(listed, key=lambda t: -t["expires_at"])
    assert v1.ask("POST", f"/v1/tokens/{token['token']}/revoke", None)["revoked_at"]
    actions = [entry["action"] for entry in v1.ask("GET", f"/v1/audit?network_id={net}")["entries"]]
    assert actions[0] == "network.create" and "keys.revoke" in actions
    assert len(v1.ask("GET", f"/v1/audit?network_id={net}&node_id={node}&limit=2")["entries"]) == 2
    topology = v1.ask("GET", "/v1/admin/topology")
    assert topology["control_urls"] == [f"http://127.0.0.1:{v1.server.port}",
                                        "http://control.test:8080"]
    for removed in (node, waiting["node_id"]):
        assert v1.ask("DELETE", f"/v1/nodes/{removed}") == {"node_id": removed}
    assert v1.ask("DELETE", f"/v1/networks/{net}") == b""
    assert v1.asked == set(v1_protocol.ENDPOINTS)


def test_defaults_of_a_request(v1):
    """What v1 takes an absent member for is what ours does."""
    network = v1.network("bare")
    assert network["requires_approval"] is False
    assert network["key_rotation_max_age_seconds"] is None
    assert network["dns_domain"] == f"net-{network['id'].split('-')[0]}.lightscale"
    assert network["overlay_v6"].endswith("/48") and network["overlay_v4"].endswith("/24")
    token = v1.ask("POST", f"/v1/networks/{network['id']}/tokens",
                   {"ttl_seconds": 60, "uses": 1})["token"]
    assert (token["tags"], token["owner_user_id"], token["owner_email"], token["owner_is_admin"],
            token["revoked_at"]) == ([], None, None, True, None)
    answer = v1.ask("POST", "/v1/register-url", {
        "network_id": network["id"], "node_name": "n", "machine_public_key": random_key(),
        "wg_public_key": random_key()}, None)
    now = v1.ask("GET", f"/v1/netmap/{answer['node_id']}", token=answer["node_token"])[
        "generated_at"]
    assert 590 <= answer["expires_at"] - now <= 610


@pytest.mark.parametrize("asked,name", [
    ("web1.example.com", "web1"), ("my_host", "my-host"), ("My Host", "my-host"), ("-x-", "x"),
    ("n" * 70, "n" * 63), ("Laptop", "Laptop"), ("stra\u00dfe", "stra-e"), ("42", "42")])
def test_names_of_hosts(v1, asked, name):
    """v1 clients send whatever the host is called."""
    network = v1.network("hosts")
    _, _, netmap = v1.register(network, asked)
    assert netmap["node"]["name"] == name
    assert netmap["node"]["dns_name"] == f"{name.lower()}.{network['dns_domain']}"
    v1.ask("POST", "/v1/register-url", {
        "network_id": network["id"], "node_name": "x" + asked,
        "machine_public_key": random_key(), "wg_public_key": random_key()}, None)


def test_the_server_says_what_it_calls_a_node(v1, server):
    network = v1.network("said")
    body = {"token": v1.token(network)["token"], "node_name": "my_host",
            "machine_public_key": random_key(), "wg_public_key": random_key()}
    assert server.api("POST", "/v1/register", body, None)["warnings"] == [
        "the node is called my-host: the name asked for is taken or no DNS label"]
    body = {"network_id": network["id"], "node_name": "fine",
            "machine_public_key": random_key(), "wg_public_key": random_key()}
    answer = server.api("POST", "/v1/register-url", body, None)
    assert answer["node_name"] == "fine" and "warnings" not in answer


def test_a_name_that_is_taken(v1, server):
    """Conflict for v1 clients, and for those who chose it; else it gets a number."""
    network = v1.network("taken")
    v1.register(network, "host")
    body = {"token": v1.token(network)["token"], "node_name": "HOST",
            "machine_public_key": random_key(), "wg_public_key": random_key()}
    assert server.request("POST", "/v1/register", body, None).status == 409

    def join(name):
        answer = server.api("POST", "/v1/register", {
            **body, "node_name": name, "rename_if_taken": True,
            "machine_public_key": random_key(), "wg_public_key": random_key()}, None)
        return answer["netmap"]["node"]["name"]
    assert [join("host") for _ in range(3)] == ["host-2", "host-3", "host-4"]
    v1.register(network, "n" * 63)
    assert join("n" * 63) == "n" * 61 + "-2"


def test_owner_of_a_token(v1):
    network = v1.network("owned")
    owner = {"owner_user_id": "u-1", "owner_email": "a@example.test", "owner_is_admin": True}
    token = v1.token(network, **owner)["token"]
    node = v1.ask("POST", "/v1/register", {
        "token": token, "node_name": "n", "machine_public_key": random_key(),
        "wg_public_key": random_key()}, None)["netmap"]["node"]
    assert {name: node[name] for name in owner} == owner


def test_heartbeat_without_lists(v1):
    """Both lists are members of v1's heartbeat; ours takes a missing one for an empty one."""
    network = v1.network("beats")
    node, token, _ = v1.register(network, "n")
    v1.ask("POST", "/v1/heartbeat", beat(node, endpoints=["192.0.2.1:5"]), token)
    netmap = v1.ask("POST", "/v1/heartbeat", {"node_id": node, "listen_port": 51820}, token)[
        "netmap"]
    assert netmap["node"]["endpoints"] == []  # the observed one is the loopback's


def subnet(prefix, **more):
    return {"prefix": prefix, "kind": "subnet", "enabled": True, **more}


@pytest.mark.parametrize("members,warning", [
    ({"endpoints": ["1.2.3.4"]}, "endpoint 1.2.3.4 is left out: it is not host:port"),
    ({"endpoints": ["1.2.3.4:0"]}, "endpoint 1.2.3.4:0 is left out: it is not host:port"),
    ({"endpoints": ["[::1]5"]}, "endpoint [::1]5 is left out: it is not host:port"),
    ({"endpoints": ["127.0.0.1:5"]}, "endpoint 127.0.0.1:5 is left out: "),
    ({"routes": [subnet("10.0.0.0/33")]}, "route 10.0.0.0/33 is left out: not an IP prefix"),
    ({"routes": [subnet("0.0.0.0/0")]},
     "route 0.0.0.0/0 is left out: a default route must be of kind \"exit\" (--exit-node)"),
    ({"routes": [{**subnet("10.0.0.0/8"), "kind": "best"}]}, "route 10.0.0.0/8 is left out: "),
    ({"routes": [{**subnet("10.0.0.0/8"), "kind": "exit"}]}, "route 10.0.0.0/8 is left out: "),
    ({"routes": [subnet("10.0.0.0/8", mapped_prefix="10.0.0.0/9")]}, "route 10.0.0.0/8 is left"),
    ({"routes": [subnet("10.0.0.0/8", mapped_prefix="fd00::/8")]}, "route 10.0.0.0/8 is left"),
    ({"routes": [subnet("10.77.0.128/25")]},
     "route 10.77.0.128/25 is left out: it lies inside the network's own overlay"),
])
def test_what_cannot_be_taken_does_not_cost_the_rest(v1, server, members, warning):
    network = v1.network("warned", overlay_v4="10.77.0.0/24")
    try:
        node, token, _ = v1.register(network, "n")
        good = {"endpoints": ["192.0.2.1:5"], "routes": [subnet("10.9.0.0/16")]}
        body = beat(node, **{name: good[name] + members.get(name, []) for name in good})
        answer = server.api("POST", "/v1/heartbeat", body, token)
        assert len(answer["warnings"]) == 1 and answer["warnings"][0].startswith(warning)
        shown = answer["netmap"]["node"]
        assert shown["endpoints"] == good["endpoints"]
        assert [route["prefix"] for route in shown["routes"]] == ["10.9.0.0/16"]
        assert "warnings" not in server.api("POST", "/v1/heartbeat", beat(node), token)
        v1.ask("DELETE", f"/v1/nodes/{node}")
    finally:
        v1.ask("DELETE", f"/v1/networks/{network['id']}")


def test_admin_token_in_the_place_of_a_node_s(v1):
    network = v1.network("admin-as-node")
    node, _, _ = v1.register(network, "n")
    v1.ask("POST", "/v1/heartbeat", beat(node))
    v1.ask("GET", f"/v1/netmap/{node}")
    v1.ask("GET", f"/v1/netmap/{node}/longpoll?since=0&timeout_seconds=1")
    v1.ask("GET", f"/v1/nodes/{node}/keys")
    v1.ask("POST", f"/v1/nodes/{node}/rotate-keys", {"machine_public_key": random_key()})


def test_another_node_s_token_is_none(v1, server):
    network = v1.network("strangers")
    node, _, _ = v1.register(network, "n")
    _, other, _ = v1.register(network, "m")
    for method, path, body in (("GET", f"/v1/netmap/{node}", None),
                               ("POST", "/v1/heartbeat", beat(node)),
                               ("GET", f"/v1/nodes/{node}/keys", None)):
        answer = server.request(method, path, body, other)
        assert answer.status == 401 and v1_protocol.problems("Error", answer.json) == []


def test_longpoll_without_a_query(v1):
    """since is 0 then: a network with a node is past that already."""
    network = v1.network("polls")
    node, token, netmap = v1.register(network, "n")
    assert netmap["revision"] > 0
    got = v1.ask("GET", f"/v1/netmap/{node}/longpoll", token=token)
    assert got["revision"] == netmap["revision"]


def test_longpoll_that_does_not_wait(v1):
    node, token, netmap = v1.register(v1.network("hasty"), "n")
    path = f"/v1/netmap/{node}/longpoll?since={netmap['revision']}&timeout_seconds=0"
    started = time.monotonic()
    assert v1.ask("GET", path, token=token)["revision"] == netmap["revision"]
    assert time.monotonic() - started < 5  # the default is 30


def test_details_of_the_audit_log(v1):
    """v1's members of each action are there; ours stand beside them."""
    made = v1.ask("POST", "/v1/networks", {"name": "audited", "requires_approval": True})
    net = made["network"]["id"]
    token = v1.token(made["network"], tags=["a"], owner_user_id="u", owner_email="e@x.test",
                     owner_is_admin=False)
    joined = v1.ask("POST", "/v1/register", {
        "token": token["token"], "node_name": "n", "machine_public_key": random_key(),
        "wg_public_key": random_key()}, None)
    node = joined["netmap"]["node"]["id"]
    asked = v1.ask("POST", "/v1/register-url", {
        "network_id": net, "node_name": "m", "machine_public_key": random_key(),
        "wg_public_key": random_key()}, None)
    by_admin = v1.ask("POST", f"/v1/admin/nodes/{node}/approve")
    v1.ask("GET", asked["auth_path"], token=ADMIN)
    v1.ask("PUT", f"/v1/admin/nodes/{node}", {"name": "uno", "tags": ["b"]})
    v1.ask("PUT", f"/v1/networks/{net}/acl", {"policy": {"rules": []}})
    v1.ask("PUT", f"/v1/networks/{net}/key-policy", {"max_age_seconds": 60})
    v1.ask("PUT", f"/v1/networks/{net}/key-policy", {"max_age_seconds": None})
    new = random_key()
    v1.ask("POST", f"/v1/nodes/{node}/rotate-keys", {"wg_public_key": new})
    revoked = v1.ask("POST", f"/v1/nodes/{node}/revoke")
    ended = v1.ask("POST", f"/v1/tokens/{token['token']}/revoke")
    for each in (node, asked["node_id"]):
        v1.ask("DELETE", f"/v1/nodes/{each}")
    v1.ask("DELETE", f"/v1/networks/{net}")
    entries = v1.ask("GET", f"/v1/audit?network_id={net}")["entries"]
    owner = {"owner_user_id": "u", "owner_email": "e@x.test", "owner_is_admin": False}
    wanted = [
        ("network.create", {"name": "audited", "requires_approval": True,
                            "key_rotation_max_age_seconds": None}),
        ("token.create", {"expires_at": token["expires_at"], "uses": 9, "tags": ["a"], **owner}),
        ("node.register", {"approved": False, **owner}),
        ("node.register_url", {"expires_at": asked["expires_at"]}),
        ("node.approve", {"approved_at": by_admin["approved_at"], "via": "admin"}),
        ("node.approve", {}), ("node.update", {"name": "uno", "tags": ["b"]}), ("acl.update", {}),
        ("key_policy.update", {"max_age_seconds": 60}),
        ("key_policy.update", {"max_age_seconds": None}), ("keys.rotate", {"wireguard": new}),
        ("keys.revoke", {"revoked_at": revoked["revoked_at"]}),
        ("token.revoke", {"revoked_at": ended["revoked_at"]}),
        ("node.delete", {"name": "uno", "ipv4": joined["netmap"]["node"]["ipv4"],
                         "ipv6": joined["netmap"]["node"]["ipv6"]}),
        ("node.delete", {"name": "m", "ipv4": asked["ipv4"], "ipv6": asked["ipv6"]}),
        ("network.delete", {})]
    assert [entry["action"] for entry in entries] == [action for action, _ in wanted]
    for entry, (action, detail) in zip(entries, wanted):
        assert detail.items() <= entry["detail"].items(), action
    assert "machine" not in entries[10]["detail"]


def test_rules_without_a_selector(v1):
    """They mean every node there."""
    network = v1.network("open")
    put = f"/v1/networks/{network['id']}/acl"
    everybody = {"any": False, "tags": [], "node_ids": [], "names": []}
    for rule in ({}, {"src": None}, {"dst": {"tags": ["a"]}}):
        policy = v1.ask("PUT", put, {"policy": {"rules": [{"action": "deny", **rule}]}})["policy"]
        assert policy["rules"] == [{"action": "deny", "src": everybody, "dst": {
            **everybody, **(rule.get("dst") or {})}}]


def test_no_entries_of_the_audit_log(v1):
    v1.network("quiet")
    assert v1.ask("GET", "/v1/audit?limit=0") == {"entries": []}


def test_a_probe_wakes_each_node_once_at_the_same_revision(v1, server):
    """v1 clients take all their peers down and up again at every new revision, and want probes with
    every heartbeat when they use a stream relay."""
    network = v1.network("probes")
    nodes = [v1.register(network, name)[:2] for name in ("a", "b", "c")]
    (a, a_token), others = nodes[0], nodes[1:]
    revision = v1.ask("GET", f"/v1/netmap/{a}", token=a_token)["revision"]
    for round_ in range(2):
        waiters = [Waiter(next_node(server, node, token), revision) for node, token in others]
        beaten = v1.ask("POST", "/v1/heartbeat", beat(a, probe=True), a_token)["netmap"]
        assert beaten["revision"] == revision and beaten["probe_requests"] == []
        for waiter in waiters:
            got = waiter.answer().json
            assert got["revision"] == revision
            assert [probe["peer_id"] for probe in got["probe_requests"]] == [a], round_
        for node, token in nodes:  # the next ones wait
            started = time.monotonic()
            v1.ask("GET", f"/v1/netmap/{node}/longpoll?since={revision}&timeout_seconds=1",
                   token=token)
            assert time.monotonic() - started >= 0.9


def test_a_probe_between_two_polls_is_told_by_the_next(v1, server):
    network = v1.network("between")
    (a, a_token, _), (b, b_token, _) = (v1.register(network, name) for name in "ab")
    revision = v1.ask("GET", f"/v1/netmap/{b}", token=b_token)["revision"]
    v1.ask("POST", "/v1/heartbeat", beat(a, probe=True), a_token)
    got = Waiter(next_node(server, b, b_token), revision).answer().json
    assert [probe["peer_id"] for probe in got["probe_requests"]] == [a]
    assert got["revision"] == revision


def test_an_abandoned_poll_costs_nothing(v1, server):
    """Existing clients close the connection of their poll at each heartbeat."""
    network = v1.network("abandons")
    node, token, netmap = v1.register(network, "n")

    def waiting():
        return server.metric("lightscale_http_longpolls_waiting")
    for _ in range(50):
        waiter = Waiter(next_node(server, node, token), netmap["revision"])
        wait_for(lambda: waiting() == 1, 10, "the poll")
        waiter.connection.close()
        wait_for(lambda: waiting() == 0, 10, "its end")
        v1.ask("POST", "/v1/heartbeat", beat(node), token)
    got = Waiter(next_node(server, node, token), netmap["revision"])
    v1.register(network, "m")
    assert [peer["name"] for peer in got.answer().json["peers"]] == ["m"]


def test_query_that_nobody_knows(v1, server):
    """It is ignored; the document of the API does not have it, so that it is asked by hand."""
    node, token, netmap = v1.register(v1.network("asks"), "n")
    connection = server.connect()
    connection.request("GET", f"/v1/netmap/{node}/longpoll?x_later=1&timeout_seconds=1",
                       headers={"Authorization": "Bearer " + token})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert v1_protocol.problems("NetMap", answer, complete=True) == []
    assert answer["revision"] == netmap["revision"]


def test_longpoll_wakes_with_v1_s_netmap(v1, server):
    network = v1.network("wakes")
    node, token, netmap = v1.register(network, "n")
    waiter = Waiter(next_node(server, node, token), netmap["revision"])
    v1.register(network, "m")
    got = waiter.answer().json
    assert v1_protocol.problems("NetMap", got, complete=True) == []
    assert [peer["name"] for peer in got["peers"]] == ["m"]


def next_node(server, node, token):
    """A node as Waiter wants one."""
    class Known:
        def longpoll_path(self, since, timeout):
            return f"/v1/netmap/{node}/longpoll?since={since}&timeout_seconds={timeout}"
    known = Known()
    known.server, known.token = server, token
    return known


@pytest.mark.parametrize("headers", [
    {"authorization": "Bearer " + ADMIN}, {"AUTHORIZATION": "Bearer " + ADMIN},
    {"Authorization": "bearer " + ADMIN}, {"Authorization": "Bearer  " + ADMIN},
    {"Content-Type": "application/json; charset=utf-8"}, {"Content-Type": "text/plain"},
    {"Accept": "*/*", "Accept-Encoding": "gzip, br", "User-Agent": ""},
    {"Lightscale-Features": ""}, {"Connection": "close"}, {"Expect": "100-continue"},
], ids=lambda headers: " ".join(f"{k}={v}" for k, v in headers.items())[:50])
def test_header_variants(v1, headers):
    own = any(name.lower() == "authorization" for name in headers)
    network = v1.ask("POST", "/v1/networks", {"name": "h"}, None if own else ADMIN,
                     headers=headers)["network"]
    v1.ask("DELETE", f"/v1/networks/{network['id']}")


def test_chunked_request(server):
    connection = server.connect()
    body = json.dumps({"name": "chunks"}).encode()
    connection.request("POST", "/v1/networks", iter([body[:5], body[5:]]), encode_chunked=True,
                       headers={"Authorization": "Bearer " + ADMIN,
                                "Transfer-Encoding": "chunked"})
    answer = connection.getresponse()
    assert answer.status == 200
    assert v1_protocol.problems("Network", json.loads(answer.read()), complete=True) == []
    connection.close()


def test_many_clients_at_once(v1, server):
    """Eight v1 nodes over connections of their own, each kept for all of its requests."""
    network = v1.network("crowd")
    token = v1.token(network)["token"]
    failures = []

    def live(number):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        try:
            own = V1Client(server)
            joined = own.ask("POST", "/v1/register", {
                "token": token, "node_name": f"n{number}", "machine_public_key": random_key(),
                "wg_public_key": random_key()}, None, connection=connection)
            node, secret = joined["netmap"]["node"]["id"], joined["node_token"]
            for _ in range(5):
                own.ask("POST", "/v1/heartbeat", beat(node), secret, connection=connection)
                own.ask("GET", f"/v1/netmap/{node}", token=secret, connection=connection)
        except BaseException as error:  # handed to the test below
            failures.append(error)
        finally:
            connection.close()
    threads = [threading.Thread(target=live, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(v1.ask("GET", f"/v1/admin/networks/{network['id']}/nodes")["nodes"]) == 8
