# SPDX-License-Identifier: Apache-2.0
"""When there is no room for one more connection: who gets in, who has to go."""
import http.client
import json
import os
import re
import resource
import socket
import time

import pytest

from lab.wait import wait_for
from server_fixtures import LocalServer

FILES = 60
GREEDY, FRIEND, OTHER = "127.0.0.2", "127.0.0.3", "127.0.0.4"


@pytest.fixture
def make(tmp_path):
    made = []

    def start(*args, **keywords):
        server = LocalServer(tmp_path, *args, **keywords)
        made.append(server)
        return server.start(
            preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES)))
    yield start
    for server in made:
        server.close()


def connect(server, source):
    return socket.create_connection(("127.0.0.1", server.port), 20, (source, 0))


def ask(connection):
    """The status of a request on it; None when it was closed."""
    try:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return None


def fill(server, source, count=FILES):
    """As many connections as there is room for; the last are told that there is none."""
    held = [connect(server, source) for _ in range(count)]
    server.wait_log("event=server.full")
    return held


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def close_all(connections):
    for connection in connections:
        connection.close()


def assert_nobody_goes(server):
    """Another source knocks in vain."""
    for _ in range(3):
        assert not gets_in(server, OTHER)
    assert "server.evicted" not in server.log()


def gets_in(server, source):
    with connect(server, source) as connection:
        return ask(connection) == 200


@pytest.mark.main_subset
def test_greedy_source_makes_room_for_others(make):
    server = make()
    friend = connect(server, FRIEND)
    assert ask(friend) == 200
    held = fill(server, GREEDY)
    # Its own newcomers change nothing: it has what it took.
    for _ in range(3):
        assert not gets_in(server, GREEDY)
    assert "server.evicted" not in server.log()
    # Of its connections the one that spoke last stays. The kernel counts silence in milliseconds.
    filled = time.monotonic()
    wait_for(lambda: time.monotonic() > filled + 0.1)
    assert ask(held[0]) == 200
    with connect(server, OTHER) as refused:
        answer = http.client.HTTPResponse(refused)
        answer.begin()
        assert answer.status == 503 and answer.headers["Retry-After"] == "5"
        assert json.loads(answer.read()) == {"error": "too many connections; try again in 5 s"}
    wait_for(lambda: gets_in(server, OTHER), 10, "room for another source")
    ended = int(re.search(rf"event=server\.evicted source={GREEDY} connections=(\d+)",
                          server.log()).group(1))
    assert ask(friend) == 200 and ask(held[0]) == 200
    # The others were told that there was no room when they came.
    alive = sum(ask(connection) == 200 for connection in held)
    assert ended > 10 and ended - 1 <= alive <= ended + 1
    close_all([friend, *held])


def test_connections_of_a_proxy_stay(make):
    server = make("--trusted-proxy", GREEDY)
    held = fill(server, GREEDY)
    assert_nobody_goes(server)
    assert ask(held[0]) == 200
    held[0].close()
    wait_for(lambda: gets_in(server, OTHER), 10)
    close_all(held[1:])


def test_a_proxy_in_ipv6_is_one_host(make):
    """Other sources count by their /64; what is trusted may be one address of it."""
    server = make("--trusted-proxy", "::1", listen=("127.0.0.1:0", "[::1]:0"))
    held = [socket.create_connection(("::1", int(server.addresses[1][1])), 20)
            for _ in range(FILES)]
    server.wait_log("event=server.full")
    assert_nobody_goes(server)
    close_all(held)


def test_who_takes_the_room_does_not_use_up_the_looks(make):
    """A look at all connections on its behalf is not the last one for others: it could always be
    the first to come after a pause."""
    server = make()
    held = fill(server, GREEDY)
    assert not gets_in(server, GREEDY)
    assert not gets_in(server, OTHER)
    server.wait_log(f"event=server.evicted source={GREEDY}")
    close_all(held)


def test_room_that_was_gone_for_a_while(make):
    """Not even the descriptor that is kept back could be had."""
    server = make()
    held = fill(server, GREEDY)
    pid = server.process.pid
    files = open_files(pid)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, FILES))
    with connect(server, OTHER), connect(server, OTHER):
        wait_for(lambda: open_files(pid) < files, 10, "the spare to be lost")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (FILES, FILES))
        server.wait_log("event=server.evicted")
    wait_for(lambda: gets_in(server, OTHER), 10, "room for another source")
    close_all(held)


def test_many_small_sources_are_not_ended(make):
    """Nobody has a quarter: who comes too late has to wait."""
    server = make()
    held = [connect(server, f"127.0.1.{i % 12 + 1}") for i in range(FILES)]
    server.wait_log("event=server.full")
    assert_nobody_goes(server)
    close_all(held)
