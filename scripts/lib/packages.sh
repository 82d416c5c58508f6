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
PACKAGES_lint=(clang clang-format clang-tidy cppcheck libcmocka-dev python3 shellcheck)
}

packages_missing() {
	local package
	for package in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			printf '%s\n' "$package"
	done
}

# Runs a command as root; says what to do when that cannot be.
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
	# The lock lets several scripts run side by side; apt's own covers the rest.
	as_root env DEBIAN_FRONTEND=noninteractive flock /var/cache/apt \
		apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -qq "$@"
}

# need_packages PURPOSE..: installs what is missing of those lists; does nothing, and asks for no
# rights, when all is there. With NO_INSTALL=1 a missing package is an error that names it.
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
	# The lists of a fresh host are empty, those of an old one stale: fetch them when needed.
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
