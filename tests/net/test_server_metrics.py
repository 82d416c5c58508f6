# SPDX-License-Identifier: Apache-2.0
"""What the server counts, read by Prometheus' own parser, and whether it says that it is ready."""
import http.client
import os
import re
import socket

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lab.wait import wait_for
from server_fixtures import NO_ID, LocalServer, Waiter

METRICS = re.compile(r"event=server\.listening address=127\.0\.0\.1:(\d+) scheme=metrics")


class Metrics:
    """One reading of the page: samples by name and labels."""

    def __init__(self, server):
        answer = ask(server, "GET", "/metrics")
        assert answer.status == 200
        assert answer.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
        self.samples = {}
        self.types = {}
        for family in text_string_to_metric_families(answer.read().decode()):
            assert family.documentation and family.type in ("counter", "gauge", "histogram")
            self.types[family.name] = family.type
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                assert key not in self.samples
                self.samples[key] = sample.value

    def get(self, name, **labels):
        return self.samples.get((name, tuple(sorted(labels.items()))), 0)

    def requests(self, method, route, status):
        return self.get("lightscale_http_requests_total", method=method, route=route,
                        status=str(status))

    def nodes(self, network):
        return {state: self.get("lightscale_network_nodes", network=network["id"], state=state)
                for state in ("active", "pending", "key_expired", "revoked")}


def ask(server, method, path, **options):
    port = int(METRICS.search(server.log()).group(1))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, **options)
    return connection.getresponse()


@pytest.fixture
def server(tmp_path):
    made = LocalServer(tmp_path, "--metrics-listen", "127.0.0.1:0").start()
    yield made
    made.close()


@pytest.mark.main_subset
def test_requests_by_route_and_status(server):
    before = Metrics(server)
    network = server.network()
    server.request("POST", "/v1/networks", {"name": 5})
    server.request("GET", "/v1/networks", token="wrong")
    for _ in range(3):
        server.request("GET", f"/v1/networks/{network['id']}/acl")
    server.request("GET", f"/v1/networks/{NO_ID}/acl")
    server.request("PUT", "/v1/audit")
    server.request("GET", "/no/such/path")
    server.request("PUT", f"/v1/networks/{network['id']}/acl", b" " * (4 << 20) + b"xx")
    server.request("DELETE", f"/v1/networks/{network['id']}")
    after = Metrics(server)
    counted = {key[1]: value - before.samples.get(key, 0) for key, value in after.samples.items()
               if key[0] == "lightscale_http_requests_total"
               and value != before.samples.get(key, 0)}
    acl = "/v1/networks/{}/acl"
    assert counted == {
        (("method", method), ("route", route), ("status", str(status))): number
        for method, route, status, number in [
            ("POST", "/v1/networks", 200, 1), ("POST", "/v1/networks", 400, 1),
            ("GET", "/v1/networks", 401, 1), ("GET", acl, 200, 3), ("GET", acl, 404, 1),
            ("PUT", acl, 413, 1),
            ("DELETE", "/v1/networks/{}", 204, 1), ("", "", 404, 1), ("", "", 405, 1)]}
    # The page does not count itself.
    work = after.get("lightscale_http_request_seconds_count")
    assert work - before.get("lightscale_http_request_seconds_count") == sum(counted.values())


def test_long_polls_wait_and_are_counted_when_answered(server):
    token = server.token(server.network())
    nodes = [server.register(token) for _ in range(3)]
    node = nodes[0]
    route = "/v1/netmap/{}/longpoll"
    waiters = [Waiter(each, node.revision()) for each in nodes]
    wait_for(lambda: Metrics(server).get("lightscale_http_longpolls_waiting") == 3)
    assert Metrics(server).requests("GET", route, 200) == 0
    node.heartbeat(endpoints=["192.0.2.1:7"])
    assert [waiter.answer().status for waiter in waiters] == [200] * 3
    gone = Waiter(node, node.revision())
    wait_for(lambda: Metrics(server).get("lightscale_http_longpolls_waiting") == 1)
    server.api("DELETE", f"/v1/nodes/{node.id}")
    assert gone.answer().status == 404
    page = Metrics(server)
    assert page.get("lightscale_http_longpolls_waiting") == 0
    assert page.requests("GET", route, 200) == 3 and page.requests("GET", route, 404) == 1


@pytest.mark.main_subset
def test_networks_and_their_nodes(server):
    network = server.network()
    token = server.token(network)
    nodes = [server.register(token) for _ in range(4)]
    server.register_url(network)
    server.api("POST", f"/v1/nodes/{nodes[0].id}/revoke")
    page = Metrics(server)
    assert page.nodes(network) == {"active": 3, "pending": 1, "key_expired": 0, "revoked": 1}
    assert page.get("lightscale_network_revision", network=network["id"]) == nodes[1].revision()
    assert page.get("lightscale_networks") == 1
    # Time alone makes the keys too old; no request is needed to see it.
    policy = f"/v1/networks/{network['id']}/key-policy"
    server.api("PUT", policy, {"max_age_seconds": 1})
    wait_for(lambda: Metrics(server).nodes(network) == {
        "active": 0, "pending": 1, "key_expired": 3, "revoked": 1})
    server.api("PUT", policy, {"max_age_seconds": None})
    assert Metrics(server).nodes(network)["active"] == 3
    server.network("second")
    assert Metrics(server).get("lightscale_networks") == 2


def test_credentials_that_failed(server):
    for _ in range(35):
        server.request("GET", "/v1/networks", token="guess")
    page = Metrics(server)
    wrong = page.get("lightscale_auth_failures_total", reason="wrong")
    throttled = page.get("lightscale_auth_failures_total", reason="throttled")
    # One is forgiven a second: a slow machine gets some more of them answered.
    assert wrong >= 30 and throttled >= 1 and wrong + throttled == 35


def test_store(server):
    before = Metrics(server)
    server.network()
    after = Metrics(server)
    name = "lightscale_store_commit_seconds"
    assert after.get(name + "_count") == before.get(name + "_count") + 1
    assert after.get(name + "_sum") > before.get(name + "_sum")
    assert after.get(name + "_bucket", le="+Inf") == after.get(name + "_count")
    bounds = [value for key, value in after.samples.items() if key[0] == name + "_bucket"]
    assert bounds == sorted(bounds) and len(bounds) == 13
    assert after.get("lightscale_store_up") == 1
    assert after.get("lightscale_store_commit_failures_total") == 0


def test_process(server):
    page = Metrics(server)
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        resident = int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) * 1024
    assert page.get("process_resident_memory_bytes") == pytest.approx(resident, rel=0.3)
    assert page.get("process_cpu_seconds_total") > 0
    files = page.get("process_open_fds")
    assert files == pytest.approx(len(os.listdir(f"/proc/{server.process.pid}/fd")), abs=3)
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    wait_for(lambda: Metrics(server).get("process_open_fds") >= files + 20)
    for connection in held:
        connection.close()
    assert page.get("process_max_fds") >= 1024
    assert any(name == "lightscale_build_info" for name, _ in page.samples)


def test_the_two_listeners_are_apart(server):
    assert server.request("GET", "/metrics", token=None).status == 404
    for path in ("/v1/networks", "/healthz", "/", "/metrics/"):
        assert ask(server, "GET", path).status == 404
    refused = ask(server, "POST", "/metrics", body=b"{}")
    assert refused.status == 405 and refused.getheader("Allow") == "GET, HEAD"
    head = ask(server, "HEAD", "/metrics")
    assert head.status == 200 and int(head.getheader("Content-Length")) > 1000
    assert head.read() == b""
    # It says nothing of whom it counts but the networks' ids.
    server.register(server.token(server.network("secret-name")), "secret-node")
    assert b"secret" not in ask(server, "GET", "/metrics").read()


def test_no_metrics_unless_asked_for(tmp_path):
    made = LocalServer(tmp_path).start()
    try:
        assert "scheme=metrics" not in made.log() and len(made.addresses) == 1
    finally:
        made.close()


@pytest.mark.main_subset
def test_ready_and_alive(server):
    for path, text in (("/healthz", b"ok"), ("/readyz", b"ready")):
        answer = server.request("GET", path, token=None)
        assert answer.status == 200 and answer.body == text
        assert answer.headers["Content-Type"] == "text/plain"


def test_full_disk_is_not_ready_until_there_is_room(small_disk, tmp_path):
    server = LocalServer(tmp_path, "--metrics-listen", "127.0.0.1:0",
                         state=str(small_disk / "server.db")).start()
    try:
        network = server.network()
        with open(small_disk / "ballast", "wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(b"\0" * 4096)

        def refused():
            path = f"/v1/networks/{network['id']}/tokens"
            body = {"ttl_seconds": 60, "uses": 1, "tags": ["x" * 60] * 60}
            return server.request("POST", path, body).status == 500
        wait_for(refused, 30)
        answer = server.request("GET", "/readyz", token=None)
        assert answer.status == 503
        assert answer.error == ("not ready: the storage is full; changes are refused, "
                                "reading goes on")
        page = Metrics(server)
        assert page.get("lightscale_store_up") == 0
        assert page.get("lightscale_store_commit_failures_total") >= 1
        assert page.requests("GET", "/readyz", 503) == 1
        assert server.request("GET", "/healthz", token=None).status == 200
        # No change is needed to find out that there is room again.
        os.unlink(small_disk / "ballast")
        wait_for(lambda: server.request("GET", "/readyz", token=None).status == 200, 10)
        assert Metrics(server).get("lightscale_store_up") == 1
    finally:
        server.close()
