# SPDX-License-Identifier: Apache-2.0
"""Every command of the client against a real server, as text and as JSON.

    host: lightscale-server on :8080, the client beside it
"""
import ipaddress
import json
import os
import re
import stat
import subprocess

import pytest

# The fixtures are found by their names.
from cli_site import (admin, another_client, client, fails, fields, network,  # noqa: F401
                      register, site)
from lab import wait_for

pytestmark = pytest.mark.control_plane

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
SECRET = r"[A-Za-z0-9_-]{43}"


def url6(site):
    """Addresses are stored and shown in their canonical form (RFC 5952)."""
    return f"http://[{ipaddress.ip_address(site.host.ipv6)}]:8080"


def test_init(site, client):
    done = client.run("init", f"{site.url},{site.url6}")
    shown = fields(done.stdout)
    assert shown["profile"] == client.profile and shown["config"] == client.config
    with open(client.config, encoding="utf-8") as file:
        config = json.load(file)
    assert config["profiles"][client.profile]["control_urls"] == [site.url, url6(site)]


def test_init_with_several_words(site, client):
    client.run("init", site.url, f"{site.url6},http://192.0.2.1:8080")
    with open(client.config, encoding="utf-8") as file:
        config = json.load(file)
    assert config["profiles"][client.profile]["control_urls"] == [
        site.url, url6(site), "http://192.0.2.1:8080"]


@pytest.mark.parametrize("words", [(), ("netmap",), ("admin",), ("admin", "token", "create")])
def test_help_as_a_word(client, words):
    assert client.run("help", *words).stdout == client.run(*words, "--help").stdout


@pytest.mark.parametrize("page,expected", [
    ("https://a.test/", "https://a.test/?ls_join=1&network_id=NET&auth_path="),
    ("https://a.test/x?theme=dark", "https://a.test/x?theme=dark&ls_join=1&network_id=NET&auth"),
    ("https://a.test/x?a=1&", "https://a.test/x?a=1&ls_join=1&network_id=NET&auth_path="),
    ("https://a.test/?a=b#part", "https://a.test/?a=b&ls_join=1&network_id=NET&auth_path="),
])
def test_admin_url_with_a_query(site, client, network, page, expected):
    client.init()
    url = client.json("register-url", network["id"], "--node-name", "x", "--admin-url", page,
                      "--json")["approval_urls"][0]
    assert url.startswith(expected.replace("NET", network["id"]))
    assert url.endswith("#part") == page.endswith("#part")


def test_register(site, client, network):
    token = site.create_token(network)
    done = client.run("--control-url", site.url, "register", token, "--node-name", "laptop")
    shown = fields(done.stdout)
    state = client.state()
    assert shown["node"] == f"laptop ({state['node_id']})"
    assert shown["network"] == f"{network['name']} ({network['id']})"
    assert shown["addresses"] == f"{state['ipv4']}, {state['ipv6']}"
    assert shown["approved"] == "yes"
    assert state["profile"] == client.profile and state["network_id"] == network["id"]
    assert site.node(network, "laptop")["wg_public_key"] == state["wg_public_key"]
    path = os.path.join(client.state_dir, "state.json")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(client.state_dir).st_mode) == 0o700
    assert os.listdir(client.state_dir) == ["state.json"]
    with open(client.config, encoding="utf-8") as file:
        assert json.load(file)["profiles"][client.profile]["control_urls"] == [site.url]
    for secret in (token, state["node_token"], state["wg_private_key"]):
        assert secret not in done.stdout + done.stderr


def test_register_json(site, client, network):
    answer = json.loads(register(client, site, network, "laptop", "--json").stdout)
    state = client.state()
    assert answer == {"profile": client.profile, "network_id": network["id"],
                      "node_id": state["node_id"], "node_name": "laptop", "ipv4": state["ipv4"],
                      "ipv6": state["ipv6"], "approved": True}


def test_register_twice_is_refused(site, client, network):
    register(client, site, network)
    before = client.state()
    message = fails(client.run("register", site.create_token(network), check=False))
    assert "is registered already, as node laptop" in message and before["node_id"] in message
    assert fails(client.run("register-url", network["id"], check=False))
    assert client.state() == before
    assert len(site.nodes(network)) == 1


def test_register_failures_of_the_server(site, client, network):
    client.init()
    message = fails(client.run("register", "nonsense", "--node-name", "x", check=False))
    assert "/v1/register" in message and " 401 " in message
    token = site.create_token(network, uses=5)
    client.run("register", token, "--node-name", "taken")
    other = another_client(site)
    other.init()
    message = fails(other.run("register", token, "--node-name", "TAKEN", check=False))
    assert " 409 " in message and token not in message
    assert not os.path.exists(os.path.join(other.state_dir, "state.json"))
    message = fails(other.run("register-url", "no-such-network", check=False))
    assert " 404 " in message


def test_register_default_name_is_the_host_name(site, client, network):
    client.init()
    client.run("register", site.create_token(network))
    host = os.uname().nodename.split(".")[0].lower()
    assert client.state()["node_name"] == re.sub("[^a-z0-9]+", "-", host).strip("-")


def test_register_with_key_files(site, client, network, tmp_path):
    key = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout
    public = subprocess.run(["wg", "pubkey"], input=key, capture_output=True, text=True,
                            check=True).stdout.strip()
    (tmp_path / "wg").write_text(key)
    (tmp_path / "machine").write_text("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    register(client, site, network, "laptop", "--wg-private-key-file", str(tmp_path / "wg"),
             "--machine-private-key-file", str(tmp_path / "machine"))
    state = client.state()
    assert state["wg_private_key"] == key.strip() and state["wg_public_key"] == public
    # RFC 8032, 7.1, test 1
    assert state["machine_public_key"] == "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def test_register_url(site, client, network):
    done = client.run("--bootstrap-url", f"{site.url},{site.url6}", "register-url", network["id"],
                      "--node-name", "laptop")
    shown = fields(done.stdout)
    assert shown["approved"] == "no, it waits for approval"
    assert re.fullmatch(re.escape(site.url) + f"/v1/register/approve/{UUID}/{SECRET}",
                        shown["approve at"])
    assert shown["or at"].startswith(url6(site) + "/v1/register/approve/")
    assert re.fullmatch("in (10m|5..s)", shown["expires"])
    assert not site.node(network, "laptop")["approved"]
    subprocess.run(client.ns.command(["curl", "-fsS", shown["approve at"]]), check=True,
                   capture_output=True)
    assert site.node(network, "laptop")["approved"]
    assert client.json("netmap", "--json")["node"]["approved"] is True


def test_register_url_json(site, client, network):
    client.init()
    answer = client.json("register-url", network["id"], "--node-name", "x", "--ttl-seconds", "60",
                         "--json")
    assert answer["approved"] is False and answer["node_id"] == client.node_id
    assert len(answer["approval_urls"]) == 1
    assert 0 < answer["expires_at"]


@pytest.mark.parametrize("auto", [False, True])
def test_register_url_for_a_console(site, client, network, auto):
    client.init()
    shown = fields(client.run("register-url", network["id"], "--node-name", "x", "--admin-url",
                              "https://admin.example/",
                              *(["--admin-auto-approve"] if auto else [])).stdout)
    assert re.fullmatch(r"https://admin.example/\?ls_join=1&network_id=" + network["id"] +
                        f"&auth_path=%2Fv1%2Fregister%2Fapprove%2F{UUID}%2F{SECRET}" +
                        ("&ls_auto_approve=1" if auto else ""), shown["approve at"])


@pytest.mark.parametrize("with_admin", [False, True])
def test_register_url_approve(site, client, network, with_admin):
    client.init()
    words = ["--admin-token-file", site.admin_token_file] if with_admin else []
    shown = fields(client.run(*words, "register-url", network["id"], "--node-name", "x",
                              "--approve").stdout)
    assert shown["approved"] == "yes" and "approve at" not in shown
    assert client.state()["last_netmap"]["node"]["approved"] is True
    assert site.node(network, "x")["approved"]


def test_register_url_approve_with_a_wrong_admin_token(site, client, network):
    client.init()
    done = client.run("--admin-token", "wrong", "register-url", network["id"], "--approve",
                      "--node-name", "x", check=False)
    message = fails(done)
    assert "is registered, but not approved" in message and " 401 " in message
    assert "/v1/register/approve/" in done.stdout, "the URL is all that is left to approve with"


def test_status_and_netmap(site, client, network):
    register(client, site, network, "laptop")
    other = another_client(site)
    register(other, site, network, "desk")
    assert "no peers" in client.run("status").stdout
    done = client.run("netmap")
    assert re.search(r"^PEER +IPV4 +IPV6", done.stdout, re.MULTILINE)
    assert re.search(rf"^desk +{re.escape(other.ipv4)} ", done.stdout, re.MULTILINE)
    shown = fields(client.run("status").stdout)
    assert shown["status"] == "active"
    assert shown["DNS name"] == f"laptop.{network['dns_domain']}"
    status = client.json("status", "--json")
    assert list(status) == ["profile", "network_id", "node_id", "node_name", "ipv4", "ipv6",
                            "approved", "peers", "agent_running", "netmap_generated_at",
                            "left_out"]
    assert status["approved"] is True and status["left_out"] == []
    assert [peer["name"] for peer in status["peers"]] == ["desk"]
    netmap = client.json("netmap", "--json")
    assert netmap["network"]["id"] == network["id"] and netmap["revision"] > 0
    assert netmap["peers"][0]["wg_public_key"] == other.state()["wg_public_key"]


def test_status_of_pending_and_revoked(site, client, network):
    client.register_url(network)
    assert fields(client.run("status").stdout)["status"].startswith("unknown: no netmap yet")
    assert client.json("status", "--json")["approved"] is False
    assert fields(client.run("netmap").stdout)["status"] == "pending"
    site.approve(client.node_id)
    site.revoke(client.node_id)
    assert fields(client.run("netmap").stdout)["status"] == "revoked"


@pytest.mark.data_plane
def test_status_wg_without_an_interface(site, client, network):
    register(client, site, network)
    message = fails(client.run("status", "--wg", check=False))
    assert f"interface {client.interface} is not up" in message
    assert "'lightscale-client agent'" in message


def test_heartbeat(site, client, network):
    register(client, site, network)
    client.run("heartbeat", "--endpoint", "192.0.2.1:5,[2001:db8::1]:6", "--endpoint",
               "192.0.2.2:7", "--listen-port", "51820", "--route", "192.168.7.0/24",
               "--route-map", "10.1.0.0/24=10.9.0.0/24", "--exit-node")
    node = site.node(network, "laptop")
    assert node["endpoints"][1:] == ["192.0.2.1:5", "[2001:db8::1]:6", "192.0.2.2:7"]
    assert node["endpoints"][0].endswith(":51820")
    routes = {route["prefix"]: route for route in node["routes"]}
    assert set(routes) == {"192.168.7.0/24", "10.1.0.0/24", "0.0.0.0/0", "::/0"}
    assert routes["10.1.0.0/24"]["mapped_prefix"] == "10.9.0.0/24"
    assert routes["::/0"]["kind"] == "exit"
    shown = fields(client.run("status").stdout)
    assert shown["routes"] == "192.168.7.0/24, 10.1.0.0/24 as 10.9.0.0/24, exit node"
    assert client.json("heartbeat", "--json")["node"]["routes"] == []
    assert client.json("status", "--json")["peers"] == []


def test_a_deleted_node_is_told_how_to_come_back(site, admin, client, network):
    node = json.loads(register(client, site, network, "laptop", "--json").stdout)
    admin.run("node", "delete", node["node_id"])
    state = os.path.join(client.state_dir, "state.json")
    for command in ("netmap", "heartbeat", "rotate-keys"):
        assert (f"404 unknown node; if it was deleted there, move {state} away and register "
                "again") in fails(client.run(command, check=False))
    os.rename(state, state + ".old")
    client.run("register", site.create_token(network), "--node-name", "laptop")
    client.run("netmap")


def test_node_commands_need_a_server(site, client, network):
    register(client, site, network)
    for command in ("netmap", "heartbeat"):
        message = fails(client.run("--control-url", "http://127.0.0.1:1", command, check=False))
        assert f"http://127.0.0.1:1/v1/{command}" in message and "connection refused" in message
        assert "is lightscale-server running there" in message
    # The first does not answer, the second does.
    client.run("--control-url", f"http://127.0.0.1:1,{site.url}", "netmap")


def test_admin_network(admin):
    shown = fields(admin.run("network", "create", "office", "--overlay-v4", "10.77.0.0/24",
                             "--overlay-v6", "fd77::/64", "--dns-domain", "office.test",
                             "--requires-approval", "--key-max-age", "86400").stdout)
    assert shown["network"] == "office" and re.fullmatch(UUID, shown["id"])
    assert shown["IPv4"] == "10.77.0.0/24" and shown["IPv6"] == "fd77::/64"
    assert shown["DNS domain"] == "office.test" and shown["approval"] == "required"
    assert shown["key age"] == "1 day"
    listed = {net["id"]: net for net in admin.json("network", "list")["networks"]}
    assert listed[shown["id"]] == {"id": shown["id"], "name": "office",
                                   "overlay_v4": "10.77.0.0/24", "overlay_v6": "fd77::/64",
                                   "dns_domain": "office.test", "requires_approval": True,
                                   "key_rotation_max_age_seconds": 86400,
                                   "join": "admin", "revocation": "final"}
    table = admin.run("network", "list").stdout
    assert re.search(rf"^{shown['id']}  +office +10\.77\.0\.0/24 +fd77::/64 +office.test +required +admin$",
                     table, re.MULTILINE)
    message = fails(admin.run("network", "create", "again", "--overlay-v4", "10.77.0.0/25",
                              check=False))
    assert " 409 " in message
    assert fields(admin.run("network", "delete", shown["id"]).stdout) == {"deleted": shown["id"]}
    assert " 404 " in fails(admin.run("network", "delete", shown["id"], check=False))


def test_admin_network_with_token(admin):
    answer = admin.json("network", "create", "lab", "--token-ttl", "60", "--token-uses", "3",
                        "--token-tags", "a,b")
    token = answer["bootstrap_token"]
    assert re.fullmatch(SECRET, token["token"])
    assert token["uses_left"] == 3 and token["tags"] == ["a", "b"]
    assert admin.json("network", "create", "lab2")["bootstrap_token"] is None


def test_admin_token(admin, network, client, site):
    done = admin.run("token", "create", network["id"], "--uses", "2", "--tags", "x,y")
    shown = fields(done.stdout)
    assert re.fullmatch(SECRET, shown["token"]) and shown["uses"] == "2"
    assert shown["tags"] == "x, y" and re.fullmatch("in (60m|59m)", shown["expires"])
    assert "not shown again" in done.stderr
    listed = admin.run("token", "list", network["id"]).stdout
    assert shown["token"] not in listed
    assert re.search(r"^TOKEN +STATUS +USES LEFT +EXPIRES +TAGS$", listed, re.MULTILINE)
    assert re.search(r"^\S+ +usable +2 +in (60m|59m) +x, y$", listed, re.MULTILINE)
    done = admin.run("token", "revoke", shown["token"])
    assert fields(done.stdout)["token"] == "revoked" and shown["token"] not in done.stdout
    listed = admin.json("token", "list", network["id"])["tokens"]
    assert len(listed) == 1 and listed[0]["revoked_at"]
    again = admin.json("token", "create", network["id"], "--ttl-seconds", "5")["token"]
    public = [token["token"] for token in admin.json("token", "list", network["id"])["tokens"]
              if not token["revoked_at"]]
    assert admin.json("token", "revoke", public[0])["revoked_at"]
    client.init()
    message = fails(client.run("register", again["token"], "--node-name", "x", check=False))
    assert again["token"] not in message
    message = fails(admin.run("token", "revoke", again["token"] + "x", check=False))
    assert again["token"] not in message and "/v1/tokens/../revoke" in message
    assert admin.run("-q", "token", "create", network["id"]).stderr == ""
    assert site.url


def test_admin_nodes(admin, site, client, network):
    assert admin.run("nodes", network["id"]).stdout == "no nodes\n"
    assert admin.json("nodes", network["id"]) == {"nodes": []}
    client.register_url(network)
    node = client.node_id
    table = admin.run("nodes", network["id"], "--pending").stdout
    assert re.search(rf"^{re.escape(client.name)} +pending +\S+ +\S+ +\S.* in (9m|10m|5\d\ds) +{node}$",
                     table, re.MULTILINE | re.IGNORECASE)
    assert re.search(r" EXPIRES +ID$", table, re.MULTILINE)
    assert "EXPIRES" not in admin.run("nodes", network["id"]).stdout
    assert fields(admin.run("approve", node).stdout) == {"node": node, "approved": "yes"}
    assert admin.json("approve", node)["approved"] is True
    assert admin.run("nodes", network["id"], "--pending").stdout == "no nodes\n"
    assert admin.json("nodes", network["id"], "--pending") == {"nodes": []}
    assert admin.json("nodes", network["id"])["nodes"] == site.nodes(network)
    shown = fields(admin.run("node", "update", node, "--name", "renamed", "--tags",
                             "b,a").stdout)
    assert shown["node"] == f"renamed ({node})" and set(shown["tags"].split(", ")) == {"a", "b"}
    assert admin.json("node", "update", node, "--clear-tags")["node"]["tags"] == []
    assert set(fields(admin.run("node", "revoke", node).stdout)) == {"revoked", "revocation",
                                                                     "kept out"}
    assert " revoked " in admin.run("nodes", network["id"]).stdout
    assert admin.json("node", "delete", node) == {"node_id": node}
    assert " 404 " in fails(admin.run("node", "delete", node, check=False))
    assert " 404 " in fails(admin.run("approve", node, check=False))


def test_admin_ids_are_escaped(admin):
    assert " 404 " in fails(admin.run("approve", "../../x?y#z %/", check=False))
    fails(admin.run("nodes", "x" * 400, check=False), status=2)


def test_admin_acl(admin, network, tmp_path):
    assert "default:       allow" in admin.run("acl", "get", network["id"]).stdout
    assert admin.json("acl", "get", network["id"]) == {"default_action": "allow", "rules": []}
    policy = {"default_action": "deny", "rules": [
        {"action": "allow", "src": {"tags": ["dev"]}, "dst": {"any": True}},
        {"action": "allow", "src": {"names": ["a", "b"]}, "dst": {"node_ids": ["x"]}}]}
    (tmp_path / "policy").write_text(json.dumps(policy))
    shown = admin.run("acl", "set", network["id"], "--file", str(tmp_path / "policy")).stdout
    assert re.search(r"^ +0 +allow +tag:dev +any$", shown, re.MULTILINE)
    assert re.search(r"^ +1 +allow +name:a, name:b +node:x$", shown, re.MULTILINE)
    assert fields(shown)["default"] == "deny"
    answer = admin.json("acl", "get", network["id"])
    assert answer["default_action"] == "deny" and len(answer["rules"]) == 2
    admin.run("acl", "set", network["id"], "--json", '{"rules": []}')
    assert admin.json("acl", "get", network["id"]) == {"default_action": "allow", "rules": []}
    (tmp_path / "policy").write_text('{"rules": [\n oops')
    message = fails(admin.run("acl", "set", network["id"], "--file", str(tmp_path / "policy"),
                              check=False))
    assert f"{tmp_path}/policy: line 2" in message
    message = fails(admin.run("acl", "set", network["id"], "--json",
                              '{"rules": [{"action": "maybe"}]}', check=False))
    assert "--json" in message and "rules[0]" in message


def test_admin_key_policy(admin, network):
    assert fields(admin.run("key-policy", "get", network["id"]).stdout)["key age"] == "unlimited"
    done = admin.run("key-policy", "set", network["id"], "--max-age-seconds", "7200")
    assert fields(done.stdout)["key age"] == "2 hours"
    assert admin.json("key-policy", "get", network["id"]) == {"policy": {"max_age_seconds": 7200}}
    assert admin.json("key-policy", "set", network["id"], "--clear") == {
        "policy": {"max_age_seconds": None}}


def test_admin_keys(admin, site, client, network):
    register(client, site, network)
    node = client.node_id
    table = admin.run("keys", "history", node).stdout
    assert re.search(rf"^wire_guard +{re.escape(client.state()['wg_public_key'])} +\S.* +-$",
                     table, re.MULTILINE)
    assert set(fields(admin.run("keys", "revoke", node).stdout)) == {"revoked", "revocation",
                                                                     "kept out"}
    key = "dGhpcyBpcyBhIHRlc3Qga2V5IG9mIDMyIGJ5dGVzISE="
    shown = fields(admin.run("keys", "rotate", node, "--wg-public-key", key).stdout)
    assert shown["WireGuard key"] == key and shown["node"] == node
    assert site.node(network, "laptop")["wg_public_key"] == key
    keys = admin.json("keys", "history", node)
    assert keys["node_id"] == node and len(keys["keys"]) == 3
    assert " 400 " in fails(admin.run("keys", "rotate", node, "--wg-public-key", key,
                                      check=False))


def test_admin_audit(admin, site, client, network):
    register(client, site, network)
    admin.run("node", "revoke", client.node_id)
    entries = admin.json("audit", "--network-id", network["id"])["entries"]
    assert [entry["action"] for entry in entries] == ["network.create", "token.create",
                                                      "node.register", "keys.revoke"]
    assert [entry["actor"] for entry in entries] == ["admin", "admin", "enrolment_token", "admin"]
    assert entries[2]["actor_id"] == entries[1]["detail"]["id"]  # the token's public id
    assert {entry["source"] for entry in entries} == {site.host.ipv4}
    table = admin.run("audit", "--node-id", client.node_id, "--limit", "1").stdout
    assert re.fullmatch(r"TIME +ACTION +WHO +FROM +NETWORK +NODE +DETAIL\n"
                        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  keys\.revoke  admin  "
                        rf"{site.host.ipv4}  +{network['id']}  +{client.node_id}  .*\n", table)
    assert admin.run("audit", "--node-id", network["id"]).stdout == "no entries\n"
    ids = [entry["id"] for entry in entries]
    for option, entry, limit, expected in (("--before", 3, "2", ids[1:3]), ("--before", 0, "2", []),
                                           ("--after", 0, "2", ids[1:3]), ("--after", 2, "9", ids[3:])):
        page = admin.json("audit", "--network-id", network["id"], option, ids[entry],
                          "--limit", limit)["entries"]
        assert [entry["id"] for entry in page] == expected


def test_admin_audit_says_who(admin, site, client, network):
    register(client, site, network)
    client.run("rotate-keys")
    guest = another_client(site)
    link = guest.register_url(network)
    subprocess.run(guest.ns.command(["curl", "-fsS", link]), check=True, capture_output=True)
    rows = admin.run("audit", "--network-id", network["id"]).stdout.splitlines()[1:]
    token = admin.json("token", "list", network["id"])["tokens"][0]["token"]
    shown = [re.split(r" {2,}", row)[1:4] for row in rows]
    ip = site.host.ipv4
    assert shown == [["network.create", "admin", ip], ["token.create", "admin", ip],
                     ["node.register", f"token {token}", ip],
                     ["keys.rotate", f"node {client.node_id[:8]}", ip],
                     ["node.register_url", "anyone", ip], ["node.approve", "approval link", ip]]


def test_admin_token_ways(site, client, network):
    """By option, file and environment; missing and wrong ones say what to do."""
    def nodes(*words, **options):
        return client.run("--control-url", site.url, *words, "admin", "nodes", network["id"],
                          check=False, **options)
    assert nodes("--admin-token", site.admin_token).returncode == 0
    assert nodes(env={"LIGHTSCALE_ADMIN_TOKEN": site.admin_token}).returncode == 0
    message = fails(nodes())
    assert " 401 " in message
    assert "give the admin token with --admin-token-file or LIGHTSCALE_ADMIN_TOKEN" in message
    message = fails(nodes("--admin-token", "wr0ng"))
    assert "is this the server's admin token?" in message and "wr0ng" not in message


@pytest.mark.data_plane
def test_secrets_are_not_in_the_list_of_processes(site, client, network):
    """While the agent runs, its arguments can be read by everybody."""
    register(client, site, network)
    process = client.ns.start("agent", *client.argv("--admin-token", "sesame-123", "agent",
                                                    "--interface", client.interface,
                                                    "--listen-port", "0"))

    def arguments():
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            return file.read()
    wait_for(lambda: b"\0agent\0" in arguments() and b"sesame" not in arguments(), 10,
             "the secret gone from the arguments")
    assert b"--admin-token\0" + b"*" * len("sesame-123") + b"\0" in arguments()
    process.wait_log("event=agent.ready", 15)
    process.stop()


@pytest.mark.data_plane
def test_status_wg(site, client, network):
    register(client, site, network)
    other = another_client(site)
    register(other, site, network, "desk")
    process = client.ns.start("agent-wg", *client.argv(
        "wg-up", "--interface", client.interface, "--listen-port", "0", "--backend", "boringtun"))
    process.wait_log("event=agent.ready", 15)
    done = client.run("status", "--wg", "--interface", client.interface)
    assert re.search(r"^PEER +KEY +HANDSHAKE +ENDPOINT +RECEIVED +SENT +ALLOWED IPS$",
                     done.stdout, re.MULTILINE)
    key = other.state()["wg_public_key"]
    assert re.search(rf"^desk +{re.escape(key[:8])} +never ", done.stdout, re.MULTILINE)
    live = client.json("status", "--wg", "--json", "--interface", client.interface)["wg"]
    assert live["interface"] == client.interface and live["listen_port"] > 0
    assert [peer["public_key"] for peer in live["peers"]] == [key]
    assert live["peers"][0]["name"] == "desk" and live["peers"][0]["latest_handshake"] == 0
    assert set(live["peers"][0]["allowed_ips"]) == {f"{other.ipv4}/32", f"{other.ipv6}/128"}
    assert client.state()["wg_private_key"] not in done.stdout
    message = fails(client.run("wg-down", "--interface", client.interface, check=False))
    assert client.interface in message
    process.stop()
    message = fails(client.run("wg-down", "--interface", client.interface, check=False))
    assert "nothing to remove" in message


def test_colour_only_on_a_terminal(site, client, network):
    register(client, site, network)
    argv = " ".join(client.argv("netmap"))

    def on_terminal(**env):
        return subprocess.run(client.ns.command(["script", "-qec", argv, "/dev/null"]),
                              capture_output=True, text=True, timeout=30, check=True,
                              stdin=subprocess.DEVNULL,
                              env={**os.environ, "TERM": "xterm", **env}).stdout
    assert "\033[1m" in on_terminal()
    assert "\033[" not in on_terminal(NO_COLOR="1")
    assert "\033[" not in client.run("netmap").stdout
