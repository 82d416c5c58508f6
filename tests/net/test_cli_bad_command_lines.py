# SPDX-License-Identifier: Apache-2.0
"""Command lines that are wrong: exit status, one clear line, nothing on stdout, nothing written."""
import os
import subprocess

import pytest

from lab.process import program_environment

pytestmark = pytest.mark.control_plane

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
USAGE = 2
FAILED = 1
U = "http://127.0.0.1:1"  # nobody listens there

# (words, exit status, what the one line holds)
BAD_LINES = [
    # commands
    ("", USAGE, "no command given (see 'lightscale-client --help')"),
    ("regsiter TOKEN", USAGE, "unknown command 'regsiter'; did you mean 'register'?"),
    ("stauts", USAGE, "did you mean 'status'?"),
    ("xyzzy", USAGE, "unknown command 'xyzzy' (see"),
    ("quit", USAGE, "unknown command 'quit' (see"),
    ("admin", USAGE, "'admin' needs a command after it (see 'lightscale-client admin --help')"),
    ("admin token", USAGE, "'admin token' needs a command after it"),
    ("admin token craete NET", USAGE, "did you mean 'admin token create'?"),
    ("admin nodse NET", USAGE, "did you mean 'admin nodes'?"),
    ("admin node uptade NODE", USAGE, "did you mean 'admin node update'?"),
    ("admn nodes NET", USAGE, "unknown command 'admn'; did you mean 'admin'? (see"),
    ("admin toke create NET", USAGE, "did you mean 'admin token'?"),
    ("admin key-polcy get NET", USAGE, "did you mean 'admin key-policy'?"),
    ("admin NODES NET", USAGE, "did you mean 'admin nodes'?"),
    ("Status", USAGE, "unknown command 'Status'; did you mean 'status'?"),
    ("heart", USAGE, "did you mean 'heartbeat'?"),
    ("wg_up", USAGE, "did you mean 'wg-up'?"),
    # a word that belongs elsewhere
    ("token create NET", USAGE, "unknown command 'token'; did you mean 'admin token'? (see"),
    ("nodes NET", USAGE, "unknown command 'nodes'; did you mean 'admin nodes'?"),
    ("key-policy get NET", USAGE, "did you mean 'admin key-policy'?"),
    ("admin register TOKEN", USAGE, "unknown command 'admin register'; did you mean 'register'?"),
    ("create NET", USAGE, "unknown command 'create' (see"),
    ("daemon", USAGE, "unknown command 'daemon'"),
    ("relay-stream listen", USAGE, "unknown command 'relay-stream'"),
    # global options
    ("--profle x netmap", USAGE, "unknown option --profle; did you mean --profile?"),
    ("--nonsense netmap", USAGE, "unknown option --nonsense (see"),
    ("-x netmap", USAGE, "unknown option -x"),
    ("-profile x netmap", USAGE, "unknown option -profile; did you mean --profile?"),
    ("--bootstrap-ulr http://a netmap", USAGE, "did you mean --bootstrap-url?"),
    ("--JSON netmap", USAGE, "unknown option --JSON (see"),
    ("netmap --JSON", USAGE, "unknown option --JSON; did you mean --json?"),
    # options of a command, before it
    ("--json netmap", USAGE, "option --json goes after its command (see 'lightscale-client --help')"),
    ("--interface ls-x status --wg", USAGE, "option --interface goes after its command"),
    ("--backend=kernel wg-up", USAGE, "option --backend goes after its command (see"),
    ("admin token --uses 3 create NET", USAGE,
     "option --uses goes after its command (see 'lightscale-client admin token --help')"),
    ("netmap --profile", USAGE, "option --profile needs a value: NAME"),
    ("--profile a --profile b netmap", USAGE, "option --profile was given twice"),
    ("--profile a netmap --profile b", USAGE, "option --profile was given twice"),
    ("--profile ../x netmap", USAGE, "--profile: "),
    ("--profile= netmap", USAGE, "--profile: the value must not be empty"),
    ("--control-url ftp://a netmap", USAGE, "--control-url: "),
    ("--control-url http://a:99999 netmap", USAGE, "--control-url: "),
    ("--control-url http://a,,http://b netmap", USAGE,
     "--control-url: the value must not be empty"),
    ("--bootstrap-url nonsense netmap", USAGE, "--control-url: "),
    ("--verbose --quiet netmap", USAGE, "give either --verbose or --quiet"),
    ("--quiet=yes netmap", USAGE, "option --quiet takes no value"),
    ("--admin-token a --admin-token-file b admin nodes N", USAGE,
     "give either --admin-token or --admin-token-file"),
    ("--admin-tokn=sesame admin nodes N", USAGE,
     "unknown option --admin-tokn; did you mean --admin-token?"),
    ("--admin-token-file /nonexistent/token admin nodes N", FAILED,
     "cannot read /nonexistent/token: No such file or directory"),
    ("--tls-pin zz netmap", USAGE, "--tls-pin: not a SHA-256 in hexadecimal (64 digits)"),
    ("--tls-pin= netmap", USAGE, "--tls-pin: the value must not be empty"),
    ("--tls-pin a --tls-pin b netmap", USAGE, "option --tls-pin was given twice"),
    ("--admin-token= admin nodes N", USAGE, "--admin-token: the value must not be empty"),
    ("--admin-token-file /etc admin nodes N", FAILED, "cannot read /etc: Is a directory"),
    ("--admin-token-file /dev/null admin nodes N", FAILED, "/dev/null: not a token"),
    ("--config /etc netmap", FAILED, "cannot read /etc: Is a directory"),
    ("--config /dev/null --state-dir /dev/null/x netmap", FAILED, "/dev/null"),
    ("--config= netmap", USAGE, "--config: the value must not be empty"),
    ("--state-dir /dev/null/x netmap", FAILED,
     "cannot read /dev/null/x/state.json: Not a directory"),
    ("--state-dir= netmap", USAGE, "--state-dir: the value must not be empty"),
    ("--profile . netmap", USAGE, "--profile: profile name must start with a letter"),
    ("--profile a/b netmap", USAGE, "--profile: profile name may only have letters"),
    ("--control-url http://a/?q=1 netmap", USAGE, "a query or fragment has no place in it"),
    ("--control-url http://a/#f netmap", USAGE, "a query or fragment has no place in it"),
    ("--control-url http:// netmap", USAGE, "the host is missing"),
    ("--control-url http://a:0 netmap", USAGE, "the port must be 1 to 65535"),
    ("--control-url http://a: netmap", USAGE, "the port must be 1 to 65535"),
    ("--control-url http://[::1 netmap", USAGE, "the bracket of the IPv6 address does not close"),
    ("--control-url http://a..b netmap", USAGE, "not a host name"),
    ("--control-url //a netmap", USAGE, "must begin with http:// or https://"),
    ("--control-url http://u:sesame@a netmap", USAGE, "user names and passwords are not supported"),
    ("--version=1 netmap", USAGE, "option --version takes no value"),
    ("--help=1", USAGE, "option --help takes no value"),
    ("-vq netmap", USAGE, "give either --verbose or --quiet"),
    ("-v=1 netmap", USAGE, "option -v takes no value"),
    ("- netmap", USAGE, "unknown command '-'"),
    ("--= netmap", USAGE, "unknown option --"),
    ("netmap -", USAGE, "'netmap' does not take the argument '-'"),
    # init
    ("init", USAGE, "'init' needs URL[,URL..]"),
    ("init ftp://a", USAGE, "ftp://a"),
    ("init http://a ftp://b", USAGE, "must begin with http:// or https://"),
    ("init http://sesame@a", USAGE, 'control URL "..@a": user names and passwords are not'),
    ("init http://a --jsno", USAGE, "did you mean --json?"),
    ("--control-url http://a init http://b", USAGE, "not by --control-url"),
    ("init http://a,,http://b", USAGE, "must begin with http:// or https://"),
    ("init ,http://a", USAGE, "must begin with http:// or https://"),
    ("init https://a?x", USAGE, "a query or fragment has no place in it"),
    ("--tls-pin zz init http://a", USAGE, "--tls-pin: not a SHA-256"),
    ("pin", FAILED, "no control server is known"),
    ("pin x", USAGE, "'pin' does not take the argument 'x'"),
    ("pin --force=1", USAGE, "option --force takes no value"),
    ("pin --self-signed=1", USAGE, "option --self-signed takes no value"),
    ("--control-url http://127.0.0.1:1 pin", FAILED, "there is no certificate to pin"),
    ("--control-url https://127.0.0.1:1 pin", FAILED, "connection refused"),
    # register and register-url
    ("register", USAGE, "'register' needs TOKEN: an enrolment token"),
    ("register TOKEN --node-name a.b", USAGE, "--node-name"),
    ("register TOKEN --node-name -a", USAGE, "--node-name"),
    ("register TOKEN --node-name " + "a" * 64, USAGE, "--node-name"),
    ("register TOKEN", FAILED,
     "no control server is known for profile 'default': run 'lightscale-client init URL'"),
    ("--control-url http://127.0.0.1:1 register TOKEN --wg-private-key-file /nonexistent", FAILED,
     "cannot read /nonexistent: No such file or directory"),
    ("--control-url http://127.0.0.1:1 register TOKEN --machine-private-key-file /dev/null",
     FAILED, "/dev/null: not a private key: 32 bytes in base64 (44 characters) are wanted"),
    ("register-url", USAGE, "'register-url' needs NETWORK"),
    ("register-url NET --admin-auto-approve", USAGE, "--admin-auto-approve needs --admin-url"),
    ("register-url NET --ttl-seconds 0", USAGE, "--ttl-seconds '0': not a whole number from 1"),
    ("register-url NET --ttl-seconds 1h", USAGE, "--ttl-seconds '1h': not a whole number"),
    ("register-url NET --ttl-seconds -5", USAGE, "--ttl-seconds '-5': not a whole number"),
    ("register-url NET --admin-url admin.example", USAGE, "--admin-url: "),
    ("register TOKEN extra", USAGE, "'register' does not take the argument 'extra'"),
    ("register TOKEN --node-name=", USAGE, "--node-name: the value must not be empty"),
    ("register TOKEN --node-name a --node-name b", USAGE, "option --node-name was given twice"),
    ("register TOKEN --node-name a_b", USAGE,
     "--node-name may only have letters, digits and hyphens"),
    ("register TOKEN --node-name straße", USAGE,
     "--node-name may only have letters, digits and hyphens"),
    ("register TOKEN --ttl-seconds 5", USAGE, "unknown option --ttl-seconds"),
    ("register TOKEN --wg-private-key-file=", USAGE,
     "--wg-private-key-file: the value must not be"),
    ("--control-url http://127.0.0.1:1 register TOKEN --wg-private-key-file /etc", FAILED,
     "cannot read /etc: Is a directory"),
    ("--control-url http://127.0.0.1:1 register TOKEN --wg-private-key-file /dev/zero", FAILED,
     "/dev/zero"),
    ("register-url NET EXTRA", USAGE, "'register-url' does not take the argument 'EXTRA'"),
    ("register-url NET --ttl-seconds 604801", USAGE, "not a whole number from 1 to 604800"),
    ("register-url NET --ttl-seconds 99999999999999999999", USAGE, "not a whole number from 1 to"),
    ("register-url NET --ttl-seconds 0x10", USAGE, "not a whole number"),
    ("register-url NET --ttl-seconds 1.5", USAGE, "not a whole number"),
    ("register-url NET --admin-url ftp://x", USAGE, "must begin with http:// or https://"),
    ("register-url NET --admin-url http://a --admin-url http://b", USAGE,
     "--admin-url was given twice"),
    ("register-url NET --approve=yes", USAGE, "option --approve takes no value"),
    # admin
    ("admin network create", USAGE, "'admin network create' needs NAME"),
    ("admin network create n --overlay-v4 10.0.0.1/24", USAGE, "did you mean 10.0.0.0/24?"),
    ("admin network create n --overlay-v4 fd00::/48", USAGE,
     "--overlay-v4 'fd00::/48': not an IPv4 prefix"),
    ("admin network create n --overlay-v6 10.0.0.0/24", USAGE, "not an IPv6 prefix"),
    ("admin network create n --key-max-age 0", USAGE, "--key-max-age '0': not a whole number"),
    ("admin network create n --token-uses 2", USAGE, "--token-uses needs --token-ttl"),
    ("admin network create n --token-ttl 60 --token-uses 0", USAGE, "--token-uses '0'"),
    ("admin token create NET --uses 0", USAGE, "--uses '0': not a whole number from 1 to"),
    ("admin token create NET --ttl-seconds 0", USAGE, "--ttl-seconds '0'"),
    ("admin token create NET --tags a,,b", USAGE, "--tags: the value must not be empty"),
    ("admin node update NODE", USAGE, "nothing to update: give --name, --tags or --clear-tags"),
    ("admin node update NODE --tags a --clear-tags", USAGE,
     "give either --tags or --clear-tags"),
    ("admin acl set NET", USAGE, "give the policy with either --file or --json"),
    ("admin acl set NET --file a --json {}", USAGE, "give the policy with either --file or --json"),
    ("admin acl set NET --json {} --dry-runn", USAGE, "did you mean --dry-run?"),
    ("admin acl set NET --json {} --dry-run=1", USAGE, "option --dry-run takes no value"),
    ("admin acl set NET --json {} --format xml", USAGE, "must be one of text, json"),
    ("--control-url http://127.0.0.1:1 admin acl set NET --json {", FAILED, "--json: line 1"),
    ("--control-url http://127.0.0.1:1 admin acl set NET --json []", FAILED, "--json: "),
    ("--control-url http://127.0.0.1:1 admin acl set NET --file /nonexistent", FAILED,
     "cannot read /nonexistent: No such file or directory"),
    ("admin acl test", USAGE, "'admin acl test' needs NETWORK"),
    ("admin acl test NET a", USAGE, "'admin acl test' needs DST"),
    ("admin acl test NET a b c", USAGE, "'admin acl test' does not take the argument 'c'"),
    ("admin acl tset NET a b", USAGE, "did you mean 'admin acl "),
    ("admin acl test NET a b", FAILED, "no control server is known"),
    ("admin keys rotate NODE", USAGE, "nothing to rotate"),
    ("admin keys rotate NODE --wg-public-key abc", USAGE, "--wg-public-key: not a public key"),
    ("admin audit --limit 0", USAGE, "--limit '0'"),
    ("admin audit --before a --after b", USAGE, "give either --before or --after"),
    ("admin network create n m", USAGE, "'admin network create' does not take the argument 'm'"),
    ("admin network create n --overlay-v4 10.0.0.0/33", USAGE, "not an IP prefix"),
    ("admin network create n --overlay-v4 10.0.0.0/24,10.0.1.0/24", USAGE, "not an IP prefix"),
    ("admin network create n --overlay-v4 10.0.0.0/24 --overlay-v4 10.0.1.0/24", USAGE,
     "--overlay-v4 was given twice"),
    ("admin network create n --overlay-v6 fd00::1/64", USAGE, "did you mean fd00::/64?"),
    ("admin network create n --key-max-age -1", USAGE, "not a whole number from 1 to 4294967295"),
    ("admin network create n --key-max-age 4294967296", USAGE,
     "not a whole number from 1 to 4294967295"),
    ("admin network create n --token-ttl 0", USAGE, "--token-ttl '0'"),
    ("admin network create n --token-ttl -5", USAGE, "--token-ttl '-5'"),
    ("admin network create n --token-ttl 316224001", USAGE, "from 1 to 316224000"),
    ("admin network create n --token-ttl 60 --token-uses 1000001", USAGE, "from 1 to 1000000"),
    ("admin network create n --token-tags a", USAGE, "--token-tags needs --token-ttl"),
    ("admin network create n --token-ttl 60 --token-tags a,,b", USAGE,
     "--token-tags: the value must not be empty"),
    ("admin network create n --requires-approval=no", USAGE,
     "option --requires-approval takes no value"),
    ("admin network list x", USAGE, "'admin network list' does not take the argument 'x'"),
    ("admin network create n --join open", USAGE, "--join"),
    ("admin network create n --revocation never", USAGE, "--revocation"),
    ("admin network set", USAGE, "'admin network set' needs NETWORK"),
    ("admin network set n", USAGE, "nothing to set: give --join or --revocation"),
    ("admin network set n --join ADMIN", USAGE, "--join"),
    ("admin network delete", USAGE, "'admin network delete' needs NETWORK"),
    ("admin network delete a b", USAGE, "'admin network delete' does not take the argument 'b'"),
    ("--control-url http://127.0.0.1:1 admin network delete ..", USAGE, "'..' is not an id"),
    ("--control-url http://127.0.0.1:1 admin nodes .", USAGE, "'.' is not an id"),
    ("--control-url http://127.0.0.1:1 admin nodes a/../b", FAILED,
     "/v1/admin/networks/a%2F..%2Fb/nodes"),
    ("--control-url http://127.0.0.1:1 admin audit --node-id ..", USAGE, "'..' is not an id"),
    ("admin nodes", USAGE, "'admin nodes' needs NETWORK"),
    ("admin nodes N --pending=1", USAGE, "option --pending takes no value"),
    ("admin approve", USAGE, "'admin approve' needs NODE"),
    ("admin approve a b", USAGE, "'admin approve' does not take the argument 'b'"),
    ("admin node", USAGE, "'admin node' needs a command after it"),
    ("admin node update", USAGE, "'admin node update' needs NODE"),
    ("admin node update N --name=", USAGE, "--name: the value must not be empty"),
    ("admin node update N --name a --name b", USAGE, "option --name was given twice"),
    ("admin node update N --tags=", USAGE, "--tags: the value must not be empty"),
    ("admin node update N --tags ,", USAGE, "--tags: the value must not be empty"),
    ("admin node update N --clear-tags=1", USAGE, "option --clear-tags takes no value"),
    ("admin node delete", USAGE, "'admin node delete' needs NODE"),
    ("admin node revoke", USAGE, "'admin node revoke' needs NODE"),
    ("admin token create", USAGE, "'admin token create' needs NETWORK"),
    ("admin token create N --uses 1000001", USAGE, "not a whole number from 1 to 1000000"),
    ("admin token create N --uses -1", USAGE, "--uses '-1'"),
    ("admin token create N --ttl-seconds +5", USAGE, "--ttl-seconds '+5'"),
    ("admin token create N --ttl-seconds 316224001", USAGE, "from 1 to 316224000"),
    ("admin token create N --ttl-seconds 5 --ttl-seconds 6", USAGE,
     "option --ttl-seconds was given twice"),
    ("admin token list", USAGE, "'admin token list' needs NETWORK"),
    ("admin token revoke", USAGE, "'admin token revoke' needs TOKEN"),
    ("admin token revoke a b", USAGE, "'admin token revoke' does not take the argument 'b'"),
    ("admin acl get", USAGE, "'admin acl get' needs NETWORK"),
    ("admin acl set", USAGE, "'admin acl set' needs NETWORK"),
    ("admin acl set NET --file=", USAGE, "--file: the value must not be empty"),
    ("admin acl set NET --json=", USAGE, "--json: the value must not be empty"),
    ("admin acl set NET --json {} --json {}", USAGE, "option --json was given twice"),
    ("--control-url http://127.0.0.1:1 admin acl set NET --file /etc", FAILED,
     "cannot read /etc: Is a directory"),
    ("--control-url http://127.0.0.1:1 admin acl set NET --file /dev/zero", FAILED, "/dev/zero"),
    ("admin key-policy get", USAGE, "'admin key-policy get' needs NETWORK"),
    ("admin key-policy set NET --max-age-seconds 1 --clear", USAGE,
     "give either --max-age-seconds or --clear"),
    ("admin key-policy set NET --max-age-seconds 0", USAGE, "--max-age-seconds '0'"),
    ("admin key-policy set NET --max-age-seconds 4294967296", USAGE, "from 1 to 4294967295"),
    ("admin key-policy set NET --clear=1", USAGE, "option --clear takes no value"),
    ("admin keys rotate", USAGE, "'admin keys rotate' needs NODE"),
    ("admin keys rotate N --machine-public-key AAAA", USAGE,
     "--machine-public-key: not a public key"),
    ("admin keys rotate N --wg-public-key=", USAGE, "--wg-public-key: the value must not be empty"),
    ("admin keys history", USAGE, "'admin keys history' needs NODE"),
    ("admin keys revoke", USAGE, "'admin keys revoke' needs NODE"),
    ("admin audit x", USAGE, "'admin audit' does not take the argument 'x'"),
    ("admin audit --limit -1", USAGE, "--limit '-1'"),
    ("admin audit --limit 99999999999999999999999", USAGE, "not a whole number from 1 to"),
    ("admin audit --network-id=", USAGE, "--network-id: the value must not be empty"),
    ("admin audit --node-id a --node-id b", USAGE, "option --node-id was given twice"),
    # heartbeat, status, data plane
    ("heartbeat --listen-port 0", USAGE, "--listen-port '0': not a whole number from 1 to 65535"),
    ("heartbeat --listen-port 65536", USAGE, "--listen-port '65536'"),
    ("heartbeat --endpoint 192.0.2.1", USAGE, "--endpoint '192.0.2.1': not an address and port"),
    ("heartbeat --route 192.168.1.1/33", USAGE, "not an IP prefix such as 192.168.10.0/24"),
    ("heartbeat --route-map 10.1.0.0/24=10.2.0.0/25", USAGE,
     "both prefixes must be of one family and one length"),
    ("heartbeat --stun-server a.example:3478", USAGE, "--stun-server needs --stun"),
    ("heartbeat --stun-port 51820", USAGE, "--stun-port needs --stun"),
    ("heartbeat --stun-timeout 3", USAGE, "--stun-timeout needs --stun"),
    ("heartbeat --stun=yes", USAGE, "option --stun takes no value"),
    ("heartbeat --stun --stun-server a.example", USAGE,
     "--stun-server 'a.example': not a host and port such as stun.example.net:3478"),
    ("heartbeat --stun --stun-server 2001:db8::1:3478", USAGE, "or [2001:db8::1]:3478"),
    ("heartbeat --stun --stun-server a.example:0", USAGE, "--stun-server 'a.example:0'"),
    ("heartbeat --stun --stun-server a.example:1,,b.example:2", USAGE,
     "--stun-server: the value must not be empty"),
    ("heartbeat --stun --stun-server " + ",".join(["a.example:1"] * 33), USAGE,
     "more than 32 STUN servers"),
    ("heartbeat --stun --endpoint " + ",".join(["192.0.2.1:1"] * 31), USAGE,
     "more than 30 endpoints beside those that --stun learns"),
    ("heartbeat --stun --stun-port 0", USAGE, "--stun-port '0': not a whole number from 1 to"),
    ("heartbeat --stun --stun-timeout 0", USAGE,
     "--stun-timeout '0': not a whole number from 1 to 300"),
    ("heartbeat --stun", FAILED, "profile 'default' is not registered"),
    ("status --interface ls-x", USAGE, "--interface needs --wg"),
    ("status", FAILED, "profile 'default' is not registered"),
    ("netmap", FAILED, "run 'lightscale-client register TOKEN' or 'register-url NETWORK' first"),
    ("heartbeat", FAILED, "profile 'default' is not registered"),
    ("wg-up --backend kernel", USAGE, "--backend 'kernel': must be one of boringtun, userspace"),
    ("wg-up --interface eth0", USAGE, "--interface 'eth0': must be ls-NAME"),
    ("wg-down --interface wg0", USAGE, "--interface 'wg0': must be ls-NAME"),
    ("wg-down --interface ls-3456789012345", USAGE, "at most 15"),
    ("wg-down extra", USAGE, "'wg-down' does not take the argument 'extra'"),
    ("wg-up --accept-exit-node", USAGE, "unknown option --accept-exit-node"),
    ("heartbeat x", USAGE, "'heartbeat' does not take the argument 'x'"),
    ("heartbeat --listen-port x", USAGE, "--listen-port 'x'"),
    ("heartbeat --listen-port 1 --listen-port 2", USAGE, "option --listen-port was given twice"),
    ("heartbeat --endpoint [::1]:70000", USAGE, "not an address and port"),
    ("heartbeat --endpoint 192.0.2.1:0", USAGE, "not an address and port"),
    ("heartbeat --endpoint ::1:5", USAGE, "not an address and port"),
    ("heartbeat --endpoint 192.0.2.1:1,", USAGE, "--endpoint: the value must not be empty"),
    ("heartbeat --route default", USAGE, "--route 'default': not an IP prefix"),
    ("heartbeat --route 10.0.0.0/8,", USAGE, "--route: the value must not be empty"),
    ("heartbeat --route-map 10.0.0.0/8", USAGE, "not REAL=MAPPED"),
    ("heartbeat --route-map =10.0.0.0/8", USAGE, "not REAL=MAPPED"),
    ("heartbeat --route-map 10.0.0.0/8=11.0.0.0/8=12.0.0.0/8", USAGE, "not REAL=MAPPED"),
    ("heartbeat --route-map 10.0.0.0/8=fd00::/8", USAGE, "of one family and one length"),
    ("heartbeat --exit-node=yes", USAGE, "option --exit-node takes no value"),
    ("netmap x", USAGE, "'netmap' does not take the argument 'x'"),
    ("status x", USAGE, "'status' does not take the argument 'x'"),
    ("status --wg=1", USAGE, "option --wg takes no value"),
    ("status --wg --interface wg0", USAGE, "--interface 'wg0': must be ls-NAME"),
    ("status --wg --interface ls-", USAGE, "--interface 'ls-': must be ls-NAME"),
    ("wg-up x", USAGE, "'wg-up' does not take the argument 'x'"),
    ("wg-up --listen-port 65536", USAGE, "--listen-port '65536'"),
    ("wg-up --backend wireguard-go", USAGE, "must be one of boringtun, userspace"),
    ("wg-down --json=1", USAGE, "option --json takes no value"),
    # rotate-keys, dns, relay, platform
    ("rotate-keys", FAILED, "profile 'default' is not registered"),
    ("rotate-keys --machin", USAGE, "unknown option --machin; did you mean --machine?"),
    ("rotate-keys --wg=yes", USAGE, "option --wg takes no value"),
    ("rotate-keys NODE", USAGE, "'rotate-keys' does not take the argument 'NODE'"),
    ("rotate-key", USAGE, "did you mean 'rotate-keys'?"),
    ("dns", FAILED, "profile 'default' is not registered"),
    ("dns --format yaml", USAGE, "--format 'yaml': must be one of hosts, json"),
    ("dns --format jsn", USAGE, "--format 'jsn': must be one of hosts, json; did you mean json?"),
    ("dns --format=JSON", USAGE, "--format 'JSON': must be one of hosts, json; did you mean json?"),
    ("status --wg --backend user", USAGE,
     "--backend 'user': must be one of boringtun, userspace; did you mean userspace?"),
    ("dns --hosts-path /tmp/h", USAGE, "--hosts-path needs --apply-hosts"),
    ("dns --output", USAGE, "option --output needs a value: PATH"),
    ("dns --format hosts --json", USAGE, "give either --json or --format hosts"),
    ("dns --apply-host", USAGE, "did you mean --apply-hosts?"),
    ("relay", FAILED, "profile 'default' is not registered"),
    ("relay x", USAGE, "'relay' does not take the argument 'x'"),
    ("platform --jsno", USAGE, "unknown option --jsno; did you mean --json?"),
    ("platform linux", USAGE, "'platform' does not take the argument 'linux'"),
    ("completion", USAGE, "'completion' needs SHELL: the shell"),
    ("completion tcsh", USAGE, "SHELL 'tcsh': must be one of bash, zsh, fish\n"),
    ("completion bsh", USAGE, "SHELL 'bsh': must be one of bash, zsh, fish; did you mean bash?"),
    ("completion bash zsh", USAGE, "'completion' does not take the argument 'zsh'"),
    ("platfrom", USAGE, "did you mean 'platform'?"),
    ("agent --heartbeat-interval 0", USAGE,
     "--heartbeat-interval '0': not a whole number from 1 to 86400"),
    ("agent --longpoll-timeout 0", USAGE,
     "--longpoll-timeout '0': not a whole number from 1 to 300"),
    ("agent --longpoll-timeout 301", USAGE, "--longpoll-timeout '301'"),
    ("agent --endpoint host.example", USAGE, "nor a name and port such as host.example.net:51820"),
    ("agent --stream-relay", USAGE, "unknown option --stream-relay"),
    ("dns x", USAGE, "'dns' does not take the argument 'x'"),
    ("dns --output=", USAGE, "--output: the value must not be empty"),
    ("dns --format hosts --format json", USAGE, "option --format was given twice"),
    ("dns --apply-hosts=1", USAGE, "option --apply-hosts takes no value"),
    ("platform --json --json", USAGE, "option --json was given twice"),
    ("completion --json", USAGE, "unknown option --json"),
    ("agent x", USAGE, "'agent' does not take the argument 'x'"),
    ("agent --listen-port -1", USAGE, "--listen-port '-1'"),
    ("agent --heartbeat-interval 86401", USAGE, "--heartbeat-interval '86401'"),
    ("agent --heartbeat-interval 1s", USAGE, "--heartbeat-interval '1s'"),
    ("agent --endpoint-stale-after 0", USAGE, "--endpoint-stale-after '0'"),
    ("agent --advertise-route 10.0.0.1/88", USAGE, "not an IP prefix such as 192.168.10.0/24"),
    ("help nonsense", USAGE, "unknown command 'nonsense'"),
    ("help admin nonsense", USAGE, "unknown command 'admin nonsense'"),
    ("help netmap more", USAGE, "unknown command 'netmap more'"),
    ("agent --advertise-exit-node=1", USAGE, "option --advertise-exit-node takes no value"),
    ("agent --cleanup-before-start=1", USAGE, "option --cleanup-before-start takes no value"),
    ("agent --pid-file=", USAGE, "--pid-file: the value must not be empty"),
    ("agent --dns-hosts-path=", USAGE, "--dns-hosts-path: the value must not be empty"),
]


def run(tmp_path, words, env=None):
    program = os.path.join(REPOSITORY, os.environ.get("BUILD_DIR") or "build", "lightscale-client")
    environment = program_environment(env)
    environment.update(HOME=str(tmp_path / "home"))
    return subprocess.run([program, *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=30, env=environment, check=False)


def assert_one_line(done, status, text):
    assert done.returncode == status, f"{done}"
    assert done.stdout == ""
    assert done.stderr.startswith("lightscale-client: "), done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.endswith("\n"), done.stderr
    assert text in done.stderr


@pytest.mark.parametrize("line,status,text", BAD_LINES, ids=[row[0] or "(none)" for row in BAD_LINES])
def test_bad_line(tmp_path, line, status, text):
    done = run(tmp_path, line.split())
    assert_one_line(done, status, text)
    assert "sesame" not in done.stderr
    assert not (tmp_path / "home").exists(), "a command line that failed left files"


@pytest.mark.data_plane
@pytest.mark.parametrize("command", ["agent", "wg-up"])
def test_tunnel_needs_a_profile(tmp_path, command):
    assert_one_line(run(tmp_path, [command]), FAILED,
                    "no control server is known for profile 'default'")
    assert not (tmp_path / "home").exists()


@pytest.mark.data_plane
@pytest.mark.parametrize("command", ["agent", "wg-up"])
def test_json_is_for_dry_runs(tmp_path, command):
    assert_one_line(run(tmp_path, [command, "--json"]), USAGE, "--json needs --dry-run")
    assert not (tmp_path / "home").exists()


@pytest.mark.data_plane
def test_agent_announces_only_so_much(tmp_path):
    for option, value, text in (("--endpoint", "192.0.2.1:5", "more than 32 endpoints"),
                                ("--advertise-route", "10.0.0.0/8", "more than 64 routes")):
        assert_one_line(run(tmp_path, ["agent"] + [option, value] * 65), USAGE, text)


@pytest.mark.parametrize("words,text", [
    (["register", ""], "TOKEN must not be empty"),
    (["register", "a\nb"], "TOKEN must be UTF-8 without control characters"),
    (["--profile", "a\x1b[2J", "netmap"], "--profile: the value must be UTF-8 without control"),
    (["--profile", b"\xff\xfe", "netmap"], "--profile: the value must be UTF-8"),
    (["admin token create", "NET"], "unknown command 'admin token create'"),
    (["admin", "", "NET"], "unknown command 'admin '"),
    (["admin", "network", "create", "n", "--dns-domain", ""], "--dns-domain: the value must not"),
    (["admin", "network", "create", ""], "NAME must not be empty"),
    (["admin", "network", "create", b"\xff"], "NAME must be UTF-8 without control characters"),
    (["register", b"a\xff"], "TOKEN must be UTF-8 without control characters"),
    (["register", "T", "--node-name", b"\xff"], "--node-name: the value must be UTF-8"),
    (["admin", "nodes", b"\xc3"], "NETWORK must be UTF-8 without control characters"),
    (["admin", "acl", "test", "N", "a\x1b[2J", "b"], "SRC must be UTF-8 without control"),
    (["admin", "token", "create", "N", "--tags", "a\tb"], "--tags: the value must be UTF-8"),
    (["init", "http://a b"], "blanks, control and non-ASCII characters are not allowed"),
    (["init", "http://\u00e4.test"], "blanks, control and non-ASCII characters are not allowed"),
    (["completion", ""], "SHELL must not be empty"),
    # What is wrong is shown, but cannot steer the terminal.
    (["xyzzy\x1b[31m"], "unknown command 'xyzzy?[31m'"),
    (["xyzzy\u009b31m"], "unknown command 'xyzzy??31m'"),
    ([b"\x9b31m"], "unknown command '?31m'"),
    (["--no\x1bsense", "netmap"], "unknown option --no?sense"),
    (["netmap", "a\x1bb"], "does not take the argument 'a?b'"),
    (["netmap", b"--\x9b"], "unknown option --?"),
    # Too long, too many.
    (["--profile", "x" * 65, "netmap"], "--profile: profile name is longer than 64 characters"),
    (["--control-url", U, "admin", "approve", "x" * 5000], "is too long for an id"),
    (["--control-url", U, "admin", "audit", "--node-id", "x" * 5000], "is too long for an id"),
    (["xyz" * 5000], "unknown command 'xyzxyz"),
    (["heartbeat"] + ["--endpoint", "192.0.2.1:5"] * 33, "more than 32 endpoints"),
    (["heartbeat"] + ["--route", "10.0.0.0/8"] * 127, "more than 126 routes"),
    (["init", ",".join(f"http://h{i}.test" for i in range(17))], "control URLs: more than 16"),
    (["--control-url", ",".join(f"http://h{i}.test" for i in range(17)), "netmap"],
     "--control-url: control URLs: more than 16"),
    (["init", "http://" + "a" * 254], "the host is longer than 253 characters"),
    (["init", "http://a/" + "b" * 300], "control URL"),
], ids=lambda value: str(value)[:60])
def test_bad_words(tmp_path, words, text):
    assert_one_line(run(tmp_path, words), USAGE, text)


RULE = '{"rules": [{"action": "deny", "src": {}, "dst": {%s}}]}'
BAD_POLICIES = [
    ("", "line 1, column 0: '[' or '{' expected"),
    ("nonsense", "line 1, column 8: '[' or '{' expected"),
    ('{"rules": [\n  {"action": "deny",}\n]}', "line 2, column 21"),
    ('{"rules": []\n} trailing', "line 2, column 10: end of file expected"),
    ('{"rules": [],\n "rules": []}', "line 2, column 8: duplicate object key"),
    ('{"rules": [{"action": "deny\n', "line 1, column"),
    ('{"default_action": "a\\u0000"}', "\\u0000 is not allowed"),
    ("[" * 100, "nested deeper than 64 levels"),
    ("[]", "policy: not an object"),
    ('"allow"', "line 1, column 7: '[' or '{' expected"),
    ('{"default_action": "perhaps"}', 'policy: default_action: neither "allow" nor "deny"'),
    ('{"default_action": 1}', "policy: default_action: not a string"),
    ('{"rules": {}}', "policy: rules: not an array"),
    ('{"rules": [1]}', "policy: rules[0]: not an object"),
    ('{"rules": [null]}', "policy: rules[0]: missing"),
    ('{"rules": [{"src": {}, "dst": {}}]}', "policy: rules[0].action: missing"),
    ('{"rules": [{"action": "deny", "dst": []}]}', "policy: rules[0].dst: not an object"),
    ('{"rules": [{"action": "deny", "src": "a"}]}', "policy: rules[0].src: not an object"),
    (RULE % '"any": "yes"', "policy: rules[0].dst.any: neither true nor false"),
    (RULE % '"tags": "dev"', "policy: rules[0].dst.tags: not an array"),
    (RULE % '"tags": [1]', "policy: rules[0].dst.tags[0]: not a string"),
    (RULE % '"names": ["a\\u001b[2J"]', "policy: rules[0].dst.names[0]: holds control characters"),
    (RULE % ('"names": ["%s"]' % ("n" * 1025)), "1025 bytes long; at most 1024 are allowed"),
    ('{"rules": [%s]}' % ",".join(['{"action":"deny","src":{},"dst":{}}'] * 4097),
     "policy: rules: 4097 entries; at most 4096 are allowed"),
    ('{"rules": []}' + " " * (4 << 20), "larger than 4194304 bytes"),
]


@pytest.mark.parametrize("policy,text", BAD_POLICIES, ids=lambda value: value[:40])
def test_bad_policy(tmp_path, policy, text):
    """Named with its place, before anything is sent: nobody listens there."""
    path = tmp_path / "policy.json"
    path.write_text(policy)
    done = run(tmp_path, ["--control-url", U, "admin", "acl", "set", "N", "--file", str(path)])
    assert_one_line(done, FAILED, text)
    assert str(path) in done.stderr
    if 0 < len(policy) < 100000:  # what fits into an argument
        done = run(tmp_path, ["--control-url", U, "admin", "acl", "set", "N", "--json", policy])
        assert done.returncode in (FAILED, USAGE)
        if done.returncode == FAILED:
            assert_one_line(done, FAILED, text)
            assert "lightscale-client: --json: " in done.stderr


def test_no_home_says_which_variable(tmp_path):
    program = os.path.join(REPOSITORY, os.environ.get("BUILD_DIR") or "build", "lightscale-client")
    environment = program_environment()
    environment.pop("HOME", None)
    done = subprocess.run([program, "netmap"], capture_output=True, text=True, timeout=30,
                          env=environment, cwd=tmp_path, check=False)
    assert_one_line(done, USAGE, "neither XDG_CONFIG_HOME nor HOME is set")


def test_admin_token_of_the_environment_is_checked(tmp_path):
    done = run(tmp_path, ["admin", "nodes", "N"], {"LIGHTSCALE_ADMIN_TOKEN": "ses\name"})
    assert_one_line(done, FAILED, "LIGHTSCALE_ADMIN_TOKEN holds control characters")


def test_empty_admin_token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text("\n")
    done = run(tmp_path, ["--admin-token-file", str(path), "admin", "nodes", "N"])
    assert_one_line(done, FAILED, f"{path}: not a token")


def test_closed_stdout_is_a_failure(tmp_path):
    program = os.path.join(REPOSITORY, os.environ.get("BUILD_DIR") or "build", "lightscale-client")
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([program, "--help"], stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=30, env=program_environment(), cwd=tmp_path, check=False)
    assert done.returncode == FAILED
    assert "cannot write to standard output: No space left on device" in done.stderr
