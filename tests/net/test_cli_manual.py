# SPDX-License-Identifier: Apache-2.0
"""The manual pages, and that every option that scripts of existing clients use is there and
documented."""
import os
import re
import shutil
import subprocess

import pytest

from test_cli_help import HERE, PATHS, PROGRAM, run

pytestmark = pytest.mark.control_plane

TOP = os.path.realpath(os.path.join(HERE, "..", ".."))
BUILD = os.path.realpath(os.path.dirname(PROGRAM))
PAGES = [os.path.join(BUILD, "tools/man/lightscale-client.1"),
         os.path.join(BUILD, "tools/man/lightscale-server.8"),
         os.path.join(TOP, "docs/man/lightscale-config.5")]
# The pages that they refer to need not be installed where tests run.
ELSEWHERE = re.compile(r"referenced manual not found|outdated mandoc\.db")

ALLOW = "--allow-prefix --allow-domain "
REGISTER = "--node-name --machine-private-key-file --wg-private-key-file --json"
# All that scripts and people may use of the commands that are there, in the order of their manual:
# names without dashes are arguments.
V1_OPTIONS = {
    "": "--profile --config --state-dir --control-url --bootstrap-url --tls-pin --admin-token "
        "--admin-token-file --verbose -v --quiet -q --version --help -h",
    "init": "URL[,URL..] --json",
    "pin": "--force --self-signed --json",
    "register": "TOKEN " + REGISTER,
    "register-url": "NETWORK --ttl-seconds --admin-url --admin-auto-approve --approve " + REGISTER,
    "admin nodes": "NETWORK --pending --json",
    "admin node update": "NODE --name --tags --clear-tags --json",
    "admin node delete": "NODE --json",
    "admin node revoke": "NODE --json",
    "admin approve": "NODE --json",
    "admin token create": "NETWORK --ttl-seconds --uses --tags --json",
    "admin token list": "NETWORK --json",
    "admin token revoke": "TOKEN --json",
    "admin acl get": "NETWORK --json",
    "admin acl set": "NETWORK --file --json --dry-run --strict --format",
    "admin acl test": "NETWORK SRC DST --json",
    "admin key-policy get": "NETWORK --json",
    "admin key-policy set": "NETWORK --max-age-seconds --clear --json",
    "admin keys rotate": "NODE --machine-public-key --wg-public-key --json",
    "admin keys history": "NODE --json",
    "admin keys revoke": "NODE --json",
    "admin audit": "--network-id --node-id --limit --before --after --json",
    "admin network create": "NAME --overlay-v4 --overlay-v6 --dns-domain --requires-approval "
                            "--join --revocation --key-max-age --token-ttl --token-uses "
                            "--token-tags --json",
    "admin network set": "NETWORK --join --revocation --json",
    "admin network list": "--json",
    "admin network delete": "NETWORK --json",
    "heartbeat": "--endpoint --listen-port --route --route-map --exit-node --replace --stun --stun-server "
                 "--stun-port --stun-timeout --json",
    "netmap": ALLOW + "--json",
    "status": ALLOW + "--wg --interface --backend --json",
    "rotate-keys": "--machine --wg --json",
    "wg-up": ALLOW + "--interface --listen-port --backend --dry-run --json",
    "wg-down": "--interface --backend --json",
    "agent": ALLOW + "--dns-short-names --interface --listen-port --backend --endpoint --advertise-route "
             "--advertise-exit-node --heartbeat-interval --longpoll-timeout "
             "--endpoint-stale-after --dns-hosts-path --cleanup-before-start --pid-file --dry-run "
             "--json",
    "dns": ALLOW + "--dns-short-names --format --output --apply-hosts --hosts-path --json",
    "relay": "--json",
    "platform": "--json",
    "completion": "SHELL", "help": "",
}
WG_UP_LATER = ("--apply-routes --accept-exit-node --exit-node-id --exit-node-name "
               "--exit-node-policy --exit-node-tag --exit-node-metric-base "
               "--exit-node-uid-range --allow-route-conflicts --route-table --probe-peers "
               "--probe-timeout")
# What is still to come, and refused until then rather than ignored: options of commands that are
# there ..
LATER = {
    "wg-up": WG_UP_LATER,
    "agent": WG_UP_LATER + " --advertise-map --stun --stun-server --stun-port --stun-timeout "
             "--stream-relay --stream-relay-server --endpoint-max-rotations "
             "--relay-reprobe-after --dns-serve --dns-listen --dns-mode --dns-apply-resolver "
             "--dns-auto --l2-relay",
}
# .. commands, with words that they will take ..
LATER_COMMANDS = ["daemon", "daemon --profiles a,b", "router enable --interface ls-x",
                  "router disable", "dns-serve", "relay-udp send PEER TEXT", "relay-udp listen",
                  "relay-stream send PEER TEXT", "relay-stream listen",
                  "relay-turn send ADDRESS TEXT", "relay-turn listen", "ping PEER", "netcheck",
                  "up", "down", "metrics", "bugreport"]
# .. and values.
LATER_VALUES = ["wg-up --backend kernel", "wg-down --backend kernel", "status --backend kernel",
                "agent --backend kernel"]
# Defaults that scripts rely on.
V1_DEFAULTS = {
    ("", "--profile"): "default",
    ("", "--config"): "$XDG_CONFIG_HOME/lightscale/config.json",
    ("", "--control-url"): "the profile's",
    ("", "--tls-pin"): "the profile's (see pin)",
    ("", "--admin-token"): "the environment's LIGHTSCALE_ADMIN_TOKEN",
    ("register-url", "--ttl-seconds"): "600",
    ("admin token create", "--ttl-seconds"): "3600",
    ("admin token create", "--uses"): "1",
    ("heartbeat", "--stun-timeout"): "3",
    ("admin network create", "--token-uses"): "1",
    ("admin network create", "--key-max-age"): "unlimited",
    ("wg-up", "--interface"): "ls-PROFILE, cut to 15 bytes",
    ("wg-down", "--interface"): "ls-PROFILE, cut to 15 bytes",
    ("status", "--interface"): "ls-PROFILE, cut to 15 bytes",
    ("agent", "--interface"): "ls-PROFILE, cut to 15 bytes",
    ("wg-up", "--listen-port"): "51820",
    ("agent", "--listen-port"): "51820",
    ("agent", "--heartbeat-interval"): "30",
    ("agent", "--longpoll-timeout"): "30",
    ("agent", "--endpoint-stale-after"): "15",
    ("dns", "--format"): "hosts",
    ("dns", "--hosts-path"): "/etc/hosts",
}
SERVER_OPTIONS = ("--listen --tls-listen --tls-cert --tls-key --trusted-proxy --state --admin-token "
                  "--admin-token-file --allow-weak-admin-token --control-url --stun --turn --stream-relay "
                  "--udp-relay --dns --dns-server --metrics-listen --reuse-addresses --user --sandbox --config --help --version")


def manual(page):
    """The page as plain text, each run of blanks one."""
    if not shutil.which("mandoc"):
        pytest.skip("no mandoc here")
    text = subprocess.run(["mandoc", "-Tascii", page], capture_output=True, text=True, check=True,
                          timeout=60).stdout
    return re.sub(".\b", "", text)


def section(text, title):
    """What stands below a command's heading, as one line."""
    found = re.search(rf"^   {re.escape(title)}\n((?:(?: {{4}}.*)?\n)+)", text, re.MULTILINE)
    return re.sub(r"\s+", " ", found.group(1))


def test_every_command_is_in_the_table():
    groups = {path for path in PATHS
              if path and any(other.startswith(path + " ") for other in PATHS)}
    assert set(PATHS) - groups == set(V1_OPTIONS)


@pytest.mark.parametrize("path", V1_OPTIONS, ids=lambda path: path or "(program)")
def test_every_option_is_there_and_documented(path):
    shown = run(*path.split(), "--help")
    text = manual(PAGES[0])
    page = section(text, path) if path else re.sub(r"\s+", " ", text)
    for word in V1_OPTIONS[path].split():
        assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", shown), f"--help lacks {word}"
        assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", page), f"manual lacks {word}"
        if word.startswith("--"):
            # It is known: a misspelt one would be called unknown.
            done = subprocess.run([PROGRAM, *path.split(), word], capture_output=True, text=True,
                                  timeout=30, check=False, stdin=subprocess.DEVNULL,
                                  env={"HOME": "/nonexistent", "PATH": "/nonexistent"})
            assert "unknown option" not in done.stderr


@pytest.mark.parametrize("path", V1_OPTIONS, ids=lambda path: path or "(program)")
def test_no_option_is_missing_from_the_table(path):
    found = set(re.findall(r"^  (?:-., )?(--[a-z0-9-]+)", run(*path.split(), "--help"),
                           re.MULTILINE))
    known = {word for word in V1_OPTIONS[path].split() if word.startswith("--")}
    assert found == known - {"--bootstrap-url"}  # an alias


def refused(line):
    done = subprocess.run([PROGRAM, *line.split()], capture_output=True, text=True, timeout=30,
                          check=False, stdin=subprocess.DEVNULL,
                          env={"HOME": "/nonexistent", "PATH": "/nonexistent"})
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1, done
    return done.stderr


@pytest.mark.parametrize("path,option", [(path, option) for path, options in LATER.items()
                                         for option in options.split()])
def test_later_options_are_refused(path, option):
    assert f"unknown option {option}: this version does not support it here (see" in refused(
        f"{path} {option}")
    assert f"unknown option {option}" in refused(f"{path} {option}=1")


@pytest.mark.parametrize("line", LATER_COMMANDS)
def test_later_commands_are_refused(line):
    command = line.split()[0]
    assert f"unknown command '{command}': this version does not support it (see" in refused(line)


@pytest.mark.parametrize("line", LATER_VALUES)
def test_later_values_are_refused(line):
    assert "--backend 'kernel': must be one of boringtun, userspace" in refused(line)


def test_bootstrap_url_is_control_url():
    assert "--control-url: " in refused("--bootstrap-url nonsense netmap")


@pytest.mark.parametrize("path,option", V1_DEFAULTS)
def test_defaults(path, option):
    shown = re.search(rf"^  {option} (.*\n(?:      .*\n)*)", run(*path.split(), "--help"),
                      re.MULTILINE).group(1)
    assert f"(default: {V1_DEFAULTS[path, option]})" in re.sub(r"\s+", " ", shown)


def test_every_option_of_the_help_is_in_the_manual():
    """The other way round: nothing is there that the page does not tell."""
    text = manual(PAGES[0])
    for path in V1_OPTIONS:
        page = section(text, path) if path else re.sub(r"\s+", " ", text)
        for option in re.findall(r"^  (?:-., )?(--[a-z0-9-]+)", run(*path.split(), "--help"),
                                 re.MULTILINE):
            assert f"{option} " in page or f"{option}." in page, f"{path}: {option}"


def test_server_options():
    page = manual(PAGES[1])
    shown = subprocess.run([os.path.join(BUILD, "lightscale-server"), "--help"], check=True,
                           capture_output=True, text=True, timeout=30).stdout
    found = re.findall(r"^ +(?:-., )?(--[a-z0-9-]+)", shown, re.MULTILINE)
    assert set(SERVER_OPTIONS.split()) == set(found)
    for option in found:
        assert re.search(rf"^     (-., )?{option}( |$)", page, re.MULTILINE), option


def test_config_page_tells_every_member(tmp_path):
    page = manual(PAGES[2])
    for member in ("profiles", "control_urls", "control_url", "tls_pinned_sha256", "autostart",
                   "state_dir", "agent_args", "profile", "network_id", "node_id", "node_name",
                   "machine_private_key", "machine_public_key", "wg_private_key", "wg_public_key",
                   "node_token", "ipv4", "ipv6", "last_netmap", "updated_at"):
        assert re.search(rf"\b{member}\b", page), member
    # Its example is one that the client reads.
    example = re.search(r"^     (\{.*?^     \})", page, re.MULTILINE | re.DOTALL).group(1)
    (tmp_path / "config.json").write_text(example)
    done = subprocess.run([PROGRAM, "--profile", "lab", "--config", str(tmp_path / "config.json"),
                           "status"], capture_output=True, text=True, timeout=30, check=False,
                          env={"HOME": str(tmp_path)})
    assert "/var/lib/lightscale/lab/state.json" in done.stderr


@pytest.mark.parametrize("page", PAGES, ids=os.path.basename)
def test_lint(page):
    if not shutil.which("mandoc"):
        pytest.skip("no mandoc here")
    done = subprocess.run(["mandoc", "-Tlint", page], capture_output=True, text=True, timeout=60,
                          check=False)
    findings = [line for line in (done.stdout + done.stderr).splitlines()
                if not ELSEWHERE.search(line)]
    assert findings == []
