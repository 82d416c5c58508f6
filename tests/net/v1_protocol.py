# SPDX-License-Identifier: Apache-2.0
"""The v1 protocol's types and endpoints as the protocol's page gives them, for the tests of v1 peers
in both directions. Written after the page, not after any program.

A type is {member: "kind"} or {member: "kind=default"}, the default in JSON: a member with one may be
absent. A kind is one of KINDS, another type, "[kind]" for a list, "kind|null" where null is taken,
too."""
import base64
import ipaddress
import json
import re

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def _is_key(value):
    return len(value) == 44 and len(base64.b64decode(value, validate=True)) == 32


KINDS = {
    "text": lambda v: isinstance(v, str),
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= 0,
    "bool": lambda v: isinstance(v, bool),
    "uuid": lambda v: re.fullmatch(UUID, v),
    "key": _is_key,
    "secret": lambda v: re.fullmatch(r"[A-Za-z0-9_-]{43}", v),
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "prefix": ipaddress.ip_network,
    "prefix4": ipaddress.IPv4Network,
    "prefix6": ipaddress.IPv6Network,
    "hostport": lambda v: re.fullmatch(r"(.+):(\d{1,5})", v),
    "route kind": lambda v: v in ("subnet", "exit"),
    "key type": lambda v: v in ("machine", "wire_guard"),
    "action": lambda v: v in ("allow", "deny"),
    "audited": lambda v: v in AUDITED,
    "object": lambda v: isinstance(v, dict),
}
# How a program decodes a kind that only looks like more: any string will do.
LOOSE = {"key", "ipv4", "ipv6", "secret", "hostport", "prefix", "uuid", "prefix4", "prefix6"}
AUDITED = ("network.create network.delete token.create token.revoke node.register "
           "node.register_url node.approve node.update node.delete acl.update key_policy.update "
           "keys.rotate keys.revoke").split()

_PEER = {"id": "uuid", "name": "text", "dns_name": "text", "ipv4": "ipv4", "ipv6": "ipv6",
         "wg_public_key": "key", "endpoints": "[hostport]", "tags": "[text]",
         "routes": "[Route]", "last_seen": "int"}
TYPES = {
    "NetworkInfo": {"id": "uuid", "name": "text", "overlay_v4": "prefix4",
                    "overlay_v6": "prefix6", "dns_domain": "text",
                    "requires_approval": "bool=false",
                    "key_rotation_max_age_seconds": "int|null=null"},
    "PeerInfo": _PEER,
    "NodeInfo": {**_PEER, "machine_public_key": "key", "owner_user_id": "text|null=null",
                 "owner_email": "text|null=null", "owner_is_admin": "bool=false",
                 "approved": "bool=true", "key_rotation_required": "bool=false",
                 "revoked": "bool=false"},
    "Route": {"prefix": "prefix", "kind": "route kind", "enabled": "bool",
              "mapped_prefix": "prefix|null=null"},
    "NetMap": {"network": "NetworkInfo", "node": "NodeInfo", "peers": "[PeerInfo]",
               "relay": "RelayConfig|null", "probe_requests": "[ProbeRequest]=[]",
               "generated_at": "int", "revision": "int=0"},
    "RelayConfig": {"stun_servers": "[hostport]", "turn_servers": "[hostport]",
                    "stream_relay_servers": "[hostport]=[]",
                    "udp_relay_servers": "[hostport]=[]", "dns_servers": "[hostport]=[]"},
    "ProbeRequest": {"peer_id": "uuid", "endpoints": "[hostport]", "ipv4": "ipv4",
                     "ipv6": "ipv6", "requested_at": "int"},
    "EnrollmentToken": {"token": "text", "expires_at": "int", "uses_left": "int",
                        "tags": "[text]", "owner_user_id": "text|null",
                        "owner_email": "text|null", "owner_is_admin": "bool",
                        "revoked_at": "int|null"},
    "KeyRecord": {"key_type": "key type", "public_key": "key", "created_at": "int",
                  "revoked_at": "int|null=null"},
    "AuditEntry": {"id": "text", "timestamp": "int", "network_id": "uuid|null",
                   "node_id": "uuid|null", "action": "audited", "detail": "object|null"},
    "AclPolicy": {"default_action": "action=\"allow\"", "rules": "[AclRule]=[]"},
    "AclRule": {"action": "action", "src": "Selector={}", "dst": "Selector={}"},
    "Selector": {"any": "bool=false", "tags": "[text]=[]", "node_ids": "[text]=[]",
                 "names": "[text]=[]"},
    "KeyPolicy": {"max_age_seconds": "int|null"},
    # Requests.
    "CreateNetwork": {"name": "text", "overlay_v4": "prefix4|null=null",
                      "overlay_v6": "prefix6|null=null", "dns_domain": "text|null=null",
                      "requires_approval": "bool=false",
                      "key_rotation_max_age_seconds": "int|null=null",
                      "bootstrap_token_ttl_seconds": "int|null=null",
                      "bootstrap_token_uses": "int=1", "bootstrap_token_tags": "[text]=[]"},
    "CreateToken": {"ttl_seconds": "int", "uses": "int", "tags": "[text]",
                    "owner_user_id": "text|null=null", "owner_email": "text|null=null",
                    "owner_is_admin": "bool=true"},
    "PutAcl": {"policy": "AclPolicy"},
    "Register": {"token": "text", "node_name": "text", "machine_public_key": "key",
                 "wg_public_key": "key"},
    "RegisterUrl": {"network_id": "uuid", "node_name": "text", "machine_public_key": "key",
                    "wg_public_key": "key", "ttl_seconds": "int=600"},
    "UpdateNode": {"name": "text|null=null", "tags": "[text]|null=null"},
    "RotateKeys": {"machine_public_key": "key|null=null", "wg_public_key": "key|null=null"},
    "Heartbeat": {"node_id": "uuid", "endpoints": "[hostport]", "listen_port": "int|null=null",
                  "routes": "[Route]", "probe": "bool|null=null"},
    # Answers.
    "Network": {"network": "NetworkInfo", "bootstrap_token": "EnrollmentToken|null"},
    "Tokens": {"tokens": "[EnrollmentToken]"},
    "Token": {"token": "EnrollmentToken"},
    "Policy": {"policy": "KeyPolicy"},
    "Registered": {"node_token": "secret", "netmap": "NetMap"},
    "RegisteredUrl": {"node_id": "uuid", "network_id": "uuid", "ipv4": "ipv4", "ipv6": "ipv6",
                      "auth_path": "text", "expires_at": "int", "node_token": "secret"},
    "Approval": {"node_id": "uuid", "approved": "bool", "approved_at": "int|null"},
    "Nodes": {"nodes": "[NodeInfo]"},
    "Node": {"node": "NodeInfo"},
    "Topology": {"control_urls": "[text]", "mesh_server_id": "text|null",
                 "mesh_peers": "[MeshPeer]", "generated_at": "int"},
    "MeshPeer": {"id": "text", "addr": "text"},
    "RotatedKeys": {"node_id": "uuid", "machine_public_key": "key", "wg_public_key": "key"},
    "Revoked": {"node_id": "uuid", "revoked_at": "int"},
    "Deleted": {"node_id": "uuid"},
    "Keys": {"node_id": "uuid", "keys": "[KeyRecord]"},
    "Audit": {"entries": "[AuditEntry]"},
    "Beaten": {"netmap": "NetMap"},
    "Error": {"error": "text"},
}

# (method, path) -> who may ask, the body's type, the answer's type; None: there is none.
ENDPOINTS = {
    ("GET", "/healthz"): ("anyone", None, None),
    ("POST", "/v1/networks"): ("admin", "CreateNetwork", "Network"),
    ("DELETE", "/v1/networks/{net}"): ("admin", None, None),
    ("GET", "/v1/networks/{net}/tokens"): ("admin", None, "Tokens"),
    ("POST", "/v1/networks/{net}/tokens"): ("admin", "CreateToken", "Token"),
    ("POST", "/v1/tokens/{token}/revoke"): ("admin", None, "EnrollmentToken"),
    ("GET", "/v1/networks/{net}/acl"): ("admin", None, "AclPolicy"),
    ("PUT", "/v1/networks/{net}/acl"): ("admin", "PutAcl", "PutAcl"),
    ("GET", "/v1/networks/{net}/key-policy"): ("admin", None, "Policy"),
    ("PUT", "/v1/networks/{net}/key-policy"): ("admin", "KeyPolicy", "Policy"),
    ("POST", "/v1/register"): ("anyone", "Register", "Registered"),
    ("POST", "/v1/register-url"): ("anyone", "RegisterUrl", "RegisteredUrl"),
    ("GET", "/v1/register/approve/{node}/{secret}"): ("anyone", None, "Approval"),
    ("POST", "/v1/admin/nodes/{node}/approve"): ("admin", None, "Approval"),
    ("GET", "/v1/admin/networks/{net}/nodes"): ("admin", None, "Nodes"),
    ("PUT", "/v1/admin/nodes/{node}"): ("admin", "UpdateNode", "Node"),
    ("GET", "/v1/admin/topology"): ("admin", None, "Topology"),
    ("POST", "/v1/nodes/{node}/rotate-keys"): ("node", "RotateKeys", "RotatedKeys"),
    ("POST", "/v1/nodes/{node}/revoke"): ("admin", None, "Revoked"),
    ("DELETE", "/v1/nodes/{node}"): ("admin", None, "Deleted"),
    ("GET", "/v1/nodes/{node}/keys"): ("node", None, "Keys"),
    ("GET", "/v1/audit"): ("admin", None, "Audit"),
    ("POST", "/v1/heartbeat"): ("node", "Heartbeat", "Beaten"),
    ("GET", "/v1/netmap/{node}"): ("node", None, "NetMap"),
    ("GET", "/v1/netmap/{node}/longpoll"): ("node", None, "NetMap"),
}
QUERIES = {"/v1/audit": {"network_id", "node_id", "limit"},
           "/v1/netmap/{node}/longpoll": {"since", "timeout_seconds"}}


def _split(spec):
    kind, equals, default = spec.partition("=")
    return kind, bool(equals), json.loads(default) if equals else None


def _is(kind, value):
    try:
        return bool(KINDS[kind](value))
    except (TypeError, ValueError):
        return False


def problems(kind, value, complete=False, exact=False, where="", strict=True):
    """What of `value` is not of that kind, one line each. complete: members with a default must be
    there, too; exact: no others may; strict=False: only what a program's decoder refuses, which
    takes any text for a key."""
    kind, nullable = kind.removesuffix("|null"), kind.endswith("|null")
    if value is None:
        return [] if nullable else [f"{where}: null"]
    if kind.startswith("["):
        if not isinstance(value, list):
            return [f"{where}: no list: {value!r}"]
        return [text for i, item in enumerate(value)
                for text in problems(kind[1:-1], item, complete, exact, f"{where}[{i}]", strict)]
    if kind in LOOSE and not strict:
        kind = "text"
    if kind in KINDS:
        return [] if _is(kind, value) else [f"{where}: not {kind}: {value!r}"]
    if not isinstance(value, dict):
        return [f"{where}: no {kind}: {value!r}"]
    found = [f"{where}.{name}: unknown to v1" for name in value
             if exact and name not in TYPES[kind]]
    for name, spec in TYPES[kind].items():
        inner, optional, _ = _split(spec)
        if name in value:
            found += problems(inner, value[name], complete, exact, f"{where}.{name}", strict)
        elif complete or not optional:
            found.append(f"{where}.{name}: missing")
    return found


def slim(kind, value):
    """A copy without the members that say no more than their default does."""
    kind = kind.removesuffix("|null")
    if value is None or kind in KINDS:
        return value
    if kind.startswith("["):
        return [slim(kind[1:-1], item) for item in value]
    copy = {}
    for name, spec in TYPES[kind].items():
        inner, optional, default = _split(spec)
        if name in value and not (optional and value[name] == default):
            copy[name] = slim(inner, value[name])
    return copy


def find_endpoint(method, path):
    """The endpoint's path in ENDPOINTS and the ids in it. KeyError says "no such path" or "no such
    method"."""
    known = False
    for (its_method, pattern) in ENDPOINTS:
        regex = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", pattern)
        match = re.fullmatch(regex, path)
        known = known or match
        if match and its_method == method:
            return pattern, match.groupdict()
    raise KeyError("no such method" if known else "no such path")
