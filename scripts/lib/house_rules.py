#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks this tree's own rules, which no general checker knows. Prints one line per finding. Exit
status 1 when there are findings. scripts/lint runs it from the top of the tree."""
import re
import subprocess
import sys

FILE_LINES_MAX = 800
DOCS_COLUMNS_MAX = 120
# The rooms inside these folders, from the bottom up. Files outside of the rooms are at the top.
ROOMS = {
    "cli": ("frame", "session", "show", "node", "admin", "host"),
    "server": ("metrics", "store", "state", "import", "options", "netmap", "process", "http", "api"),
}
# A folder of src/ may include itself and the folders before it in src/meson.build, except these.
INDEPENDENT = {"server": {"profile", "netlink", "wgconfig", "wg", "path", "nat", "net", "dataplane",
                          "plan", "control", "apply", "agent", "cli"}}
# The prefixes of a room's externs. A room that is missing here uses its name. crypto has others,
# since libsodium uses crypto_*. ls_ is the short prefix for what every file uses.
PREFIXES = {
    "base": ("ls_",),
    "wire": ("ls_",),
    "crypto": ("aead_", "xaead_", "blake2s", "x25519", "key_", "crypto_init"),
    "nat": ("stun_", "turn_"),
    "netlink": ("nl_", "rtnl_", "genl_", "nft_"),
    "wgconfig": ("wg_config_",),
    "dataplane": ("dataplane_", "dp_"),
    "cli": ("cli_",),
    "cli/frame": ("cli_",),
    "server/http": ("httpd_",),
}
# These folders compare secrets, so they must use constant-time functions.
SECRET_FOLDERS = ("wg", "path", "relay", "nat", "crypto", "server")
# In these folders no cast may remove a const. -Wcast-qual does not see casts through an integer.
CONST_FOLDERS = ("wgconfig", "wg", "dataplane")
CONST_CAST = re.compile(r"\*\)\s*\(uintptr_t\)")
BANNED_CALLS = re.compile(
    r"\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atoll|strtok|system|popen|alloca)\s*\(")
MEMCMP = re.compile(r"\b(memcmp|bcmp)\s*\(")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|not implemented|unimplemented|stub(bed)?)\b", re.I)
PHRASE_501 = '"Not Implemented"'  # RFC 9110, 15.6.2: the phrase of an HTTP status
FIXED_SLEEP = re.compile(r"\btime\.sleep\((\d+(\.\d+)?)\)|(^|[\s;])u?sleep\s*\(\s*\d|(^|[;&|]\s*)sleep \d")
INCLUDE = re.compile(r'#include "([a-z0-9_]+)/(?:(\w+)/)?')
EXTERN = re.compile(r"^(?!static\b|typedef\b|return\b)[a-z][\w *]*?\b(\w+)(?: LS_\w+)?(?:\(|\[|;)")
FORWARD = re.compile(r"^(struct|enum|union) \w+;")
TIDY_REASON = re.compile(r"^# (-[\w.*-]+): \S")
TIDY_OFF = re.compile(r"^  (-[\w.*-]+),?$")

findings = []


def finding(path, number, text):
    findings.append(f"{path}:{number}: {text}")


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard",
                          "--", *patterns], capture_output=True, text=True, check=True).stdout
    return [name for name in out.split("\0") if name]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def floors():
    """Maps each folder to its height, which is its place in src/meson.build."""
    names = re.findall(r"subdir\('(\w+)'\)", "\n".join(read("src/meson.build")))
    return {name: height for height, name in enumerate(names)}


def without_comments(lines):
    """The code line by line, with comments and the text of strings replaced by blanks."""
    text = "\n".join(lines)
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)

    def blank(match):
        found = match.group(0)
        if found.startswith('"'):
            return '""'
        return re.sub(r"[^\n]", " ", found)
    return pattern.sub(blank, text).split("\n")


def check_floors(path, lines, height):
    folder = path.split("/")[1]
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match or match.group(1) not in height or folder not in height:
            continue
        used = match.group(1)
        if height[used] > height[folder] or used in INDEPENDENT.get(folder, ()):
            finding(path, number, f"src/{folder} must not include src/{used}: higher floor, or "
                                  "independent")


def check_rooms(path, lines):
    """Files of a room may include only its own room and rooms before it in ROOMS."""
    parts = path.split("/")
    if len(parts) < 4:
        return
    folder, own = parts[1], parts[2]
    order = ROOMS.get(folder, ())
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match or match.group(1) != folder or not match.group(2):
            continue
        used = match.group(2)
        if used not in order or own not in order:
            finding(path, number, f"add {own} and {used} to ROOMS[\"{folder}\"]: one has no floor")
        elif order.index(used) > order.index(own):
            finding(path, number, f"{folder}/{own} must not include {folder}/{used}: higher floor")


def room_of(path):
    """src/cli/frame/args.h -> cli/frame, src/wg/peer.h -> wg."""
    return "/".join(path.split("/")[1:-1])


def check_prefixes(path, code):
    """Externs have their room's prefix, so that any two rooms can be linked into one program."""
    room = room_of(path)
    allowed = PREFIXES.get(room, (room.split("/")[-1] + "_",))
    depth = 0
    for number, line in enumerate(code, 1):
        match = EXTERN.match(line) if depth == 0 and not FORWARD.match(line) else None
        depth += line.count("{") - line.count("}")
        if match and not match.group(1).startswith(allowed):
            finding(path, number, f"{match.group(1)}: an extern of {room} must begin with "
                                  f"{' or '.join(allowed)}")


def includes(path):
    """The units of this tree that a file includes, as paths without .h."""
    return {name[:-2] for name in re.findall(r'^#include "([^"]+)"', "\n".join(read(path)), re.M)}


def find_knots(paths):
    """Finds groups of units (x.c with x.h) that include each other in a circle, with Tarjan's
    algorithm for strongly connected components."""
    graph = {}
    for path in paths:
        unit = path[len("src/"):-2]
        graph.setdefault(unit, set()).update(includes(path) - {unit})
    index, low, stack, knots = {}, {}, [], []

    def visit(unit):
        index[unit] = low[unit] = len(index)
        stack.append(unit)
        for used in graph[unit]:
            if used not in graph:
                continue
            if used not in index:
                visit(used)
            if used in stack:
                low[unit] = min(low[unit], low[used])
        if low[unit] == index[unit]:
            group = stack[stack.index(unit):]
            del stack[stack.index(unit):]
            if len(group) > 1:
                knots.append(sorted(group))

    for unit in sorted(graph):
        if unit not in index:
            visit(unit)
    return knots


def check_knots(paths):
    for knot in find_knots(paths):
        finding("src/" + knot[0] + ".h", 1, "these include each other in a circle: " + ", ".join(knot))


def check_c(path, height):
    lines = read(path)
    if len(lines) > FILE_LINES_MAX:
        finding(path, len(lines), f"{len(lines)} lines: more than {FILE_LINES_MAX}")
    in_src = path.startswith("src/")
    secret = in_src and path.split("/")[1] in SECRET_FOLDERS
    for number, code in enumerate(without_comments(lines), 1):
        if BANNED_CALLS.search(code):
            finding(path, number, f"banned call: {code.strip()}")
        if in_src and path.split("/")[1] in CONST_FOLDERS and CONST_CAST.search(code):
            finding(path, number, f"this cast can remove a const: {code.strip()}")
        if secret and MEMCMP.search(code):
            finding(path, number, "memcmp in a folder with secrets: compare in constant time")
    if in_src:
        check_floors(path, lines, height)
        check_rooms(path, lines)
        if path.endswith(".h"):
            check_prefixes(path, without_comments(lines))
        for number, line in enumerate(lines, 1):
            if UNFINISHED.search(line.replace(PHRASE_501, "")):
                finding(path, number, f"this line says that it is unfinished: {line.strip()}")


def check_spdx():
    for path in tracked("*.c", "*.h", "*.py", "*.sh", "scripts/*", ".ci/*"):
        if path.endswith((".txt", ".json", ".bin", ".md")):
            continue
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(read(path)[:3]):
            finding(path, 1, "no SPDX line")


def check_docs():
    for path in tracked("*.md"):
        for number, line in enumerate(read(path), 1):
            if len(line) > DOCS_COLUMNS_MAX:
                finding(path, number, f"{len(line)} columns: more than {DOCS_COLUMNS_MAX}")


def check_sleeps():
    for path in tracked("tests/*.py", "tests/*.c", "tests/*.sh"):
        for number, line in enumerate(read(path), 1):
            if FIXED_SLEEP.search(line):
                finding(path, number, f"fixed sleep; wait for a state instead: {line.strip()}")


def check_tidy_reasons():
    for path in tracked(".clang-tidy", "*/.clang-tidy"):
        lines = read(path)
        reasons = {m.group(1) for m in map(TIDY_REASON.match, lines) if m}
        off = {m.group(1) for m in map(TIDY_OFF.match, lines) if m}
        for name in sorted(reasons ^ off):
            finding(path, 1, f"{name}: each check that is off needs a reason, and others no reason")


def main():
    height = floors()
    for path in tracked("src/*.c", "src/*.h", "tests/*.c", "tests/*.h"):
        check_c(path, height)
    check_knots(tracked("src/*.c", "src/*.h"))
    check_spdx()
    check_docs()
    check_sleeps()
    check_tidy_reasons()
    for line in findings:
        print(line)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
