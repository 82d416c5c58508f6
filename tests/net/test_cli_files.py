# SPDX-License-Identifier: Apache-2.0
"""Configuration, state and key files that are damaged: reported with their place, never touched."""
import json
import os
import subprocess

import pytest

from lab.process import program_environment

pytestmark = pytest.mark.control_plane

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
NOBODY = "http://127.0.0.1:1"

BAD_JSON = [
    (b"", "config.json"),
    (b"{", "config.json: line 1"),
    (b"{\n  \"profiles\": {\n    oops\n", "config.json: line 3"),
    (b"[]", "config.json"),
    (b"{\"profiles\": []}", "profiles"),
    (b"{\"profiles\": {\"default\": 5}}", "profiles"),
    (b"{\"profiles\": {\"default\": {\"control_urls\": [5]}}}", "control_urls"),
    (b"{\"profiles\": {\"default\": {\"tls_pinned_sha256\": \"xyz\"}}}", "tls_pinned_sha256"),
    (b"{\"profiles\": {\"default\": {\"autostart\": \"yes\"}}}", "autostart"),
    (b"{\"profiles\": {}, \"profiles\": {}}", "config.json"),
    (b"\xff\xfe\x00", "config.json"),
    (b"{\"profiles\": {}} trailing", "config.json: line 1"),
    (b"[" * 10000, "config.json"),
    (b" " * (2 << 20), "config.json"),
]
BAD_STATES = [
    (b"", "state.json"),
    (b"{", "state.json: line 1"),
    (b"{\n\"node_id\": \"x\",\n}", "state.json: line 3"),
    (b"{}", "state.json"),
    (b"[1, 2]", "state.json"),
    (b"{\"profile\": 5}", "profile"),
    (b"\x00\x01\x02", "state.json"),
]
NEEDS_STATE = ["status", "netmap", "heartbeat", pytest.param("agent", marks=pytest.mark.data_plane),
               pytest.param("wg-up", marks=pytest.mark.data_plane)]


class Home:
    """A configuration and a state directory of a test's own."""

    def __init__(self, path):
        self.path = path
        self.config = path / "config.json"
        self.state_dir = path / "state"
        self.state = self.state_dir / "state.json"

    def run(self, *words):
        program = os.path.join(REPOSITORY, os.environ.get("BUILD_DIR") or "build",
                               "lightscale-client")
        return subprocess.run([program, "--config", self.config, "--state-dir", self.state_dir,
                               *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=30, env=program_environment(), check=False)

    def fails(self, *words):
        """Runs what must fail with one line, which is returned."""
        done = self.run(*words)
        assert done.returncode == 1, done
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    def names(self):
        return sorted(str(path.relative_to(self.path)) for path in self.path.rglob("*"))


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.mark.parametrize("content,text", BAD_JSON, ids=range(len(BAD_JSON)))
@pytest.mark.parametrize("words", [["init", NOBODY], ["status"], ["register", "TOKEN"],
                                   ["--control-url", NOBODY, "register-url", "NET"]],
                         ids=["init", "status", "register", "register-url"])
def test_bad_config_is_reported_and_kept(home, content, text, words):
    home.config.write_bytes(content)
    message = home.fails(*words)
    assert str(home.config) in message and text in message
    assert home.config.read_bytes() == content
    assert home.names() == ["config.json"]


@pytest.mark.parametrize("content,text", BAD_STATES, ids=range(len(BAD_STATES)))
@pytest.mark.parametrize("command", NEEDS_STATE + ["register TOKEN", "register-url NET"])
def test_bad_state_is_reported_and_kept(home, content, text, command):
    home.state_dir.mkdir()
    home.state.write_bytes(content)
    message = home.fails("--control-url", NOBODY, *command.split())
    assert str(home.state) in message and text in message
    assert home.state.read_bytes() == content
    assert home.names() == ["state", "state/state.json"]


def test_init_keeps_what_it_does_not_know(home):
    home.config.write_text(json.dumps({"profiles": {"other": {"control_url": "http://o"}},
                                       "theirs": [1, 2]}))
    assert home.run("init", "http://a:1,http://b/x/").returncode == 0
    config = json.loads(home.config.read_text())
    assert config["theirs"] == [1, 2]
    assert config["profiles"]["other"]["control_url"] == "http://o"
    assert config["profiles"]["default"]["control_urls"] == ["http://a:1", "http://b/x"]


def test_init_replaces_the_urls_only(home):
    assert home.run("init", "http://a:1").returncode == 0
    config = json.loads(home.config.read_text())
    config["profiles"]["default"].update(autostart=True, agent_args=["--listen-port", "1"])
    home.config.write_text(json.dumps(config))
    assert home.run("init", "http://c").returncode == 0
    profile = json.loads(home.config.read_text())["profiles"]["default"]
    assert profile["control_urls"] == ["http://c"]
    assert profile["autostart"] is True and profile["agent_args"] == ["--listen-port", "1"]


@pytest.mark.parametrize("content", ["", "abc", "A" * 43 + "=" + "A", "*" * 44, "A" * 43 + "=",
                                     "AQ" + "A" * 41 + "=\nAQ" + "A" * 41 + "="],
                         ids=["empty", "short", "long", "not base64", "zero", "two"])
@pytest.mark.parametrize("option", ["--machine-private-key-file", "--wg-private-key-file"])
def test_bad_key_file(home, tmp_path, content, option):
    path = tmp_path / "key"
    path.write_text(content)
    message = home.fails("--control-url", NOBODY, "register", "TOKEN", option, path)
    assert str(path) in message and "private key" in message
    assert not content or content[:20] not in message
    assert home.names() == ["key"]


def test_state_directory_that_cannot_be_made(home):
    home.state_dir.write_text("a file")
    message = home.fails("--control-url", NOBODY, "register", "TOKEN")
    assert str(home.state_dir) in message


def test_full_disk_fails_before_the_server_is_told(home):
    """65 KiB must fit beside the state: on this tmpfs they do not."""
    home.state_dir.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", home.state_dir], check=True)
    try:
        message = home.fails("--control-url", NOBODY, "register", "TOKEN")
        assert "cannot write into the state directory" in message
        assert "No space left on device" in message
        assert os.listdir(home.state_dir) == []
    finally:
        subprocess.run(["umount", home.state_dir], check=True)


def test_nobody_answers(home):
    message = home.fails("--control-url", f"{NOBODY},http://127.0.0.1:2", "register", "TOKEN")
    assert "/v1/register" in message and "127.0.0.1:1" in message and "127.0.0.1:2" in message
    assert "refused" in message
    assert "is lightscale-server running there, and is the URL right?" in message
    assert home.names() == ["state"], "nothing may stay but the directory"


def test_nobody_answers_over_tls(home):
    message = home.fails("--control-url", "https://127.0.0.1:1", "register", "TOKEN")
    assert "https://127.0.0.1:1/v1/register: connection refused" in message
