# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shared by all scripts in scripts/. Source it first: it changes to the top of the tree.

set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$TOP"

# Prints one line of progress, with the seconds since the script began.
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

# wait_until SECONDS COMMAND..: repeats the command until it succeeds; fails when the time is over.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

# Prints the head comment of a script, without the SPDX line.
usage_from_head() {
	awk 'NR > 2 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$1"
}

# Prints the release of this host: "debian 12", "ubuntu 24.04", ...
host_release() {
	local ID=unknown VERSION_ID=''
	# shellcheck source=/dev/null
	[ ! -r /etc/os-release ] || . /etc/os-release
	printf '%s %s' "$ID" "$VERSION_ID"
}

# CI uses the compilers and checkers of Debian 12. On other hosts, a newer compiler may have new
# warnings, which must not stop a build, and clang-tidy and clang-format find other things.
is_reference_host() {
	[ "$(host_release)" = "debian 12" ]
}

# configure_build DIR [MESON OPTION..]: configures the build directory unless that is done already.
# Starts again when an earlier run was interrupted.
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
