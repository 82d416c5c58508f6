# SPDX-License-Identifier: Apache-2.0
"""--config: the options in a file."""
import json
import os
import subprocess

import pytest

from lab.process import program_environment
from server_fixtures import ADMIN, PROGRAM, LocalServer

BAD = [
    ("{", "config.json"),
    ("[]", "must be a JSON object"),
    ('{"nonsense": "x"}', 'config.json: nonsense: unknown option; see --help'),
    ('{"lisen": "x"}', 'config.json: lisen: unknown option; did you mean listen?'),
    ('{"config": "x"}', 'config: unknown option; see --help'),
    ('{"help": "x"}', 'help: unknown option; see --help'),
    ('{"state": 5}', '"state": must be a string'),
    ('{"state": ["a"]}', '"state": must be a string'),
    ('{"listen": 8080}', '"listen": must be a string or an array of strings'),
    ('{"listen": [8080]}', '"listen": must be an array of strings'),
    ('{"listen": "nowhere"}', "--listen nowhere: not an address and a port"),
    ('{"stun": ["a:1", "b"]}', "--stun b: not a host and a port"),
    ('{"state": "a", "state": "b"}', "config.json"),
    ('{"tls-cert": "x"}', "--tls-cert and --tls-key go together"),
    ('{"tls-listen": "127.0.0.1:0"}', "--tls-listen needs --tls-cert"),
    ('{"trusted-proxy": "10.0.0.1/8"}', "--trusted-proxy 10.0.0.1/8: not an address or a prefix"),
    ('{"allow-weak-admin-token": "yes"}', '"allow-weak-admin-token": must be true or false'),
    ('{"admin-token-file": "/nonexistent"}', "--admin-token-file: cannot read /nonexistent"),
]


@pytest.mark.parametrize("text,message", BAD, ids=range(len(BAD)))
def test_bad_files(tmp_path, text, message):
    path = tmp_path / "config.json"
    path.write_text(text)
    done = subprocess.run([PROGRAM, "--config", str(path)], capture_output=True, text=True,
                          timeout=20, check=False,
                          env=program_environment({"LIGHTSCALE_ADMIN_TOKEN": ADMIN}))
    assert done.returncode == 2, done
    assert message in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_missing_file():
    done = subprocess.run([PROGRAM, "--config", "/nonexistent"], capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.returncode == 2 and "--config: cannot read /nonexistent" in done.stderr


def test_all_from_a_file_and_the_command_line_wins(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({
        "listen": ["127.0.0.1:1", "127.0.0.1:2"], "stun": ["stun.example:3478"],
        "control-url": "http://a.example,http://b.example", "state": "/nonexistent/x",
        "admin-token": "token-of-the-file"}))
    path.chmod(0o644)
    server = LocalServer(tmp_path, "--config", str(path))
    server.start()
    try:
        assert server.api("GET", "/v1/admin/topology", token="token-of-the-file")["control_urls"] == [
            f"http://127.0.0.1:{server.port}", "http://a.example", "http://b.example"]
        assert "event=options.readable" in server.log()
        node = server.register(server.api(
            "POST", "/v1/networks", {"name": "n", "bootstrap_token_ttl_seconds": 60},
            token="token-of-the-file")["bootstrap_token"]["token"])
        assert node.first_netmap["relay"]["stun_servers"] == ["stun.example:3478"]
        assert os.path.exists(server.state)
        server.stop()
        path.chmod(0o600)
        os.unlink(server.log_path)
        server.args += ["--admin-token", "token-of-the-line"]
        server.start()
        assert server.request("GET", "/v1/networks", token="token-of-the-line").status == 200
        assert server.request("GET", "/v1/networks", token="token-of-the-file").status == 401
        assert "event=options.readable" not in server.log()
    finally:
        server.close()
