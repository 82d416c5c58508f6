# SPDX-License-Identifier: Apache-2.0
"""The database under the running server: its files are moved, replaced and deleted. Whatever
happens, the server answers who only reads, and never says of a change that it was made when it may
be lost."""
import contextlib
import os
import shutil
import sqlite3
import subprocess
import time

import pytest

from lab.wait import wait_for
from server_fixtures import LocalServer
from test_server_metrics import Metrics

# What the loop may need to answer, on a machine that is busy with other tests.
SOON_S = 0.5


@pytest.fixture
def server(tmp_path):
    (tmp_path / "db").mkdir()
    made = LocalServer(tmp_path, "--metrics-listen", "127.0.0.1:0",
                       state=str(tmp_path / "db" / "server.db"))
    yield made
    made.close()


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
