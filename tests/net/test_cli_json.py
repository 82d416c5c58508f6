# SPDX-License-Identifier: Apache-2.0
"""Every command's answer, as JSON and as text, out of a network that has something of everything.
The shapes of the JSON documents are in golden/json: UPDATE_GOLDEN=1 writes them anew, read the diff.

    host: lightscale-server on :8080 and :8443 (TLS), clients beside it
"""
import itertools
import json
import os
import re

import pytest

from certificates import self_signed
from cli_site import another_client, register
from json_shape import shape_of
from lab import Lab
from server_fixtures import random_key
from test_cli_help import PATHS, run as run_program

GOLDEN = os.path.join(os.path.dirname(os.path.realpath(__file__)), "golden", "json")
LEAVES = [path for path in PATHS
          if path and not any(other.startswith(path + " ") for other in PATHS)]
WITHOUT_JSON = {"completion", "help"}  # prints a script; a text
# They do not end by themselves: their --json is that of --dry-run.
DRY_RUNS = {"agent", "wg-up"}
ANNOUNCED = ["--stun", "stun.test:3478", "--turn", "turn.test:3478", "--stream-relay",
             "192.0.2.1:443", "--udp-relay", "192.0.2.1:3480", "--dns", "192.0.2.53:53"]
POLICY = {"default_action": "allow", "rules": [
    {"action": "deny", "src": {"tags": ["dev"], "names": ["phone"]}, "dst": {"node_ids": ["x"]}},
    {"action": "allow", "src": {"any": True}, "dst": {}}]}
DENY = '{"rules":[{"action":"deny","src":{"names":["desk"]},"dst":{"names":["laptop"]}}]}'

# What is run for a command, by laptop unless it says "@phone": {names} are filled in, those with
# "a_" anew each time.
LINES = {
    "init": ["init {url},http://192.0.2.1:8080"],
    "pin": ["--control-url https://127.0.0.1:8443 pin --self-signed"],
    "register": ["register {a_token} --node-name {a_name}",
                 "register {a_strict_token} --node-name {a_name}"],
    "register-url": ["register-url {net} --node-name {a_name}",
                     "register-url {net} --node-name {a_name} --approve",
                     "register-url {net} --node-name {a_name} --admin-url https://admin.test"],
    "status": ["status", "status --wg --interface {interface}"],
    "netmap": ["netmap", "@phone netmap"],
    "heartbeat": ["heartbeat --endpoint 192.0.2.1:5 --route-map 10.1.0.0/24=10.9.0.0/24 "
                  "--exit-node", "heartbeat", "@phone heartbeat"],
    "rotate-keys": ["rotate-keys", "rotate-keys --wg"],
    "wg-up": ["wg-up --dry-run --interface {interface}", "wg-up --dry-run --interface ls-none",
              "@phone wg-up --dry-run --interface ls-none"],
    "agent": ["agent --dry-run --interface ls-none --dns-hosts-path {hosts}",
              "@phone agent --dry-run --interface ls-none --dns-hosts-path {damaged_hosts}"],
    "wg-down": ["wg-down --interface {a_interface}"],
    "dns": ["dns"],
    "relay": ["relay"],
    "platform": ["platform"],
    "admin network create": ["admin network create lab",
                             "admin network create lab --token-ttl 60 --token-tags a "
                             "--key-max-age 86400"],
    "admin network list": ["admin network list"],
    "admin network set": ["admin network set {a_net} --join admin --revocation rotate"],
    "admin network delete": ["admin network delete {a_net}"],
    "admin nodes": ["admin nodes {net}", "admin nodes {net} --pending"],
    "admin approve": ["admin approve {guest}"],
    "admin node update": ["admin node update {a_node} --name {a_name} --tags a,b",
                          "admin node update {desk} --tags dev"],
    "admin node delete": ["admin node delete {a_node}"],
    "admin node revoke": ["admin node revoke {a_node}"],
    "admin token create": ["admin token create {net} --tags a,b"],
    "admin token list": ["admin token list {net}"],
    "admin token revoke": ["admin token revoke {a_token}", "admin token revoke {a_owned_token}"],
    "admin acl get": ["admin acl get {net}"],
    "admin acl set": ["admin acl set {a_pair} --json " + DENY,
                      "admin acl set {a_split} --json {}"],
    "admin acl test": ["admin acl test {net} laptop desk",
                       "admin acl test {strict} strict-1 strict-2"],
    "admin key-policy get": ["admin key-policy get {net}", "admin key-policy get {strict}"],
    "admin key-policy set": ["admin key-policy set {a_net} --max-age-seconds 7200",
                             "admin key-policy set {a_net} --clear"],
    "admin keys rotate": ["admin keys rotate {a_node} --wg-public-key {a_key}"],
    "admin keys history": ["admin keys history {old}"],
    "admin keys revoke": ["admin keys revoke {a_node}"],
    "admin audit": ["admin audit"],
}
NEW_PROFILE = {"init", "pin", "register", "register-url"}
SHOWS_TOKENS = {"admin token create", "admin network create"}  # those that they make
NOTES = re.compile(r"Next: '|The token is not shown again|Rule \d+: no node has |"
                   r"Allowed in one direction only: |Nothing was changed \(--dry-run\)\.")
TABLE_HEAD = re.compile(r"[A-Z][A-Z0-9 ]*(  +[A-Z][A-Z0-9 ]*)+")
TO_THE_RIGHT = {"RULE", "USES LEFT", "RECEIVED", "SENT"}


class World:
    """A network with tags, routes, tokens, a pending, a revoked and a probing node, a policy; another
    one where nodes need approval and keys age; the profile `laptop` with its interface up, and
    `phone`, which somebody owns, in the strict network."""

    def __init__(self, lab, directory):
        certificate, key = self_signed(directory)
        self.server = lab.server(lab.internet().host("server"), args=[
            *ANNOUNCED, "--tls-listen", "0.0.0.0:8443", "--tls-cert", certificate, "--tls-key",
            key])
        self.numbers = itertools.count(1)
        self.secrets = {self.server.admin_token}
        self.clients = []
        self.net = self.server.create_network("office")
        self.strict = self.server.create_network("strict", requires_approval=True,
                                                 key_rotation_max_age_seconds=86400)
        self.ids = {"net": self.net["id"], "strict": self.strict["id"], "url": self.server.url}
        self.fill_strict()
        self.fill_net()
        self.laptop, self.phone = self.new_client(), self.new_client()
        register(self.laptop, self.server, self.net)
        self.announce()
        self.laptop.run("netmap")
        self.phone.init()
        self.phone.run("register", self.token(self.strict, tags=["a"], owner_user_id="u",
                                              owner_email="a@b.test"), "--node-name", "phone")
        self.server.approve(self.phone.node_id)
        self.ids["interface"] = self.laptop.interface
        self.ids["hosts"] = self.laptop.hosts
        self.ids["damaged_hosts"] = self.phone.hosts
        with open(self.phone.hosts, "a", encoding="ascii") as file:
            file.write(f"# lightscale:{self.phone.profile} begin\n")
        self.laptop.process = self.laptop.ns.start("wg-up", *self.laptop.argv(
            "wg-up", "--interface", self.laptop.interface, "--listen-port", "0"))
        self.laptop.process.wait_log("event=agent.ready", 15)

    def announce(self):
        """desk asks to be probed, which netmaps show for half a minute; laptop has what other tests
        may have withdrawn."""
        for node, last in ((self.ids["desk"], 7), (self.laptop.node_id, 8)):
            self.server.api("POST", "/v1/heartbeat", {
                "node_id": node, "endpoints": [f"192.0.2.{last}:5"], "probe": last == 7,
                "routes": [{"prefix": f"192.168.{last}.0/24", "kind": "subnet", "enabled": True},
                           {"prefix": f"10.{last}.0.0/24", "kind": "subnet", "enabled": True,
                            "mapped_prefix": f"10.1{last}.0.0/24"}]})

    def fill_strict(self):
        for name in ("strict-1", "strict-2"):
            self.node(self.strict, name)
        self.server.api("POST", f"/v1/networks/{self.strict['id']}/tokens", {
            "ttl_seconds": 60, "uses": 1, "tags": []})

    def fill_net(self):
        self.ids["desk"] = self.node(self.net, "desk", tags=["dev"], owner_user_id="u-1",
                                     owner_email="a@b.test", owner_is_admin=True)
        self.node(self.net, "idle")
        self.ids["old"] = self.node(self.net, "old")
        self.server.revoke(self.ids["old"])
        self.ids["guest"] = self.server.api("POST", "/v1/register-url", {
            "network_id": self.net["id"], "node_name": "guest",
            "machine_public_key": random_key(), "wg_public_key": random_key()})["node_id"]
        self.server.api("POST", f"/v1/tokens/{self.token(self.net)}/revoke")
        self.server.set_acl(self.net, POLICY)

    def token(self, network, **members):
        token = self.server.api("POST", f"/v1/networks/{network['id']}/tokens", {
            "ttl_seconds": 3600, "uses": 1, "tags": [], **members})["token"]["token"]
        self.secrets.add(token)
        return token

    def node(self, network, name, **owner):
        answer = self.server.api("POST", "/v1/register", {
            "token": self.token(network, **owner), "node_name": name,
            "machine_public_key": random_key(), "wg_public_key": random_key()})
        self.secrets.add(answer["node_token"])
        return answer["netmap"]["node"]["id"]

    def new_client(self):
        client = another_client(self.server)
        self.clients.append(client)
        return client

    def word(self, name):
        number = next(self.numbers)
        if name == "a_name":
            return f"n{number}"
        if name == "a_key":
            return random_key()
        if name == "a_node":
            return self.node(self.net, f"n{number}")
        if name == "a_net":
            return self.server.create_network(f"net {number}")["id"]
        if name == "a_interface":
            interface = f"ls-{self.server.lab.tag}x{number}"[:15]
            self.server.host.ns.ip("tuntap", "add", "dev", interface, "mode", "tun")
            return interface
        if name.endswith("token"):
            owner = {"owner_user_id": "u", "owner_email": "e"} if "owned" in name else {}
            return self.token(self.strict if "strict" in name else self.net, **owner)
        if name in ("a_pair", "a_split"):
            return self.pair(number, name == "a_split")
        return self.ids[name]

    def pair(self, number, split):
        """A network of two nodes, which a policy may keep from each other."""
        network = self.server.create_network(f"pair {number}")
        for name in ("laptop", "desk"):
            self.node(network, name)
        if split:
            self.server.set_acl(network, {"default_action": "deny"})
        return network["id"]

    def run(self, path, line, *more):
        words = [re.sub(r"{(\w+)}", lambda m: self.word(m[1]), word) for word in line.split()]
        client = self.laptop
        if words[0] == "@phone":
            client = self.phone
            del words[0]
        if path in ("netmap", "heartbeat"):
            self.announce()
        if path in NEW_PROFILE:
            client = self.new_client()
            if path.startswith("register"):
                client.init()
        done = client.run(*(("--control-url", self.server.url, "--admin-token-file",
                             self.server.admin_token_file) if path.startswith("admin") else ()),
                          *words, *more)
        self.check_secrets(path, done)
        return done

    def check_secrets(self, path, done):
        for client in self.clients:
            if os.path.exists(os.path.join(client.state_dir, "state.json")):
                state = client.state()
                self.secrets |= {state[name] for name in ("machine_private_key", "node_token",
                                                          "wg_private_key")}
        for secret in self.secrets:
            assert secret not in done.stdout + done.stderr, path
        # Keys have one more character, which is '='.
        looks_secret = re.findall(r"(?<![\w/+-])[\w-]{43}(?![\w/+=-])", done.stdout + done.stderr)
        if path in SHOWS_TOKENS:
            assert len(looks_secret) <= 1
            self.secrets |= set(looks_secret)
        elif path != "register-url":  # its approval URL holds one
            assert looks_secret == [], path


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("json")
    with Lab(directory) as lab:
        made = World(lab, directory)
        yield made
        made.laptop.stop()
        lab.check()


def golden_path(path):
    return os.path.join(GOLDEN, path.replace(" ", "-") + ".json")


def test_every_command_that_ends_by_itself_has_json():
    """One rule over the whole table; `admin acl set` is older than it: see below."""
    for path in LEAVES:
        shown = run_program(*path.split(), "--help")
        dry = "with --dry-run: " if path in DRY_RUNS else ""
        has = re.search(rf"^  --json +(the same as --format json|{dry}print one JSON document)$",
                        shown, re.MULTILINE) is not None
        assert has == (path not in WITHOUT_JSON | {"admin acl set"}), path
    # Its --json is the policy, as it is for existing scripts; --format json asks for JSON.
    shown = run_program("admin", "acl", "set", "--help")
    assert re.search(r"^  --json POLICY ", shown, re.MULTILINE)
    assert re.search(r"^  --format FORMAT .*text, json", shown, re.MULTILINE)


def json_of(world, path, line):
    done = world.run(path, line, *(("--format", "json") if path == "admin acl set"
                                   else ("--json",)))
    for note in done.stderr.splitlines():
        assert NOTES.match(note), note
    assert done.stdout.endswith("}\n")
    return json.loads(done.stdout)  # one document and nothing else


@pytest.mark.parametrize("path", LINES)
def test_shape(world, path):
    answers = [json_of(world, path, line) for line in LINES[path]]
    for entry in (entry for answer in answers for entry in answer.get("entries", [])):
        assert isinstance(entry["detail"], dict)
        entry["detail"] = {}  # its members depend on the action, and so on what ran before
    shape = shape_of(answers)
    text = json.dumps(shape, indent=2) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        os.makedirs(GOLDEN, exist_ok=True)
        with open(golden_path(path), "w", encoding="ascii") as file:
            file.write(text)
    with open(golden_path(path), encoding="ascii") as file:
        assert text == file.read()


def test_every_command_has_a_shape():
    wanted = [path for path in LEAVES if path not in WITHOUT_JSON]
    assert set(LINES) == set(wanted)
    assert sorted(os.listdir(GOLDEN)) == sorted(
        os.path.basename(golden_path(path)) for path in wanted)


def columns_of(head):
    return [(match[0], match.start(), match.end())
            for match in re.finditer(r"[A-Z0-9]+(?: [A-Z0-9]+)*", head)]


def assert_aligned(lines):
    """Tables: every cell stands below its heading. Fields: every value begins in one column."""
    head = None
    for line in lines:
        assert line == line.rstrip(), f"blanks at the end of: {line!r}"
        if TABLE_HEAD.fullmatch(line):
            head = columns_of(line)
        elif head and line and not re.match(r"[a-z]+: ", line):
            for name, start, end in head:
                if name in TO_THE_RIGHT:
                    assert line[end - 1] != " " and line[end:end + 2].strip() == "", (name, line)
                else:
                    assert line[start] != " " and line[max(start - 2, 0):start].strip() == "", (
                        name, line)
        else:
            head = None
    starts = {match.start(1) for match in (re.match(r"[^:]{1,13}: +(\S)", line) for line in lines)
              if match and ": " in line[:15]}
    assert len(starts) <= 1, lines


@pytest.mark.parametrize("path", LINES)
def test_text(world, path):
    for line in LINES[path]:
        done = world.run(path, line)
        for note in done.stderr.splitlines():
            assert NOTES.match(note), note
        with pytest.raises(ValueError):
            json.loads(done.stdout)
        if path != "dns":  # lines of a hosts file
            assert_aligned(done.stdout.splitlines())
        assert done.stdout.endswith("\n") and "(null)" not in done.stdout
        assert "\033" not in done.stdout + done.stderr
