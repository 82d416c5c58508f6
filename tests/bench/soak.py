# SPDX-License-Identifier: Apache-2.0
"""A server under load and under attack for a while: its memory must stay flat and it must answer.
Started by scripts/soak.

The load: agents that wait in long-polls and send heartbeats, a change every 100 ms, registrations and
deletions. The attacks are those that docs/server.md says the server withstands, all at once, from
addresses of their own on loopback. Agents, changes and attacks run in processes of their own. This
one asks for /healthz ten times a second, on a new connection each time, and samples the memory."""
import argparse
import asyncio
import base64
import http.client
import json
import multiprocessing
import os
import random
import re
import resource
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "net"))

from lab.wait import wait_for  # noqa: E402  (the path above comes first)

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PROGRAM = os.path.join(TOP, os.environ.get("BUILD_DIR", "build"), "lightscale-server")
CHANGE_EVERY_S = 0.1
HEALTH_EVERY_S = 0.1
SAMPLE_EVERY_S = 1.0
REVISION = re.compile(rb'"revision":(\d+)\}$')
# The memory may grow by this much from the second quarter of the time to the last one.
GROWTH_MB, GROWTH_SHARE = 6, 0.05
HEALTH_P99_MS = 1000


def random_key():
    return base64.b64encode(os.urandom(32)).decode()


class Lost(Exception):
    """The server has closed the connection, or does not answer."""


class Connection:
    """One connection that stays open, for one request after the other."""

    def __init__(self, port, source):
        self.port = port
        self.source = source
        self.streams = None

    async def open(self):
        self.streams = await asyncio.wait_for(asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(self.source, 0)), 20)
        return self.streams

    async def ask(self, method, path, body=None, token=None, timeout=60):
        """The status and the body. A connection that was idle may have been closed: one more try."""
        for again in (True, False):
            fresh = self.streams is None
            try:
                return await asyncio.wait_for(self._ask(method, path, body, token), timeout)
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ValueError) as error:
                self.close()
                if fresh or not again or isinstance(error, asyncio.TimeoutError):
                    raise Lost(f"{method} {path}: {error!r}") from error
        raise AssertionError

    async def _ask(self, method, path, body, token):
        reader, writer = self.streams or await self.open()
        data = b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {path} HTTP/1.1", "Host: soak", f"Content-Length: {len(data)}"]
        if token:
            head.append(f"Authorization: Bearer {token}")
        writer.write("\r\n".join(head + ["", ""]).encode() + data)
        status = int((await reader.readuntil(b"\r\n")).split()[1])
        length, close = 0, False
        while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            close = close or (name.lower() == b"connection" and value.strip() == b"close")
        answer = await reader.readexactly(length)
        if close:
            self.close()
        return status, answer

    def close(self):
        if self.streams:
            self.streams[1].transport.abort()
        self.streams = None


class Part:
    """What one process does until the time is over. It counts what came of it."""

    def __init__(self, port, admin, end):
        self.port = port
        self.admin = admin
        self.end = end
        self.counts = {}
        self.lags_ms = []

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def goes_on(self):
        return time.monotonic() < self.end

    async def every(self, seconds, action):
        """Calls the action at fixed times; what comes late is not made up for."""
        due = time.monotonic()
        while self.goes_on():
            await action()
            due = max(due + seconds, time.monotonic())
            await asyncio.sleep(max(0, min(due, self.end) - time.monotonic()))

    async def tasks(self):
        raise NotImplementedError

    async def run(self):
        tasks = [asyncio.ensure_future(task) for task in await self.tasks()]
        done, pending = await asyncio.wait(tasks, timeout=max(0, self.end - time.monotonic()) + 0.1)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for task in done:
            task.result()  # a bug of this program
        return {"counts": self.counts, "lags_ms": self.lags_ms}


class Agents(Part):
    """Each agent polls as ours does: again at once when there was news."""

    def __init__(self, port, admin, end, agents):
        super().__init__(port, admin, end)
        self.agents = agents

    async def poll(self, number, node_id, token):
        connection = Connection(self.port, f"127.0.2.{1 + number % 200}")
        since = 0
        while self.goes_on():
            path = f"/v1/netmap/{node_id}/longpoll?since={since}&timeout_seconds=30"
            try:
                status, body = await connection.ask("GET", path, token=token)
            except Lost:
                self.count("poll lost")
                await asyncio.sleep(1)
                continue
            self.count(f"poll {status}")
            found = REVISION.search(body[-64:]) if status == 200 else None
            if found:
                since = int(found.group(1))
            else:
                await asyncio.sleep(1)

    async def beat(self, number, node_id, token):
        connection = Connection(self.port, f"127.0.2.{1 + number % 200}")
        body = {"node_id": node_id, "listen_port": 1000 + number, "endpoints": [], "routes": []}
        await asyncio.sleep(random.random() * 30)

        async def once():
            try:
                status, _ = await connection.ask("POST", "/v1/heartbeat", body, token)
                self.count(f"heartbeat {status}")
            except Lost:
                self.count("heartbeat lost")
        await self.every(30, once)

    async def tasks(self):
        return [action(number, *agent) for number, agent in enumerate(self.agents)
                for action in (self.poll, self.beat)]


class Changes(Part):
    """An admin's changes, and nodes that come and go."""

    def __init__(self, port, admin, end, network, agents):
        super().__init__(port, admin, end)
        self.network = network
        self.agents = agents
        self.guests = []

    async def timed(self, connection, what, *args, **options):
        begin = time.monotonic()
        try:
            status, body = await connection.ask(*args, **options)
        except Lost:
            self.count(f"{what} lost")
            return None
        self.lags_ms.append((time.monotonic() - begin) * 1000)
        self.count(f"{what} {status}")
        return json.loads(body) if status == 200 else None

    async def change(self):
        connection = Connection(self.port, "127.0.0.1")

        async def once():
            node_id, _ = random.choice(self.agents)
            await self.timed(connection, "change", "PUT", f"/v1/admin/nodes/{node_id}",
                             {"tags": [random.choice("xyz")]}, self.admin)
        await self.every(CHANGE_EVERY_S, once)

    async def come_and_go(self):
        connection = Connection(self.port, "127.0.0.1")
        token = await self.timed(connection, "token", "POST", f"/v1/networks/{self.network}/tokens",
                                 {"ttl_seconds": 86400, "uses": 1000000, "tags": ["guest"]}, self.admin)

        async def once():
            made = await self.timed(connection, "register", "POST", "/v1/register", {
                "token": token["token"]["token"], "node_name": "g-" + secrets.token_hex(6),
                "machine_public_key": random_key(), "wg_public_key": random_key()})
            if made:
                self.guests.append(made["netmap"]["node"]["id"])
            if len(self.guests) > 20:
                await self.timed(connection, "delete", "DELETE", f"/v1/nodes/{self.guests.pop(0)}",
                                 token=self.admin)
        await self.every(1, once)

    async def tasks(self):
        return [self.change(), self.come_and_go()]


MALFORMED = [
    b"POST /v1/register HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    b"POST /v1/register HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    b"GET /v1/networks HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    b"GET //evil/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /v1/register HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40),
]


class Floods(Part):
    """The attackers, each with an address of its own."""

    def __init__(self, port, admin, end, network, traitors):
        super().__init__(port, admin, end)
        self.network = network
        self.traitors = traitors  # nodes whose tokens the attackers have

    async def hold(self, what, source, send, more=None):
        """Opens a connection, sends something, and holds it until the server closes it; then again.
        `more` is sent every second."""
        while self.goes_on():
            connection = Connection(self.port, source)
            try:
                reader, writer = await connection.open()
                writer.write(send)
                while self.goes_on():
                    if more:
                        writer.write(more)
                    try:
                        if not await asyncio.wait_for(reader.read(65536), 1):
                            break
                    except asyncio.TimeoutError:
                        pass
                self.count(f"{what} closed")
            except (OSError, asyncio.TimeoutError):
                self.count(f"{what} reset")
            connection.close()
            await asyncio.sleep(0.5)

    async def never_read(self, source):
        """Asks for a netmap again and again and reads nothing."""
        node_id, token = self.traitors[0]
        request = (f"GET /v1/netmap/{node_id} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}"
                   "\r\n\r\n").encode()
        while self.goes_on():
            connection = Connection(self.port, source)
            try:
                reader, writer = await connection.open()
                reader._transport.pause_reading()  # pylint: disable=protected-access
                for _ in range(30):
                    writer.write(request)
                    await asyncio.sleep(1)
                    if writer.is_closing():
                        break
                self.count("never read")
            except (OSError, asyncio.TimeoutError):
                self.count("never read refused")
            connection.close()

    async def repeat(self, what, source, seconds, request):
        """Sends what request() returns on one connection, whatever the answer is."""
        connection = Connection(self.port, source)

        async def once():
            try:
                status, _ = await connection.ask(*request())
                self.count(f"{what} {status}")
            except Lost:
                self.count(f"{what} lost")
        await self.every(seconds, once)

    async def malformed(self, source):
        async def once():
            connection = Connection(self.port, source)
            try:
                reader, writer = await connection.open()
                writer.write(random.choice(MALFORMED))
                line = await asyncio.wait_for(reader.readline(), 10)
                self.count("malformed " + (line.split()[1].decode() if line else "closed"))
            except (OSError, asyncio.TimeoutError, IndexError):
                self.count("malformed lost")
            connection.close()
        await self.every(0.2, once)

    def join(self):
        return ("POST", "/v1/register-url", {
            "network_id": self.network, "node_name": "f-" + secrets.token_hex(6),
            "machine_public_key": random_key(), "wg_public_key": random_key(), "ttl_seconds": 600})

    def rotate(self):
        node_id, token = self.traitors[1]
        return ("POST", f"/v1/nodes/{node_id}/rotate-keys", {"wg_public_key": random_key()}, token)

    def flap(self):
        node_id, token = self.traitors[2]
        port = random.randrange(1024, 65536)
        return ("POST", "/v1/heartbeat", {"node_id": node_id, "listen_port": port, "routes": [],
                                          "endpoints": [f"192.0.2.9:{port}"]}, token)

    def guess(self):
        return ("GET", "/v1/networks", None, secrets.token_hex(16))

    def guess_token(self):
        return ("POST", "/v1/register", {
            "token": secrets.token_hex(16), "node_name": "x", "machine_public_key": random_key(),
            "wg_public_key": random_key()})

    async def tasks(self):
        body = (b"POST /v1/register HTTP/1.1\r\nHost: a\r\nContent-Length: 262144\r\n\r\n{" +
                b" " * 262000)
        huge = (b"POST /v1/register HTTP/1.1\r\nHost: a\r\nContent-Length: 4194303\r\n\r\n{" +
                b" " * 262000)
        slow = b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-"
        sources = [f"127.0.3.{n}" for n in range(1, 6)]
        tasks = [self.hold("held body", source, body) for source in sources for _ in range(10)]
        tasks += [self.hold("huge body", source, huge) for source in sources for _ in range(4)]
        tasks += [self.hold("slow head", source, slow, b"a") for source in sources for _ in range(40)]
        tasks += [self.hold("silent", source, b"") for source in sources for _ in range(20)]
        tasks += [self.never_read("127.0.3.10") for _ in range(30)]
        tasks += [self.repeat("join", f"127.0.4.{n}", 0.25, self.join) for n in range(1, 6)]
        tasks += [self.repeat("rotate", "127.0.4.10", 0.1, self.rotate),
                  self.repeat("flap", "127.0.4.11", 0.02, self.flap),
                  # From the admin's own address: a right token must pass all the same.
                  self.repeat("guess", "127.0.0.1", 0.05, self.guess),
                  self.repeat("guess token", "127.0.4.12", 0.05, self.guess_token)]
        return tasks + [self.malformed("127.0.4.13") for _ in range(2)]


def child(part, results):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.nice(5)
    results.put((type(part).__name__, asyncio.run(part.run())))


class Server:
    def __init__(self, directory):
        self.admin = secrets.token_urlsafe(24)
        self.state = os.path.join(directory, "state.db")
        self.log_path = os.path.join(directory, "server.log")
        self.port = None
        with open(self.log_path, "wb") as log:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(
                [PROGRAM, "--listen", "127.0.0.1:0", "--state", self.state], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env={**os.environ, "LIGHTSCALE_ADMIN_TOKEN": self.admin})

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for_port(self):
        def listening():
            if self.process.poll() is not None:
                raise RuntimeError("the server did not start:\n" + self.log())
            return re.search(r"event=server\.listening address=127\.0\.0\.1:(\d+)", self.log())
        self.port = int(wait_for(listening, 20, "the server's port").group(1))

    def api(self, method, path, body=None, admin=True):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": "Bearer " + self.admin} if admin else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:200]!r}")
        return json.loads(data)

    def register(self, token, name):
        made = self.api("POST", "/v1/register", {
            "token": token, "node_name": name, "machine_public_key": random_key(),
            "wg_public_key": random_key()}, admin=False)
        return made["netmap"]["node"]["id"], made["node_token"]

    def memory_mb(self, name="VmRSS"):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(name + r":\s+(\d+) kB", file.read()).group(1)) / 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "did not stop within 60 s"


class Watch:
    """Health and memory, as they are from now to the end."""

    def __init__(self, server):
        self.server = server
        self.health_ms = []
        self.failed = 0
        self.samples = []  # (seconds, MB, descriptors)

    def ask(self, due):
        """The time counts from when the question was due: a slow answer must not hide those that
        were to come while it was awaited."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
            connection.request("GET", "/healthz")
            good = connection.getresponse().status == 200
            connection.close()
        except OSError:
            good = False
        self.failed += not good
        self.health_ms.append((time.monotonic() - due) * 1000)

    def run(self, seconds):
        begin = time.monotonic()
        due = sample_due = begin
        while time.monotonic() - begin < seconds and self.server.process.poll() is None:
            if time.monotonic() >= sample_due:
                self.samples.append((round(time.monotonic() - begin, 1), self.server.memory_mb(),
                                     self.server.descriptors()))
                sample_due += SAMPLE_EVERY_S
            self.ask(due)
            due += HEALTH_EVERY_S
            time.sleep(max(0, due - time.monotonic()))

    def quarter(self, number):
        n = len(self.samples)
        return [mb for _, mb, _ in self.samples[n * (number - 1) // 4:n * number // 4]]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else None


def prepare(server, agents):
    """A network in which one rule denies something, so that what a node sees depends on its tags."""
    network = server.api("POST", "/v1/networks", {
        "name": "soak", "overlay_v4": "10.88.0.0/20"})["network"]["id"]
    server.api("PUT", f"/v1/networks/{network}/acl", {"policy": {"rules": [
        {"action": "deny", "src": {"tags": ["x"]}, "dst": {"tags": ["y"]}}]}})
    token = server.api("POST", f"/v1/networks/{network}/tokens", {
        "ttl_seconds": 86400, "uses": agents + 3, "tags": []})["token"]["token"]
    made = [server.register(token, f"agent-{n}") for n in range(agents)]
    return network, made, [server.register(token, f"traitor-{n}") for n in range(3)]


class Stop:
    """SIGINT and SIGTERM end the soak, but only while somebody can clean up after it."""

    def __init__(self):
        self.held = True
        self.number = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.on_signal)

    def on_signal(self, number, _):
        self.number = number
        if not self.held:
            sys.exit(128 + number)

    def hold(self):
        self.held = True

    def release(self):
        self.held = False
        if self.number:
            sys.exit(128 + self.number)


def soak(directory, options, stop):
    server = Server(directory)
    seconds = options.minutes * 60
    forks = multiprocessing.get_context("fork")
    results = forks.Queue()
    children = []
    try:
        stop.release()
        server.wait_for_port()
        network, agents, traitors = prepare(server, options.agents)
        end = time.monotonic() + seconds
        common = (server.port, server.admin, end)
        parts = [Agents(*common, agents), Changes(*common, network, agents)]
        if not options.peaceful:
            parts.append(Floods(*common, network, traitors))
        for part in parts:
            children.append(forks.Process(target=child, args=(part, results)))
            children[-1].start()
        watch = Watch(server)
        watch.run(seconds)
        if server.process.poll() is not None:
            raise RuntimeError("the server has ended:\n" + "\n".join(server.log().splitlines()[-20:]))
        told = dict(results.get(timeout=60) for _ in children)
        report = summary(server, watch, told, options)
    finally:
        stop.hold()
        for process in children:
            if process.pid is not None:
                process.terminate()
                process.join()
        code = server.stop()
    report["exit_status"] = code
    report["database_mb"] = round(os.path.getsize(server.state) / 1e6, 2)
    report["sanitizer"] = "Sanitizer" in server.log()
    report["findings"] = findings(report, options)
    return report


def summary(server, watch, told, options):
    settled, last = (statistics.median(watch.quarter(n)) for n in (2, 4))
    changes = told["Changes"]["lags_ms"]
    return {
        "minutes": options.minutes, "agents": options.agents, "attacks": not options.peaceful,
        "rss_mb": {"second_quarter": round(settled, 1), "last_quarter": round(last, 1),
                   "growth": round(last - settled, 1),
                   "peak": round(max(server.memory_mb("VmHWM"), *(mb for _, mb, _ in
                                                                  watch.samples)), 1)},
        "descriptors_peak": max(count for _, _, count in watch.samples),
        "healthz_ms": {name: round(percentile(watch.health_ms, share), 1) for name, share in
                       (("p50", .5), ("p90", .9), ("p99", .99), ("max", 1))},
        "healthz": len(watch.health_ms), "healthz_failed": watch.failed,
        "change_ms": {name: round(percentile(changes, share) or 0, 1) for name, share in
                      (("p50", .5), ("p99", .99), ("max", 1))},
        "counts": {name: dict(sorted(part["counts"].items())) for name, part in told.items()},
        "samples": watch.samples}


def findings(report, options):
    """What must not be, in words."""
    found = []
    growth, settled = report["rss_mb"]["growth"], report["rss_mb"]["second_quarter"]
    if growth > max(GROWTH_MB, settled * GROWTH_SHARE):
        found.append(f"memory grew by {growth} MB from {settled} MB")
    if report["healthz_failed"]:
        found.append(f"{report['healthz_failed']} of {report['healthz']} /healthz failed")
    if report["healthz_ms"]["p99"] > HEALTH_P99_MS:
        found.append(f"p99 of /healthz is {report['healthz_ms']['p99']} ms")
    if report["exit_status"] != 0:
        found.append(f"the server ended with {report['exit_status']}")
    if report["sanitizer"]:
        found.append("a sanitizer found something; see the log")
    agents, changes = report["counts"]["Agents"], report["counts"]["Changes"]
    if agents.get("poll 200", 0) < options.agents * options.minutes * 60 / 30:
        found.append("the agents were told too little")
    for counts in (agents, changes):
        bad = {what: n for what, n in counts.items() if not what.endswith(" 200")}
        if bad:
            found.append(f"not answered with 200: {bad}")
    if changes.get("change 200", 0) < options.minutes * 60 / CHANGE_EVERY_S / 2:
        found.append("fewer than half of the changes were made")
    return found


def show(report):
    memory, health = report["rss_mb"], report["healthz_ms"]
    print(f"memory   {memory['second_quarter']} MB in the second quarter, {memory['last_quarter']} MB "
          f"in the last, {memory['peak']} MB at most")
    print("healthz  " + ", ".join(f"{name} {ms} ms" for name, ms in health.items()) +
          f"; {report['healthz_failed']} of {report['healthz']} failed")
    print("changes  " + ", ".join(f"{name} {ms} ms" for name, ms in report["change_ms"].items()))
    print(f"files    {report['descriptors_peak']} descriptors at most, database "
          f"{report['database_mb']} MB")
    for name, counts in report["counts"].items():
        print(f"{name.lower():8} " + ", ".join(f"{what}: {n}" for what, n in counts.items()))
    for finding in report["findings"]:
        print("FOUND    " + finding)
    print("flat" if not report["findings"] else f"{len(report['findings'])} findings")


def main():
    parser = argparse.ArgumentParser(prog="scripts/soak")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--peaceful", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--keep-log", metavar="FILE")
    options = parser.parse_args()
    if options.minutes <= 0 or not 3 <= options.agents <= 2000:
        parser.error("--minutes must be above 0, --agents from 3 to 2000")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    stop = Stop()
    directory = tempfile.mkdtemp(prefix="lightscale-soak-")
    try:
        report = soak(directory, options, stop)
    finally:
        if options.keep_log:
            shutil.copy(os.path.join(directory, "server.log"), options.keep_log)
        shutil.rmtree(directory)
    show(report)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
            file.write("\n")
    return 1 if report["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())
