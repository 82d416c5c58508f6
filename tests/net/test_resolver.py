# SPDX-License-Identifier: Apache-2.0
"""Names of control servers, on networks whose name servers are late, dead, odd or hostile.

    server: lightscale-server on :8080
    dns1, dns2: name servers that the test scripts (name_server.py)
    hole: a host that drops all that comes
    client
"""
import ipaddress
import os
import re
import time

import pytest

from lab import wait_for
from name_server import SERVFAIL, Answer, HostFiles, NameServer, zone

pytestmark = pytest.mark.control_plane

HOLE, HOLE_V6 = "198.51.100.2", "2001:db8:0::2"
NAME = "control.example"
URL = f"http://{NAME}:8080"


class Site:
    def __init__(self, lab):
        self.lab = lab
        net = lab.internet()
        hole = net.host("hole")
        assert (hole.ipv4, hole.ipv6) == (HOLE, HOLE_V6)
        hole.ns.nft("""table inet hole { chain input {
            type filter hook input priority filter; policy drop;
            meta l4proto ipv6-icmp accept
        }
        }""")
        self.server = lab.server(net.host("server"))
        self.v4, self.v6 = self.server.host.ipv4, self.server.host.ipv6
        self.dns = [net.host("dns1"), net.host("dns2")]
        self.host = net.host("client")
        self.files = HostFiles(self.host.ns)
        self.files.write("hosts", "127.0.0.1 localhost\n")
        self.network = self.server.create_network("net")
        self.client = lab.client(self.host, self.server)
        self.client.register(self.server.create_token(self.network))
        self.servers = []

    def serve(self, which, answer, address=None):
        host = self.dns[which]
        server = NameServer(host.ns, address or host.ipv4, answer)
        self.servers.append(server)
        return server

    def resolv_conf(self, *servers, options="", search=""):
        """`servers`: addresses, or the numbers of name servers."""
        addresses = [self.dns[server].ipv4 if isinstance(server, int) else server
                     for server in servers]
        self.files.write("resolv.conf", "".join(f"nameserver {address}\n" for address in addresses)
                         + (f"search {search}\n" if search else "")
                         + (f"options {options}\n" if options else ""))

    def ask(self, url=URL, check=True):
        """A request to the server under that name; the seconds it took, and the command."""
        begin = time.monotonic()
        done = self.client.run("--control-url", url, "netmap", check=check)
        return time.monotonic() - begin, done

    def close(self):
        for server in self.servers:
            server.close()
        self.files.remove()


@pytest.fixture
def site(lab):
    made = Site(lab)
    yield made
    made.close()


def table(site, *addresses):
    return zone({NAME: addresses or (site.v4,)})


def late(kind, seconds, *addresses):
    return lambda site: zone({NAME: addresses or (site.v4,)}, late={kind: seconds})


def silent(_question):
    return None


def broken(code):
    return lambda _question: Answer(code=code)


def chain(site):
    def answer(question):
        records = [(NAME, "CNAME", "a.example"), ("a.example", "CNAME", "b.example")]
        if question.kind == "A":
            records.append(("b.example", "A", site.v4))
        return Answer(tuple(records))
    return answer


def truncated(site):
    """Over UDP nothing but the wish to be asked over TCP."""
    whole = table(site)
    return lambda question: whole(question) if question.tcp else Answer(truncated=True)


def forged(**how):
    """Before the true answer comes one that leads into the black hole."""
    def make(site):
        whole = table(site)

        def answer(question):
            if question.kind != "A":
                return whole(question)
            lie = Answer(((question.name, "A", HOLE),), **how)
            return [lie, Answer(((question.name, "A", site.v4),), after=0.3)]
        return answer
    return make


# What dns1 does; dns2, if it is in resolv.conf, knows the name. `within`: seconds for all of the
# command.
ODD = {
    "A late after an empty AAAA": (late("A", 1.0), [0], 2.5),
    "A later than the first attempt's time": (late("A", 1.4), [0], 4),
    "AAAA late after A": (late("AAAA", 4.0), [0], 1),
    "AAAA never answered": (lambda site: lambda question: None if question.kind == "AAAA"
                            else table(site)(question), [0], 1),
    "first server dead": (lambda site: silent, [HOLE, 1], 2.5),
    "two servers dead": (lambda site: silent, [HOLE, 0, 1], 4),
    "first server refuses": (None, [0, 1], 1),
    "first server refuses at once": (None, ["127.0.0.1", 1], 1),
    "first server unreachable": (None, ["203.0.113.9", 1], 2.5),
    "SERVFAIL from the first": (lambda site: broken(SERVFAIL), [0, 1], 1),
    "REFUSED from the first": (lambda site: broken(5), [0, 1], 1),
    "truncated, then TCP": (truncated, [0], 1),
    "chain of CNAME": (chain, [0], 1),
    "answer with a wrong id": (forged(wrong_id=True), [0], 2),
    "answer from another port": (forged(other_port=True), [0], 2),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_name_servers(site, case):
    first, servers, within = ODD[case]
    if first:
        site.serve(0, first(site))
    site.serve(1, table(site))
    site.resolv_conf(*servers)
    took, _ = site.ask()
    assert took < within


@pytest.mark.main_subset
def test_late_family_when_the_first_does_not_connect(site):
    """AAAA at once, into a black hole; A a second later (RFC 8305 5)."""
    site.serve(0, zone({NAME: [HOLE_V6, site.v4]}, late={"A": 1.0}))
    site.resolv_conf(0)
    took, _ = site.ask()
    assert 1 < took < 2.5
    # After the time for connecting, too.
    site.servers[0].answer = zone({NAME: [HOLE_V6, site.v4]}, late={"A": 3.8})
    took, _ = site.ask()
    assert 3.8 < took < 5.5


def test_late_family_when_the_first_refuses(site):
    site.serve(0, zone({NAME: [site.dns[0].ipv6, site.v4]}, late={"A": 1.0}))
    site.resolv_conf(0)
    took, _ = site.ask()
    assert 1 < took < 2.5


def test_families_are_raced(site):
    """Both families at once, IPv6 first; a dead one costs a quarter second."""
    site.serve(0, zone({NAME: [HOLE_V6, HOLE, site.v6, site.v4]}))
    site.resolv_conf(0)
    took, _ = site.ask()
    assert took < 1.5


@pytest.mark.parametrize("servers", [(), (0,)], ids=["plain", "behind a dead one"])
def test_ipv6_name_server(site, servers):
    site.serve(1, table(site), address=site.dns[1].ipv6)
    site.resolv_conf(*servers, site.dns[1].ipv6)
    site.host.ns.ip("addr", "del", f"{site.host.ipv4}/24", "dev", "wan")
    site.servers[0].answer = zone({NAME: [site.v6]})
    took, _ = site.ask()
    assert took < 3


def link_local(host):
    shown = host.ns.ip("-6", "-o", "addr", "show", "dev", host.interface, "scope", "link")
    return shown.split()[3].split("/")[0]


def test_link_local_name_server_with_a_zone(site):
    address = wait_for(lambda: link_local(site.dns[0]))
    site.serve(0, truncated(site), address=f"{address}%wan")
    site.resolv_conf(f"{address}%wan")
    site.ask()
    # In its turn between others.
    site.resolv_conf(HOLE, f"{address}%wan", HOLE)
    took, _ = site.ask()
    assert 1 < took < 2.5
    assert {question.tcp for question in site.servers[0].asked} == {False, True}


def test_tcp_only_by_option(site):
    site.serve(0, table(site))
    site.resolv_conf(0, options="use-vc")
    site.ask()
    assert {question.tcp for question in site.servers[0].asked} == {True}


@pytest.mark.parametrize("where", ["no file", "empty file"])
def test_without_name_servers_this_host_is_asked(site, where):
    etc = os.path.join(site.lab.directory, "etc")
    os.mkdir(etc)
    for name in ("hosts", "resolv.conf")[:1 if where == "no file" else 2]:
        with open(os.path.join(etc, name), "w", encoding="ascii") as file:
            file.write("# nothing\n")
    command = ["sh", "-c", 'mount --bind "$0" /etc && exec "$@"', etc,
               *site.client.argv("--control-url", URL, "netmap")]
    done = site.host.ns.run(*command, check=False)
    assert done.returncode == 1
    assert ("/etc/resolv.conf names no name server, and none runs on this host"
            in done.stderr)
    server = NameServer(site.host.ns, "127.0.0.1", table(site))
    site.servers.append(server)
    site.host.ns.run(*command)


class TestSearch:
    """The search list: which names are asked for, and in which order."""

    CASES = {
        "name without a dot": ("control", "lab.example", "", ["control.lab.example"]),
        "second domain": ("control", "no.example lab.example", "",
                          ["control.no.example", "control.lab.example"]),
        "enough dots: as it is": ("control.example", "lab.example", "", ["control.example"]),
        "as it is, then the list": ("control.lab", "example", "",
                                    ["control.lab", "control.lab.example"]),
        "ndots: the list first": ("control.lab.example", "no.example", "ndots:5",
                                  ["control.lab.example.no.example", "control.lab.example"]),
    }

    @pytest.mark.parametrize("case", CASES)
    def test_search(self, site, case):
        host, search, options, names = self.CASES[case]
        server = site.serve(0, zone({"control.example": [site.v6, site.v4],
                                     "control.lab.example": [site.v6, site.v4]}))
        site.resolv_conf(0, options=options, search=search)
        site.ask(f"http://{host}:8080")
        for kind in ("A", "AAAA"):
            assert [question.name for question in server.asked
                    if question.kind == kind] == names

    def test_families_are_not_mixed_from_two_names(self, site):
        """One name of the list has only IPv4, the next only IPv6: the first one counts."""
        site.serve(0, zone({"control.a.example": [site.v4], "control.b.example": [HOLE_V6]}))
        site.resolv_conf(0, search="a.example b.example")
        took, _ = site.ask("http://control:8080")
        assert took < 1

    def test_list_whose_server_fails(self, site):
        """The name itself is found after a name of the list met SERVFAIL."""
        whole = table(site)
        site.serve(0, lambda question: whole(question) if question.name == NAME
                   else Answer(code=SERVFAIL))
        site.resolv_conf(0, search="broken.example", options="ndots:3")
        site.ask()


class TestHostsFile:
    def test_beats_name_servers(self, site):
        server = site.serve(0, zone({NAME: [HOLE, HOLE_V6]}))
        site.resolv_conf(0)
        site.files.write("hosts", f"{site.v4} other.example {NAME.upper()}\n")
        took, _ = site.ask()
        assert took < 1
        assert server.asked == []  # not for the other family, either

    def test_both_families(self, site):
        site.resolv_conf(0)
        site.files.write("hosts", f"{HOLE_V6} {NAME}\n{site.v4} {NAME}\n")
        took, _ = site.ask()
        assert took < 1

    def test_localhost_is_never_asked_for(self, site):
        server = site.serve(0, zone({}))
        site.resolv_conf(0)
        for host in ("localhost", "a.localhost"):
            _, done = site.ask(f"http://{host}:8080", check=False)
            assert "connection refused" in done.stderr
        assert server.asked == []


REASONS = {
    "no such name": (lambda site: zone({}), [0], "host name not found"),
    "name without addresses": (lambda site: zone({NAME: []}), [0], "host name not found"),
    "errors": (lambda site: broken(SERVFAIL), [0], "the name servers answer with errors only"),
    "silence": (lambda site: silent, [0], "the name servers do not answer"),
    "refused": (None, [0], "no name server can be reached"),
    "two, silent": (lambda site: silent, [0, HOLE], "the name servers do not answer"),
}


@pytest.mark.parametrize("case", REASONS)
def test_reasons(site, case):
    first, servers, reason = REASONS[case]
    if first:
        site.serve(0, first(site))
    site.resolv_conf(*servers)
    took, done = site.ask(check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and f": {reason}" in done.stderr, done.stderr
    assert took < 7


@pytest.mark.main_subset
def test_only_log_lines_on_stderr(site):
    """With --verbose, too, name servers that fail put nothing else there."""
    site.serve(0, broken(SERVFAIL))
    site.resolv_conf(HOLE, 0)
    done = site.client.run("--verbose", "--control-url", URL, "netmap", check=False)
    lines = done.stderr.splitlines()
    assert lines.pop().startswith("lightscale-client: ")
    assert all(re.match(r"[-0-9T:.]+Z level=\w+ event=[a-z_.]+( |$)", line) for line in lines)


def test_next_url_after_dead_name_servers(site):
    """The second URL comes after the name's whole time, and is asked first from then on."""
    site.serve(0, silent)
    site.resolv_conf(0)
    took, _ = site.ask(f"{URL},{site.server.url}")
    assert took < 7


class TestKnownAddresses:
    """Where a name led to is remembered for the time when it leads nowhere."""

    @pytest.mark.parametrize("trouble", [silent, broken(SERVFAIL), zone({})])
    def test_used_when_the_name_fails(self, site, trouble):
        server = site.serve(0, table(site))
        site.resolv_conf(0, options="timeout:1 attempts:1")
        site.ask()
        assert site.client.state()["known_addresses"] == {NAME: [site.v4]}
        server.answer = trouble
        _, done = site.ask()
        assert "revision" in done.stdout

    def test_not_used_when_the_name_leads_elsewhere(self, site):
        server = site.serve(0, table(site))
        site.resolv_conf(0)
        site.ask()
        server.answer = table(site, HOLE)
        _, done = site.ask(check=False)
        assert done.returncode == 1 and "connecting timed out" in done.stderr

    def test_a_server_that_moved_is_learned(self, site):
        server = site.serve(0, table(site))
        site.resolv_conf(0)
        site.ask()
        server.answer = table(site, site.v6)
        site.ask()
        assert site.client.state()["known_addresses"] == {
            NAME: [str(ipaddress.ip_address(site.v6)), site.v4]}

    def test_the_failure_says_both(self, site):
        site.serve(0, table(site))
        site.resolv_conf(0, options="timeout:1 attempts:1")
        site.ask()
        site.resolv_conf(1)  # where nobody listens
        site.server.stop()
        _, done = site.ask(check=False)
        assert "no name server can be reached; at its last known address: connection refused" \
            in done.stderr


@pytest.mark.data_plane
class TestAgent:
    """An agent sees the network change under it."""

    @staticmethod
    def start(site, *args):
        site.client.control_urls = [URL]
        os.unlink(site.client.config)
        site.client.init()
        site.client.agent("--heartbeat-interval", "1", "--longpoll-timeout", "5", *args)
        return site.client.process

    @staticmethod
    def outage(site, process):
        """The server is gone for a moment, so that the agent dials again."""
        site.server.stop()
        process.wait_log("event=control.unreachable", timeout=20)
        mark = process.mark()
        site.server.start()
        return mark

    @pytest.mark.main_subset
    def test_comes_online_when_name_servers_come_back(self, site):
        site.resolv_conf(0)  # where nobody listens yet
        process = self.start(site)
        process.wait_log("event=control.unreachable", timeout=20)
        assert "control.reachable" not in process.log()
        site.serve(0, late("A", 1.0)(site))
        process.wait_log(f"event=control.reachable url={URL}", timeout=30)
        site.client.stop()

    def test_starts_without_name_servers(self, site):
        """A restart on a network whose name servers are dead: the addresses in the state file."""
        server = site.serve(0, table(site))
        site.resolv_conf(0)
        process = self.start(site)
        process.wait_log("event=control.reachable")
        wait_for(lambda: site.client.state().get("known_addresses") == {NAME: [site.v4]}, 10,
                 "the server's address in the state file")
        site.client.stop()
        server.answer = silent
        process = self.start(site)
        process.wait_log("event=agent.state .*new=running", timeout=20)
        site.client.stop()

    def test_sees_another_resolv_conf(self, site):
        first = site.serve(0, table(site))
        second = site.serve(1, table(site))
        site.resolv_conf(0)
        process = self.start(site)
        process.wait_log("event=control.reachable")
        assert first.asked and not second.asked
        first.answer = silent
        site.resolv_conf(1)
        mark = self.outage(site, process)
        process.wait_log("event=control.reachable", timeout=30, after=mark)
        assert second.asked
        site.client.stop()

    def test_sees_another_hosts_file(self, site):
        site.resolv_conf(0)  # where nobody listens
        site.files.write("hosts", f"{HOLE_V6} {NAME}\n{site.v4} {NAME}\n")
        process = self.start(site)
        process.wait_log("event=control.reachable")
        site.files.write("hosts", f"{site.v6} {NAME}\n")
        mark = self.outage(site, process)
        process.wait_log("event=control.reachable", timeout=30, after=mark)
        site.files.write("hosts", "")
        site.server.stop()
        process.wait_log('event=control.unreachable .*no name server can be reached', timeout=40,
                         after=mark)
        site.client.stop()


class TestEndpoints:
    """--endpoint with a name: what is announced is its addresses."""
    PUBLIC = "home.example"

    def announced(self, site):
        return site.server.nodes(site.network)[0]["endpoints"]

    def test_heartbeat(self, site):
        site.serve(0, zone({self.PUBLIC: ["203.0.113.7", "2001:db8:7::7"]}))
        site.resolv_conf(0)
        done = site.client.run("heartbeat", "--endpoint", f"{self.PUBLIC}:7000,192.0.2.9:1",
                               "--endpoint", "203.0.113.7:7000,nowhere.example:7000")
        assert self.announced(site) == ["203.0.113.7:7000", "[2001:db8:7::7]:7000", "192.0.2.9:1"]
        assert "--endpoint nowhere.example:7000 is not announced: " in done.stderr
        refused = site.client.run("heartbeat", "--endpoint", f"{self.PUBLIC}%wan:7000",
                                  check=False)
        assert refused.returncode == 2 and "zone id" in refused.stderr

    @pytest.mark.data_plane
    def test_agent(self, site):
        server = site.serve(0, zone({}))
        site.resolv_conf(0)
        site.client.agent("--heartbeat-interval", "1", "--endpoint", f"{self.PUBLIC}:7000",
                          "--endpoint", "192.0.2.9:1")
        process = site.client.process
        process.wait_log(rf"level=warn event=endpoint\.unresolved endpoint={self.PUBLIC}:7000 ")
        assert "192.0.2.9:1" in self.announced(site)
        server.answer = zone({self.PUBLIC: ["203.0.113.7"]})
        wait_for(lambda: "203.0.113.7:7000" in self.announced(site), 10, "its address")
        # The order of the addresses is no news, other addresses are.
        server.answer = zone({self.PUBLIC: ["203.0.113.9", "203.0.113.8"]})
        wait_for(lambda: self.announced(site)[-3:] ==
                 ["203.0.113.8:7000", "203.0.113.9:7000", "192.0.2.9:1"], 20, "the new ones")
        # What was known stays when the name is gone.
        server.answer = zone({})
        process.wait_log(r"event=endpoint\.unresolved", 20,
                         after=process.mark())
        assert "203.0.113.8:7000" in self.announced(site)
