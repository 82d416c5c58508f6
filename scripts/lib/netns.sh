# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Network namespaces for scripts: a small internet with homes behind NAT. Needs common.sh and root.
# All names begin with a prefix from the caller, so that two runs can work side by side.

NETNS_PREFIX=
NETNS_CHILDREN=()

# netns_begin PREFIX: must be called first.
netns_begin() {
	NETNS_PREFIX=$1
	# ip-netns(8) mounts the namespace's hosts file over /etc/hosts, which must exist; a very
	# small system has none.
	[ -e /etc/hosts ] || printf '127.0.0.1 localhost\n::1 localhost\n' >/etc/hosts
}

netns_exec() {
	local name=$1
	shift
	ip netns exec "$NETNS_PREFIX-$name" "$@"
}

# netns_spawn NAME LOG COMMAND..: runs the command in the background, until netns_end.
netns_spawn() {
	local name=$1 log=$2
	shift 2
	# Do not use netns_exec here: $! must be the program itself, so that it gets our TERM.
	ip netns exec "$NETNS_PREFIX-$name" "$@" >"$log" 2>&1 &
	NETNS_CHILDREN+=($!)
}

# Ends the spawned programs with TERM, so that they can clean up, and after 10 s with KILL.
netns_stop_children() {
	local pid deadline=$((SECONDS + 10))
	[ ${#NETNS_CHILDREN[@]} -gt 0 ] || return 0
	kill -TERM "${NETNS_CHILDREN[@]}" 2>/dev/null || true
	for pid in "${NETNS_CHILDREN[@]}"; do
		while kill -0 "$pid" 2>/dev/null && [ "$SECONDS" -lt "$deadline" ]; do
			sleep 0.05
		done
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	NETNS_CHILDREN=()
}

# Prints the path of the file that programs in the namespace see as /etc/hosts.
netns_hosts() {
	printf '/etc/netns/%s-%s/hosts' "$NETNS_PREFIX" "$1"
}

netns_add() {
	local ns=$NETNS_PREFIX-$1
	ip netns add "$ns"
	mkdir -p "/etc/netns/$ns"
	printf '127.0.0.1 localhost\n::1 localhost\n' >"/etc/netns/$ns/hosts"
	# Turn duplicate address detection off: then addresses work at once, and nobody else has them.
	netns_exec "$1" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad
		echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad' 2>/dev/null || true
	ip -n "$ns" link set lo up
}

# netns_cable LEFT LEFT_IF RIGHT RIGHT_IF: connects two namespaces with a veth pair.
netns_cable() {
	ip link add "$2" netns "$NETNS_PREFIX-$1" type veth peer name "$4" netns "$NETNS_PREFIX-$3"
	ip -n "$NETNS_PREFIX-$1" link set "$2" up
	ip -n "$NETNS_PREFIX-$3" link set "$4" up
}

netns_internet() {
	netns_add internet
	ip -n "$NETNS_PREFIX-internet" link add br0 type bridge
	ip -n "$NETNS_PREFIX-internet" link set br0 up
}

# netns_host NAME ADDRESS: adds a host with a public address on its interface `wan`.
netns_host() {
	netns_add "$1"
	netns_cable "$1" wan internet "p-$1"
	ip -n "$NETNS_PREFIX-internet" link set "p-$1" master br0
	ip -n "$NETNS_PREFIX-$1" addr add "$2/24" dev wan
}

# netns_home X ADDRESS: adds router-X with that public address, and node-X behind it.
netns_home() {
	local router=$NETNS_PREFIX-router-$1 node=$NETNS_PREFIX-node-$1
	netns_host "router-$1" "$2"
	netns_add "node-$1"
	netns_cable "node-$1" eth0 "router-$1" lan
	ip -n "$router" addr add 192.168.1.1/24 dev lan
	ip -n "$node" addr add 192.168.1.2/24 dev eth0
	ip -n "$node" route add default via 192.168.1.1
	netns_exec "router-$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	netns_exec "router-$1" nft -f - <<-'RULES'
		table inet home {
			chain input {
				type filter hook input priority filter; policy drop;
				ct state established,related accept
				iifname { "lo", "lan" } accept
			}
			chain forward {
				type filter hook forward priority filter; policy drop;
				ct state established,related accept
				iifname "lan" accept
			}
		}
		table ip home_nat {
			chain postrouting {
				type nat hook postrouting priority srcnat; policy accept;
				oifname "wan" masquerade
			}
		}
	RULES
}

# netns_end: ends all programs in the namespaces of this prefix, and removes the namespaces.
netns_end() {
	local ns pids
	[ -n "$NETNS_PREFIX" ] || return 0
	netns_stop_children
	ip netns list | awk -v prefix="$NETNS_PREFIX-" 'index($1, prefix) == 1 { print $1 }' |
	while read -r ns; do
		pids=$(ip netns pids "$ns" 2>/dev/null) || true
		# shellcheck disable=SC2086  # one word per process
		[ -z "$pids" ] || kill -KILL $pids 2>/dev/null || true
		ip netns delete "$ns" 2>/dev/null || true
		rm -rf "/etc/netns/$ns"
	done
	rmdir --ignore-fail-on-non-empty /etc/netns 2>/dev/null || true
}
