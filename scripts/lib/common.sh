# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every script of this folder shares. Source it first: it moves to the top of the tree.

set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$TOP"

# One line of progress, with the seconds since the script began.
say() {
	printf '==> [%3ds] %s\n' "$SECONDS" "$*"
}

warn() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
}

die() {
	warn "$*"
	exit 1
}

# wait_until SECONDS COMMAND..: polls until the command succeeds; fails when time is up.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

# The text of a script's own head comment, after the SPDX line.
usage_from_head() {
	awk 'NR > 2 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$1"
}

# "debian 12", "ubuntu 24.04", ...
host_release() {
	local ID=unknown VERSION_ID=''
	# shellcheck source=/dev/null
	[ ! -r /etc/os-release ] || . /etc/os-release
	printf '%s %s' "$ID" "$VERSION_ID"
}

# CI's compilers and checkers are Debian 12's. Elsewhere a newer compiler's new warning must not
# stop a user's build, and clang-tidy's and clang-format's findings differ with the version.
is_reference_host() {
	[ "$(host_release)" = "debian 12" ]
}

# configure_build DIR [MESON OPTION..]: makes the build directory unless it is there already; one
# that an interrupted run left half-made is made again.
configure_build() {
	local dir=$1
	shift
	is_reference_host || set -- "$@" -Dwerror=false
	[ ! -e "$dir/build.ninja" ] || return 0
	[ ! -d "$dir/meson-private" ] || set -- "$@" --wipe
	meson setup "$dir" "$@" >"$TOP/.setup.$$.log" 2>&1 || {
		cat "$TOP/.setup.$$.log" >&2
		rm -f "$TOP/.setup.$$.log"
		die "meson setup $dir failed"
	}
	rm -f "$TOP/.setup.$$.log"
}
