# SPDX-License-Identifier: Apache-2.0
"""Measures what a large netmap costs the agent: to start from its cached netmap while no server
answers, to take one change, and to take an answer without news. CPU time is the main figure: it
holds while other work shares the machine. With --versus, two builds are measured in alternating
rounds. Started by scripts/bench --netmap.

The agents run in network namespaces of their own. A small control server in each, a thread of this
process, serves one prepared netmap. The peers announce no endpoints: 10,000 peers that are not there
would keep the engine busy with handshakes, which is not what is measured here."""
import argparse
import base64
import http.server
import json
import os
import random
import re
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
import uuid
from datetime import datetime, timezone

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "net"))

from lab import Lab, wait_for  # noqa: E402  (the path above comes first)
from lab.netns import sweep_stale  # noqa: E402
from lab.wait import WaitTimeout  # noqa: E402

TIMEOUT_S = 120
# The agent pauses for a second after a long-poll that was answered sooner and brought nothing.
POLL_AGE_S = 1.2
# A program may save a netmap only once a server has answered again a question that was asked since.
# Past this time the server answers the next long-poll without news, as it does every 30 seconds, and
# again after the same time. What such an answer costs by itself is subtracted from "CPU until saved".
SAVE_PATIENCE_S = 1.0
SAVE_ANSWERS_MAX = 3

# name: title, unit
MEASURES = {
    "start_cpu": ("start, cached: CPU", "ms"),
    "start_wall": ("start, cached: time until applied", "ms"),
    "start_rss": ("start, cached: peak RSS", "MB"),
    "endpoint_cpu": ("one new endpoint: CPU until applied", "ms"),
    "endpoint_saved_cpu": ("one new endpoint: CPU until saved", "ms"),
    "endpoint_wall": ("one new endpoint: time until applied", "ms"),
    "endpoint_saved": ("one new endpoint: time until saved", "ms"),
    "endpoint_written": ("one new endpoint: bytes written", "MB"),
    "peer_cpu": ("one new peer: CPU until applied", "ms"),
    "peer_saved_cpu": ("one new peer: CPU until saved", "ms"),
    "peer_wall": ("one new peer: time until applied", "ms"),
    "peer_saved": ("one new peer: time until saved", "ms"),
    "peer_written": ("one new peer: bytes written", "MB"),
    "same_cpu": ("answer without news: CPU", "ms"),
    "same_written": ("answer without news: bytes written", "MB"),
    "run_rss": ("peak RSS after all changes", "MB"),
}


def cpu_s(pid):
    """User and system time of all threads of a process, to the nanosecond."""
    return time.clock_gettime((~pid << 3) | 2)


def rss_mb(pid):
    """The most that was ever resident."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) / 1024


def written_mb(pid):
    """What the process gave to write(2) so far."""
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        return int(re.search(r"wchar: (\d+)", file.read()).group(1)) / 1e6


class Netmap:
    """A netmap of one node and its peers, prepared as text, as a real server's cache would be."""

    def __init__(self, peers):
        self.random = random.Random(peers)
        self.network = {"id": str(uuid.uuid4()), "name": "bench", "overlay_v4": "100.64.0.0/10",
                        "overlay_v6": "fd00:6273::/48", "dns_domain": "bench.lightscale",
                        "requires_approval": False, "key_rotation_max_age_seconds": None}
        self.node = {**self._peer(0), "machine_public_key": self._key(), "owner_user_id": None,
                     "owner_email": None, "owner_is_admin": False, "approved": True,
                     "key_rotation_required": False, "revoked": False}
        self.peers = [self._peer(number) for number in range(1, peers + 1)]
        self.texts = [json.dumps(peer) for peer in self.peers]
        self.revision = 1

    def _key(self):
        return base64.b64encode(self.random.randbytes(32)).decode()

    def _peer(self, number):
        host = number + 10
        return {"id": str(uuid.UUID(bytes=self.random.randbytes(16), version=4)),
                "name": f"peer-{number}", "dns_name": f"peer-{number}.bench.lightscale",
                "ipv4": f"100.{64 + (host >> 16)}.{host >> 8 & 255}.{host & 255}",
                "ipv6": f"fd00:6273::{host:x}", "wg_public_key": self._key(), "endpoints": [],
                "tags": ["bench"], "routes": [], "last_seen": 1700000000}

    def text(self):
        head = {"network": self.network, "node": self.node, "relay": None, "probe_requests": [],
                "generated_at": int(time.time()), "revision": self.revision}
        return json.dumps(head)[:-1] + ', "peers": [' + ", ".join(self.texts) + "]}"

    def change_endpoint(self):
        """One peer has another endpoint."""
        at = self.random.randrange(len(self.peers))
        endpoint = f"198.51.100.{self.random.randrange(1, 255)}:{self.random.randrange(1024, 65536)}"
        self.peers[at]["endpoints"] = [endpoint]
        self.texts[at] = json.dumps(self.peers[at])
        self.revision += 1

    def add_peer(self):
        self.peers.append(self._peer(len(self.peers) + 1))
        self.texts.append(json.dumps(self.peers[-1]))
        self.revision += 1


class ControlServer:
    """Answers a registration, heartbeats and long-polls of one node. A long-poll waits until
    answer() is called."""

    def __init__(self, listener, netmap):
        self.netmap = netmap
        self.changed = threading.Condition()
        self.polls = 0  # long-polls that came in so far
        self.answers = 0  # and those that were answered
        self.poll_since = None  # when the one that waits came in; None: none waits
        self.may_answer = False
        self.sent_at = None
        self.body = netmap.text().encode()
        self.address = listener.getsockname()[:2]
        self.http = http.server.ThreadingHTTPServer(self.address, self._handler(),
                                                    bind_and_activate=False)
        self.http.socket.close()
        self.http.socket = listener
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def url(self):
        return f"http://{self.address[0]}:{self.address[1]}"

    def close(self):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def _handler(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path == "/v1/register":
                    body = (b'{"node_token": "' + b"n" * 43 + b'", "netmap": ' + server.body + b"}")
                elif self.path == "/v1/heartbeat":
                    body = b'{"netmap": ' + server.body + b"}"
                else:
                    body = server.wait_in_poll()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = serve

            def log_message(self, *_args):
                pass
        return Handler

    def wait_in_poll(self):
        with self.changed:
            self.polls += 1
            self.poll_since = time.monotonic()
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.may_answer)
            self.may_answer = False
            self.poll_since = None
            self.sent_at = time.time()
            return self.body

    def wait_for_poll(self):
        """Until a long-poll waits for its answer: the agent is done with the one before."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.polls > self.answers, TIMEOUT_S):
                raise WaitTimeout(f"no long-poll within {TIMEOUT_S} s")

    def poll_is_old(self):
        return self.poll_since is not None and time.monotonic() - self.poll_since > POLL_AGE_S

    def answer(self):
        """Lets the waiting long-poll go with the netmap as it is now."""
        with self.changed:
            assert self.polls > self.answers, "no long-poll waits"
            self.answers += 1
            self.body = self.netmap.text().encode()
            self.may_answer = True
            self.changed.notify_all()


class Place:
    """What Client of the lab needs to know of a host."""

    def __init__(self, ns):
        self.ns = ns


class Contender:
    """One build, with a namespace, a server and two profiles: the agent of `live` stays up and takes
    changes, that of `cold` starts anew every round, without a server."""

    def __init__(self, directory, build_dir, peers):
        self.lab = Lab(directory, build_dir)
        self.server = None
        self.peers = peers
        try:
            self.place = Place(self.lab.namespace("node"))
            self.netmap = Netmap(peers)
            self.server = ControlServer(self.place.ns.call(
                socket.create_server, ("127.0.0.1", 0)), self.netmap)
            self.live = self._client("live")
            self.cold = self._client("cold")
            self.cold.control_urls = ["http://127.0.0.1:1"]
            self.cold.init()
            self._start_live()
        except BaseException:
            self.close()
            raise

    def _client(self, name):
        """A profile whose state file holds the whole netmap."""
        client = self.lab.client(self.place, name=name, control_urls=[self.server.url])
        client.register("bench-token")
        return client

    def _start_live(self):
        self.live.agent("--heartbeat-interval", "86400", "--longpoll-timeout", "300",
                        listen_port=0, wait=False)
        self._logged_at(self.live.process, r"agent\.netmap .*source=server")
        self.server.wait_for_poll()

    def close(self):
        self.lab.remove()
        if self.server:
            self.server.close()

    @staticmethod
    def _logged_at(process, pattern):
        """When the program wrote the line."""
        match = process.wait_log(r"^(\S+)Z level=\w+ event=" + pattern, TIMEOUT_S)
        return datetime.fromisoformat(match.group(1)).replace(tzinfo=timezone.utc).timestamp()

    def start_cold(self):
        """The agent starts from its cached netmap; no server answers."""
        began = time.time()
        process = self.cold.agent(listen_port=0, wait=False)
        applied = self._logged_at(
            process, rf"agent\.netmap .*peers={self.peers} .*added={self.peers} .*source=cache")
        result = {"start_cpu": cpu_s(process.pid) * 1e3, "start_wall": (applied - began) * 1e3,
                  "start_rss": rss_mb(process.pid)}
        process.stop(timeout=TIMEOUT_S)
        return result

    def _wait_saved(self, before):
        """Waits for another state file than `before`, with this revision; returns when it took its
        name, and how many answers without news it took."""
        path = os.path.join(self.live.state_dir, "state.json")
        answers = 0

        def saved():
            return os.stat(path).st_ino != before.st_ino
        while answers < SAVE_ANSWERS_MAX:
            try:
                wait_for(saved, SAVE_PATIENCE_S)
                break
            except WaitTimeout:
                answers += 1
                self.server.wait_for_poll()
                self.server.answer()
        wait_for(saved, TIMEOUT_S, "the state file with the new netmap")
        assert self.live.state()["last_netmap"]["revision"] == self.netmap.revision
        return os.stat(path).st_ctime, answers

    def _begin(self):
        """The state before an answer, once the agent has nothing to do but to wait for it."""
        pid = self.live.process.pid
        wait_for(self.server.poll_is_old, TIMEOUT_S, "a long-poll that waits")
        return cpu_s(pid), written_mb(pid)

    def _end(self, name, before):
        """What the agent spent until it waits again."""
        pid = self.live.process.pid
        self.server.wait_for_poll()
        return {f"{name}_cpu": (cpu_s(pid) - before[0]) * 1e3,
                f"{name}_written": written_mb(pid) - before[1]}

    def change(self, name, make):
        """One change among all peers, over the long-poll."""
        make()
        file = os.stat(os.path.join(self.live.state_dir, "state.json"))
        before = self._begin()
        self.server.answer()
        applied = self._logged_at(self.live.process,
                                  rf"agent\.netmap revision={self.netmap.revision} .*source=server")
        sent = self.server.sent_at
        result = {f"{name}_wall": (applied - sent) * 1e3, **self._end(name, before)}
        saved, answers = self._wait_saved(file)
        end = self._end(name, before)
        return {**result, f"{name}_saved": (saved - sent) * 1e3, f"{name}_answers": answers,
                f"{name}_saved_cpu": end[f"{name}_cpu"],
                f"{name}_written": end[f"{name}_written"]}

    def same(self):
        """An answer that says what the agent knows already."""
        before = self._begin()
        self.server.answer()
        return self._end("same", before)

    def round(self):
        result = self.start_cold()
        result.update(self.change("endpoint", self.netmap.change_endpoint))
        result.update(self.change("peer", self.netmap.add_peer))
        result.update(self.same())
        for name in ("endpoint", "peer"):
            result[f"{name}_saved_cpu"] -= result[f"{name}_answers"] * result["same_cpu"]
        result["run_rss"] = rss_mb(self.live.process.pid)
        return result


def table(medians):
    """Lines of text: each measure; with two builds, how many times the first is of the second."""
    names = list(medians)
    lines = [f"{'':38}{'unit':>5}" + "".join(f"{name:>12}" for name in names)
             + ("" if len(names) < 2 else f"{'/'.join(names):>16}")]
    for measure, (title, unit) in MEASURES.items():
        values = [medians[name][measure] for name in names]
        line = f"{title:38}{unit:>5}" + "".join(f"{value:>12.2f}" for value in values)
        if len(values) == 2:
            line += f"{values[0] / values[1]:>16.2f}" if values[1] > 0 else f"{'-':>16}"
        lines.append(line)
    waits = [name for name in names if medians[name]["peer_answers"] > 0]
    if waits:
        lines.append(f"{' and '.join(waits)}: saved only after the server's next answer, which came "
                     f"{SAVE_PATIENCE_S:g} s later")
    return lines


def _interrupt(number, _frame):
    """A TERM or HUP unwinds like Ctrl-C, so that everything is removed."""
    raise KeyboardInterrupt(signal.Signals(number).name)


def measure(builds, peers, rounds):
    """{name: [what each round took]}"""
    results = {name: [] for name in builds}
    contenders = {}
    with tempfile.TemporaryDirectory(prefix="ls-bench") as directory:
        try:
            for name, build in builds.items():
                contenders[name] = Contender(os.path.join(directory, name), build, peers)
            for number in range(rounds):
                for name, contender in contenders.items():
                    print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr)
                    results[name].append(contender.round())
        finally:
            for contender in contenders.values():
                contender.close()
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=7, help="of all builds (default: 7)")
    parser.add_argument("--versus", metavar="DIR", help="another build directory to compare with")
    parser.add_argument("--json", metavar="FILE", help="writes every round, and the medians")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    sweep_stale()
    builds = {"this": None}
    if options.versus:
        builds["versus"] = os.path.realpath(options.versus)
    results = measure(builds, options.peers, options.rounds)
    medians = {build: {name: statistics.median(entry[name] for entry in entries)
                       for name in entries[0]} for build, entries in results.items()}
    print(f"{options.peers} peers, medians of {options.rounds} rounds")
    print("\n".join(table(medians)))
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump({"rounds": results, "medians": medians, "peers": options.peers}, file,
                      indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
