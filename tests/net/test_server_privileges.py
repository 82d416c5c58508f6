# SPDX-License-Identifier: Apache-2.0
"""What the server may do: it runs without any right, gives up those it has, and fences itself in."""
import ctypes
import http.client
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess

import pytest

from authority import Authority
from lab.process import program_environment
from lab.wait import wait_for
from server_fixtures import ADMIN, PROGRAM, LocalServer, Waiter

NOBODY = pwd.getpwnam("nobody")


def sanitized():
    """A sanitizer's own checks need what the sandbox forbids: such a build has none."""
    with open(PROGRAM, "rb") as file:
        return b"sandbox.absent" in file.read()


def landlock():
    """The version of Landlock that this kernel has, as the server logs it."""
    create_ruleset, version_flag = 444, 1
    version = ctypes.CDLL(None).syscall(create_ruleset, None, ctypes.c_size_t(0), version_flag)
    return version if version > 0 else "none"


def status(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


@pytest.fixture
def place(tmp_path):
    """A directory that is nobody's, below ones that nobody may pass."""
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == os.geteuid() and folder.stat().st_mode & 0o055 != 0o055:
            folder.chmod(folder.stat().st_mode | 0o055)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, NOBODY.pw_uid, NOBODY.pw_gid)
    home.chmod(0o700)
    return home


def make(directory, *args, **options):
    return LocalServer(directory.parent, *args, state=str(directory / "server.db"), **options)


def for_everybody(directory):
    """The program where any user can start it: the tree may be in root's own home."""
    return shutil.copy(PROGRAM, directory)


def use_it(server):
    node = server.register(server.token(server.network()), "laptop")
    assert node.netmap()["node"]["name"] == "laptop"


def test_runs_without_any_right(place):
    def nobody():
        os.setgroups([])
        os.setresgid(*[NOBODY.pw_gid] * 3)
        os.setresuid(*[NOBODY.pw_uid] * 3)
    server = make(place, program=for_everybody(place.parent)).start(preexec=nobody)
    try:
        use_it(server)
        assert int(status(server)["CapPrm"], 16) == 0
        assert "process.root" not in server.log()
    finally:
        server.close()


def test_user_is_taken_on_after_the_ports_are_open(place):
    """A low port, a state directory that only the user can write to."""
    server = make(place, "--user", "nobody", listen=("127.0.0.1:0", "127.0.0.77:81")).start(
        preexec=lambda: os.setgroups([0, 4242]))
    try:
        use_it(server)
        shown = status(server)
        assert set(shown["Uid"].split()) == {str(NOBODY.pw_uid)}
        assert set(shown["Gid"].split()) == {str(NOBODY.pw_gid)}
        assert set(map(int, shown["Groups"].split())) == set(
            os.getgrouplist("nobody", NOBODY.pw_gid))
        assert {int(shown[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {0}
        assert os.stat(place / "server.db").st_uid == NOBODY.pw_uid
        assert "event=process.user user=nobody" in server.log()
    finally:
        server.close()


def test_what_a_service_manager_gives_for_low_ports_is_given_up(place):
    """AmbientCapabilities=CAP_NET_BIND_SERVICE, as in the unit."""
    bind_service, keep_capabilities, ambient, ambient_raise = 10, 8, 47, 2

    def manager():
        libc = ctypes.CDLL(None, use_errno=True)
        bit = 1 << bind_service
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
        libc.prctl(keep_capabilities, 1, 0, 0, 0)
        os.setgroups([])
        os.setresgid(*[NOBODY.pw_gid] * 3)
        os.setresuid(*[NOBODY.pw_uid] * 3)
        if libc.capset(header, sets) or libc.prctl(ambient, ambient_raise, bind_service, 0, 0):
            raise OSError(ctypes.get_errno(), "capabilities")
    server = make(place, listen=("127.0.0.1:0", "127.0.0.78:81"),
                  program=for_everybody(place.parent)).start(preexec=manager)
    try:
        use_it(server)
        shown = status(server)
        assert {int(shown[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {0}
    finally:
        server.close()


def test_root_is_warned(tmp_path):
    server = LocalServer(tmp_path).start()
    try:
        assert "level=warn event=process.root" in server.log()
    finally:
        server.close()


@pytest.mark.parametrize("args,code,text", [
    (("--user", "no-such-user"), 2, "--user no-such-user: there is no such user"),
    (("--user", ""), 2, '--user "": it must not be empty'),
    (("--sandbox", "maybe"), 2, "--sandbox maybe: on or off"),
])
def test_bad_options(tmp_path, args, code, text):
    done = subprocess.run([PROGRAM, "--state", str(tmp_path / "x.db"), "--admin-token", ADMIN,
                           "--listen", "127.0.0.1:0", *args], capture_output=True, text=True,
                          timeout=20, check=False, env=program_environment())
    assert done.returncode == code and text in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "x.db").exists()


def test_only_root_becomes_another(place):
    server = make(place, "--user", "daemon", program=for_everybody(place.parent))
    server.start(expect_failure=True, preexec=lambda: os.setuid(NOBODY.pw_uid))
    assert server.process.wait(20) == 1
    assert "--user daemon: only root can become another user" in server.log()


def test_state_that_the_user_cannot_reach_is_said(tmp_path):
    tmp_path.chmod(0o700)
    server = LocalServer(tmp_path, "--user", "nobody")
    server.start(expect_failure=True)
    assert server.process.wait(20) == 1
    assert "Permission denied" in server.log() and server.state in server.log()


def refusal(server):
    server.start(expect_failure=True)
    assert server.process.wait(20) == 1
    return server.log().splitlines()[-1]


def test_directory_that_the_user_cannot_write_to(place):
    """That is no damage, and no backup would help."""
    server = make(place, "--user", "nobody").start()
    use_it(server)
    assert server.stop() == 0
    os.chown(place, 0, 0)
    place.chmod(0o755)
    said = refusal(server)
    assert f"cannot open database {server.state}: " in said and "to their directory" in said
    assert "damaged" not in said


def test_certificate_that_the_user_cannot_read(place):
    certificate = Authority(place.parent / "authority").issue("127.0.0.1")
    pair = ("--tls-cert", certificate.path, "--tls-key", certificate.key_path)
    server = make(place, "--user", "nobody", *pair)
    assert f"--tls-key: cannot read {certificate.key_path}: Permission denied" in refusal(server)
    os.chown(certificate.key_path, NOBODY.pw_uid, NOBODY.pw_gid)
    os.chmod(certificate.path, 0o600)
    assert f"--tls-cert: cannot read {certificate.path}: Permission denied" in refusal(server)


@pytest.mark.skipif(sanitized(), reason="a build with a sanitizer has no sandbox")
def test_sandbox_is_on_unless_told(place):
    """All of a server's work goes on inside: this runs it over TLS, with a reload and a restart."""
    authority = Authority(place.parent / "authority")
    certificate = authority.issue("127.0.0.1")
    os.chown(certificate.key_path, NOBODY.pw_uid, NOBODY.pw_gid)
    server = make(place, "--user", "nobody", "--tls-cert", certificate.path, "--tls-key",
                  certificate.key_path, "--tls-listen", "127.0.0.1:0").start()
    try:
        shown = status(server)
        assert shown["NoNewPrivs"] == "1" and shown["Seccomp"] == "2"
        server.wait_log("sandbox.entered")
        assert server.log().index("sandbox.entered") > server.log().index("server.listening")
        assert f"event=sandbox.entered no_new_privs=1 landlock={landlock()} seccomp=1" in server.log()
        node = server.register(server.token(server.network()))
        waiter = Waiter(node, node.revision())
        server.process.send_signal(signal.SIGHUP)
        server.wait_log("event=tls.ready", 10)
        node.heartbeat(endpoints=["192.0.2.1:1"])
        assert waiter.answer().status == 200
        context = ssl.create_default_context(cafile=authority.root.path)
        port = int(server.addresses[1][1])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
                assert secure.version() == "TLSv1.3"
        assert server.stop() == 0
        server.start()
        assert node.netmap()["node"]["endpoints"] == ["192.0.2.1:1"]
    finally:
        server.close()


def test_renewed_certificate_behind_links(place):
    """live/ has links into archive/, where a renewal puts new files and then moves the links."""
    live, archive = place / "live", place / "archive"
    authority = Authority(place.parent / "authority")
    live.mkdir()
    archive.mkdir()

    def renew(number):
        certificate = authority.issue("127.0.0.1")
        for kind, path in (("cert", certificate.path), ("key", certificate.key_path)):
            name = f"{kind}{number}.pem"
            os.chmod(shutil.copy(path, archive / name), 0o600)
            os.chown(archive / name, NOBODY.pw_uid, NOBODY.pw_gid)
            os.symlink(f"../archive/{name}", live / "new")
            os.rename(live / "new", live / f"{kind}.pem")
        with open(certificate.path, encoding="ascii") as file:
            return ssl.PEM_cert_to_DER_cert(file.read().partition("-----END")[0] +
                                            "-----END CERTIFICATE-----\n")
    before = renew(1)
    server = LocalServer(place.parent, "--user", "nobody", "--tls-cert", str(live / "cert.pem"),
                         "--tls-key", str(live / "key.pem"), "--tls-listen", "127.0.0.1:0",
                         state=str(place / "state" / "server.db")).start()
    port = int(server.addresses[1][1])

    def served():
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port), timeout=20))
    try:
        assert served() == before
        after = renew(2)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: server.log().count("event=tls.ready") == 2, 10, "the new pair")
        assert served() == after != before
    finally:
        server.close()


@pytest.mark.skipif(sanitized(), reason="a build with a sanitizer has no sandbox")
@pytest.mark.skipif(landlock() == "none", reason="this kernel has no Landlock")
@pytest.mark.parametrize("sandbox", ["on", "off"])
def test_root_without_a_user_cannot_open_other_files(tmp_path, sandbox):
    """File modes do not stop root; Landlock does. The server opens its certificate and key while it
    runs: here their links move to a directory that the server did not know when it started."""
    live, elsewhere = tmp_path / "live", tmp_path / "elsewhere"
    authority = Authority(tmp_path / "authority")
    live.mkdir()
    elsewhere.mkdir()

    def point(directory):
        certificate = authority.issue("127.0.0.1")
        for name, path in (("cert.pem", certificate.path), ("key.pem", certificate.key_path)):
            target = shutil.copy(path, directory / f"own-{name}")
            os.symlink(target, live / "new")
            os.rename(live / "new", live / name)
    point(live)
    server = LocalServer(live, "--sandbox", sandbox, "--tls-cert", str(live / "cert.pem"),
                         "--tls-key", str(live / "key.pem"), "--tls-listen", "127.0.0.1:0").start()
    try:
        assert status(server)["Uid"].split() == ["0"] * 4
        point(elsewhere)
        server.process.send_signal(signal.SIGHUP)
        if sandbox == "off":
            wait_for(lambda: server.log().count("event=tls.ready") == 2, 10, "the new pair")
        else:
            server.wait_log("event=tls.reload_failed")
            assert server.log().count("event=tls.ready") == 1
    finally:
        server.close()


@pytest.mark.skipif(not os.access("/proc/sys/vm/drop_caches", os.W_OK),
                    reason="the kernel's caches cannot be dropped here")
def test_metrics_of_the_process_outlive_the_kernels_caches(tmp_path):
    """A rule of Landlock is for an inode: /proc/self must not get another one."""
    server = LocalServer(tmp_path, "--metrics-listen", "127.0.0.1:0").start()
    names = {"process_resident_memory_bytes", "process_open_fds"}

    def told():
        connection = http.client.HTTPConnection("127.0.0.1", int(server.addresses[1][1]), timeout=20)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return names & {line.split()[0] for line in text.splitlines() if line}
    try:
        assert told() == names
        for _ in range(4):  # what was used lately goes in a later turn
            with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
                file.write("2")
        assert told() == names
    finally:
        server.close()


@pytest.mark.skipif(sanitized(), reason="a build with a sanitizer has no sandbox")
def test_sandbox_off(tmp_path):
    server = LocalServer(tmp_path, "--sandbox", "off").start()
    try:
        assert status(server)["Seccomp"] == "0"
        use_it(server)
    finally:
        server.close()
