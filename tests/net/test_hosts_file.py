# SPDX-License-Identifier: Apache-2.0
"""The names in the hosts file stay there, whatever other programs do with the file.

    host: v1_server.py and the agent
"""
import os
import socket
import subprocess

import pytest

from lab import wait_for
from v1_server import V1Server


class Site:
    def __init__(self, lab):
        self.host = lab.internet().host("host")
        listener = self.host.ns.call(socket.create_server, ("127.0.0.1", 0))
        self.server = V1Server(listener, slim=False)
        net = self.server.add_network()
        self.client = lab.client(self.host, name="a", control_urls=[self.server.url])
        self.client.register(self.server.add_token(net["id"])["token"])
        self.server.add_node(net["id"], "desk")
        self.name = f"desk.{net['dns_domain']}"
        self.mounts = []

    def start(self):
        return self.client.agent("--heartbeat-interval", "1")

    def has_name(self):
        try:
            return self.name in self.client.hosts_names()
        except FileNotFoundError:
            return False

    def wait_name(self, timeout=10):
        wait_for(self.has_name, timeout, "the peer's name in the hosts file")

    def write_in_place(self, text):
        with open(self.client.hosts, "w", encoding="ascii") as file:
            file.write(text)

    def replace(self, text):
        path = self.client.hosts + ".new"
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.rename(path, self.client.hosts)

    def mount(self, *how):
        """Makes the file a mount point, of another file."""
        source = self.client.hosts + ".mounted"
        with open(source, "w", encoding="ascii") as file:
            file.write("127.0.0.1 localhost mounted\n")
        subprocess.run(["mount", "--bind", source, self.client.hosts], check=True)
        self.mounts.append(self.client.hosts)
        if how:
            subprocess.run(["mount", "-o", "remount,bind," + ",".join(how), self.client.hosts],
                           check=True)
        return source

    def text(self):
        with open(self.client.hosts, encoding="ascii") as file:
            return file.read()

    def close(self):
        if self.client.process:
            self.client.process.kill()
        for path in self.mounts:
            subprocess.run(["umount", path], check=True)
        self.server.close()


@pytest.fixture
def site(lab):
    made = Site(lab)
    yield made
    made.close()


@pytest.mark.main_subset
def test_overwritten(site):
    process = site.start()
    site.wait_name()
    for number, write in enumerate((site.replace, site.write_in_place, site.replace)):
        mark = process.mark()
        write(f"127.0.0.1 localhost\n192.0.2.7 other{number}\n")
        site.wait_name()
        process.wait_log('event=agent.hosts_written .*reason="another program has changed the '
                         'file"', after=mark)
        assert f"192.0.2.7 other{number}\n" in site.text()
        assert site.text().count(" begin\n") == 1
    os.unlink(site.client.hosts)
    site.wait_name()
    site.client.stop()
    assert site.text() == ""


def test_replaced_symbolic_link(site):
    """/etc/hosts as a link into another directory; both may be replaced."""
    directory = os.path.join(site.client.directory, "elsewhere")
    os.mkdir(directory)
    target = os.path.join(directory, "real")
    os.rename(site.client.hosts, target)
    os.symlink("elsewhere/real", site.client.hosts)
    site.start()
    site.wait_name()
    assert os.path.islink(site.client.hosts)
    with open(target + ".new", "w", encoding="ascii") as file:
        file.write("127.0.0.1 localhost\n")
    os.rename(target + ".new", target)
    site.wait_name()
    site.replace("127.0.0.1 localhost plain\n")
    site.wait_name()
    assert not os.path.islink(site.client.hosts)
    site.client.stop()
    assert site.text() == "127.0.0.1 localhost plain\n"


def test_damaged_at_the_start(site):
    begin = f"# lightscale:{site.client.profile} begin\n"
    site.write_in_place("127.0.0.1 localhost\n" + begin)
    process = site.start()
    process.wait_log("event=agent.hosts_failed error=.*has no end")
    assert site.text() == "127.0.0.1 localhost\n" + begin
    site.write_in_place("127.0.0.1 localhost\n")
    site.wait_name()
    process.wait_log('event=agent.hosts_written .*reason="it can be written again"')
    site.client.stop()


def test_not_writable_at_the_start(site):
    """Nothing tells that a file has become writable: it is tried again."""
    site.mount("ro")
    process = site.start()
    process.wait_log("event=agent.hosts_failed error=.*Read-only file system")
    assert not site.has_name()
    mark = process.mark()
    subprocess.run(["nsenter", "-t", str(process.pid), "-m", "umount", site.client.hosts],
                   check=True)
    subprocess.run(["umount", site.mounts.pop()], check=True)
    site.wait_name(timeout=20)
    process.wait_log('event=agent.hosts_written .*reason="it can be written again"', after=mark)
    assert process.log().count("event=agent.hosts_failed") == 1
    site.client.stop()


@pytest.mark.parametrize("when", ["start", "later"])
def test_a_pipe_holds_nobody_up(site, when):
    """Whoever opens a pipe waits for its other end: the agent does not open it."""
    if when == "later":
        site.start()
        site.wait_name()
        os.unlink(site.client.hosts)
    elif os.path.exists(site.client.hosts):
        os.unlink(site.client.hosts)
    os.mkfifo(site.client.hosts)
    if when == "start":
        site.client.agent("--heartbeat-interval", "1", wait=False)
        site.client.process.wait_log(r"event=agent\.state .*new=running")
    site.client.process.wait_log(r"event=agent\.hosts_failed error=.*no regular file")
    done = site.client.run("dns", "--apply-hosts", "--hosts-path", site.client.hosts, check=False)
    assert done.returncode == 1 and "no regular file: not touched" in done.stderr
    os.unlink(site.client.hosts)
    site.write_in_place("127.0.0.1 localhost\n")
    site.wait_name()


def test_a_fight_over_the_file_does_not_fill_the_log(site):
    process = site.start()
    site.wait_name()
    for number in range(8):
        site.replace(f"127.0.0.1 localhost other{number}\n")
        site.wait_name()
    assert 2 <= process.log().count("event=agent.hosts_written") <= 5


def test_mount_point(site):
    source = site.mount()
    process = site.start()
    site.wait_name()
    with open(source, encoding="ascii") as file:
        assert "mounted" in file.readline()
    mark = process.mark()
    site.write_in_place("127.0.0.1 localhost mounted\n192.0.2.7 other\n")
    site.wait_name()
    process.wait_log("event=agent.hosts_written", after=mark)
    site.client.stop()
    assert site.text() == "127.0.0.1 localhost mounted\n192.0.2.7 other\n"


def test_several_profiles_leave_each_other_alone(site, lab):
    """Each sees the other's writes, and finds nothing to do."""
    other = lab.client(site.host, name="b", control_urls=[site.server.url])
    other.hosts = site.client.hosts
    net = site.server.add_network(name="second")
    other.register(site.server.add_token(net["id"])["token"])
    site.start()
    other.agent("--heartbeat-interval", "1", listen_port=0)
    wait_for(lambda: f"b.{net['dns_domain']}" in other.hosts_names() and site.has_name(), 10,
             "the names of both")
    site.write_in_place("127.0.0.1 localhost\n")
    wait_for(lambda: f"b.{net['dns_domain']}" in other.hosts_names() and site.has_name(), 10,
             "the names of both")
    before = os.stat(site.client.hosts).st_ino
    heartbeats = len(site.server.requests)
    wait_for(lambda: len(site.server.requests) >= heartbeats + 10, 20, "some seconds of life")
    assert os.stat(site.client.hosts).st_ino == before
    other.stop()
    site.client.stop()
    assert site.text() == "127.0.0.1 localhost\n"
