# SPDX-License-Identifier: Apache-2.0
"""Access policies on the command line: what one would change, and whom it lets reach whom.

    host: lightscale-server on :8080, the client beside it
"""
import json
import re

import pytest

from cli_site import (admin, another_client, client, fails, fields, network,  # noqa: F401
                      site)

pytestmark = pytest.mark.control_plane

DEV_ONLY = {"default_action": "deny", "rules": [
    {"action": "allow", "src": {"tags": ["dev"]}, "dst": {"tags": ["dev"]}}]}
ONE_WAY = {"rules": [{"action": "deny", "src": {"names": ["phone"]}, "dst": {"names": ["LAPTOP"]}}]}


@pytest.fixture
def nodes(site, network):
    """laptop and server are dev, phone is not, and guest waits for approval: their ids by name."""
    ids = {}
    for name, tags in (("laptop", ["dev"]), ("server", ["dev", "ops"]), ("phone", [])):
        joining = another_client(site)
        joining.init()
        joining.run("register", site.create_token(network, tags=tags), "--node-name", name)
        ids[name] = joining.node_id
    guest = another_client(site)
    guest.init()
    guest.run("register-url", network["id"], "--node-name", "guest")
    ids["guest"] = guest.node_id
    return ids


def acl_set(admin, network, policy, *words, **options):
    return admin.run("acl", "set", network["id"], "--json", json.dumps(policy), *words, **options)


def acl_set_json(admin, network, policy, *words):
    return json.loads(acl_set(admin, network, policy, "--format", "json", *words).stdout)


def pairs(found):
    return [tuple(node["name"] for node in pair) for pair in found]


def test_dry_run_only_shows(admin, network, nodes):
    before = admin.json("acl", "get", network["id"])
    done = acl_set(admin, network, DEV_ONLY, "--dry-run")
    assert admin.json("acl", "get", network["id"]) == before
    assert re.search(r"^CHANGE +NODE +AND NODE\n"
                     r"lost +laptop +phone\nlost +phone +server\n", done.stdout)
    assert fields(done.stdout)["gained"] == "0" and fields(done.stdout)["lost"] == "2"
    assert re.search(r"^ +0 +allow +tag:dev +tag:dev$", done.stdout, re.MULTILINE)
    assert "Nothing was changed (--dry-run)." in done.stderr


def test_set_shows_gains_and_losses(admin, network, nodes, site):
    answer = acl_set_json(admin, network, DEV_ONLY)
    assert answer["applied"] is True and answer["policy"]["default_action"] == "deny"
    assert pairs(answer["lost"]) == [("laptop", "phone"), ("phone", "server")]
    assert answer["lost"][0] == [{"id": nodes["laptop"], "name": "laptop"},
                                 {"id": nodes["phone"], "name": "phone"}]
    assert (answer["lost_count"], answer["gained_count"], answer["gained"]) == (2, 0, [])
    # Sight goes both ways, or not at all.
    answer = acl_set_json(admin, network, ONE_WAY)
    assert pairs(answer["gained"]) == [("phone", "server")] and answer["lost"] == []
    text = acl_set(admin, network, ONE_WAY).stdout
    assert text.startswith("no change in which nodes can see each other\n")
    assert len(site.nodes(network)) == 4


def test_what_is_shown_is_what_the_nodes_see(admin, network, nodes, site):
    """The server's own netmaps lose just what the client foretold."""
    def sight():
        seen = set()
        for name, node in nodes.items():
            for peer in site.api("GET", f"/v1/netmap/{node}")["peers"]:
                seen.add(tuple(sorted((name, peer["name"]))))
        return seen
    policies = [ONE_WAY, DEV_ONLY, {"default_action": "deny"}, {"rules": []}, DEV_ONLY]
    for policy in policies:
        before = sight()
        answer = acl_set_json(admin, network, policy)
        after = sight()
        assert set(pairs(answer["gained"])) == after - before
        assert set(pairs(answer["lost"])) == before - after


def test_what_a_policy_of_v1_changes(admin, network, nodes, site):
    """There a node sees whom it may reach. Here only with "sight": "one-way", which `acl set` says."""
    def peers(name):
        netmap = site.api("GET", f"/v1/netmap/{nodes[name]}")
        return sorted(peer["name"] for peer in netmap["peers"])
    done = acl_set(admin, network, ONE_WAY)
    for text in ("only: 1 (pairs of nodes), such as 'laptop' -> 'phone'. Neither sees the other.",
                 "With v1 servers, 'laptop' alone sees 'phone'", '"sight": "one-way" in the policy'):
        assert text in done.stderr
    assert (peers("laptop"), peers("phone")) == (["server"], ["server"])
    answer = acl_set_json(admin, network, {**ONE_WAY, "sight": "one-way"})
    assert pairs(answer["one_way"]) == [("laptop", "phone")] and answer["one_way_count"] == 1
    assert answer["policy"]["sight"] == "one-way" and not answer["gained"] and not answer["lost"]
    assert (peers("laptop"), peers("phone")) == (["phone", "server"], ["server"])
    assert fields(admin.run("acl", "get", network["id"]).stdout)["sight"] == "one-way"
    assert admin.json("audit", "--network-id", network["id"])["entries"][-1]["detail"][
        "sight"] == "one-way"
    site.stop()
    site.start()
    assert peers("laptop") == ["phone", "server"], "the sight is stored"
    done = acl_set(admin, network, {**ONE_WAY, "sight": "one-way"})
    assert "There 'laptop' sees 'phone', which does not see it: no traffic flows." in done.stderr
    # Said on purpose, so there is nothing to say about v1.
    done = acl_set(admin, network, {**ONE_WAY, "sight": "mutual"}, "--strict")
    assert done.stderr == "" and peers("laptop") == ["server"]
    assert acl_set(admin, network, DEV_ONLY).stderr == ""


def test_one_way_sight_shows_probes_only_to_the_one_who_sees(admin, network, nodes, site):
    acl_set(admin, network, {**ONE_WAY, "sight": "one-way"})
    for name in ("laptop", "phone"):
        site.api("POST", "/v1/heartbeat", {"node_id": nodes[name], "endpoints": [], "routes": [],
                                           "probe": True})
    def probes(name):
        return [probe["peer_id"] for probe in
                site.api("GET", f"/v1/netmap/{nodes[name]}")["probe_requests"]]
    assert (probes("laptop"), probes("phone")) == ([nodes["phone"]], [])


def test_words_that_nobody_has(admin, network, nodes):
    done = acl_set(admin, network, {"rules": [
        {"action": "deny", "src": {"tags": ["dve"]}, "dst": {"names": ["lapdog", "guest"]}},
        {"action": "deny", "src": {"node_ids": ["x"]}, "dst": {}}]}, "--dry-run")
    for text in ("Rule 0: no node has the tag 'dve'.", "Rule 0: no node has the name 'lapdog'.",
                 "Rule 1: no node has the id 'x'."):
        assert text in done.stderr
    assert "guest" not in done.stderr


@pytest.mark.parametrize("words,text", [
    ({"default_action": "perhaps"}, "default_action"),
    ({"rules": [{"src": {}, "dst": {}}]}, "rules[0].action"),
    ({"rules": [{"action": "deny", "src": {"tags": "dev"}, "dst": {}}]}, "rules[0].src.tags"),
    ({"rules": {}}, "rules"),
    ({"sight": "both"}, 'sight: neither "mutual" nor "one-way"'),
    ({"sight": True}, "sight"),
])
def test_a_wrong_policy_is_not_sent(admin, network, site, words, text):
    before = admin.json("audit", "--network-id", network["id"])
    message = fails(acl_set(admin, network, words, check=False))
    assert "--json" in message and text in message
    assert admin.json("audit", "--network-id", network["id"]) == before


# A member that is not read leaves a policy that allows more than was meant.
STRANGERS = [
    ({"rules": [{"action": "allow", "src": {"tgs": ["dev"]}, "dst": {}}]},
     'rules[0].src has no member "tgs"; did you mean "tags"?'),
    ({"rules": [{"action": "allow", "src": {}, "dst": {"tag": "dev"}}]},
     'rules[0].dst has no member "tag"; did you mean "tags"?'),
    ({"rules": [{"action": "deny", "src": {}, "dts": {}}]},
     'rules[0] has no member "dts"; did you mean "dst"?'),
    ({"defualt_action": "deny"}, 'has no member "defualt_action"; did you mean "default_action"?'),
    ({"policy": DEV_ONLY}, 'a policy has no member "policy"'),
]


@pytest.mark.parametrize("policy,text", STRANGERS)
def test_unknown_members_are_named_and_ignored(admin, network, nodes, policy, text):
    """v1's files may have any. --strict refuses them."""
    before = admin.json("audit", "--network-id", network["id"])
    assert text in fails(acl_set(admin, network, policy, "--strict", check=False))
    assert admin.json("audit", "--network-id", network["id"]) == before
    done = acl_set(admin, network, policy)
    assert text in done.stderr and "It is ignored; --strict refuses it." in done.stderr


def test_each_unknown_member_is_named(admin, network, nodes):
    done = acl_set(admin, network, {"version": 1, "rules": [
        {"action": "allow", "comment": "x", "src": {"groups": []}}]}, "--dry-run")
    for name in ("version", "comment", "groups"):
        assert f'has no member "{name}"' in done.stderr


@pytest.mark.parametrize("rule", [{"src": {"tags": ["dev"]}}, {"dst": {"tags": ["dev"]}}, {},
                                  {"src": None, "dst": None}])
def test_a_rule_without_a_selector_means_every_node(admin, network, nodes, rule):
    whole = {end: rule.get(end) or {"any": True} for end in ("src", "dst")}
    short, full = (acl_set_json(admin, network, {"rules": [{"action": "deny", **each}]})
                   for each in (rule, whole))
    for end in ("src", "dst"):
        assert short["policy"]["rules"][0][end]["tags"] == full["policy"]["rules"][0][end]["tags"]
    assert full["gained"] == full["lost"] == []


def test_acl_test(admin, network, nodes):
    def ask(*names):
        return fields(admin.run("acl", "test", network["id"], *names).stdout)
    assert ask("laptop", "PHONE") == {
        "laptop -> phone": "allow (no rule matches: the default)",
        "phone -> laptop": "allow (no rule matches: the default)", "can see": "yes, each other"}
    acl_set(admin, network, ONE_WAY)
    assert ask("laptop", nodes["phone"]) == {
        "laptop -> phone": "allow (no rule matches: the default)",
        "phone -> laptop": "deny (rule 0)", "can see": "no: both directions must be allowed"}
    assert ask("guest", "server")["can see"] == "no: both nodes must be active"
    answer = admin.json("acl", "test", network["id"], nodes["phone"], "laptop")
    assert answer == {"src": nodes["phone"], "dst": nodes["laptop"],
                      "forward": {"action": "deny", "rule": 0},
                      "reverse": {"action": "allow", "rule": None}, "can_see": False,
                      "src_sees": False, "dst_sees": False}
    acl_set(admin, network, {**ONE_WAY, "sight": "one-way"})
    assert ask("phone", "laptop")["can see"] == "only laptop sees phone (one-way): no traffic flows"
    answer = admin.json("acl", "test", network["id"], nodes["phone"], "laptop")
    assert (answer["src_sees"], answer["dst_sees"], answer["can_see"]) == (False, True, False)
    assert ask("phone", "server")["can see"] == "yes, each other"
    assert ask("guest", "server")["can see"] == "no: both nodes must be active"


def test_acl_test_failures(admin, network, nodes):
    def message(*words):
        return fails(admin.run("acl", "test", *words, check=False))
    assert "no node with the id or name 'tablet'" in message(network["id"], "laptop", "tablet")
    assert "are the same node" in message(network["id"], "laptop", nodes["laptop"])
    assert " 404 " in message(nodes["laptop"], "laptop", "phone")
    fails(admin.run("acl", "test", network["id"], "laptop", check=False), status=2)
