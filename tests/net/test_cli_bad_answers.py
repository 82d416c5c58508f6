# SPDX-License-Identifier: Apache-2.0
"""What answers that are none: proxies' pages, broken HTTP and JSON, answers of the wrong type. Each is
one clear line, and changes nothing. And names that would steer a terminal. On loopback."""
import json
import os
import pty
import re
import subprocess

import pytest

from cli_site import read_terminal
from lab.process import program_environment
from test_cli_help import PROGRAM
from test_v1_requests import World
from v1_server import ADMIN

pytestmark = [pytest.mark.main_subset, pytest.mark.control_plane]

HTML = "<html><body><h1>502 Bad Gateway</h1>nginx</body></html>"
EVIL = "\x1b]0;owned\x07\x1b[2J\x1b[31m\u009b31mname"


def http(body, status="200 OK", headers=(), length=None):
    body = body if isinstance(body, bytes) else body.encode()
    head = [f"HTTP/1.1 {status}", "Content-Type: text/html", *headers,
            f"Content-Length: {len(body) if length is None else length}", "", ""]
    return "\r\n".join(head).encode() + body


MOVED = "redirects elsewhere, which is not followed: give the control server's own URL"
# name, bytes, what the line says of them
ANSWERS = [
    ("html", http(HTML), "the answer is not JSON (line 1 column 1: '[' or '{' expected)"),
    ("text", http("it works!"), "the answer is not JSON"),
    ("html-502", http(HTML, "502 Bad Gateway"), "502 bad gateway"),
    ("html-503", http(HTML, "503 Service Unavailable"), "503 service unavailable"),
    ("html-504", http(HTML, "504 Gateway Timeout"), "504 gateway timeout"),
    ("html-403", http(HTML, "403 Forbidden"), "403 forbidden"),
    ("html-404", http(HTML, "404 Not Found"), "404 not found"),
    ("html-401", http(HTML, "401 Unauthorized", ["WWW-Authenticate: Basic"]), "401 unauthorized"),
    ("html-407", http(HTML, "407 Proxy Authentication Required"), "407 the proxy (http_proxy)"),
    ("html-418", http(HTML, "418 Teapot"), "418 not an answer of a control server"),
    ("html-599", http(HTML, "599 Odd"), "599 not an answer of a control server"),
    ("json-400", http('{"error": "no"}', "400 Bad"), ": 400 no"),
    ("json-400-without", http('{"message": "no"}', "400 Bad"), ": 400 not an answer of a control"),
    ("json-400-odd", http('{"error": {"text": "no"}}', "400 Bad"), ": 400 not an answer of a"),
    ("json-400-escape", http(json.dumps({"error": EVIL + "\n2"}), "400 Bad"), ": 400 ?]0;owned?"),
    ("json-429", http('{"error": "too many failed attempts"}', "429 Too Many"),
     ": 429 too many failed attempts"),
    ("json-500", http('{"error": "disk full"}', "500 Oh"), ": 500 disk full"),
    *[(f"moved-{status}", http("", f"{status} Moved", ["Location: http://127.0.0.1:1/"]), MOVED)
      for status in (301, 302, 303, 307, 308)],
    ("300", http("", "300 Choices"), "300 not an answer of a control server"),
    ("304", b"HTTP/1.1 304 Not Modified\r\n\r\n", "304 not an answer of a control server"),
    ("only-100", b"HTTP/1.1 100 Continue\r\n\r\n", "the connection broke before the answer"),
    ("many-1xx", b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" * 3 + http("{}", "400 Bad"),
     ": 400 not an answer"),
    ("switching", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x00\x01",
     "the answer is not HTTP"),
    ("nothing", b"", "the connection broke before the answer"),
    ("half-head", b"HTTP/1.1 200 OK\r\nContent-Le", "the connection broke before the answer"),
    ("half-body", http('{"network": ', length=5000), "the connection broke before the answer"),
    ("half-json", http('{"network": '), "the answer is not JSON"),
    ("half-secret", http('{"node_token": "sesame'), "the answer is not JSON (line 1 column 22"),
    ("no-json-secret", http('{"node_token": sesame}'), "the answer is not JSON (line 1 column 21"),
    ("half-chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
     "the connection broke before the answer"),
    ("bad-chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{",
     "the answer's chunks do not parse"),
    ("gzip", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n\x1f\x8b", "encoding is unknown"),
    ("ssh", b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP"),
    ("tls", b"\x15\x03\x03\x00\x02\x02\x46", "the port speaks TLS: use https:// in the URL"),
    ("http2", b"HTTP/2 200\r\n\r\n", "the answer is not HTTP"),
    ("huge", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{", "the answer is too large"),
    ("two-lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
     "length is not a number"),
    ("nul", b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 4\r\n\r\nnull", "the answer is not"),
    ("not-utf8", http(b'{"network": {"name": "\xff"}}'), "the answer is not JSON"),
    ("empty", http(""), "netmap: missing"),
    ("array", http("[]"), "netmap: not an object"),
    ("null-members", http('{"network": null, "node": null, "peers": null}'), "network: missing"),
    ("no-members", http("{}"), "netmap: network: missing"),
    ("deep", http("[" * 100000 + "]" * 100000), "the answer is not JSON"),
    ("wrong-type", http('{"network": {"id": 5}}'), "netmap: network.id: not a string"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("answers"), slim=False)
    yield made
    made.server.close()


@pytest.fixture
def canned(world):
    yield world
    world.server.canned = None


def one_line(world, done):
    assert done.returncode == 1 and done.stdout == "", done
    assert done.stderr.startswith("lightscale-client: ") and done.stderr.count("\n") == 1, done
    assert done.stderr == re.sub(r"[^ -~\n]", "", done.stderr), "only plain characters"
    for secret in (world.state()["node_token"], ADMIN, "sesame"):
        assert secret not in done.stderr
    return done.stderr


@pytest.mark.parametrize("data,text", [row[1:] for row in ANSWERS],
                         ids=[row[0] for row in ANSWERS])
def test_bad_answer(canned, data, text):
    before = canned.state()
    canned.server.canned = data
    message = one_line(canned, canned.run("netmap", check=False))
    assert f"lightscale-client: GET {canned.server.url}/v1/netmap/{canned.node}: " in message
    assert text in message
    assert canned.state() == before


# Every command says which of its requests was answered so.
COMMANDS = ["heartbeat", "netmap", "rotate-keys", "admin network create n", "admin network list",
            "admin nodes {net}", "admin approve {node}", "admin node update {node} --name x",
            "admin node delete {node}", "admin node revoke {node}", "admin token create {net}",
            "admin token list {net}", "admin token revoke {token}", "admin acl get {net}",
            "admin acl set {net} --json {}", "admin acl test {net} a b",
            "admin key-policy get {net}", "admin key-policy set {net} --clear",
            "admin keys rotate {node} --wg-public-key {key}", "admin keys history {node}",
            "admin keys revoke {node}", "admin audit"]
BODIES = {"html": (HTML, "the answer is not JSON"), "array": ("[]", ": not an object"),
          "empty": ("", ": missing"), "number": ("[1]", ": not an object")}


@pytest.mark.parametrize("how", BODIES)
@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_names_the_request(canned, line, how):
    before = canned.state()
    body, text = BODIES[how]
    canned.server.canned = http(body)
    message = one_line(canned, canned.run(*[canned.fill(word) for word in line.split()],
                                          check=False))
    assert re.match(r"lightscale-client: (GET|POST|PUT|DELETE) "
                    + re.escape(canned.server.url) + r"/v1/\S+: ", message)
    assert text in message
    assert canned.token not in message
    assert canned.state() == before


@pytest.mark.parametrize("words", [("register", "TOKEN"), ("register-url", "NET")])
@pytest.mark.parametrize("how", BODIES)
def test_registration_leaves_nothing(tmp_path, words, how):
    world = World(tmp_path, slim=False, registered=False)
    try:
        world.server.canned = http(BODIES[how][0])
        done = world.run("--control-url", world.server.url, *words, "--node-name", "n",
                         check=False)
        assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1
        assert f"POST {world.server.url}/v1/{words[0]}: " in done.stderr
        assert BODIES[how][1] in done.stderr and "TOKEN" not in done.stderr
        left = [name for _, _, names in os.walk(tmp_path / "home") for name in names]
        assert left == []
    finally:
        world.server.close()


def assert_harmless(text):
    found = re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    assert found == [], text


@pytest.fixture
def evil(tmp_path):
    """A server that let nodes, tags and networks be called anything."""
    world = World(tmp_path, slim=False)
    server = world.server
    server.add_node(world.net, EVIL, tags=[EVIL], endpoints=["host.test:1"],
                    owner_email=EVIL)
    server.networks[world.net].update(name=EVIL, dns_domain=EVIL)
    server.nodes[world.node]["info"].update(tags=[EVIL], owner_user_id=EVIL)
    server.add_token(world.net, tags=[EVIL], owner_user_id=EVIL)
    yield world
    server.close()


@pytest.mark.parametrize("line", [
    "netmap", "heartbeat", "status", "dns", "relay", "admin nodes {net}", "admin token list {net}",
    "admin node update {peer} --name x", "admin network create n", "admin acl test {net} laptop desk"])
@pytest.mark.parametrize("how", ["text", "json"])
def test_names_cannot_steer_the_terminal(evil, line, how):
    evil.run("netmap")
    done = evil.run(*[evil.fill(word) for word in line.split()],
                    *(["--json"] if how == "json" else []))
    assert_harmless(done.stdout + done.stderr)
    if how == "json":
        json.loads(done.stdout)
    if line in ("netmap", "admin nodes {net}"):
        assert "?]0;owned??[2J?[31m??31mname" in done.stdout


def test_names_on_a_terminal(evil):
    """Where colour is on: the only escape sequences are our own."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "netmap"], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
        env=program_environment({"HOME": str(evil.directory / "home"), "TERM": "xterm"}))
    os.close(theirs)
    text = read_terminal(ours)
    assert process.wait(30) == 0
    assert "\x1b[1m" in text
    assert_harmless(re.sub("\x1b\\[[0-9]*m", "", text))
    assert "?]0;owned??[2J?[31m??31mname" in text
