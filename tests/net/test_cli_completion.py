# SPDX-License-Identifier: Apache-2.0
"""Completion scripts, each run by its own shell, against what --help says."""
import re
import shutil
import subprocess

import pytest

from test_cli_help import PATHS, run

pytestmark = pytest.mark.control_plane


def need(shell):
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    directory = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        (directory / shell).write_text(run("completion", shell))
    return directory


def shell_run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True,
                          stdin=subprocess.DEVNULL)
    assert done.stderr == ""
    return done.stdout.splitlines()


BASH = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_lightscale_client
printf '%s\\n' "${COMPREPLY[@]}"
"""


def bash(scripts, *words):
    return {line for line in shell_run("bash", "-c", BASH, "bash", str(scripts / "bash"),
                                       "lightscale-client", *words) if line}


def fish(scripts, line):
    found = shell_run("fish", "--no-config", "-c", 'source $argv[1]; complete -C $argv[2]',
                      str(scripts / "fish"), "lightscale-client " + line)
    return {entry.split("\t")[0] for entry in found}


def zsh(scripts, path, name):
    """The words that the script's table holds for a place."""
    return set(shell_run("zsh", "-f", "-c", 'source "$1"; subs=() opts=() valued=() args=(); '
                         '_lightscale_client_at "$2"; print -l -- ${(P)3%%:*}', "zsh",
                         str(scripts / "zsh"), path, name)) - {""}


def section(path, title):
    found = re.search(rf"^{title}[^\n]*:\n((?:  .*\n)+)", run(*path.split(), "--help"),
                      re.MULTILINE)
    return [line for line in found.group(1).splitlines() if not line.startswith("      ")] \
        if found else []


def children(path):
    return {line.split()[0] for line in section(path, "Commands")}


def options(path):
    lines = section(path, "Options") + section("", "Global options")
    return {re.search(r"--[a-z0-9-]+", line).group(0) for line in lines if "--" in line}


@pytest.mark.parametrize("path", PATHS, ids=[path or "(program)" for path in PATHS])
def test_every_place(scripts, path):
    """Each shell offers what --help lists."""
    for shell in ("zsh", "fish"):
        need(shell)
    words, below, known = path.split(), children(path), options(path)
    if path == "completion":
        below = {"bash", "zsh", "fish"}
    assert bash(scripts, *words, "") == below
    assert bash(scripts, *words, "--") == known
    assert fish(scripts, f"{path} ".lstrip()) == below
    assert {word for word in fish(scripts, f"{path} --".lstrip()) if word.startswith("--")} == known
    if path != "completion":
        assert zsh(scripts, path, "subs") == below
    assert zsh(scripts, path, "opts") == known


def test_values(scripts):
    need("fish")
    assert bash(scripts, "dns", "--format", "") == {"hosts", "json"}
    assert bash(scripts, "dns", "--format", "=", "j") == {"json"}
    assert bash(scripts, "admin", "acl", "set", "NET", "--format", "") == {"text", "json"}
    assert fish(scripts, "dns --format ") == {"hosts", "json"}
    # What an option takes is no command, and the same word after it is one.
    assert "create" in bash(scripts, "--profile", "admin", "admin", "token", "")
    assert bash(scripts, "--profile", "=", "admin", "admin", "tok") == {"token"}
    assert fish(scripts, "--profile admin admin tok") == {"token"}
    # --json takes a policy there, and nothing elsewhere.
    assert bash(scripts, "admin", "acl", "set", "NET", "--json", "{}", "--dry") == {"--dry-run"}
    assert bash(scripts, "status", "--json", "--w") == {"--wg"}


def test_files(scripts, tmp_path):
    need("fish")
    (tmp_path / "policy.json").write_text("{}")
    path = f"{tmp_path}/pol"
    assert bash(scripts, "admin", "acl", "set", "NET", "--file", path) == {f"{path}icy.json"}
    assert bash(scripts, "--config", path) == {f"{path}icy.json"}
    assert fish(scripts, f"--config {path}") == {f"{path}icy.json"}
    assert bash(scripts, "--profile", path) == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_parse(scripts, shell):
    need(shell)
    assert shell_run(shell, "-n", str(scripts / shell)) == []


def test_shellcheck(scripts):
    need("shellcheck")
    assert shell_run("shellcheck", str(scripts / "bash")) == []
