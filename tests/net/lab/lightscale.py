# SPDX-License-Identifier: Apache-2.0
"""The two programs under test, as a test drives them."""
import http.client
import json
import os
import secrets
import signal

from .process import program_environment
from .wait import wait_for

PORT = 8080


class Answer:
    """An HTTP answer: status, headers, body as bytes and, where it is JSON, decoded."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def http_request(address, method, path, body=None, headers=None, port=PORT, timeout=15.0):
    """One request from the calling thread's namespace."""
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


class Server:
    """lightscale-server on a host, on both families, state in the lab's directory."""

    def __init__(self, lab, host, name=None, args=(), state=None):
        self.lab = lab
        self.host = host
        self.name = name or host.name
        self.args = list(args)
        self.directory = os.path.join(lab.directory, self.name)
        os.makedirs(self.directory, exist_ok=True)
        self.state = state or os.path.join(self.directory, "state.db")
        self.admin_token = secrets.token_urlsafe(24)
        self.admin_token_file = os.path.join(self.directory, "admin-token")
        with open(os.open(self.admin_token_file, os.O_WRONLY | os.O_CREAT, 0o600), "w",
                  encoding="ascii") as file:
            file.write(self.admin_token + "\n")
        self.process = None

    @property
    def url(self):
        return f"http://{self.host.ipv4}:{PORT}"

    @property
    def url6(self):
        return f"http://[{self.host.ipv6}]:{PORT}"

    def start(self, timeout=20.0):
        self.process = self.host.ns.start(
            self.name, self.lab.program("lightscale-server"),
            "--listen", f"0.0.0.0:{PORT}", "--listen", f"[::]:{PORT}",
            "--state", self.state, "--admin-token-file", self.admin_token_file, *self.args)

        def healthy():
            if not self.process.running():
                raise RuntimeError(f"server ended at start:\n{self.process.tail()}")
            try:
                return self.request("GET", "/healthz", token=None).status == 200
            except OSError:
                return False
        wait_for(healthy, timeout, "the server's /healthz")
        return self

    def stop(self):
        self.process.stop(signal.SIGTERM)

    def kill(self):
        self.process.kill()

    def request(self, method, path, body=None, token="admin", **options):
        """A request from the server's own namespace; token "admin" is the admin's, None none."""
        headers = {}
        if token is not None:
            headers["Authorization"] = "Bearer " + (
                self.admin_token if token == "admin" else token)
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.host.ns.call(http_request, self.host.ipv4, method, path, body, headers,
                                 **options)

    def api(self, method, path, body=None, token="admin", **options):
        """The same for a request that must succeed; returns the decoded answer."""
        answer = self.request(method, path, body, token, **options)
        assert answer.status in (200, 204), f"{method} {path}: {answer!r}"
        return answer.json if answer.body else None

    def create_network(self, name="net", **fields):
        """Returns the NetworkInfo."""
        return self.api("POST", "/v1/networks", {"name": name, **fields})["network"]

    def create_token(self, network, uses=1, ttl_seconds=3600, tags=()):
        """Returns the enrolment token's secret."""
        answer = self.api("POST", f"/v1/networks/{network['id']}/tokens",
                          {"ttl_seconds": ttl_seconds, "uses": uses, "tags": list(tags)})
        return answer["token"]["token"]

    def nodes(self, network):
        return self.api("GET", f"/v1/admin/networks/{network['id']}/nodes")["nodes"]

    def node(self, network, name):
        for node in self.nodes(network):
            if node["name"] == name and not node["revoked"]:
                return node
        raise AssertionError(f"no node named {name}")

    def approve(self, node_id):
        return self.api("POST", f"/v1/admin/nodes/{node_id}/approve")

    def update_node(self, node_id, **fields):
        return self.api("PUT", f"/v1/admin/nodes/{node_id}", fields)["node"]

    def revoke(self, node_id):
        return self.api("POST", f"/v1/nodes/{node_id}/revoke")

    def delete(self, node_id):
        return self.api("DELETE", f"/v1/nodes/{node_id}")

    def set_acl(self, network, policy):
        return self.api("PUT", f"/v1/networks/{network['id']}/acl", {"policy": policy})


def only_not_running(done):
    """True for a `status` that has shown all, and ended with 1 because no agent runs."""
    return (done.returncode == 1 and done.stdout
            and done.stderr.endswith(" is not running: this is what it knew last\n"))


class Client:
    """One profile of lightscale-client on a host: its own config, state directory, hosts file and
    interface name."""

    def __init__(self, lab, host, name, server=None, control_urls=None):
        self.lab = lab
        self.host = host
        self.ns = host.ns
        self.name = name
        self.profile = f"{lab.tag}{name}"[:12]
        self.interface = f"ls-{self.profile}"
        self.directory = os.path.join(lab.directory, f"client-{name}")
        self.config = os.path.join(self.directory, "config.json")
        self.state_dir = os.path.join(self.directory, "state")
        self.hosts = os.path.join(self.directory, "hosts")
        os.makedirs(self.directory, exist_ok=True)
        with open(self.hosts, "w", encoding="ascii") as file:
            file.write("127.0.0.1 localhost\n")
        self.server = server
        self.control_urls = control_urls or ([server.url] if server else [])
        self.process = None
        self.env = {}  # of every program it starts, beside the common one

    def argv(self, *command):
        return [self.lab.program("lightscale-client"), "--profile", self.profile,
                "--config", self.config, "--state-dir", self.state_dir, *command]

    def run(self, *command, check=True, env=None, timeout=60):
        """Runs a command of the client in its namespace."""
        done = self.ns.run(*self.argv(*command), check=False, timeout=timeout,
                           env=program_environment({**self.env, **(env or {})}))
        assert done.returncode != 99, f"sanitizer: {done.stderr}"
        assert not check or done.returncode == 0 or only_not_running(done), (
            f"{command} of {self.name}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def json(self, *command, **options):
        return json.loads(self.run(*command, **options).stdout)

    def init(self):
        return self.run("init", ",".join(self.control_urls))

    def register(self, token):
        """init and register with an enrolment token."""
        self.init()
        return self.run("register", token, "--node-name", self.name)

    def register_url(self, network, *args):
        """init and register-url; returns the approval URL that was printed."""
        self.init()
        done = self.run("register-url", network["id"], "--node-name", self.name, *args)
        for word in done.stdout.split():
            if "/v1/register/approve/" in word:
                return word
        raise AssertionError(f"no approval URL in: {done.stdout}{done.stderr}")

    def state(self):
        with open(os.path.join(self.state_dir, "state.json"), encoding="utf-8") as file:
            return json.load(file)

    @property
    def node_id(self):
        return self.state()["node_id"]

    @property
    def ipv4(self):
        return self.state()["ipv4"]

    @property
    def ipv6(self):
        return self.state()["ipv6"]

    def agent(self, *args, listen_port=51820, wait=True):
        """Starts the agent with the userspace engine; waits until the interface has its
        addresses."""
        self.process = self.ns.start(
            f"agent-{self.name}", *self.argv(
                "agent", "--backend", "userspace", "--interface", self.interface,
                "--listen-port", str(listen_port), "--dns-hosts-path", self.hosts, *args),
            env=self.env)
        if wait:
            wait_for(self.up, 20, f"{self.interface} with its addresses\n")
        return self.process

    def up(self):
        """True when the interface carries both overlay addresses."""
        if not self.process.running():
            raise RuntimeError(f"agent {self.name} ended:\n{self.process.tail()}")
        shown = self.ns.ip("-j", "addr", "show", "dev", self.interface, check=False)
        found = {entry.get("local") for item in json.loads(shown or "[]")
                 for entry in item.get("addr_info", [])}
        return {self.ipv4, self.ipv6} <= found

    def stop(self):
        self.process.stop(signal.SIGTERM)

    def wg(self, *args, check=True):
        """wg(8) on the interface; UAPI sockets are shared by all namespaces."""
        return self.ns.run("wg", *args, check=check).stdout

    def wg_peers(self):
        """Peers of the live interface by public key: endpoint, allowed_ips, handshake, rx, tx."""
        peers = {}
        for line in self.wg("show", self.interface, "dump").splitlines()[1:]:
            key, _, endpoint, allowed, handshake, received, sent, keepalive = line.split("\t")
            peers[key] = {"endpoint": endpoint, "allowed_ips": set(allowed.split(",")),
                          "handshake": int(handshake), "rx": int(received), "tx": int(sent),
                          "keepalive": keepalive}
        return peers

    def hosts_names(self):
        """The hosts file as {name: {addresses}}."""
        names = {}
        with open(self.hosts, encoding="utf-8") as file:
            for line in file:
                words = line.split("#")[0].split()
                for name in words[1:]:
                    names.setdefault(name, set()).add(words[0])
        return names
