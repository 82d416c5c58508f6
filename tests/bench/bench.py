# SPDX-License-Identifier: Apache-2.0
"""Measures our userspace interface, wireguard-go and a bare cable, in alternating rounds: what else
the machine does hits all of them alike, so that ratios hold where absolute figures do not.
Started by scripts/bench."""
import argparse
import json
import os
import re
import statistics
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "net"))

from lab import Lab, wait_for  # noqa: E402  (the path above comes first)
from lab.netns import sweep_stale  # noqa: E402
from tunnels import End, assert_reach, cable  # noqa: E402

GIGA = 1e9
IPERF_PORT = 5201

# name: unit, what of it is better
MEASURES = {
    "tcp_1": ("Gb/s", "more"), "tcp_1_reverse": ("Gb/s", "more"), "tcp_4": ("Gb/s", "more"),
    "tcp_4_reverse": ("Gb/s", "more"), "udp_1392": ("Gb/s", "more"), "udp_64": ("kpps", "more"),
    "ping": ("ms", "less"), "rss": ("MB", "less"),
}
TITLES = {
    "tcp_1": "TCP, 1 flow", "tcp_1_reverse": "TCP, 1 flow, back", "tcp_4": "TCP, 4 flows",
    "tcp_4_reverse": "TCP, 4 flows, back", "udp_1392": "UDP, 1392 bytes",
    "udp_64": "UDP, 64 bytes", "ping": "ping, average", "rss": "RSS under load",
}


def rss_mb(pid):
    """The most that was ever resident."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) / 1024


class Bench:
    """One contender's two ends; they stay up over all rounds."""

    def __init__(self, lab, kind):
        self.kind = kind
        self.ends = [End(lab, "a", kind), End(lab, "b", kind)]
        cable(*self.ends)
        a, b = self.ends
        if kind == "veth":
            self.target = b.outer[4]
            return
        for end in self.ends:
            end.start()
        a.add_peer(b, version=4)
        b.add_peer(a, version=4)
        assert_reach(a, b)
        self.target = b.inner[4]

    def iperf(self, seconds, *args):
        """Runs a client at a against a server at b that serves this once."""
        a, b = self.ends
        server = b.ns.start("iperf3", "iperf3", "-s", "-1", "-p", IPERF_PORT)
        wait_for(lambda: f":{IPERF_PORT}" in b.ns.run("ss", "-Hltn").stdout, what="iperf3 server")
        done = a.ns.run("iperf3", "-c", self.target, "-p", IPERF_PORT, "-t", seconds, "-O", "0.3",
                        "-J", *args, check=False, timeout=seconds * 4 + 30)
        result = json.loads(done.stdout)
        if "error" in result:
            server.kill()
            raise RuntimeError(f"iperf3 over {self.kind}: {result['error']}")
        server.wait(timeout=20)
        return result["end"]

    def tcp(self, seconds, *args):
        return self.iperf(seconds, *args)["sum_received"]["bits_per_second"] / GIGA

    def udp(self, seconds, length):
        """What arrived: bits and packets a second."""
        end = self.iperf(seconds, "-u", "-b", "0", "-l", length)["sum"]
        packets = (end["packets"] - end["lost_packets"]) / end["seconds"]
        return packets * length * 8 / GIGA, packets / 1000

    def ping(self, count):
        out = self.ends[0].ns.run("ping", "-n", "-q", "-c", count, "-i", "0.01", self.target).stdout
        return float(re.search(r"= [\d.]+/([\d.]+)/", out).group(1))

    def round(self, seconds):
        result = {
            "ping": self.ping(100),
            "tcp_1": self.tcp(seconds),
            "tcp_1_reverse": self.tcp(seconds, "-R"),
            "tcp_4": self.tcp(seconds, "-P", "4"),
            "tcp_4_reverse": self.tcp(seconds, "-P", "4", "-R"),
            "udp_1392": self.udp(seconds, 1392)[0],
            "udp_64": self.udp(seconds, 64)[1],
        }
        if self.kind != "veth":
            result["rss"] = max(rss_mb(end.process.pid) for end in self.ends)
        return result


def table(medians, kinds):
    """Lines of text: each measure, and how many times better we are."""
    lines = [f"{'':20}{'unit':>6}" + "".join(f"{kind:>14}" for kind in kinds)
             + f"{'ours / go':>12}{'ours / veth':>13}"]
    for name, (unit, _) in MEASURES.items():
        values = {kind: medians[kind].get(name) for kind in kinds}
        cells = "".join(f"{value:>14.2f}" if value is not None else f"{'-':>14}"
                        for value in values.values())
        ratios = ""
        for other, width in (("wireguard-go", 12), ("veth", 13)):
            ours, theirs = values.get("ours"), values.get(other)
            ratios += f"{ours / theirs:>{width}.2f}" if ours and theirs else f"{'-':>{width}}"
        lines.append(f"{TITLES[name]:20}{unit:>6}{cells}{ratios}")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of 1 s a measurement")
    parser.add_argument("--rounds", type=int, help="of all contenders (default: 3)")
    parser.add_argument("--seconds", type=int, help="of each measurement (default: 4)")
    parser.add_argument("--only", choices=["ours", "wireguard-go", "veth"], action="append",
                        help="a contender; may be repeated (default: all)")
    parser.add_argument("--json", metavar="FILE", help="writes every round, and the medians")
    options = parser.parse_args()
    rounds = options.rounds or (1 if options.quick else 3)
    seconds = options.seconds or (1 if options.quick else 4)
    kinds = options.only or ["ours", "wireguard-go", "veth"]
    sweep_stale()
    results = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory(prefix="ls-bench") as directory:
        labs = []
        try:
            benches = []
            for kind in kinds:
                labs.append(Lab(os.path.join(directory, kind)))
                benches.append(Bench(labs[-1], kind))
            for number in range(rounds):
                for bench in benches:
                    print(f"round {number + 1} of {rounds}: {bench.kind}", file=sys.stderr)
                    results[bench.kind].append(bench.round(seconds))
        finally:
            for lab in labs:
                lab.remove()
    medians = {kind: {name: statistics.median(entry[name] for entry in entries)
                      for name in entries[0]} for kind, entries in results.items()}
    print("\n".join(table(medians, kinds)))
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump({"rounds": results, "medians": medians, "seconds": seconds}, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
