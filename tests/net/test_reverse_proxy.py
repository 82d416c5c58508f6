# SPDX-License-Identifier: Apache-2.0
"""The server behind a real reverse proxy, Apache's, that speaks TLS to the world and HTTP to it.

    server: apache2 on :443, before lightscale-server on 127.0.0.1:8080
    client: on another host, whose hosts file names the server
"""
import json
import os
import re
import shutil

import pytest

from lab import Lab, wait_for
from tls_world import NAME, World, fails

APACHE = shutil.which("apache2", path="/usr/sbin:/usr/bin:/sbin")
MODULES = next((path for path in ("/usr/lib/apache2/modules",) if os.path.isdir(path)), None)
CONFIG = """
ServerRoot {directory}
PidFile {directory}/pid
ErrorLog {directory}/error.log
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule ssl_module {modules}/mod_ssl.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
User nobody
Group nogroup
ServerName {name}
Listen 443
SSLEngine on
SSLCertificateFile {certificate.path}
SSLCertificateKeyFile {certificate.key_path}
ProxyPass / http://127.0.0.1:8080/
ProxyTimeout 320
ProxyErrorOverride Off
"""
pytestmark = pytest.mark.skipif(
    not APACHE, reason="no apache2 here: install Debian's apache2-bin, or its like")


class ProxyWorld(World):
    """A World whose server trusts the proxy in front of it."""

    def __init__(self, lab, directory):
        super().__init__(lab, directory)
        self.server.stop()
        self.server.args += ["--trusted-proxy", "127.0.0.1", "--trusted-proxy",
                             self.server.host.ipv4, "--metrics-listen", "127.0.0.1:9200"]
        self.server.start()
        config = str(directory / "apache.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(
                directory=directory, modules=MODULES, name=NAME,
                certificate=self.authority.issue(NAME)))
        self.apache = self.server.host.ns.start("apache", APACHE, "-f", config, "-DFOREGROUND")
        wait_for(lambda: fails_with_401(self), 20, "the reverse proxy")

    @property
    def url(self):
        return f"https://{NAME}"


def fails_with_401(world):
    client = world.client(world.url)
    return " 401 " in fails(client)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("reverse")
    with Lab(directory) as lab:
        made = ProxyWorld(lab, directory / "authority")
        try:
            yield made
        finally:
            made.remove()
        lab.check()


def test_a_node_at_work(world):
    """Registration, the observed endpoint, and a long-poll that hears of a change at once."""
    client = world.client(world.url)
    world.register(client)
    node = client.json("heartbeat", "--listen-port", "51820", "--json")["node"]
    assert node["endpoints"] == [f"{world.host.ipv4}:51820"]
    since = client.json("netmap", "--json")["revision"]
    poll = world.host.ns.start(
        "poll", "curl", "-sS", "--cacert", world.authority.root.path, "-H",
        f"@{header_file(world, client)}",
        f"{world.url}/v1/netmap/{node['id']}/longpoll?since={since}&timeout_seconds=60")
    wait_for(lambda: waiting(world) == 1)
    other = world.client(world.url)
    world.register(other)
    wait_for(lambda: not poll.running(), 20, "the answer of the long-poll")
    assert f'"name":"{other.name}"' in poll.log()


def header_file(world, client):
    """A node token stays out of the command line."""
    path = os.path.join(world.server.directory, f"{client.name}.header")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write(f"Authorization: Bearer {client.state()['node_token']}\n")
    return path


def waiting(world):
    """How many long-polls the server holds back."""
    page = world.server.host.ns.run("curl", "-sS", "http://127.0.0.1:9200/metrics").stdout
    return int(re.search(r"^lightscale_http_longpolls_waiting (\d+)", page, re.MULTILINE).group(1))


def test_errors_come_through_as_they_are(world, tmp_path):
    client = world.client(world.url)
    message = fails(client, "register", "x" * 43)
    assert " 401 enrolment token is unknown; ask an admin for a new one" in message
    assert "404 unknown network" in fails(
        client, "--admin-token-file", world.server.admin_token_file, "admin", "nodes", "nothing")
    rules = [{"action": "allow", "src": {"tags": [f"tag-{i}-{'x' * 50}"] * 4},
              "dst": {"any": True}} for i in range(4000)]
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"rules": rules}))
    client.run("--admin-token-file", world.server.admin_token_file, "admin", "acl", "set",
               world.network["id"], "--file", str(policy))


def test_failures_count_against_the_client_not_the_proxy(world):
    guesser = world.client(world.url)
    for _ in range(200):
        if " 429 " in fails(guesser, "--admin-token", "guess", "admin", "network", "list"):
            break
    else:
        raise AssertionError("never refused")
    # The proxy's own host is another source.
    assert world.server.request("GET", "/v1/networks").status == 200


def test_a_server_that_restarts(world):
    """The proxy's 503 is a server error: nothing is lost, and the next try works."""
    client = world.client(world.url)
    world.register(client)
    world.server.stop()
    message = fails(client, "netmap")
    assert " 503 " in message and message.count("\n") == 1
    world.server.start()
    client.run("netmap")
