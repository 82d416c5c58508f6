# SPDX-License-Identifier: Apache-2.0
"""The document of the API: sound in itself, served, and with nothing in it that the server does not
do. That the server does nothing that is not in it, every other test of the server shows."""
import copy
import subprocess
import threading
import uuid

import jsonschema
import pytest

from openapi_contract import contract, violations
from openapi_rules import Rules
from server_fixtures import NO_ID, PROGRAM, Answer, LocalServer, random_key

pytestmark = pytest.mark.main_subset

# Not provoked here: a full disk and a server without descriptors have their own tests; 10,000 tokens
# take too long.
ELSEWHERE = {500, 503}
TOO_LONG = {("createToken", 409)}
PATH = "/v1/openapi.json"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = LocalServer(tmp_path_factory.mktemp("openapi"), "--trusted-proxy", "127.0.0.1",
                       "--stun", "stun.example:3478").start()
    yield made
    made.close()


def test_the_document_is_sound():
    assert Rules(contract().document).check() == []


SPOILT = [
    # what is done to the document, part of what is found
    (lambda d: d["paths"]["/v1/audit"]["get"].update(operationId="getHealth"), "not unique"),
    (lambda d: d["paths"]["/v1/audit"]["get"]["responses"]["200"].pop("description"), "missing"),
    (lambda d: d["paths"]["/v1/audit"]["get"].update(sumary="x"), "no member"),
    (lambda d: d["paths"]["/v1/audit"]["get"].update(security=[{"root": []}]), "leads nowhere"),
    (lambda d: d["paths"]["/v1/netmap/{node_id}"].pop("parameters"), "is not described"),
    (lambda d: d["components"]["schemas"].pop("Owner"), "leads nowhere"),
    (lambda d: d["components"]["schemas"].update(Extra={"type": "string"}), "nothing uses"),
    (lambda d: d["components"]["schemas"]["Id"].update(type="text"), "no schema"),
    (lambda d: d["components"]["schemas"]["Id"].update(maxLenght=1), "no keyword"),
    (lambda d: d["components"]["schemas"]["KeyRecord"]["required"].append("x"), "not described"),
]


@pytest.mark.parametrize("spoil,text", SPOILT, ids=range(len(SPOILT)))
def test_an_unsound_document_is_noticed(spoil, text):
    document = copy.deepcopy(contract().document)
    spoil(document)
    found = Rules(document).check()
    assert found and any(text in line for line in found), found


def test_defaults_and_examples_fit_their_schemas():
    def walk(item, lenient):
        if isinstance(item, list):
            return sum(walk(inner, lenient) for inner in item)
        if not isinstance(item, dict):
            return 0
        values = item.get("examples", []) + ([item["default"]] if "default" in item else [])
        for value in values:
            lenient.validator({k: v for k, v in item.items()
                               if k not in ("default", "examples")}).validate(value)
        return len(values) + sum(walk(inner, lenient) for inner in item.values())
    assert walk(contract().document, contract().lenient) > 10


def test_served(server):
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True,
                             check=True).stdout.split()[1]
    answer = server.request("GET", PATH, token=None)
    expected = copy.deepcopy(contract().document)
    assert expected["info"]["version"] == "@VERSION@"
    expected["info"]["version"] = version
    assert answer.status == 200 and answer.json == expected
    assert answer.headers["Content-Length"] == str(len(answer.body))
    head = server.request("HEAD", PATH, token=None)
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Length", "Content-Type", "ETag"):
        assert head.headers[name] == answer.headers[name]
    refused = server.request("POST", PATH, {}, token=None)
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_served_only_when_it_is_new(server):
    etag = server.request("GET", PATH, token=None).headers["ETag"]
    connection = server.connect()
    for known, status in ((etag, 304), ("W/" + etag, 304), ('"a", ' + etag, 304), ("*", 304),
                          ('"a"', 200), (etag.strip('"'), 200), ("", 200)):
        answer = server.request("GET", PATH, token=None, headers={"If-None-Match": known},
                                connection=connection)
        assert answer.status == status, known
        assert (answer.body == b"") == (status == 304) and answer.headers["ETag"] == etag
    connection.close()


class Walk:
    """One good request for every operation, and the bad ones that the document speaks of."""

    def __init__(self, server):
        self.server = server
        self.network = server.network("walk", overlay_v4="10.30.0.0/24")
        self.spare = server.network("spare")
        self.secret = server.token(self.network)
        self.node = server.register(self.secret, "first")
        self.other = server.register(self.secret, "second")
        self.waiting = [server.register_url(self.network) for _ in range(3)]
        self.etag = server.request("GET", PATH, token=None).headers["ETag"]
        self.ids = {"network_id": self.network["id"], "node_id": self.node.id,
                    "token": self.secret, "secret": "A" * 43}

    def new_keys(self, **fields):
        return {"node_name": "n-" + random_key()[:6].replace("/", "x").replace("+", "x") + "-x",
                "machine_public_key": random_key(), "wg_public_key": random_key(), **fields}

    @staticmethod
    def secret_of(request):
        return request["auth_path"].split("/")[-1]

    def body(self, name):
        """What an operation takes."""
        network, node = self.network["id"], self.node.id
        bodies = {
            "createNetwork": {"name": "new", "bootstrap_token_ttl_seconds": 60},
            "updateNetwork": {"join": "link", "revocation": "rotate"},
            "createToken": {"ttl_seconds": 60, "uses": 1, "tags": ["t"]},
            "setAcl": {"policy": {"rules": [{"action": "allow", "src": {}, "dst": {}}]}},
            "setKeyPolicy": {"max_age_seconds": 86400},
            "register": self.new_keys(token=self.secret),
            "registerUrl": self.new_keys(network_id=network),
            "decideByForm": f"secret={self.secret_of(self.waiting[2])}&action=approve".encode(),
            "updateNode": {"tags": ["t"]},
            "rotateKeys": {"wg_public_key": random_key()},
            "heartbeat": {"node_id": node, "endpoints": ["192.0.2.1:7"], "listen_port": 7,
                          "probe": True, "routes": [{"prefix": "10.9.0.0/16", "kind": "subnet"}]},
        }
        assert set(bodies) == {it.id for it in contract().operations if it.body is not None}
        return bodies.get(name)

    def ask(self, operation, body=None, query="", ids=None, **options):
        """With the admin's token, about the walk's own objects, unless told otherwise."""
        path = operation.path.format(**(ids or self.ids))
        if operation.body is None:
            body = None
        elif body is None:
            body = self.body(operation.id)
        return self.server.request(operation.method, path + query, body, **options)

    def good(self):
        """Every operation once, those that remove something last."""
        order = sorted(contract().operations, key=lambda it: (it.method == "DELETE",
                                                              it.id.startswith("revoke")))
        special = {"approveBySecret": {"node_id": self.waiting[0]["node_id"],
                                       "secret": self.secret_of(self.waiting[0])},
                   "decideByForm": {"node_id": self.waiting[2]["node_id"]},
                   "approveNode": {"node_id": self.waiting[1]["node_id"]},
                   "deleteNetwork": {"network_id": self.spare["id"]},
                   "deleteNode": {"node_id": self.other.id}}
        for operation in order:
            answer = self.ask(operation, ids={**self.ids, **special.get(operation.id, {})})
            assert answer.status in (200, 204), f"{operation.id}: {answer!r}"
        self.server.request("GET", PATH, headers={"If-None-Match": self.etag})

    def bad(self, operation):
        """The refusals that any operation can give, as far as the document has them."""
        statuses = set(operation.responses)
        assert self.ask(operation, query="?nonsense").status == 400
        if operation.body is not None:
            assert self.ask(operation, b"{}{").status == 400
            assert self.ask(operation, b" " * (operation.body_max + 1)).status == 413
        if operation.security:
            source = {"X-Forwarded-For": f"10.1.{len(operation.id)}.{len(operation.path)}"}
            for token in ("", "wrong"):
                assert self.ask(operation, token=token, headers=source).status == 401
        if 404 in statuses and operation.id != "registerUrl":
            body = {"node_id": NO_ID} if operation.id == "heartbeat" else None
            unknown = {name: NO_ID for name in self.ids}
            assert self.ask(operation, body, ids=unknown).status == 404

    def special_refusals(self):
        named = contract().operation
        wrong = self.new_keys(token="B" * 43)
        taken = {"node_name": "FIRST"}
        rows = [
            ("register", wrong, 401), ("approveBySecret", None, 401),
            ("decideByForm", b"secret=" + b"B" * 43 + b"&action=approve", 401),
            ("registerUrl", self.new_keys(network_id=NO_ID), 404),
            ("createNetwork", {"name": "x", "overlay_v4": "10.0.0.0/8"}, 409),
            ("deleteNetwork", None, 409),
            ("register", {**self.new_keys(token=self.secret), **taken}, 409),
            ("registerUrl", {**self.new_keys(network_id=self.network["id"]), **taken}, 409),
            ("updateNode", {"name": "Second"}, 409),
            ("rotateKeys", {"wg_public_key": self.other.info["wg_public_key"]}, 409),
        ]
        for name, body, status in rows:
            answer = self.ask(named(name), body)
            assert answer.status == status, f"{name} {body}: {answer!r}"
        self.server.api("GET", self.waiting[0]["auth_path"], token=None)
        form = f"secret={self.secret_of(self.waiting[0])}&action=reject".encode()
        answer = self.ask(named("decideByForm"), form,
                          ids={"node_id": self.waiting[0]["node_id"]})
        assert answer.status == 409, answer

    def exhausted(self):
        """From an address that has guessed too often: 429, wherever a credential is looked at."""
        source = {"X-Forwarded-For": "192.0.2.99"}
        wrong = {"register": self.new_keys(token="B" * 43)}
        for operation in contract().operations:
            if 429 not in operation.responses or operation.id == "registerUrl":
                continue
            for _ in range(40):  # one attempt is forgiven every second
                answer = self.ask(operation, wrong.get(operation.id), token="wrong",
                                  headers=source)
                if answer.status == 429:
                    break
                assert answer.status == 401, f"{operation.id}: {answer!r}"


def test_too_many_requests_to_join(server):
    network = server.network()
    source = {"X-Forwarded-For": "192.0.2.77"}
    for _ in range(70):
        body = {"network_id": network["id"], "node_name": "n-" + uuid.uuid4().hex[:12],
                "machine_public_key": random_key(), "wg_public_key": random_key()}
        answer = server.request("POST", "/v1/register-url", body, None, source)
        if answer.status == 429:
            break
        assert answer.status == 200
        server.api("GET", answer.json["auth_path"], token=None)
    assert answer.status == 429 and "requests to join from this address" in answer.error
    assert 1 <= int(answer.headers["Retry-After"]) <= 10
    assert server.request("POST", "/v1/register-url", body, None,
                          {"X-Forwarded-For": "192.0.2.78"}).status == 200


def test_everything_that_is_documented_happens(server):
    walk = Walk(server)
    seen = contract().seen
    seen.clear()
    for operation in contract().operations:
        walk.bad(operation)
    walk.special_refusals()
    walk.exhausted()
    walk.good()
    documented = {(it.id, status) for it in contract().operations for status in it.responses
                  if status not in ELSEWHERE}
    assert documented - seen == TOO_LONG | {("registerUrl", 429)}  # above


def test_a_strict_answer_has_no_other_member():
    """The contract itself: what it would say to a member too many, one too few, one of a wrong
    type, deep inside of an answer."""
    peer = {"id": NO_ID, "name": "a", "dns_name": "a.b", "ipv4": "10.0.0.1", "ipv6": "fd00::1",
            "wg_public_key": random_key(), "endpoints": [], "tags": [], "routes": [],
            "last_seen": 1}
    validator = contract().strict.validator({"type": "array", "items": {
        "$ref": "#/components/schemas/PeerInfo"}})
    validator.validate([peer, dict(peer)])
    for bad in ({**peer, "more": 1}, {k: v for k, v in peer.items() if k != "tags"},
                {**peer, "last_seen": "1"}, {**peer, "ipv4": "fd00::1"},
                {**peer, "routes": [{"prefix": "10.0.0.0/8", "kind": "subnet"}]}):
        with pytest.raises(jsonschema.ValidationError):
            validator.validate([peer, bad])
    contract().lenient.validator({"$ref": "#/components/schemas/PeerInfo"}).validate(
        {**peer, "more": 1})


def test_what_a_thread_sees_is_not_lost():
    def ask():
        try:
            contract().check("GET", "/healthz", {}, None, Answer(
                200, {"Content-Type": "text/plain"}, b"well"))
        except AssertionError:
            pass
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert len(violations) == 1 and "'ok' was expected" in violations[0]
    violations.clear()
