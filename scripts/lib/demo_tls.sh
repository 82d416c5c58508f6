# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The part of scripts/demo for --tls: TLS with a certificate of an own authority, which both nodes
# pin, and an HTTP proxy as node a's only way to the server. Needs demo's WORK, BUILD, fail and client
# functions.

TLS_NAME=control.demo
TLS_PORT=8443
PROXY_IP=198.51.100.5
PROXY_PORT=3128

# Makes an authority in ca.pem, and a certificate for TLS_NAME in server.pem and server.key.
tls_make_certificates() {
	(
		umask 077
		cd "$WORK"
		openssl ecparam -name prime256v1 -genkey -noout -out ca.key
		openssl req -x509 -new -key ca.key -days 2 -subj "/CN=Demo Authority" -out ca.pem
		openssl ecparam -name prime256v1 -genkey -noout -out server.key
		openssl req -new -key server.key -subj "/CN=$TLS_NAME" -out server.csr
		printf 'subjectAltName=DNS:%s\n' "$TLS_NAME" >server.ext
		openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 \
			-extfile server.ext -out server.pem
	) >"$WORK/openssl.log" 2>&1 || fail "openssl could not make the certificates"
}

# The server's host, the proxy and home b can resolve the name; node a has to use the proxy.
tls_name_server() {
	local host
	for host in server proxy router-b node-b; do
		printf '%s %s\n' "$SERVER_IP" "$TLS_NAME" >>"$(netns_hosts "$host")"
	done
}

# Starts a proxy on the internet, and makes router a reject node a's direct way to the server.
tls_start_proxy() {
	netns_host proxy "$PROXY_IP"
	cat >"$WORK/proxy.conf" <<-CONF
		Port $PROXY_PORT
		Listen $PROXY_IP
		Timeout 600
		MaxClients 20
		Allow 198.51.100.0/24
		ConnectPort $TLS_PORT
		LogLevel Connect
	CONF
	netns_spawn proxy "$WORK/proxy.log" tinyproxy -d -c "$WORK/proxy.conf"
	wait_until 5 listens proxy "$PROXY_PORT" || fail "the proxy did not come up"
	netns_exec router-a nft -f - <<-RULES
		table inet demo_direct {
			counter direct {}
			chain forward {
				type filter hook forward priority -20; policy accept;
				ip daddr $SERVER_IP counter name "direct" reject
			}
		}
	RULES
}

# Sets CLIENT_ENV for node a or b: the authority that it trusts, and the proxy for node a.
tls_client_env() {
	CLIENT_ENV=("SSL_CERT_FILE=$WORK/ca.pem" SSL_CERT_DIR=/nonexistent)
	[ "$1" != a ] || CLIENT_ENV+=("https_proxy=http://$PROXY_IP:$PROXY_PORT")
}

# Both nodes pin the certificate that they see. A wrong pin must be refused.
tls_pin() {
	local node pin wrong
	for node in a b; do
		say "node $node pins the server's certificate"
		node_client "$node" pin
	done
	pin=$(openssl x509 -in "$WORK/server.pem" -outform DER | sha256sum | cut -d' ' -f1)
	grep -q "$pin" "$WORK/a/config.json" || fail "node a did not pin $pin"
	wrong=$(tr '0-9a-f' '1-9a-f0' <<<"$pin")
	say "with a wrong pin, node a sends nothing to the server"
	! node_client a --tls-pin "$wrong" register TOKEN >"$WORK/wrong-pin.log" 2>&1 ||
		fail "a wrong pin was accepted"
	grep -q "$pin" "$WORK/wrong-pin.log" || fail "the error does not name the pin of the server"
	sed 's/^/             /' "$WORK/wrong-pin.log" | fold -s -w 100
}

# Proves that the proxy carried node a's connections, that the server only used TLS, and that node a
# did not try to go around the proxy. Prints this in one line.
tls_check() {
	local carried direct
	carried=$(grep -c "CONNECT $TLS_NAME:$TLS_PORT" "$WORK/proxy.log") || true
	direct=$(netns_exec router-a nft list counter inet demo_direct direct |
		sed -n 's/.*packets \([0-9]*\).*/\1/p')
	[ "$carried" -gt 0 ] || fail "the proxy saw no connection of node a"
	[ "$direct" = 0 ] || fail "node a tried to reach the server around the proxy"
	! grep -q 'scheme=http$' "$WORK/server.log" || fail "the server answered without TLS"
	grep -q 'source=server' "$WORK/agent-a.log" || fail "node a has no netmap from the server"
	printf 'TLS, pinned by both; %s connections of node a through the proxy, none around it\n' \
		"$carried"
}
