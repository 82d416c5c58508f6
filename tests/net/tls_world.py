# SPDX-License-Identifier: Apache-2.0
"""What the tests of TLS and proxies share: a server with TLS in front of it, and clients.

    server: lightscale-server on :8080, TLS before it on ports from :8443 on
    proxy:  HTTP proxies on ports from :3128 on
    client: the clients; the hosts file of its namespace names the server
"""
import itertools
import json
import os
import sys

from authority import Authority

HERE = os.path.dirname(os.path.realpath(__file__))
NAME = "control.example"
OTHER = "other.example"

_numbers = itertools.count(1)


class World:
    """One server behind as many TLS fronts and proxies as the tests want."""

    def __init__(self, lab, directory):
        self.lab = lab
        self.net = lab.internet()
        self.server = lab.server(self.net.host("server"))
        self.proxy_host = self.net.host("proxy")
        self.host = self.net.host("client")
        self.authority = Authority(directory)
        self.network = self.server.create_network("tls")
        self._hosts = []
        self.names(self.host, (self.server.host.ipv4, NAME), (self.server.host.ipv4, OTHER))

    def names(self, host, *pairs):
        """The hosts file that programs in the host's namespace see: (address, name) pairs."""
        directory = f"/etc/netns/{host.ns.name}"
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, "hosts")
        with open(path, "w", encoding="ascii") as file:
            file.write("".join(f"{address} {name}\n" for address, name in pairs))
        self._hosts.append(path)

    def remove(self):
        for path in set(self._hosts):
            os.unlink(path)
            os.rmdir(os.path.dirname(path))

    def front(self, certificate, target=8080):
        return Front(self, certificate, target, 8442 + next(_numbers))

    def proxy(self, *rule):
        return Proxy(self, 3127 + next(_numbers), *rule)

    def client(self, *urls, trusted=True, host=None):
        client = self.lab.client(host or self.host, self.server, name=f"c{next(_numbers)}",
                                 control_urls=[str(url) for url in urls])
        client.env = dict(self.authority.trusted) if trusted else {}
        client.init()
        return client

    def register(self, client):
        return client.run("register", self.server.create_token(self.network), "--node-name",
                          client.name)


class Front:
    """TLS with one certificate on one port of the server."""

    def __init__(self, world, certificate, target, port):
        self.world = world
        self.certificate = certificate
        self.port = port
        self.target = target
        self.start()

    def start(self):
        self.process = self.world.server.host.ns.start(
            f"front-{self.port}", sys.executable, os.path.join(HERE, "tls_front.py"),
            self.certificate.path, self.certificate.key_path, self.port, self.target)
        self.process.wait_log("^ready")

    def renew(self, certificate):
        """The same port with another certificate."""
        self.process.kill()
        self.certificate = certificate
        self.start()

    def url(self, host=NAME):
        return f"https://{host}:{self.port}"

    def __str__(self):
        return self.url()

    def got_nothing(self):
        """True when no byte of a request came through."""
        return "bytes=" not in self.process.log()


class Proxy:
    """An HTTP proxy: `rule` as http_proxy.py has it."""

    def __init__(self, world, port, *rule):
        self.place = f"{world.proxy_host.ipv4}:{port}"
        self.process = world.proxy_host.ns.start(
            f"proxy-{port}", sys.executable, os.path.join(HERE, "http_proxy.py"), port, *rule)
        self.process.wait_log("^ready")

    def asked(self):
        """The request lines it has seen."""
        return [line.removeprefix("asks=") for line in self.process.log().splitlines()
                if line.startswith("asks=")]


def fails(client, *command):
    """Runs a command that fails with one line; returns it. Without words: an enrolment."""
    done = client.run(*(command or ("register", "TOKEN")), check=False)
    assert done.returncode == 1, done
    assert done.stderr.startswith("lightscale-client: ") and done.stderr.count("\n") == 1, done
    return done.stderr


def profile(client):
    with open(client.config, encoding="utf-8") as file:
        return json.load(file)["profiles"][client.profile]
