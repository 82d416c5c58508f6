# SPDX-License-Identifier: Apache-2.0
"""The server as a process: its options, its files, how it starts, stops and fails."""
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import time

import pytest

from authority import Authority
from lab.process import program_environment
from lab.wait import wait_for
from server_fixtures import ADMIN, PROGRAM, LocalServer, Waiter, random_key


@pytest.fixture
def server(tmp_path):
    made = LocalServer(tmp_path)
    yield made
    made.close()


def run(*args, env=None):
    return subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=20,
                          check=False, stdin=subprocess.DEVNULL, env=program_environment(env))


OK = ("--state", "/nonexistent/x", "--admin-token", ADMIN)

BAD_COMMAND_LINES = [
    ((), "--state PATH is missing"),
    (("--state", "/tmp/x"), "no admin token: give --admin-token-file"),
    (("--state", ""), "--state \"\": it must not be empty"),
    (OK + ("--listen", "localhost:80"), "--listen localhost:80: not an address and a port"),
    (OK + ("--listen", "1.2.3.4"), "--listen 1.2.3.4: not an address and a port"),
    (OK + ("--listen", "1.2.3.4:70000"), "not an address and a port"),
    (OK + ("--listen", "::1:80"), "not an address and a port"),
    (OK + ("--listen", "1.2.3.4:80,"), "--listen : not an address and a port"),
    (OK + ("--stun", "nohost"), "--stun nohost: not a host and a port"),
    (OK + ("--turn", "a:b"), "--turn a:b: not a host and a port"),
    (OK + ("--stream-relay", "a:0"), "--stream-relay a:0: not a host and a port"),
    (OK + ("--udp-relay", ":1"), "--udp-relay :1: not a host and a port"),
    (OK + ("--dns", "x"), "--dns x: not a host and a port"),
    (OK + ("--control-url", "ftp://x"), "--control-url ftp://x: not an http:// or https:// URL"),
    (OK + ("--nonsense",), "--nonsense: unknown option; see --help"),
    (OK + ("--tls-crt", "x"), "--tls-crt: unknown option; did you mean --tls-cert?"),
    (OK + ("--metrics-listne=x",), "--metrics-listne: unknown option; did you mean --metrics-listen?"),
    (OK + ("-x",), "-x: unknown option; see --help"),
    (OK + ("extra",), "extra: not an option"),
    (("--state",), "--state: missing argument"),
    (("--state", "/tmp/x", "--admin-token", ""), "the admin token must have 1 to 128 characters"),
    (("--state", "/tmp/x", "--admin-token", "a b"), "may only have printable ASCII"),
    (("--state", "/tmp/x", "--admin-token-file", "/nonexistent"),
     "--admin-token-file: cannot read /nonexistent: No such file"),
]


@pytest.mark.parametrize("args,text", BAD_COMMAND_LINES, ids=range(len(BAD_COMMAND_LINES)))
def test_bad_command_lines(args, text):
    done = run(*args)
    assert done.returncode == 2, done
    assert text in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert done.stdout == ""


# What others have of which this server has nothing yet: refused rather than ignored.
LATER = ("--db-url --db-url-file --udp-relay-listen --stream-relay-listen --dns-listen --stun-listen "
         "--mesh-server-id --mesh-listen --mesh-peer --mesh-ca-cert --mesh-cert --mesh-key "
         "--mesh-max-hops").split()


@pytest.mark.parametrize("option", LATER)
def test_later_options_are_refused(option, tmp_path):
    done = run(*OK, f"{option}=x")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"lightscale-server: {option}: this version has no such option\n"
    path = tmp_path / "config.json"
    path.write_text(json.dumps({option[2:]: "x"}))
    done = run(*OK, "--config", str(path))
    assert done.returncode == 2
    assert done.stderr == f"lightscale-server: {path}: {option[2:]}: this version has no such option\n"


def test_a_misspelt_option_does_not_show_its_value():
    done = run("--admin-tokn=sesame")
    assert done.returncode == 2 and "sesame" not in done.stderr
    assert "did you mean --admin-token?" in done.stderr


def test_help_and_version():
    done = run("--help")
    assert done.returncode == 0 and "--admin-token-file" in done.stdout
    done = run("--version")
    assert done.returncode == 0 and done.stdout.startswith("lightscale-server ")


def test_admin_token_is_not_in_the_process_list(server):
    secret = "do-not-show-this-one"
    for form in (["--admin-token", secret], ["--admin-token=" + secret]):
        server.args = form
        server.start()
        with open(f"/proc/{server.process.pid}/cmdline", "rb") as file:
            assert secret.encode() not in file.read()
        assert server.request("GET", "/v1/networks", token=secret).status == 200
        assert server.request("GET", "/v1/networks", token=ADMIN).status == 401
        server.stop()


def test_admin_token_from_a_file(server, tmp_path):
    path = tmp_path / "token"
    path.write_text("from-a-file-of-its-own\n")
    server.args = ["--admin-token-file", str(path)]
    server.start()
    assert server.request("GET", "/v1/networks", token="from-a-file-of-its-own").status == 200


def write(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


# Each way to give a token: the words of the command line and the environment.
WAYS = {
    "option": lambda token, path: (["--admin-token", token], {}),
    "file": lambda token, path: (["--admin-token-file", write(path, token + "\n")], {}),
    "environment": lambda token, path: ([], {"LIGHTSCALE_ADMIN_TOKEN": token}),
    "config": lambda token, path: (
        ["--config", write(path, json.dumps({"admin-token": token}))], {}),
}
WEAK, STRONG = "fifteen-signs-0", "sixteen-signs-00"


@pytest.mark.parametrize("way", WAYS)
def test_weak_admin_tokens_are_refused(tmp_path, way):
    args, env = WAYS[way](WEAK, tmp_path / "token")
    done = run("--state", str(tmp_path / "x.db"), *args, env=env)
    assert done.returncode == 2 and done.stderr == (
        "lightscale-server: the admin token has fewer than 16 characters, so others can guess it; "
        "make one with: head -c 24 /dev/urandom | base64\n")
    assert not (tmp_path / "x.db").exists()
    # This state cannot be opened: the options before it were all right.
    args, env = WAYS[way](STRONG, tmp_path / "token")
    done = run("--state", "/proc/x/server.db", "--listen", "127.0.0.1:0", *args, env=env)
    assert done.returncode == 1 and "/proc/x" in done.stderr and "fewer" not in done.stderr


@pytest.mark.parametrize("way", ["option", "file", "config"])
def test_weak_admin_tokens_can_be_allowed(server, tmp_path, way):
    flag = ["--allow-weak-admin-token"]
    if way == "config":
        flag = ["--config", write(tmp_path / "config", '{"allow-weak-admin-token": true}')]
    args, _ = WAYS["file" if way == "file" else "option"](WEAK, tmp_path / "token")
    server.args = args + flag
    server.start()
    assert "level=warn event=options.weak_admin_token" in server.log()
    assert server.request("GET", "/v1/networks", token=WEAK).status == 200
    if way == "config":
        config = write(tmp_path / "config", '{"allow-weak-admin-token": false}')
        done = run("--state", server.state, *args, "--config", config)
        assert done.returncode == 2 and "fewer than 16 characters" in done.stderr


@pytest.mark.parametrize("listen,args,warned", [
    (("0.0.0.0:0",), (), True),
    (("127.0.0.1:0", "[::]:0", "0.0.0.0:0"), (), True),
    (("127.0.0.1:0", "127.9.9.9:0", "[::1]:0"), (), False),
    # A proxy on this host needs only loopback, one on another host needs more.
    (("0.0.0.0:0",), ("--trusted-proxy", "127.0.0.1,::1"), True),
    (("0.0.0.0:0",), ("--trusted-proxy", "127.0.0.1,192.0.2.7"), False),
    # Metrics hold no secrets.
    (("127.0.0.1:0",), ("--metrics-listen", "0.0.0.0:0"), False),
])
def test_plain_http_to_other_hosts_is_said_once(tmp_path, listen, args, warned):
    server = LocalServer(tmp_path, *args, listen=listen).start()
    try:
        lines = [line for line in server.log().splitlines() if "event=server.plain_http" in line]
        assert len(lines) == warned
        if warned:
            port = next(port for ip, port in server.addresses if not ip.startswith("127."))
            ip = "[::]" if "[::]:0" in listen else "0.0.0.0"
            assert f"level=warn event=server.plain_http address={ip}:{port} " in lines[0]
    finally:
        server.close()


def test_tls_to_other_hosts_needs_no_warning(tmp_path):
    certificate = Authority(tmp_path / "authority").issue("127.0.0.1")
    server = LocalServer(tmp_path, "--tls-cert", certificate.path, "--tls-key",
                         certificate.key_path, listen=("0.0.0.0:0",)).start()
    try:
        assert "scheme=https" in server.log() and "server.plain_http" not in server.log()
    finally:
        server.close()


def test_database_mode_and_directory(tmp_path):
    server = LocalServer(tmp_path, state=str(tmp_path / "new" / "deep" / "server.db")).start()
    server.network()
    folder = os.path.dirname(server.state)
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    modes = {name: stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode)
             for name in os.listdir(folder)}
    assert "server.db" in modes and "server.db-wal" in modes
    assert set(modes.values()) == {0o600}, modes
    server.close()


def failed_start(server):
    server.start(expect_failure=True)
    assert server.process.wait(10) == 1
    return server.log()


def test_second_server_on_the_same_file(server, tmp_path):
    server.start()
    (tmp_path / "second").mkdir()
    second = LocalServer(tmp_path / "second", state=server.state)
    assert "is in use by another lightscale-server" in failed_start(second)
    assert server.request("GET", "/healthz", token=None).status == 200


def test_listen_address_in_use(server, tmp_path):
    server.start()
    (tmp_path / "second").mkdir()
    second = LocalServer(tmp_path / "second", listen=(f"127.0.0.1:{server.port}",))
    assert f"cannot listen on 127.0.0.1:{server.port}: Address already in use" in failed_start(
        second)


def test_path_that_is_no_database(tmp_path):
    assert "not a regular file" in failed_start(LocalServer(tmp_path, state="/dev/null"))
    (tmp_path / "file").write_text("x")
    server = LocalServer(tmp_path, state=str(tmp_path / "file" / "x.db"))
    assert "cannot make the directory" in failed_start(server) or "Not a directory" in server.log()


def test_other_files_are_left_alone(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("these are my notes, and they are longer than a header\n" * 100)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE mine (x)")
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA application_id = 1282630449")
        db.execute("PRAGMA user_version = 99")
    for path, message in ((text, "is damaged"), (other, "is a database of another program"),
                          (newer, "was made by a newer lightscale-server")):
        before = path.read_bytes()
        assert message in failed_start(LocalServer(tmp_path, state=str(path)))
        assert path.read_bytes() == before
        assert not os.path.exists(str(path) + "-wal")


def test_corrupt_database_is_reported(server):
    server.start()
    token = server.token(server.network())
    for _ in range(50):
        server.register(token)
    server.stop()
    with open(server.state, "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        for page in range(2, size // 4096):
            file.seek(page * 4096)
            file.write(os.urandom(512))
    with open(server.state, "rb") as file:
        before = file.read()
    log = failed_start(server)
    assert "is damaged" in log and "restore a backup" in log
    with open(server.state, "rb") as file:
        assert file.read() == before


def test_bad_row_is_reported(server):
    server.start()
    server.register(server.token(server.network()))
    server.stop()
    with sqlite3.connect(server.state) as db:
        db.execute("UPDATE nodes SET ipv4 = 'nonsense'")
    assert "holds an invalid value" in failed_start(server)


@pytest.mark.parametrize("max_age", [None, 99999])
def test_restart_keeps_everything(server, max_age):
    server.start()
    network = server.network(requires_approval=True, key_rotation_max_age_seconds=max_age)
    token = server.token(network, uses=5, tags=["t"])
    a, b = server.register(token, "a"), server.register(token, "b")
    server.api("POST", f"/v1/admin/nodes/{a.id}/approve")
    made = server.register_url(network, "c")
    server.api("GET", made["auth_path"], token=None)
    server.api("PUT", f"/v1/networks/{network['id']}/acl", {"policy": {
        "rules": [{"action": "deny", "src": {"tags": ["x"]}, "dst": {"any": True}}]}})
    a.heartbeat(endpoints=["192.0.2.1:1"], routes=[
        {"prefix": "0.0.0.0/0", "kind": "exit", "enabled": True},
        {"prefix": "10.0.0.0/24", "kind": "subnet", "enabled": False,
         "mapped_prefix": "10.1.0.0/24"}])
    server.api("POST", f"/v1/nodes/{b.id}/revoke")

    def everything():
        netmap = a.netmap()
        netmap.pop("generated_at")
        if max_age:
            # The clock may have been set while no server ran, so each start is a new revision.
            netmap.pop("revision")
        return (netmap, server.api("GET", "/v1/networks"), server.api("GET", "/v1/audit"),
                server.api("GET", f"/v1/networks/{network['id']}/tokens"),
                server.api("GET", f"/v1/networks/{network['id']}/acl"),
                server.api("GET", f"/v1/admin/networks/{network['id']}/nodes"),
                server.api("GET", f"/v1/nodes/{b.id}/keys"))
    before = everything()
    assert server.log().count("event=store.new ") == 1
    assert server.stop() == 0
    server.start()
    assert everything() == before
    server.kill()
    server.start()
    assert everything() == before
    assert server.register(token, "d").info["ipv4"].endswith(".13")
    assert server.log().count("event=store.new ") == 1


def test_last_seen_is_written_on_stop(server):
    server.start()
    network = server.network()
    node = server.register(server.token(network))
    registered = node.netmap()["node"]["last_seen"]
    wait_for(lambda: node.heartbeat() and time.time() > registered + 1.5, 5, "a later second")
    path = f"/v1/admin/networks/{network['id']}/nodes"
    seen = server.api("GET", path)["nodes"][0]["last_seen"]
    assert seen > registered
    server.stop()
    server.start()
    assert server.api("GET", path)["nodes"][0]["last_seen"] == seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_answers_what_waits(server, number):
    server.start()
    token = server.token(server.network())
    nodes = [server.register(token) for _ in range(5)]
    revision = nodes[0].revision()
    waiters = [Waiter(node, revision, 300, credential) for node in nodes
               for credential in (node.token, *[ADMIN] * 9)]
    idle = socket.create_connection(("127.0.0.1", server.port))
    wait_for(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) > 55, 10, "the polls")
    started = time.monotonic()
    server.process.send_signal(number)
    for waiter in waiters:
        answer = waiter.answer()
        assert answer.status == 200 and answer.json["revision"] == revision
        assert answer.headers["Connection"] == "close"
    assert server.process.wait(10) == 0
    assert time.monotonic() - started < 3
    assert "event=server.stopped" in server.log()
    idle.close()


def test_stop_finishes_requests_under_way(server):
    """Every registration that is answered during the stop is there afterwards."""
    server.start()
    network = server.network(overlay_v4="10.60.0.0/16")
    token = server.token(network)
    acknowledged, threads = [], []

    def storm():
        connection = server.connect()
        try:
            while True:
                acknowledged.append(server.register(token, connection=connection).id)
        except (OSError, AssertionError, Exception):  # the server is gone
            connection.close()
    for _ in range(8):
        threads.append(threading.Thread(target=storm))
        threads[-1].start()
    wait_for(lambda: len(acknowledged) > 50, 10, "some registrations")
    assert server.stop() == 0
    for thread in threads:
        thread.join()
    server.start()
    listed = {n["id"] for n in server.api(
        "GET", f"/v1/admin/networks/{network['id']}/nodes")["nodes"]}
    assert set(acknowledged) <= listed


def test_silent_and_slow_clients_do_not_block_others(server):
    server.start()
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    for conn in silent[:50]:
        conn.sendall(b"POST /v1/register HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
    assert server.request("GET", "/healthz", token=None).status == 200
    for conn in silent:
        conn.close()


def test_full_disk(small_disk, tmp_path):
    server = LocalServer(tmp_path, state=str(small_disk / "server.db")).start()
    try:
        network = server.network(overlay_v4="10.61.0.0/16")
        token = server.token(network)
        node = server.register(token, "first")
        ballast = small_disk / "ballast"

        def fill():
            with open(ballast, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(b"\0" * 4096)
                except OSError:
                    pass
        fill()

        def register(name):
            return server.request("POST", "/v1/register", {
                "token": token, "node_name": name, "machine_public_key": random_key(),
                "wg_public_key": random_key()}, token=None)

        def registered_until_full():
            """Room inside of files that exist already is used up first."""
            names, failed = ["first"], None
            while failed is None:
                assert len(names) < 500
                answer = register(f"n{len(names)}")
                if answer.status == 200:
                    names.append(f"n{len(names)}")
                else:
                    failed = answer
            return names, failed
        names, failed = registered_until_full()
        assert failed.status == 500
        assert "storage" in failed.error and "nothing was changed" in failed.error
        assert "level=error event=request.failed" in server.log()
        # Reading goes on, and shows what was acknowledged, no more.
        path = f"/v1/admin/networks/{network['id']}/nodes"
        assert [n["name"] for n in server.api("GET", path)["nodes"]] == names
        revision = node.revision()
        assert node.heartbeat()["revision"] == revision
        for i in range(30):
            answer = register(f"no{i}")
            assert answer.status == 500
        assert server.log().count("event=request.failed") <= 6
        assert node.revision() == revision
        # Space returns: so do changes, without a restart.
        os.unlink(ballast)
        assert register("later").status == 200
        assert node.revision() == revision + 1
        server.kill()
        server.start()
        assert [n["name"] for n in server.api("GET", path)["nodes"]] == names + ["later"]
        assert node.revision() == revision + 1
    finally:
        server.close()


def test_live_backup_can_be_read(server, tmp_path):
    """The sqlite3 shell and backups may read the file while the server runs."""
    server.start()
    server.register(server.token(server.network()), "kept")
    copy = sqlite3.connect(tmp_path / "copy.db")
    with sqlite3.connect(f"file:{server.state}?mode=ro", uri=True) as db:
        db.backup(copy)
    assert copy.execute("SELECT name FROM nodes").fetchall() == [("kept",)]
    copy.close()
    assert server.request("GET", "/healthz", token=None).status == 200


def test_secrets_are_not_in_the_database(server):
    server.start()
    network = server.network()
    token = server.token(network)
    node = server.register(token)
    made = server.register_url(network)
    server.stop()
    data = b"".join(open(server.state + end, "rb").read() for end in ("", "-wal")
                    if os.path.exists(server.state + end))
    for secret in (token, node.token, made["node_token"], made["auth_path"].split("/")[-1],
                   ADMIN):
        assert secret.encode() not in data


def test_a_signal_during_the_start_is_not_lost(server):
    """It listens, but has not come to its loop yet: it still ends in order."""
    for _ in range(20):
        server.start()
        assert server.stop() == 0
    assert server.log().count("event=server.stopped") == 20


def test_a_database_elsewhere_is_not_ignored_in_silence(tmp_path, monkeypatch):
    monkeypatch.setattr("server_fixtures.program_environment", lambda extra: program_environment(
        {**extra, "LIGHTSCALE_DB_URL": "postgres://user:sesame@db/x"}))
    made = LocalServer(tmp_path).start()
    try:
        assert "event=options.ignored variable=LIGHTSCALE_DB_URL" in made.log()
        assert "sesame" not in made.log()
    finally:
        made.close()
