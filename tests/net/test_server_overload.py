# SPDX-License-Identifier: Apache-2.0
"""When there is no room, for connections or for memory: who gets in, who has to go."""
import http.client
import json
import os
import resource
import selectors
import signal
import socket

import pytest

from lab.wait import wait_for
from server_fixtures import ADMIN, LocalServer, Waiter, random_key

FILES = 120
ROOM = FILES - FILES // 4  # what is left for connections
SOURCES = [f"127.0.0.{i}" for i in range(2, 7)]
FRIEND, OTHER = "127.0.0.8", "127.0.0.9"

HOST = b"Host: x\r\n"
# What somebody may send who wants to hold a connection, without a credential.
UNFINISHED = [
    b"",
    b"G",
    b"GET /healthz HTTP/1.1\r\nX: ",
    b"POST /v1/register HTTP/1.1\r\n" + HOST + b"Content-Length: 60000\r\n\r\n{",
    b"POST /v1/heartbeat HTTP/1.1\r\n" + HOST + b"Authorization: Bearer guess\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n5",
    b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\nGET /v1/openapi.json HTTP/1.1\r\n",
]


@pytest.fixture
def make(tmp_path):
    made = []

    def start(*args, files=FILES, **keywords):
        server = LocalServer(tmp_path, *args, **keywords)
        made.append(server)
        return server.start(
            preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)))
    yield start
    for server in made:
        server.close()


def connect(server, source):
    return socket.create_connection(("127.0.0.1", server.port), 20, (source, 0))


def ask(connection, path="/healthz", token=None):
    """The status of a request on it; None when it was closed."""
    auth = f"Authorization: Bearer {token}\r\n" if token else ""
    try:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{auth}\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return None


def gets_in(server, source):
    with connect(server, source) as connection:
        return ask(connection) == 200


def close_all(connections):
    for connection in connections:
        connection.close()


def knows(server, node, connection):
    return ask(connection, f"/v1/netmap/{node.id}", node.token) == 200


class Holders:
    """Connections that are held by some sources, whatever it takes: a byte now and then, and a new
    one for each that was closed."""

    def __init__(self, server, sources, count):
        self.server, self.sources, self.count = server, sources, count
        self.held, self.made, self.closed = [], 0, 0
        self.push()

    def push(self):
        for connection in list(self.held):
            try:
                connection.send(b"1")
            except OSError:
                connection.close()
                self.held.remove(connection)
                self.closed += 1
        while len(self.held) < self.count:
            connection = connect(self.server, self.sources[self.made % len(self.sources)])
            connection.setblocking(False)
            connection.send(UNFINISHED[self.made % len(UNFINISHED)])
            self.held.append(connection)
            self.made += 1

    def close(self):
        close_all(self.held)


def node_of(server, **network):
    return server.register(server.token(server.network(**network)))


@pytest.mark.main_subset
def test_five_sources_lock_nobody_out(make):
    """Each takes a fifth of all connections and more, and sends a byte now and then."""
    server = make()
    node = node_of(server)
    friend = connect(server, FRIEND)
    assert knows(server, node, friend)
    holders = Holders(server, SOURCES, 2 * ROOM)
    server.wait_log("event=server.full")
    for _ in range(20):
        holders.push()
        assert gets_in(server, OTHER) and gets_in(server, SOURCES[0])
        with connect(server, SOURCES[1]) as connection:
            assert knows(server, node, connection)
    # Who has shown a credential keeps the connection; it was silent all the time.
    assert knows(server, node, friend)
    assert holders.closed > ROOM
    assert server.log().count("event=server.full") == 1
    holders.close()
    friend.close()


def test_one_credential_does_not_lock_newcomers_out(make):
    """A newcomer has time to send a request, although one node holds all connections."""
    server = make()
    node = node_of(server)
    held = []
    for _ in range(ROOM):
        held.append(connect(server, SOURCES[0]))
        assert knows(server, node, held[-1])
    newcomer = connect(server, FRIEND)
    others = [connect(server, SOURCES[1]) for _ in range(ROOM // 8)]
    assert gets_in(server, OTHER)
    assert ask(newcomer) == 200
    close_all(held + others + [newcomer])


def test_a_node_that_waits_for_approval_is_a_stranger(make):
    """Anybody gets such a node. So its connections go before those of a node of the network, and
    likewise those of a revoked one."""
    server = make()
    network = server.network()
    friend = connect(server, FRIEND)
    node, stolen = (server.register(server.token(network)) for _ in range(2))
    waits = server.register_url(network)
    assert server.request("POST", f"/v1/nodes/{stolen.id}/revoke").status == 200
    assert knows(server, node, friend)
    strangers = [(waits["node_id"], waits["node_token"]), (stolen.id, stolen.token)]
    held = []
    for number in range(ROOM + 20):
        node_id, token = strangers[number % 2]
        held.append(connect(server, SOURCES[0]))
        assert ask(held[-1], f"/v1/netmap/{node_id}", token) == 200
    assert gets_in(server, OTHER)
    assert knows(server, node, friend)
    close_all(held + [friend])


def test_who_comes_when_all_are_at_work(make):
    server = make()
    node = node_of(server)
    revision = node.revision()
    waiters = [Waiter(node, revision, 60, ADMIN) for _ in range(ROOM)]

    def refused():
        with connect(server, OTHER) as connection:
            connection.settimeout(0.5)
            answer = http.client.HTTPResponse(connection)
            try:
                answer.begin()
            except TimeoutError:
                # The server had not read the request of the last one, who left for this one.
                waiters.append(Waiter(node, revision, 60, ADMIN))
                return False
            assert answer.status == 503 and answer.headers["Retry-After"] == "5"
            return json.loads(answer.read()) == {
                "error": "too many connections; try again in 5 s"}
    wait_for(refused, 10, "a refusal")
    # When one of them has its answer, it makes room, too.
    waiters[0].connection.close()
    wait_for(lambda: gets_in(server, OTHER), 10, "room")
    for waiter in waiters:
        waiter.connection.close()


def test_connections_of_a_proxy_stay(make):
    proxy = SOURCES[0]
    server = make("--trusted-proxy", proxy)
    kept = [connect(server, proxy) for _ in range(10)]
    assert ask(kept[0]) == 200
    holders = Holders(server, SOURCES[1:], 2 * ROOM)
    for _ in range(3):
        holders.push()
        assert gets_in(server, OTHER)
    assert [ask(connection) for connection in kept] == [200] * 10
    close_all(kept)
    holders.close()


def test_a_proxy_in_ipv6(make):
    server = make("--trusted-proxy", "::1", listen=("127.0.0.1:0", "[::1]:0"))
    kept = [socket.create_connection(("::1", int(server.addresses[1][1])), 20) for _ in range(10)]
    holders = Holders(server, SOURCES, 2 * ROOM)
    assert [ask(connection) for connection in kept] == [200] * 10
    close_all(kept)
    holders.close()


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_descriptors_that_are_gone_for_a_while(make):
    """Not even the descriptor that is kept back can be had."""
    server = make()
    held = [connect(server, SOURCES[0]) for _ in range(20)]
    assert [ask(connection) for connection in held] == [200] * 20
    pid = server.process.pid
    files = open_files(pid)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, FILES))
    with connect(server, OTHER), connect(server, OTHER):
        wait_for(lambda: open_files(pid) < files - 1, 10, "others to make room")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (FILES, FILES))
    wait_for(lambda: gets_in(server, OTHER), 10, "room for another source")
    close_all(held)


def resident(server):
    with open(f"/proc/{server.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def push_all(server, count, data):
    """Sends the same on many connections as far as the server takes it. Returns the connections;
    those that it has closed are closed."""
    selector = selectors.DefaultSelector()
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", server.port), 20)
        connection.setblocking(False)
        connections.append(connection)
        selector.register(connection, selectors.EVENT_WRITE, [memoryview(data)])
    while selector.get_map():
        ready = selector.select(2)
        if not ready:
            break  # it takes no more
        for key, _ in ready:
            try:
                key.data[0] = key.data[0][key.fileobj.send(key.data[0][:65536]):]
            except OSError:
                key.data[0] = b""
            if len(key.data[0]) == 0:
                selector.unregister(key.fileobj)
    selector.close()
    return connections


# The head, and how much of a body: one byte less than the head promises.
BODIES = [
    (b"POST /v1/register HTTP/1.1\r\nContent-Length: 4194304\r\n", (4 << 20) - 1),
    (b"POST /v1/register HTTP/1.1\r\nContent-Length: 65536\r\n", 65535),
    (b"POST /v1/heartbeat HTTP/1.1\r\nContent-Length: 262144\r\nAuthorization: Bearer guess\r\n",
     262143),
]


@pytest.mark.parametrize("head,length", BODIES, ids=range(len(BODIES)))
def test_memory_of_bodies_that_do_not_end(make, head, length):
    """1,000 connections, without a credential."""
    server = make(files=2000)
    before = resident(server)
    held = push_all(server, 1000, head + HOST + b"\r\n" + b"x" * length)
    assert resident(server) < 64 << 20
    assert gets_in(server, OTHER)
    close_all(held)
    wait_for(lambda: resident(server) - before < 8 << 20, 20, "the heap to be given back")


def test_memory_of_bodies_that_come_at_once(make):
    """The server finds all of them when it comes to look. What it closes to make room is gone from
    memory before it reads the next one."""
    server = make(files=3000)
    head = BODIES[1][0] + HOST + b"\r\n"
    held = push_all(server, 2500, head)
    server.process.send_signal(signal.SIGSTOP)
    for connection in held:
        try:
            connection.send(b"x" * BODIES[1][1])
        except OSError:
            pass  # closed already, for others
    server.process.send_signal(signal.SIGCONT)
    assert gets_in(server, OTHER)
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        peak = next(line for line in file if line.startswith("VmHWM:"))
    assert int(peak.split()[1]) << 10 < 64 << 20
    close_all(held)


def test_large_bodies_do_not_push_out_small_ones(make):
    """A registration is small. It gets its time, whoever fills the memory meanwhile."""
    server = make(files=2000)
    token = server.token(server.network())
    body = json.dumps({"token": token, "node_name": "a", "machine_public_key": random_key(),
                       "wg_public_key": random_key()}).encode()
    with connect(server, FRIEND) as friend:
        friend.sendall(b"POST /v1/register HTTP/1.1\r\n" + HOST +
                       b"Content-Length: %d\r\n\r\n" % len(body) + body[:100])
        held = push_all(server, 800, BODIES[1][0] + HOST + b"\r\n" + b"x" * BODIES[1][1])
        friend.sendall(body[100:])
        answer = http.client.HTTPResponse(friend)
        answer.begin()
        assert answer.status == 200
    close_all(held)


def test_memory_of_netmaps_that_are_not_read(make):
    """One node asks 1,000 times."""
    server = make(files=2000)
    network = server.network(overlay_v4="10.70.0.0/16")
    token = server.token(network)
    server.api("PUT", f"/v1/networks/{network['id']}/acl", {"policy": {"rules": [
        {"action": "deny", "src": {"tags": ["a"]}, "dst": {"tags": ["b"]}}]}})
    nodes = [server.register(token, f"node-{i}-{'x' * 40}") for i in range(400)]
    node, other = nodes[:2]
    assert len(json.dumps(node.netmap())) > 100000
    before = resident(server)
    request = (f"GET /v1/netmap/{node.id} HTTP/1.1\r\nHost: x\r\n"
               f"Authorization: Bearer {node.token}\r\n\r\n").encode()
    held = []
    for _ in range(1000):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(request)
        held.append(connection)
    assert other.netmap()["node"]["id"] == other.id
    assert resident(server) - before < 16 << 20
    # The last ones are served, the others were ended.
    alive = 0
    for connection in held:
        connection.settimeout(20)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        try:
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            alive += answer.status == 200 and len(answer.read()) > 100000
        except (OSError, http.client.HTTPException):
            pass
    assert alive == 3
    close_all(held)
    assert node.netmap()["node"]["id"] == node.id
