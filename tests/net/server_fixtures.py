# SPDX-License-Identifier: Apache-2.0
"""lightscale-server on loopback, for the tests of the server alone: no namespaces, a free port."""
import base64
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
import uuid

from lab.process import program_environment
from lab.wait import wait_for
from openapi_contract import contract

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(TOP, os.environ.get("BUILD_DIR", "build"), "lightscale-server")
ADMIN = "admin-token-of-the-tests"
LISTENING = re.compile(r"event=server\.listening address=(\S+):(\d+)")
NO_ID = "00000000-0000-4000-8000-000000000000"


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


def wait_until(seconds):
    """Waits for a Unix time. The clock that the server reads ticks, and may be behind a little."""
    wait_for(lambda: time.time() >= seconds + 0.1, 20, f"Unix time {seconds}")


def random_key():
    return base64.b64encode(os.urandom(32)).decode()


class LocalServer:
    """One server and its files in `directory`. It may be stopped, killed and started again on the
    same state."""

    def __init__(self, directory, *args, listen=("127.0.0.1:0",), state=None, program=PROGRAM):
        self.directory = str(directory)
        self.program = str(program)
        self.state = state or os.path.join(self.directory, "server.db")
        self.log_path = os.path.join(self.directory, "server.log")
        self.args = list(args)
        self.listen = listen
        self.environment = {}
        self.process = None
        self.addresses = []

    def start(self, expect_failure=False, preexec=None):
        command = [self.program, "--state", self.state]
        for address in self.listen:
            command += ["--listen", address]
        start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command + self.args, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=program_environment({"LIGHTSCALE_ADMIN_TOKEN": ADMIN, **self.environment}),
                preexec_fn=preexec)

        def listening():
            self.addresses = LISTENING.findall(self.log()[start:])
            if len(self.addresses) >= len(self.listen):
                return True
            if self.process.poll() is not None and not expect_failure:
                raise RuntimeError(f"server ended at start:\n{self.log()}")
            return self.process.poll() is not None
        wait_for(listening, 20, "the server's listeners")
        return self

    @property
    def port(self):
        return int(self.addresses[0][1])

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_log(self, text, timeout=10):
        wait_for(lambda: text in self.log(), timeout, f"log line with {text}")

    def stop(self):
        """Orderly; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def kill(self):
        self.process.kill()
        self.process.wait(20)

    def close(self):
        if self.process is None:
            return
        try:
            code = self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        assert "Sanitizer" not in self.log(), self.log()
        assert code in (0, -signal.SIGKILL, 1, 2), f"exit code {code}\n{self.log()}"

    def connect(self, timeout=20):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, body=None, token=ADMIN, headers=None, connection=None):
        """`body` is sent as it is when it is bytes, else as JSON. What is said is held to the
        document of the API."""
        own = connection is None
        connection = connection or self.connect()
        headers = dict(headers or {})
        if token is not None:
            headers["Authorization"] = "Bearer " + token
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            result = Answer(answer.status, answer.headers, answer.read())
        finally:
            if own:
                connection.close()
        contract().check(method, path, headers, body, result)
        return result

    def api(self, method, path, body=None, token=ADMIN, **options):
        """A request that must succeed; its decoded answer."""
        answer = self.request(method, path, body, token, **options)
        assert answer.status in (200, 204), f"{method} {path}: {answer!r}"
        return answer.json if answer.body else None

    def raw(self, data, shut=False, timeout=20):
        """Sends bytes, returns all that comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as conn:
            try:
                conn.sendall(data)
                if shut:
                    conn.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has answered and closed already
            received = b""
            while True:
                try:
                    piece = conn.recv(65536)
                except ConnectionResetError:
                    break
                if not piece:
                    break
                received += piece
            return received

    def metric(self, name):
        """A sample without labels; needs --metrics-listen."""
        port = re.search(r"event=server\.listening address=\S+:(\d+) scheme=metrics", self.log()).group(1)
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=20)
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
        connection.close()
        return float(re.search(rf"^{name} (\S+)$", page, re.MULTILINE).group(1))

    def network(self, name="net", **fields):
        return self.api("POST", "/v1/networks", {"name": name, **fields})["network"]

    def token(self, network, uses=1000, ttl_seconds=3600, **fields):
        body = {"ttl_seconds": ttl_seconds, "uses": uses, "tags": [], **fields}
        return self.api("POST", f"/v1/networks/{network['id']}/tokens", body)["token"]["token"]

    def register(self, token, name=None, **options):
        """Registers with a token; returns a Node."""
        body = {"token": token, "node_name": name or "n-" + uuid.uuid4().hex[:12],
                "machine_public_key": random_key(), "wg_public_key": random_key()}
        answer = self.api("POST", "/v1/register", body, token=None, **options)
        return Node(self, answer["netmap"]["node"], answer["node_token"], answer["netmap"])

    def register_url(self, network, name=None, **fields):
        body = {"network_id": network["id"], "node_name": name or "n-" + uuid.uuid4().hex[:12],
                "machine_public_key": random_key(), "wg_public_key": random_key(), **fields}
        return self.api("POST", "/v1/register-url", body, token=None)


class Node:
    """A registered node, as its client would act."""

    def __init__(self, server, info, token, netmap):
        self.server = server
        self.info = info
        self.id = info["id"]
        self.name = info["name"]
        self.token = token
        self.first_netmap = netmap

    def netmap(self):
        return self.server.api("GET", f"/v1/netmap/{self.id}", token=self.token)

    def revision(self):
        return self.netmap()["revision"]

    def peers(self):
        return {peer["name"]: peer for peer in self.netmap()["peers"]}

    def heartbeat(self, **fields):
        body = {"node_id": self.id, "endpoints": [], "routes": [], **fields}
        return self.server.api("POST", "/v1/heartbeat", body, token=self.token)["netmap"]

    def longpoll_path(self, since, timeout=30):
        return f"/v1/netmap/{self.id}/longpoll?since={since}&timeout_seconds={timeout}"

    def longpoll(self, since, timeout=30):
        return self.server.request("GET", self.longpoll_path(since, timeout), token=self.token)


class Waiter:
    """A long-poll that is under way, on a connection of its own. A node has one at a time; an admin
    may have many."""

    def __init__(self, node, since, timeout=30, token=None):
        self.connection = node.server.connect(timeout=timeout + 10)
        self.path = node.longpoll_path(since, timeout)
        self.headers = {"Authorization": "Bearer " + (token or node.token)}
        self.connection.request("GET", self.path, headers=self.headers)

    def answer(self):
        answer = self.connection.getresponse()
        result = Answer(answer.status, answer.headers, answer.read())
        self.connection.close()
        contract().check("GET", self.path, self.headers, None, result)
        return result
