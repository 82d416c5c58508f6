# SPDX-License-Identifier: Apache-2.0
"""The database under the running server: locked by another program, taken away, on a full disk,
and very large. Whatever happens to it, the server answers who only reads, and never says of a
change that it was made when it may be lost."""
import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time

import pytest

from lab.process import program_environment
from lab.wait import wait_for
from server_fixtures import ADMIN, LocalServer, Waiter
from test_server_metrics import Metrics

WAITING_S = 5  # how long a request waits for the store, as docs/server.md says
# What the loop may need to answer, on a machine that is busy with other tests.
SOON_S = 0.5


@pytest.fixture
def server(tmp_path):
    (tmp_path / "db").mkdir()
    made = LocalServer(tmp_path, "--metrics-listen", "127.0.0.1:0",
                       state=str(tmp_path / "db" / "server.db"))
    yield made
    made.close()


@contextlib.contextmanager
def locked(path):
    """Another program holds the database locked. Yields a function that ends that."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("BEGIN EXCLUSIVE")
    try:
        yield lambda: database.execute("ROLLBACK")
    finally:
        database.close()


class Asker(threading.Thread):
    """A request on a thread of its own."""

    def __init__(self, server, *request):
        super().__init__()
        self.server = server
        self.request = request
        self.result = None
        self.seconds = 0.0
        self.start()

    def run(self):
        begin = time.monotonic()
        self.result = self.server.request(*self.request)
        self.seconds = time.monotonic() - begin

    def answer(self):
        self.join(60)
        assert self.result is not None
        return self.result


def ask_soon(server, *request, status=200):
    begin = time.monotonic()
    answer = server.request(*request)
    assert time.monotonic() - begin < SOON_S, request
    assert answer.status == status, answer
    return answer


def not_ready(server, text):
    answer = ask_soon(server, "GET", "/readyz", None, None, status=503)
    assert answer.error == f"not ready: the storage {text}; changes are refused, reading goes on"
    return True


def is_ready(server):
    return server.request("GET", "/readyz", token=None).status == 200


def names(server):
    return sorted(n["name"] for n in server.api("GET", "/v1/networks")["networks"])


class Watchdog:
    """The service manager: the longest time that it heard nothing."""

    def __init__(self, directory, monkeypatch):
        self.path = os.path.join(directory, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.heard = []
        threading.Thread(target=self.listen, daemon=True).start()
        monkeypatch.setattr("server_fixtures.program_environment", lambda extra: program_environment(
            {**extra, "NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": "200000"}))

    def listen(self):
        while True:
            if b"WATCHDOG=1" in self.socket.recv(4096):
                self.heard.append(time.monotonic())

    def longest_silence(self, since, until):
        times = [since, *(t for t in self.heard if since < t < until), until]
        return max(b - a for a, b in zip(times, times[1:]))


@pytest.mark.main_subset
def test_locked_by_another_program(server, tmp_path, monkeypatch):
    """As long as the lock is there, changes are refused after a while; all others do not notice."""
    watchdog = Watchdog(tmp_path, monkeypatch)
    server.start()
    network, other = server.network("one"), server.network("two")
    token = server.token(network)
    node, reader = server.register(token), server.register(token)
    revision = reader.revision()
    with locked(server.state) as release:
        begin = time.monotonic()
        poll = Waiter(reader, revision, timeout=2)
        changes = [Asker(server, "POST", "/v1/networks", {"name": "three"}),
                   Asker(server, "PUT", f"/v1/networks/{other['id']}/acl", {"policy": {}}),
                   Asker(server, "PUT", f"/v1/networks/{network['id']}/key-policy",
                         {"max_age_seconds": 99999}),
                   Asker(server, "PUT", f"/v1/admin/nodes/{node.id}", {"name": "renamed"})]
        while any(change.is_alive() for change in changes):
            ask_soon(server, "GET", "/healthz", None, None)
            ask_soon(server, "GET", f"/v1/netmap/{reader.id}", None, reader.token)
            ask_soon(server, "GET", "/v1/audit?limit=5")
            ask_soon(server, "GET", f"/v1/nodes/{reader.id}/keys")
            ask_soon(server, "POST", "/v1/heartbeat",
                     {"node_id": reader.id, "endpoints": [], "routes": []}, reader.token)
        waited = time.monotonic() - begin
        for change in changes:
            answer = change.answer()
            assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0, answer
            assert answer.error == ("another program holds the server's database locked; nothing "
                                    "was changed; try again later")
            # They do not wait one after the other, though two are of one network.
            assert WAITING_S - 0.5 < change.seconds < WAITING_S + 3
        assert poll.answer().status == 200
        assert watchdog.longest_silence(begin, begin + waited) < 1
        not_ready(server, "is locked by another program")
        assert Metrics(server).get("lightscale_store_refused_total", reason="too_long") == 4
        assert server.log().count("event=store.failing") == 1
        # One more is under way when the lock goes: it need not ask again.
        late = Asker(server, "PUT", f"/v1/admin/nodes/{node.id}", {"name": "late"})
        wait_for(lambda: Metrics(server).get("lightscale_changes_waiting") == 1)
        release()
        assert late.answer().status == 200
    wait_for(lambda: is_ready(server))
    assert "event=store.works" in server.log()
    assert names(server) == ["one", "two"]
    assert node.netmap()["node"]["name"] == "late"
    assert server.api("GET", f"/v1/networks/{network['id']}/key-policy")["policy"] == {
        "max_age_seconds": None}


@pytest.mark.main_subset
def test_clients_that_have_left_are_not_waited_for(server):
    server.start()
    network = server.network()
    with locked(server.state) as release:
        left = []
        for i in range(60):
            connection = server.connect()
            body = b'{"ttl_seconds": 60, "uses": 1, "tags": []}'
            connection.request("POST", f"/v1/networks/{network['id']}/tokens", body=body,
                               headers={"Authorization": "Bearer " + ADMIN})
            left.append(connection)
        wait_for(lambda: Metrics(server).get("lightscale_changes_waiting") == 60)
        for connection in left:
            connection.close()
        wait_for(lambda: Metrics(server).get("lightscale_changes_waiting") == 0, WAITING_S - 2)
        stays = Asker(server, "POST", "/v1/networks", {"name": "stays"})
        wait_for(lambda: Metrics(server).get("lightscale_changes_waiting") == 1)
        release()
        assert stays.answer().status == 200
    assert Metrics(server).get("lightscale_store_refused_total", reason="client_gone") == 60
    assert server.api("GET", f"/v1/networks/{network['id']}/tokens")["tokens"] == []
    assert len(server.api("GET", "/v1/audit")["entries"]) == 2


def test_start_while_locked(server):
    """Only changes need the lock."""
    server.start()
    server.network("kept")
    server.stop()
    with locked(server.state) as release:
        server.start()
        assert names(server) == ["kept"]
        release()
        server.network("later")
    # Files are looked at as ever.
    overwrite(server.state)
    ask_soon(server, "POST", "/v1/networks", {"name": "lost"}, status=500)


def test_stop_while_locked(server):
    """The server ends within a bounded time, and says what it could not write."""
    server.start()
    node = server.register(server.token(server.network("kept")))
    wait_for(lambda: time.time() > node.first_netmap["node"]["last_seen"] + 1)
    node.heartbeat()
    with locked(server.state):
        change = Asker(server, "POST", "/v1/networks", {"name": "lost"})
        wait_for(lambda: Metrics(server).get("lightscale_changes_waiting") == 1)
        server.process.send_signal(signal.SIGTERM)
        assert change.answer().status == 503
        assert server.process.wait(20) == 0
    assert "event=store.unwritten commits=1" in server.log()  # when the node was last seen
    server.start()
    assert names(server) == ["kept"]


@pytest.mark.main_subset
def test_many_networks_share_a_transaction(server):
    """What has come while the database was locked is written at once, each change by itself."""
    server.start()
    networks = [server.network(f"n{i}", overlay_v4=f"10.9.{i}.0/24") for i in range(20)]
    before = Metrics(server).get("lightscale_store_transactions_total")
    with locked(server.state) as release:
        changes = [Asker(server, "PUT", f"/v1/networks/{n['id']}/key-policy",
                         {"max_age_seconds": 1000 + i}) for i, n in enumerate(networks)]
        wait_for(lambda: Metrics(server).get("lightscale_changes_waiting") == 20)
        release()
        assert [change.answer().status for change in changes] == [200] * 20
    assert Metrics(server).get("lightscale_store_transactions_total") < before + 20
    for i, n in enumerate(networks):
        policy = server.api("GET", f"/v1/networks/{n['id']}/key-policy")["policy"]
        assert policy == {"max_age_seconds": 1000 + i}


def swap_for_a_copy(path):
    shutil.copy(path, path + ".copy")
    os.rename(path + ".copy", path)


def overwrite(path):
    data = sqlite_backup(path)
    with open(path, "r+b") as file:
        file.write(data)
        file.truncate()


def sqlite_backup(path):
    """The content of a copy, made as docs/server.md says."""
    copy = path + ".backup"
    subprocess.run(["sqlite3", path, f".backup {copy}"], check=True)
    with open(copy, "rb") as file:
        data = file.read()
    os.unlink(copy)
    return data


def swap_directory(path):
    directory = os.path.dirname(path)
    os.rename(directory, directory + ".old")
    shutil.copytree(directory + ".old", directory)


TAKEN = {
    "database deleted": ("", os.unlink),
    "database moved": ("", lambda path: os.rename(path, path + ".aside")),
    "database replaced": ("", swap_for_a_copy),
    "database overwritten": ("", overwrite),
    "database emptied": ("", lambda path: os.truncate(path, 0)),
    "wal deleted": ("-wal", os.unlink),
    "wal moved": ("-wal", lambda path: os.rename(path, path + ".aside")),
    "wal replaced": ("-wal", swap_for_a_copy),
    "wal truncated": ("-wal", lambda path: os.truncate(path, 0)),
    "wal overwritten": ("-wal", lambda path: write(path, b"x" * os.path.getsize(path))),
    "shm deleted": ("-shm", os.unlink),
    "shm replaced": ("-shm", swap_for_a_copy),
    "directory replaced": ("", swap_directory),
}


@pytest.mark.main_subset
@pytest.mark.parametrize("case", TAKEN)
def test_a_file_that_is_taken_away(server, case):
    """No change is acknowledged any more, and everybody hears why."""
    ending, take = TAKEN[case]
    server.start()
    server.network("kept")
    take(server.state + ending)
    answer = ask_soon(server, "POST", "/v1/networks", {"name": "lost"}, status=500)
    assert answer.error == ("the server's database was moved, replaced or deleted; nothing was "
                            "changed")
    assert "event=store.failing" in server.log()
    assert f"{server.state}{ending} was " in server.log()
    not_ready(server, "was moved, replaced or deleted")
    assert Metrics(server).get("lightscale_store_up") == 0
    assert names(server) == ["kept"]
    # It is not forgotten either.
    ask_soon(server, "POST", "/v1/networks", {"name": "lost"}, status=500)
    assert server.log().count("event=store.failing") == 1


@pytest.mark.parametrize("ending", ("", "-wal", "-shm"))
def test_a_file_that_comes_back(server, ending):
    server.start()
    server.network("kept")
    path = server.state + ending
    os.rename(path, path + ".aside")
    ask_soon(server, "POST", "/v1/networks", {"name": "lost"}, status=500)
    os.rename(path + ".aside", path)
    # No change is needed to find out.
    wait_for(lambda: is_ready(server))
    server.network("later")
    server.kill()
    server.start()
    assert names(server) == ["kept", "later"]


def test_nothing_is_lost_without_the_wal(server):
    """An orderly end brings into the database what only the deleted file has."""
    server.start()
    server.network("one")
    os.unlink(server.state + "-wal")
    ask_soon(server, "POST", "/v1/networks", {"name": "lost"}, status=500)
    assert server.stop() == 0
    assert "event=store.stale whole=1" in server.log()
    server.start()
    assert names(server) == ["one"]


def test_nobody_needs_to_change_anything(server):
    """The server finds out by itself, and brings into the database what only the deleted file has:
    then even a kill loses nothing."""
    server.start()
    server.network("one")
    os.unlink(server.state + "-wal")
    wait_for(lambda: server.request("GET", "/readyz", token=None).status == 503)
    not_ready(server, "was moved, replaced or deleted")
    assert server.log().count("event=store.failing") == 1
    assert "event=store.rescued" in server.log()
    server.kill()
    server.start()
    assert names(server) == ["one"]


def test_a_link_that_is_turned(server, tmp_path):
    link = tmp_path / "link.db"
    link.symlink_to(server.state)
    server.state, real = str(link), server.state
    server.start()
    server.network("kept")
    (tmp_path / "link.new").symlink_to(tmp_path / "other.db")
    os.rename(tmp_path / "link.new", link)
    ask_soon(server, "POST", "/v1/networks", {"name": "lost"}, status=500)
    assert f"{link} was moved, replaced or deleted" in server.log()
    server.stop()
    server.state = real
    server.start()
    assert names(server) == ["kept"]


def restore_after_the_stop(server, data):
    """As docs/server.md says."""
    server.stop()
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(server.state + ending)
    write(server.state, data)


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def replace(path, data):
    write(path + ".new", data)
    os.rename(path + ".new", path)


def restore_too_early(put):
    def restore(server, data):
        put(server.state, data)
        ask_soon(server, "POST", "/v1/networks", {"name": "lost"}, status=500)
        server.stop()
    return restore


RESTORES = {
    "as documented": restore_after_the_stop,
    "replaced while it runs": restore_too_early(replace),
    "overwritten while it runs": restore_too_early(write),
}


@pytest.mark.parametrize("how", RESTORES)
def test_a_restored_backup(server, how):
    """What is in the backup is there, whole, and nothing else."""
    server.start()
    first = server.register(server.token(server.network("first")))
    data = sqlite_backup(server.state)
    server.register(server.token(server.network("second")))
    RESTORES[how](server, data)
    server.start()
    assert names(server) == ["first"]
    assert first.netmap()["node"]["id"] == first.id
    server.network("third")
    server.kill()
    server.start()
    assert names(server) == ["first", "third"]
    database = sqlite3.connect(server.state)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


def test_a_wal_that_is_not_ours(server):
    """The -wal of an old copy would be replayed over the database."""
    server.start()
    server.network("one")
    old = server.state + "-wal.old"
    shutil.copy(server.state + "-wal", old)
    server.network("two")
    os.rename(old, server.state + "-wal")
    ask_soon(server, "POST", "/v1/networks", {"name": "lost"}, status=500)
    server.stop()
    server.start()
    assert names(server) == ["one", "two"]
    assert os.path.exists(server.state + "-wal.replaced")


def fill(path):
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


def test_not_ready_while_changes_fail(small_disk, tmp_path):
    """There is room for the smallest write, and for no change: the server is not ready. It is when
    there is room for changes."""
    server = LocalServer(tmp_path, "--metrics-listen", "127.0.0.1:0",
                         state=str(small_disk / "server.db")).start()
    try:
        network = server.network()
        fill(small_disk / "ballast")
        # No change is needed to find out.
        wait_for(lambda: not is_ready(server))
        not_ready(server, "is full")
        create = ("POST", f"/v1/networks/{network['id']}/tokens",
                  {"ttl_seconds": 60, "uses": 1, "tags": ["x" * 60] * 60})
        wait_for(lambda: server.request(*create).status == 500, 30)
        # Two pages: one more than the change of one page needs.
        os.truncate(small_disk / "ballast", os.path.getsize(small_disk / "ballast") - 8192)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            not_ready(server, "is full")
            assert server.request("POST", "/v1/networks", {
                "name": "n" * 128, "bootstrap_token_ttl_seconds": 60,
                "bootstrap_token_tags": ["y" * 64] * 60}).status == 500
            assert Metrics(server).get("lightscale_store_up") == 0
        os.unlink(small_disk / "ballast")
        wait_for(lambda: is_ready(server))
        assert server.request(*create).status == 200
    finally:
        server.close()


ROWS = 200000


def uuid_of(kind, number):
    return f"{kind:08x}-0000-4000-8000-{number:012x}"


def add_rows(path, rows):
    """Four networks of 25 nodes each; their entries are mixed."""
    database = sqlite3.connect(path)
    uuid_sql = "printf('%08x-0000-4000-8000-%012x', {}, {})".format
    with database:
        database.execute(
            "INSERT INTO audit (id, timestamp, network_id, node_id, action, detail, actor, source)"
            " WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
            f" SELECT {uuid_sql(3, 'i')}, 1700000000 + i, {uuid_sql(1, 'i % 4')},"
            f" {uuid_sql(2, 'i % 100')}, 'node.update', 'detail ' || i, 'admin',"
            " '192.0.2.1' FROM n", (rows,))
    database.close()


class Reader(threading.Thread):
    """Reads the audit log without a look at what comes, which would take longer than to get it."""

    def __init__(self, server, query):
        super().__init__()
        self.server = server
        self.query = query
        self.body = None
        self.start()

    def run(self):
        connection = self.server.connect()
        connection.request("GET", "/v1/audit?" + self.query,
                           headers={"Authorization": "Bearer " + ADMIN})
        self.body = connection.getresponse().read()
        connection.close()

    def entries(self):
        self.join(60)
        return json.loads(self.body)["entries"]


def pages(server, query, cursor, pick):
    """All pages of a query; the first one begins at an entry of an other network."""
    found = []
    start = uuid_of(3, 0 if cursor == "after" else ROWS - 4)
    page = Reader(server, f"{query}&{cursor}={start}").entries()
    while page:
        found.append(page)
        page = Reader(server, f"{query}&{cursor}={pick(page)['id']}").entries()
    return found


def test_a_long_audit_log(server):
    """Its pages are whole and in order, and nobody waits for who reads them."""
    server.start()
    server.stop()
    add_rows(server.state, ROWS)
    server.start()
    nobody = f"limit=10000&network_id={uuid_of(1, 1)}&node_id={uuid_of(2, 2)}"
    readers = [Reader(server, "limit=10000") for _ in range(4)] + [Reader(server, nobody)]
    while any(one.is_alive() for one in readers):
        ask_soon(server, "GET", "/healthz", None, None)
        ask_soon(server, "POST", "/v1/networks", {"name": "meanwhile"})
    assert [len(one.entries()) for one in readers] == [10000] * 4 + [0]
    back = pages(server, f"limit=10000&network_id={uuid_of(1, 3)}", "before", lambda page: page[0])
    details = [entry["detail"] for page in reversed(back) for entry in page]
    assert details == [f"detail {i}" for i in range(ROWS - 4) if i % 4 == 3]
    node = f"limit=700&network_id={uuid_of(1, 3)}&node_id={uuid_of(2, 7)}"
    forth = pages(server, node, "after", lambda page: page[-1])
    details = [entry["detail"] for page in forth for entry in page]
    assert details == [f"detail {i}" for i in range(ROWS) if i % 100 == 7]
    page = server.api("GET", f"/v1/audit?limit=2&after={uuid_of(3, 8)}")["entries"]
    assert [entry["id"] for entry in page] == [uuid_of(3, 9), uuid_of(3, 10)]
    page = server.api("GET", f"/v1/audit?limit=2&before={uuid_of(3, 8)}")["entries"]
    assert [entry["id"] for entry in page] == [uuid_of(3, 6), uuid_of(3, 7)]
    assert server.api("GET", f"/v1/audit?limit=2&before={uuid_of(3, 0)}")["entries"] == []
    for query, text in ((f"before={uuid_of(9, 9)}", "no entry with this id"),
                        (f"after={uuid_of(9, 9)}", "no entry with this id"),
                        (f"after={uuid_of(3, 1)}&before={uuid_of(3, 2)}", "not together")):
        answer = server.request("GET", "/v1/audit?" + query)
        assert answer.status == 400 and text in answer.error, answer
