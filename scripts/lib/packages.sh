# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Debian and Ubuntu packages by purpose, and their installation. Needs common.sh.

# shellcheck disable=SC2034  # each list is read by its name in need_packages
{
PACKAGES_build=(gcc libc6-dev meson ninja-build pkg-config libevent-dev libssl-dev libsodium-dev
	libc-ares-dev libjansson-dev libpopt-dev libsqlite3-dev libmnl-dev libsystemd-dev
	libseccomp-dev libcap-ng-dev)
PACKAGES_demo=(iproute2 iputils-ping nftables wireguard-tools iperf3 curl)
PACKAGES_demo_tls=(openssl tinyproxy-bin)
PACKAGES_test=(clang iproute2 iputils-ping nftables wireguard-tools wireguard-go iperf3
	apache2-bin coturn curl libcmocka-dev openssl strace systemd tinyproxy-bin mandoc zsh fish shellcheck
	python3 python3-cryptography python3-jsonschema python3-prometheus-client
	python3-pytest python3-pytest-xdist python3-pytest-timeout)
PACKAGES_browser=(chromium-headless-shell)
PACKAGES_lint=(clang clang-format clang-tidy cppcheck libcmocka-dev python3 shellcheck)
}

packages_missing() {
	local package
	for package in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			printf '%s\n' "$package"
	done
}

# Runs a command as root, with sudo if needed; fails when neither is possible.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root for: $* (neither root nor sudo here)"
	fi
}

apt_run() {
	# flock(1) makes scripts that run side by side wait for each other; apt's own lock does the
	# same for other users of apt.
	as_root env DEBIAN_FRONTEND=noninteractive flock /var/cache/apt \
		apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -qq "$@"
}

# want_packages PURPOSE..: like need_packages, but only warns when it fails: some distributions lack
# these packages, and what needs them is skipped.
want_packages() {
	(need_packages "$@") || warn "goes on without: $*"
}

# need_packages PURPOSE..: installs the missing packages of these lists. Needs no rights when none
# is missing. With NO_INSTALL=1, it fails and names the missing packages.
need_packages() {
	local purpose list missing log
	local -a wanted=()
	for purpose in "$@"; do
		list="PACKAGES_${purpose}[@]"
		wanted+=("${!list}")
	done
	command -v dpkg-query >/dev/null || {
		warn "not Debian or Ubuntu: these must be installed by hand: ${wanted[*]}"
		return 0
	}
	mapfile -t missing < <(packages_missing "${wanted[@]}" | sort -u)
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "${NO_INSTALL:-0}" = 0 ] ||
		die "missing packages: apt-get install --no-install-recommends ${missing[*]}"
	say "installing ${#missing[@]} packages: ${missing[*]}"
	log=$(mktemp)
	# The package lists of a new host are empty, those of an old host may be out of date: fetch
	# them only when the first try fails.
	apt_run install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 || {
		say "fetching the package lists"
		{ apt_run update && apt_run install -y --no-install-recommends "${missing[@]}"; } \
			>"$log" 2>&1 || {
			tail -20 "$log" >&2
			rm -f "$log"
			die "apt-get could not install: ${missing[*]}"
		}
	}
	rm -f "$log"
}
