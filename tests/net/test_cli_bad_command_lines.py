# SPDX-License-Identifier: Apache-2.0
"""Command lines that are wrong: exit status, one clear line, nothing on stdout, nothing written."""
import os
import subprocess

import pytest

from lab.process import program_environment

pytestmark = pytest.mark.control_plane

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
USAGE = 2
FAILED = 1

# (words, exit status, what the one line holds)
BAD_LINES = [
    # commands
    ("", USAGE, "no command given (see 'lightscale-client --help')"),
    ("regsiter TOKEN", USAGE, "unknown command 'regsiter'; did you mean 'register'?"),
    ("stauts", USAGE, "did you mean 'status'?"),
    ("xyzzy", USAGE, "unknown command 'xyzzy' (see"),
    ("quit", USAGE, "unknown command 'quit' (see"),
    ("admin", USAGE, "'admin' needs a command after it (see 'lightscale-client admin --help')"),
    ("admin token", USAGE, "'admin token' needs a command after it"),
    ("admin token craete NET", USAGE, "did you mean 'admin token create'?"),
    ("admin nodse NET", USAGE, "did you mean 'admin nodes'?"),
    ("admin node uptade NODE", USAGE, "did you mean 'admin node update'?"),
    ("admn nodes NET", USAGE, "unknown command 'admn'; did you mean 'admin'? (see"),
    ("admin toke create NET", USAGE, "did you mean 'admin token'?"),
    ("admin key-polcy get NET", USAGE, "did you mean 'admin key-policy'?"),
    ("admin NODES NET", USAGE, "did you mean 'admin nodes'?"),
    ("Status", USAGE, "unknown command 'Status'; did you mean 'status'?"),
    ("heart", USAGE, "did you mean 'heartbeat'?"),
    ("wg_up", USAGE, "did you mean 'wg-up'?"),
    # a word that belongs elsewhere
    ("token create NET", USAGE, "unknown command 'token'; did you mean 'admin token'? (see"),
    ("nodes NET", USAGE, "unknown command 'nodes'; did you mean 'admin nodes'?"),
    ("key-policy get NET", USAGE, "did you mean 'admin key-policy'?"),
    ("admin register TOKEN", USAGE, "unknown command 'admin register'; did you mean 'register'?"),
    ("create NET", USAGE, "unknown command 'create' (see"),
    ("daemon", USAGE, "unknown command 'daemon'"),
    ("relay-stream listen", USAGE, "unknown command 'relay-stream'"),
    # global options
    ("--profle x netmap", USAGE, "unknown option --profle; did you mean --profile?"),
    ("--nonsense netmap", USAGE, "unknown option --nonsense (see"),
    ("-x netmap", USAGE, "unknown option -x"),
    ("-profile x netmap", USAGE, "unknown option -profile; did you mean --profile?"),
    ("--bootstrap-ulr http://a netmap", USAGE, "did you mean --bootstrap-url?"),
    ("--JSON netmap", USAGE, "unknown option --JSON (see"),
    ("netmap --JSON", USAGE, "unknown option --JSON; did you mean --json?"),
    # options of a command, before it
    ("--json netmap", USAGE, "option --json goes after its command (see 'lightscale-client --help')"),
    ("--interface ls-x status --wg", USAGE, "option --interface goes after its command"),
    ("--backend=kernel wg-up", USAGE, "option --backend goes after its command (see"),
    ("admin token --uses 3 create NET", USAGE,
     "option --uses goes after its command (see 'lightscale-client admin token --help')"),
    ("netmap --profile", USAGE, "option --profile needs a value: NAME"),
    ("--profile a --profile b netmap", USAGE, "option --profile was given twice"),
    ("--profile a netmap --profile b", USAGE, "option --profile was given twice"),
    ("--profile ../x netmap", USAGE, "--profile: "),
    ("--profile= netmap", USAGE, "--profile: the value must not be empty"),
    ("--control-url ftp://a netmap", USAGE, "--control-url: "),
    ("--control-url http://a:99999 netmap", USAGE, "--control-url: "),
    ("--control-url http://a,,http://b netmap", USAGE,
     "--control-url: the value must not be empty"),
    ("--bootstrap-url nonsense netmap", USAGE, "--control-url: "),
    ("--verbose --quiet netmap", USAGE, "give either --verbose or --quiet"),
    ("--quiet=yes netmap", USAGE, "option --quiet takes no value"),
    ("--admin-token a --admin-token-file b admin nodes N", USAGE,
     "give either --admin-token or --admin-token-file"),
    ("--admin-tokn=sesame admin nodes N", USAGE,
     "unknown option --admin-tokn; did you mean --admin-token?"),
    ("--admin-token-file /nonexistent/token admin nodes N", FAILED,
     "cannot read /nonexistent/token: No such file or directory"),
    # init
    ("init", USAGE, "'init' needs URL[,URL..]"),
    ("init ftp://a", USAGE, "ftp://a"),
    ("init http://a http://b", USAGE, "'init' does not take the argument 'http://b'"),
    ("init http://user@a", USAGE, "http://user@a"),
    ("init http://a --jsno", USAGE, "did you mean --json?"),
    ("--control-url http://a init http://b", USAGE, "not by --control-url"),
    # register and register-url
    ("register", USAGE, "'register' needs TOKEN: an enrolment token"),
    ("register TOKEN --node-name a.b", USAGE, "--node-name"),
    ("register TOKEN --node-name -a", USAGE, "--node-name"),
    ("register TOKEN --node-name " + "a" * 64, USAGE, "--node-name"),
    ("register TOKEN", FAILED,
     "no control server is known for profile 'default': run 'lightscale-client init URL'"),
    ("--control-url http://127.0.0.1:1 register TOKEN --wg-private-key-file /nonexistent", FAILED,
     "cannot read /nonexistent: No such file or directory"),
    ("--control-url http://127.0.0.1:1 register TOKEN --machine-private-key-file /dev/null",
     FAILED, "/dev/null: not a private key: 32 bytes in base64 (44 characters) are wanted"),
    ("register-url", USAGE, "'register-url' needs NETWORK"),
    ("register-url NET --admin-auto-approve", USAGE, "--admin-auto-approve needs --admin-url"),
    ("register-url NET --ttl-seconds 0", USAGE, "--ttl-seconds '0': not a whole number from 1"),
    ("register-url NET --ttl-seconds 1h", USAGE, "--ttl-seconds '1h': not a whole number"),
    ("register-url NET --ttl-seconds -5", USAGE, "--ttl-seconds '-5': not a whole number"),
    ("register-url NET --admin-url admin.example", USAGE, "--admin-url: "),
    # admin
    ("admin network create", USAGE, "'admin network create' needs NAME"),
    ("admin network create n --overlay-v4 10.0.0.1/24", USAGE, "did you mean 10.0.0.0/24?"),
    ("admin network create n --overlay-v4 fd00::/48", USAGE,
     "--overlay-v4 'fd00::/48': not an IPv4 prefix"),
    ("admin network create n --overlay-v6 10.0.0.0/24", USAGE, "not an IPv6 prefix"),
    ("admin network create n --key-max-age 0", USAGE, "--key-max-age '0': not a whole number"),
    ("admin network create n --token-uses 2", USAGE, "--token-uses needs --token-ttl"),
    ("admin network create n --token-ttl 60 --token-uses 0", USAGE, "--token-uses '0'"),
    ("admin token create NET --uses 0", USAGE, "--uses '0': not a whole number from 1 to"),
    ("admin token create NET --ttl-seconds 0", USAGE, "--ttl-seconds '0'"),
    ("admin token create NET --tags a,,b", USAGE, "--tags: the value must not be empty"),
    ("admin node update NODE", USAGE, "nothing to update: give --name, --tags or --clear-tags"),
    ("admin node update NODE --tags a --clear-tags", USAGE,
     "give either --tags or --clear-tags"),
    ("admin acl set NET", USAGE, "give the policy with --file or --json"),
    ("admin acl set NET --file a --json {}", USAGE, "give the policy with --file or --json"),
    ("admin acl set NET --json {} --dry-runn", USAGE, "did you mean --dry-run?"),
    ("admin acl set NET --json {} --dry-run=1", USAGE, "option --dry-run takes no value"),
    ("admin acl set NET --json {} --format xml", USAGE, "must be one of text, json"),
    ("--control-url http://127.0.0.1:1 admin acl set NET --json {", FAILED, "--json: line 1"),
    ("--control-url http://127.0.0.1:1 admin acl set NET --json []", FAILED, "--json: "),
    ("--control-url http://127.0.0.1:1 admin acl set NET --file /nonexistent", FAILED,
     "cannot read /nonexistent: No such file or directory"),
    ("admin acl test", USAGE, "'admin acl test' needs NETWORK"),
    ("admin acl test NET a", USAGE, "'admin acl test' needs DST"),
    ("admin acl test NET a b c", USAGE, "'admin acl test' does not take the argument 'c'"),
    ("admin acl tset NET a b", USAGE, "did you mean 'admin acl "),
    ("admin acl test NET a b", FAILED, "no control server is known"),
    ("admin key-policy set NET", USAGE, "give either --max-age-seconds or --clear"),
    ("admin keys rotate NODE", USAGE, "nothing to rotate"),
    ("admin keys rotate NODE --wg-public-key abc", USAGE, "--wg-public-key: not a public key"),
    ("admin audit --limit 0", USAGE, "--limit '0'"),
    # heartbeat, status, data plane
    ("heartbeat --listen-port 0", USAGE, "--listen-port '0': not a whole number from 1 to 65535"),
    ("heartbeat --listen-port 65536", USAGE, "--listen-port '65536'"),
    ("heartbeat --endpoint 192.0.2.1", USAGE, "--endpoint '192.0.2.1': not an address and port"),
    ("heartbeat --route 192.168.1.1/24", USAGE, "did you mean 192.168.1.0/24?"),
    ("heartbeat --route-map 10.1.0.0/24=10.2.0.0/25", USAGE,
     "both prefixes must be of one family and one length"),
    ("heartbeat --stun-server a.example:3478", USAGE, "--stun-server needs --stun"),
    ("heartbeat --stun-port 51820", USAGE, "--stun-port needs --stun"),
    ("heartbeat --stun-timeout 3", USAGE, "--stun-timeout needs --stun"),
    ("heartbeat --stun=yes", USAGE, "option --stun takes no value"),
    ("heartbeat --stun --stun-server a.example", USAGE,
     "--stun-server 'a.example': not a host and port such as stun.example.net:3478"),
    ("heartbeat --stun --stun-server 2001:db8::1:3478", USAGE, "or [2001:db8::1]:3478"),
    ("heartbeat --stun --stun-server a.example:0", USAGE, "--stun-server 'a.example:0'"),
    ("heartbeat --stun --stun-server a.example:1,,b.example:2", USAGE,
     "--stun-server: the value must not be empty"),
    ("heartbeat --stun --stun-server " + ",".join(["a.example:1"] * 33), USAGE,
     "more than 32 STUN servers"),
    ("heartbeat --stun --endpoint " + ",".join(["192.0.2.1:1"] * 31), USAGE,
     "more than 30 endpoints beside those that --stun learns"),
    ("heartbeat --stun --stun-port 0", USAGE, "--stun-port '0': not a whole number from 1 to"),
    ("heartbeat --stun --stun-timeout 0", USAGE,
     "--stun-timeout '0': not a whole number from 1 to 300"),
    ("heartbeat --stun", FAILED, "profile 'default' is not registered"),
    ("status --interface ls-x", USAGE, "--interface needs --wg"),
    ("status", FAILED, "profile 'default' is not registered"),
    ("netmap", FAILED, "run 'lightscale-client register TOKEN' or 'register-url NETWORK' first"),
    ("heartbeat", FAILED, "profile 'default' is not registered"),
    ("wg-up --backend kernel", USAGE, "--backend 'kernel': must be one of boringtun, userspace"),
    ("wg-up --interface eth0", USAGE, "--interface 'eth0': must be ls-NAME"),
    ("wg-down --interface wg0", USAGE, "--interface 'wg0': must be ls-NAME"),
    ("wg-down --interface ls-3456789012345", USAGE, "at most 15"),
    ("wg-down extra", USAGE, "'wg-down' does not take the argument 'extra'"),
    ("wg-up --accept-exit-node", USAGE, "unknown option --accept-exit-node"),
    # rotate-keys, dns, relay, platform
    ("rotate-keys", FAILED, "profile 'default' is not registered"),
    ("rotate-keys --machin", USAGE, "unknown option --machin; did you mean --machine?"),
    ("rotate-keys --wg=yes", USAGE, "option --wg takes no value"),
    ("rotate-keys NODE", USAGE, "'rotate-keys' does not take the argument 'NODE'"),
    ("rotate-key", USAGE, "did you mean 'rotate-keys'?"),
    ("dns", FAILED, "profile 'default' is not registered"),
    ("dns --format yaml", USAGE, "--format 'yaml': must be one of hosts, json"),
    ("dns --format jsn", USAGE, "--format 'jsn': must be one of hosts, json; did you mean json?"),
    ("dns --format=JSON", USAGE, "--format 'JSON': must be one of hosts, json; did you mean json?"),
    ("status --wg --backend user", USAGE,
     "--backend 'user': must be one of boringtun, userspace; did you mean userspace?"),
    ("dns --hosts-path /tmp/h", USAGE, "--hosts-path needs --apply-hosts"),
    ("dns --output", USAGE, "option --output needs a value: PATH"),
    ("dns --format hosts --json", USAGE, "give either --json or --format hosts"),
    ("dns --apply-host", USAGE, "did you mean --apply-hosts?"),
    ("relay", FAILED, "profile 'default' is not registered"),
    ("relay x", USAGE, "'relay' does not take the argument 'x'"),
    ("platform --jsno", USAGE, "unknown option --jsno; did you mean --json?"),
    ("platform linux", USAGE, "'platform' does not take the argument 'linux'"),
    ("completion", USAGE, "'completion' needs SHELL: the shell"),
    ("completion tcsh", USAGE, "SHELL 'tcsh': must be one of bash, zsh, fish\n"),
    ("completion bsh", USAGE, "SHELL 'bsh': must be one of bash, zsh, fish; did you mean bash?"),
    ("completion bash zsh", USAGE, "'completion' does not take the argument 'zsh'"),
    ("platfrom", USAGE, "did you mean 'platform'?"),
    ("agent --heartbeat-interval 0", USAGE,
     "--heartbeat-interval '0': not a whole number from 1 to 86400"),
    ("agent --longpoll-timeout 0", USAGE,
     "--longpoll-timeout '0': not a whole number from 1 to 300"),
    ("agent --longpoll-timeout 301", USAGE, "--longpoll-timeout '301'"),
    ("agent --endpoint host.example:1", USAGE, "--endpoint 'host.example:1'"),
    ("agent --stream-relay", USAGE, "unknown option --stream-relay"),
]


def run(tmp_path, words, env=None):
    program = os.path.join(REPOSITORY, os.environ.get("BUILD_DIR") or "build", "lightscale-client")
    environment = program_environment(env)
    environment.update(HOME=str(tmp_path / "home"))
    return subprocess.run([program, *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=30, env=environment, check=False)


def assert_one_line(done, status, text):
    assert done.returncode == status, f"{done}"
    assert done.stdout == ""
    assert done.stderr.startswith("lightscale-client: "), done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.endswith("\n"), done.stderr
    assert text in done.stderr


@pytest.mark.parametrize("line,status,text", BAD_LINES, ids=[row[0] or "(none)" for row in BAD_LINES])
def test_bad_line(tmp_path, line, status, text):
    done = run(tmp_path, line.split())
    assert_one_line(done, status, text)
    assert "sesame" not in done.stderr
    assert not (tmp_path / "home").exists(), "a command line that failed left files"


@pytest.mark.data_plane
@pytest.mark.parametrize("command", ["agent", "wg-up"])
def test_tunnel_needs_a_profile(tmp_path, command):
    assert_one_line(run(tmp_path, [command]), FAILED,
                    "no control server is known for profile 'default'")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("words,text", [
    (["register", ""], "TOKEN must not be empty"),
    (["register", "a\nb"], "TOKEN must not be empty or hold control characters"),
    (["--profile", "a\x1b[2J", "netmap"], "--profile: the value must be UTF-8 without control"),
    (["--profile", b"\xff\xfe", "netmap"], "--profile: the value must be UTF-8"),
    (["admin token create", "NET"], "unknown command 'admin token create'"),
    (["admin", "", "NET"], "unknown command 'admin '"),
    (["admin", "network", "create", "n", "--dns-domain", ""], "--dns-domain: the value must not"),
])
def test_bad_words(tmp_path, words, text):
    assert_one_line(run(tmp_path, words), USAGE, text)


def test_no_home_says_which_variable(tmp_path):
    program = os.path.join(REPOSITORY, os.environ.get("BUILD_DIR") or "build", "lightscale-client")
    environment = program_environment()
    environment.pop("HOME", None)
    done = subprocess.run([program, "netmap"], capture_output=True, text=True, timeout=30,
                          env=environment, cwd=tmp_path, check=False)
    assert_one_line(done, USAGE, "neither XDG_CONFIG_HOME nor HOME is set")


def test_admin_token_of_the_environment_is_checked(tmp_path):
    done = run(tmp_path, ["admin", "nodes", "N"], {"LIGHTSCALE_ADMIN_TOKEN": "ses\name"})
    assert_one_line(done, FAILED, "LIGHTSCALE_ADMIN_TOKEN holds control characters")


def test_empty_admin_token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text("\n")
    done = run(tmp_path, ["--admin-token-file", str(path), "admin", "nodes", "N"])
    assert_one_line(done, FAILED, f"{path}: not a token")


def test_closed_stdout_is_a_failure(tmp_path):
    program = os.path.join(REPOSITORY, os.environ.get("BUILD_DIR") or "build", "lightscale-client")
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([program, "--help"], stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=30, env=program_environment(), cwd=tmp_path, check=False)
    assert done.returncode == FAILED
    assert "cannot write to standard output: No space left on device" in done.stderr
