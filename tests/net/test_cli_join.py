# SPDX-License-Identifier: Apache-2.0
"""The rules of a network by the commands: who may join it, and who lifts a revocation.

    host: lightscale-server on :8080, the client beside it
"""
import json
import socket

import pytest

from cli_site import admin, another_client, client, fails, fields, network, register, site  # noqa: F401
from v1_server import ADMIN, V1Server

pytestmark = pytest.mark.control_plane


def create(admin, *words):
    return admin.json("network", "create", "net", *words)["network"]


def join(client, net, *words, check=True):
    client.init()
    return client.run("register-url", net["id"], "--node-name", "x", *words, check=check)


def curl(client, url, token=None):
    """What curl gets there: the status, and the decoded body."""
    words = ["curl", "-sS", "-w", "\n%{http_code}", url]
    if token:
        words += ["-H", f"Authorization: Bearer {token}"]
    body, _, status = client.ns.run(*words).stdout.rpartition("\n")
    return int(status), json.loads(body)


@pytest.mark.parametrize("words,expected", [
    ([], ("link", "final")),
    (["--requires-approval"], ("admin", "final")),
    (["--requires-approval", "--join", "link"], ("link", "final")),
    (["--join", "off", "--revocation", "rotate"], ("off", "rotate")),
])
def test_rules_of_a_new_network(site, admin, words, expected):
    made = create(admin, *words)
    assert (made["join"], made["revocation"]) == expected
    listed = next(it for it in admin.json("network", "list")["networks"] if it["id"] == made["id"])
    assert listed == made


def test_create_and_set_say_what_the_id_is_worth(admin):
    shown = fields(admin.run("network", "create", "net").stdout)
    assert shown["join"] == "link: whoever knows the id can join, without an admin"
    assert shown["revocation"] == "final: only an admin lifts it"
    worth = {"admin": "admin: whoever knows the id can ask to join; an admin approves",
             "off": "off: nobody can join with the id; an enrolment token is needed",
             "link": shown["join"]}
    for how, text in worth.items():
        assert fields(admin.run("network", "set", shown["id"], "--join", how).stdout)["join"] == text
    again = fields(admin.run("network", "set", shown["id"], "--revocation", "rotate").stdout)
    assert again["revocation"] == "rotate: the node lifts it with rotate-keys"
    assert again["join"] == shown["join"], "only what is given changes"
    entry = admin.json("audit", "--network-id", shown["id"])["entries"][-1]
    assert (entry["action"], entry["actor"]) == ("network.update", "admin")
    assert entry["detail"] == {"join": "link", "revocation": "rotate", "old_join": "link",
                               "old_revocation": "final"}


def test_link_is_opened_as_the_readme_says(site, client, admin):
    """The default: whoever opens the printed URL, curl or another program, approves the node."""
    net = create(admin)
    url = fields(join(client, net).stdout)["approve at"]
    assert site.node(net, "x")["approved"] is False
    status, body = curl(client, url)
    assert status == 200 and body["approved"] is True
    assert curl(client, url) == (200, body), "the same answer again"
    assert site.node(net, "x")["approved"] is True


def test_admin_join(site, client, admin):
    net = create(admin, "--requires-approval")
    done = join(client, net, "--approve", check=False)
    message = fails(done)
    assert "is registered, but not approved" in message and "an admin approves nodes" in message
    url = fields(done.stdout)["approve at"]
    with open(site.admin_token_file, encoding="utf-8") as file:
        token = file.read().strip()
    for bad in (None, "wrong"):
        assert curl(client, url, bad)[0] == 401
    assert site.node(net, "x")["approved"] is False
    assert curl(client, url, token)[0] == 200
    assert site.node(net, "x")["approved"] is True
    entry = admin.json("audit", "--network-id", net["id"])["entries"][-1]
    assert (entry["action"], entry["actor"]) == ("node.approve", "admin")


def test_off_join(site, client, admin):
    net = create(admin, "--join", "off")
    assert "takes no requests to join" in fails(join(client, net, check=False))
    register(client, site, net, "y")
    assert site.node(net, "y")["approved"] is True


def test_requests_of_before_wait_for_an_admin(site, client, admin):
    net = create(admin)
    url = fields(join(client, net).stdout)["approve at"]
    admin.run("network", "set", net["id"], "--join", "admin")
    assert curl(client, url)[0] == 401
    admin.run("approve", client.node_id)
    assert site.node(net, "x")["approved"] is True


REVOKED = {
    # join, revocation: what `revocation` begins with, what `kept out` begins with
    ("link", "rotate"): ("rotate: the machine lifts it with rotate-keys", "no"),
    ("link", "final"): ("final: only an admin lifts it", "no: it can ask to join anew"),
    ("admin", "final"): ("final: only an admin lifts it", "yes, unless an admin approves"),
    ("off", "final"): ("final: only an admin lifts it", "yes, unless it has an enrolment token"),
    ("off", "rotate"): ("rotate: the machine lifts it with rotate-keys", "no"),
}


@pytest.mark.parametrize("rules", REVOKED, ids="-".join)
@pytest.mark.parametrize("words", [["node", "revoke"], ["keys", "revoke"]], ids=" ".join)
def test_revoke_says_what_holds(site, client, admin, rules, words):
    net = create(admin, "--join", rules[0], "--revocation", rules[1])
    register(client, site, net)
    shown = fields(admin.run(*words, client.node_id).stdout)
    assert shown["revoked"] == client.node_id
    assert shown["revocation"].startswith(REVOKED[rules][0])
    assert shown["kept out"].startswith(REVOKED[rules][1])


def test_final_revocation_is_lifted_by_an_admin_only(site, client, admin):
    register(client, site, create(admin))
    admin.run("node", "revoke", client.node_id)
    before = client.state()
    message = fails(client.run("rotate-keys", check=False))
    assert "revocations in this network are final" in message and "admin token" in message
    assert client.state() == before, "the refused keys are not stored"
    assert "not the admin" not in message
    message = fails(client.run("--admin-token", "wrong-admin-token-of-a-test", "rotate-keys",
                               check=False))
    assert " 401 " in message
    client.run("--admin-token-file", site.admin_token_file, "rotate-keys")
    assert fields(client.run("netmap").stdout)["status"] == "active"
    assert client.state()["wg_public_key"] != before["wg_public_key"]
    client.run("rotate-keys")


def test_admin_may_give_the_keys_of_a_revoked_node(site, client, admin):
    net = create(admin)
    register(client, site, net)
    other = another_client(site)
    register(other, site, net, "other")
    key = other.state()["wg_public_key"]
    site.delete(other.node_id)
    admin.run("node", "revoke", client.node_id)
    admin.run("keys", "rotate", client.node_id, "--wg-public-key", key)
    assert site.node(net, "laptop")["revoked"] is False


@pytest.mark.parametrize("words", ["register", "register-url"])
def test_a_host_name_that_is_taken(site, client, words):
    """A name that nobody chose gets a number, and the client knows its own name then."""
    net = site.create_network("hosts")
    what = site.create_token(net, uses=9) if words == "register" else net["id"]
    other = another_client(site)
    for who in (client, other):
        who.init()
        done = who.run(words, what)
    name = client.state()["node_name"]
    assert other.state()["node_name"] == name + "-2"
    assert f"The server calls this node '{name}-2', since '{name}' is taken." in done.stderr
    third = another_client(site)
    third.init()
    assert "409" in fails(third.run(words, what, "--node-name", name, check=False))


def test_a_server_that_knows_no_rules(client):
    """A v1 server ignores the rules: create says so, set is refused."""
    old = V1Server(client.ns.call(socket.create_server, ("127.0.0.1", 0)))
    words = ["--control-url", old.url, "--admin-token", ADMIN, "admin", "network"]
    try:
        done = client.run(*words, "create", "net", "--requires-approval", "--revocation", "final")
        assert "This server ignores --join" in done.stderr
        assert "This server ignores --revocation" in done.stderr
        assert fields(done.stdout)["join"].startswith("link: ")
        quiet = client.run(*words, "create", "net2")
        assert "ignores" not in quiet.stderr
        net = fields(done.stdout)["id"]
        assert "not every control server has rules" in fails(
            client.run(*words, "set", net, "--join", "off", check=False))
    finally:
        old.close()
