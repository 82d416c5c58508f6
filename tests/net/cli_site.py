# SPDX-License-Identifier: Apache-2.0
"""What the tests of the client's commands share: one server a file, clients and networks a test.

    host: lightscale-server on :8080, the client beside it
"""
import itertools
import json
import os
import re

import pytest

from lab import Lab


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """One server for all tests of this file; each test has networks and profiles of its own."""
    with Lab(tmp_path_factory.mktemp("cli")) as lab:
        host = lab.internet().host("server")
        yield lab.server(host)
        lab.check()


class Admin:
    """The client as an administrator runs it."""

    def __init__(self, server, client):
        self.server = server
        self.client = client

    def run(self, *words, **options):
        return self.client.run("--control-url", self.server.url, "--admin-token-file",
                               self.server.admin_token_file, "admin", *words, **options)

    def json(self, *words):
        return json.loads(self.run(*words, "--json").stdout)


_numbers = itertools.count(1)


def another_client(site):
    return site.lab.client(site.host, site, name=f"c{next(_numbers)}")


@pytest.fixture
def client(site):
    return another_client(site)


@pytest.fixture
def admin(site, client):
    return Admin(site, client)


@pytest.fixture
def network(site, request):
    return site.create_network(request.node.name[:100])


def fields(text):
    """The labelled fields of a text answer."""
    return dict(re.findall(r"^(\S[^:\n]*): +(.*)$", text, re.MULTILINE))


def fails(done, status=1):
    assert done.returncode == status, done
    assert done.stderr.startswith("lightscale-client: ") and done.stderr.count("\n") == 1
    return done.stderr


def register(client, site, network, name="laptop", *args):
    client.init()
    return client.run("register", site.create_token(network), "--node-name", name, *args)


def read_terminal(ours):
    """All that a program shows on the other end of a pty, until it closes that."""
    shown = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        shown += data
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")
