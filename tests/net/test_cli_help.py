# SPDX-License-Identifier: Apache-2.0
"""--help of every command, word for word. UPDATE_GOLDEN=1 writes the files anew: read the diff."""
import os
import re
import subprocess

import pytest

from lab.process import program_environment

pytestmark = pytest.mark.control_plane

HERE = os.path.dirname(os.path.realpath(__file__))
GOLDEN = os.path.join(HERE, "golden")
PROGRAM = os.path.join(HERE, "..", "..", os.environ.get("BUILD_DIR") or "build",
                       "lightscale-client")


def run(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=30,
                          env=program_environment(), check=True).stdout


def paths():
    """Every group and command, found by following the help texts themselves."""
    found = [""]
    for path in found:
        listed = re.search(r"^Commands:\n((?:  .*\n)+)", run(*path.split(), "--help"), re.MULTILINE)
        for line in listed.group(1).splitlines() if listed else []:
            word = line.split()[0]
            if line.startswith("  ") and not line.startswith("   "):
                found.append(f"{path} {word}".strip())
    return found


PATHS = paths() if os.access(PROGRAM, os.X_OK) else [""]


def test_all_commands_are_found():
    assert len(PATHS) > 30
    assert "admin token create" in PATHS and "wg-up" in PATHS


@pytest.mark.parametrize("path", PATHS, ids=[path or "(program)" for path in PATHS])
def test_help(path):
    shown = run(*path.split(), "--help")
    assert shown == run(*path.split(), "-h")
    name = os.path.join(GOLDEN, "help-" + (path.replace(" ", "-") or "program") + ".txt")
    if os.environ.get("UPDATE_GOLDEN"):
        os.makedirs(GOLDEN, exist_ok=True)
        with open(name, "w", encoding="ascii") as file:
            file.write(shown)
    with open(name, encoding="ascii") as file:
        assert shown == file.read()


def test_no_golden_file_is_left_over():
    names = {"help-" + (path.replace(" ", "-") or "program") + ".txt" for path in PATHS}
    assert {name for name in os.listdir(GOLDEN) if name.startswith("help-")} == names


def test_version():
    assert re.fullmatch(r"lightscale-client \d+\.\d+\.\d+\n", run("--version"))
    assert run("admin", "nodes", "--version") == run("--version")
