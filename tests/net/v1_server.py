# SPDX-License-Identifier: Apache-2.0
"""A control server as existing ones are: v1 of the protocol and nothing else. It records what it is
asked, and answers as unhelpfully as the protocol allows: members that have a default left out (or,
with slim=False, all there), members nobody knows at every level, header names in any case, and every
framing of HTTP/1.1 in turn.

It has the habits of existing servers, too: lists in another order each time, one revision for all
networks that grows with every write (heartbeats included), long-polls that look twice a second,
addresses that are never given again, tokens that disappear when they are used up, policies that are
asked about one direction only, and errors that are JSON only where a handler made them."""
import base64
import http.server
import ipaddress
import json
import os
import random
import secrets
import socket
import threading
import time
import urllib.parse
import uuid

import v1_protocol

ADMIN = "v1-admin-token"
BODY_MAX = 2 << 20
UNKNOWN = {"x_later": {"list": [1, "two", None, {"deep": True}], "text": "\u00fcml\u00e4ut"}}


def new_id():
    return str(uuid.uuid4())


def new_key():
    return base64.b64encode(os.urandom(32)).decode()


class Request:
    """What came in: `credential` is the bearer token or None, `body` decoded JSON or None."""

    def __init__(self, method, target, headers, raw):
        parts = urllib.parse.urlsplit(target)
        self.method = method
        self.path = parts.path
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True,
                                                 strict_parsing=bool(parts.query)))
        self.headers = headers
        self.raw = raw
        try:
            self.body = json.loads(raw) if raw else None
        except ValueError:
            self.body = None
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        self.credential = token if scheme == "Bearer" else None

    def __repr__(self):
        return f"<{self.method} {self.path} {self.query} {self.credential} {self.body}>"


class Refusal(Exception):
    """A handler's error is JSON; what refuses a request before it answers plain text, or nothing."""

    def __init__(self, status, text, plain=False):
        super().__init__(text)
        self.status = status
        self.plain = plain


def overlay_address(prefix, number):
    """The number-th address that a network hands out: a counter, from 10 where there is room."""
    network = ipaddress.ip_network(prefix)
    room = network.version == 6 or network.prefixlen <= 28
    return str(network[(10 if room else 1) + number])


def shuffled(items):
    """A copy in an order of its own: lists are maps in an existing server."""
    items = list(items)
    random.shuffle(items)
    return items


def is_named(selector, node):
    """True when a selector of a policy names the node."""
    lists = [selector.get(name) or [] for name in ("tags", "node_ids", "names")]
    if selector.get("any") or not any(lists):
        return True
    return (bool(set(lists[0]) & set(node["tags"])) or node["id"] in lists[1]
            or node["name"] in lists[2])


class V1Server:
    """Listens at once, on `listener` or a free port of the loopback; close() ends it."""

    def __init__(self, listener=None, slim=True):
        self.slim = slim
        self.requests = []
        self.networks, self.nodes, self.tokens, self.policies, self.keys = {}, {}, {}, {}, {}
        self.handed_out = {}  # network id -> how many addresses, those of deleted nodes included
        self.audited = []
        self.relay = None
        self.canned = None  # bytes that answer everything from now on
        self.revision = 0
        self.changed = threading.Condition()
        self.closed = False
        self.answers = 0
        listener = listener or socket.create_server(("127.0.0.1", 0))
        self.address = listener.getsockname()[:2]
        self.http = http.server.ThreadingHTTPServer(self.address, self._handler(),
                                                    bind_and_activate=False)
        self.http.socket.close()
        self.http.socket = listener
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def url(self):
        return f"http://{self.address[0]}:{self.address[1]}"

    def close(self):
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def taken(self):
        """The requests since the last call."""
        found, self.requests = self.requests, []
        return found

    def document(self):
        """The state as an existing server writes it into its file: it has the secrets."""
        def node(entry):
            info = entry["info"]
            return {**{name: info[name] for name in (
                        "id", "name", "machine_public_key", "wg_public_key", "ipv4", "ipv6",
                        "endpoints", "tags", "owner_user_id", "owner_email", "owner_is_admin",
                        "routes", "last_seen", "approved")},
                    "network_id": entry["net"], "created_at": entry["created_at"],
                    "probe_requested_at": None, "approved_at": entry["approved_at"],
                    "auth_secret": entry["secret"], "auth_expires_at": entry["expires_at"],
                    "node_token": entry["token"], "revoked_at": entry["revoked_at"],
                    "key_history": self.keys[info["id"]]}

        def network(info):
            return {**{name: info[name] for name in ("id", "name", "overlay_v4", "overlay_v6",
                                                     "dns_domain", "requires_approval")},
                    "acl": self.policies[info["id"]], "created_at": 1700000000,
                    "key_policy": {"max_age_seconds": info["key_rotation_max_age_seconds"]},
                    "next_ipv4": 10 + self.handed_out[info["id"]],
                    "next_ipv6": 10 + self.handed_out[info["id"]]}
        return {"version": 1, "revision": self.revision,
                "networks": {info["id"]: network(info) for info in shuffled(self.networks.values())},
                "nodes": {entry["info"]["id"]: node(entry)
                          for entry in shuffled(self.nodes.values())},
                "tokens": {token["token"]: {**token, "network_id": net}
                           for net, token in shuffled(self.tokens.values())},
                "audit_log": list(self.audited)}

    def change(self, action=None, network=None, node=None, **detail):
        """Something was written: every network's revision grows. `action` is audited."""
        with self.changed:
            self.revision += 1
            self.changed.notify_all()
        if action:
            self.audited.append({"id": new_id(), "timestamp": int(time.time()),
                                 "network_id": network, "node_id": node, "action": action,
                                 "detail": detail or None})

    # --- HTTP ---

    def _handler(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                length = int(self.headers.get("Content-Length", 0))
                raw = self.rfile.read(length) if length <= BODY_MAX else b""
                request = Request(self.command, self.path, self.headers, raw)
                server.requests.append(request)
                status, text = (413, "length limit exceeded") if length > BODY_MAX \
                    else server.answer(request)
                if server.canned is not None:
                    self.wfile.write(server.canned)
                    self.close_connection = True
                else:
                    self.close_connection = server.send(self.wfile, status, text,
                                                        self.command == "HEAD")
                self.close_connection |= length > BODY_MAX

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = serve

            def log_message(self, *_args):
                pass
        return Handler

    def send(self, out, status, text, head_only=False):
        """Writes one answer in the next of the ways; True when the connection ends with it."""
        self.answers += 1
        way = self.answers % 4
        body = text.encode()
        kind = "application/json" if text.startswith("{") else "text/plain"
        head = f"HTTP/1.1 {status} {'Fine' if status < 300 else 'No'}\r\n"
        if status == 204:
            out.write((head + "X-Nothing: follows\r\n\r\n").encode())
            return False
        if way == 0:
            head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        elif way == 1:
            head += f"content-type: {kind}; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
            half = len(body) // 2
            body = b"".join(b"%x;why=not\r\n%s\r\n" % (len(part), part)
                            for part in (body[:half], body[half:]) if part) + b"0\r\nX: y\r\n\r\n"
        elif way == 2:
            head += (f"CONTENT-TYPE:{kind}\r\nCONTENT-LENGTH:   {len(body)}\r\n"
                     "CONNECTION: Close\r\n\r\n")
        else:
            head += f"X-Powered-By: \u00fc\r\nContent-type: {kind}\r\nConnection: close\r\n\r\n"
        out.write(head.encode() + (b"" if head_only else body))
        return way in (2, 3)

    # --- the protocol ---

    def answer(self, request):
        """Status and text."""
        method = "GET" if request.method == "HEAD" else request.method
        try:
            pattern, ids = v1_protocol.find_endpoint(method, request.path)
        except KeyError as error:
            return 405 if "method" in error.args[0] else 404, ""
        who, body, kind = v1_protocol.ENDPOINTS[method, pattern]
        try:
            self._extract(request, pattern, body)
            self._authorise(request, who, ids)
            found = self._do(request, method, pattern, ids)
        except Refusal as refusal:
            if refusal.plain:
                return refusal.status, str(refusal)
            return self._error(refusal.status, str(refusal))
        if found is None:
            return (200, "ok") if pattern == "/healthz" else (204, "")
        return 200, json.dumps(self._worded(kind, found))

    @staticmethod
    def _extract(request, pattern, kind):
        """Refuses, before any handler, what does not decode."""
        for name in v1_protocol.QUERIES.get(pattern, {"limit"}) - {"network_id", "node_id"}:
            if not request.query.get(name, "0").isdigit():
                raise Refusal(400, "Failed to deserialize query string: invalid digit", True)
        if kind is None:
            return
        if request.headers.get_content_type() != "application/json":
            raise Refusal(415, "Expected request with `Content-Type: application/json`", True)
        if request.body is None:
            raise Refusal(400, "Failed to parse the request body as JSON: EOF", True)
        problems = v1_protocol.problems(kind, request.body, strict=False)
        if problems:
            raise Refusal(422, "Failed to deserialize the JSON body into the target type: "
                          + problems[0], True)

    @staticmethod
    def _error(status, text):
        return status, json.dumps({"error": text, **UNKNOWN})

    def _worded(self, kind, value):
        wrong = v1_protocol.problems(kind, value, complete=True, exact=True, strict=False)
        assert not wrong, wrong
        return self._more(v1_protocol.slim(kind, value) if self.slim else value)

    def _more(self, value):
        """Members that nobody knows, in every object."""
        if isinstance(value, list):
            return [self._more(item) for item in value]
        if isinstance(value, dict):
            return {**UNKNOWN, **{name: self._more(item) for name, item in value.items()}}
        return value

    def _authorise(self, request, who, ids):
        if who == "anyone":
            return
        node = ids.get("node") or (request.body or {}).get("node_id")
        own = self.nodes[node]["token"] if who == "node" and node in self.nodes else None
        if request.credential not in (ADMIN, own) or request.credential is None:
            raise Refusal(401, "unauthorized")

    def _do(self, request, method, pattern, ids):
        name = method.lower() + pattern.replace("{", "").replace("}", "")
        for part in ("/v1", "/"):
            name = name.replace(part, "_" if part == "/" else "")
        for kind, known in (("net", self.networks), ("node", self.nodes)):
            if kind in ids and ids[kind] not in known:
                raise Refusal(404, f"{kind} not found")
        return getattr(self, "_" + name.replace("-", "_"))(request, **ids)

    def _get_healthz(self, _request):
        return None

    def add_network(self, name="net", **members):
        n = len(self.networks)
        network = {"id": new_id(), "name": name, "overlay_v4": f"100.64.{n}.0/24",
                   "overlay_v6": f"fd00:0:{n:x}::/48", "dns_domain": f"net-{n}.lightscale",
                   "requires_approval": False, "key_rotation_max_age_seconds": None}
        network.update((k, v) for k, v in members.items() if k in network and v is not None)
        self.networks[network["id"]] = network
        self.policies[network["id"]] = {"default_action": "allow", "rules": []}
        self.handed_out[network["id"]] = 0
        self.change("network.create", network["id"], name=name,
                    requires_approval=network["requires_approval"],
                    key_rotation_max_age_seconds=network["key_rotation_max_age_seconds"])
        return network

    def add_token(self, net, ttl_seconds=3600, uses=1, tags=(), **owner):
        # Ours never begin with a dash; those of others do.
        secret = "-" + secrets.token_urlsafe(32)[1:]
        token = {"token": secret, "expires_at": int(time.time()) + ttl_seconds,
                 "uses_left": uses, "tags": list(tags), "owner_user_id": owner.get("owner_user_id"),
                 "owner_email": owner.get("owner_email"),
                 "owner_is_admin": owner.get("owner_is_admin", True), "revoked_at": None}
        self.tokens[token["token"]] = (net, token)
        self.change("token.create", net, **{name: token[name] for name in token
                                            if name not in ("token", "uses_left", "revoked_at")},
                    uses=uses)
        return token

    def add_node(self, net, name, machine_public_key=None, wg_public_key=None, **members):
        """Keys of its own unless they are given; returns its id."""
        network, number = self.networks[net], self.handed_out[net]
        self.handed_out[net] += 1
        node = {"id": new_id(), "name": name, "dns_name": f"{name}.{network['dns_domain']}",
                "ipv4": overlay_address(network["overlay_v4"], number),
                "ipv6": overlay_address(network["overlay_v6"], number),
                "wg_public_key": wg_public_key or new_key(), "endpoints": [], "tags": [],
                "routes": [], "last_seen": int(time.time()),
                "machine_public_key": machine_public_key or new_key(), "owner_user_id": None,
                "owner_email": None, "owner_is_admin": False, "approved": True,
                "key_rotation_required": False, "revoked": False, **members}
        self.nodes[node["id"]] = {"info": node, "net": net, "token": secrets.token_urlsafe(32),
                                  "secret": secrets.token_urlsafe(32), "probes": [],
                                  "expires_at": None, "revoked_at": None,
                                  "created_at": int(time.time()),
                                  "approved_at": int(time.time()) if node["approved"] else None}
        self.keys[node["id"]] = [
            {"key_type": kind, "public_key": node[member], "created_at": 1700000000,
             "revoked_at": None}
            for kind, member in (("machine", "machine_public_key"),
                                 ("wire_guard", "wg_public_key"))]
        self.change()
        return node["id"]

    def netmap(self, node):
        """As the server itself would write it: complete."""
        entry = self.nodes[node]
        peers = [{name: other["info"][name] for name in v1_protocol.TYPES["PeerInfo"]}
                 for other in shuffled(self.nodes.values())
                 if other is not entry and other["net"] == entry["net"]
                 and self._is_active(other) and self._sees(entry, other)]
        return {"network": self.networks[entry["net"]], "node": entry["info"],
                "peers": peers if self._is_active(entry) else [], "relay": self.relay,
                "probe_requests": entry["probes"], "generated_at": int(time.time()),
                "revision": 0 if self.slim else self.revision}

    @staticmethod
    def _is_active(entry):
        return entry["info"]["approved"] and not entry["info"]["revoked"]

    def _sees(self, viewer, peer):
        """What the policy says of viewer -> peer; nobody asks about the way back."""
        policy = self.policies[viewer["net"]]
        for rule in policy.get("rules") or []:
            if (is_named(rule.get("src") or {}, viewer["info"])
                    and is_named(rule.get("dst") or {}, peer["info"])):
                return rule["action"] == "allow"
        return policy.get("default_action", "allow") == "allow"

    def _take_name(self, net, name):
        if any(entry["net"] == net and entry["info"]["name"] == name
               and not entry["info"]["revoked"] for entry in self.nodes.values()):
            raise Refusal(409, "node name already exists")

    def _post_networks(self, request):
        body = request.body
        network = self.add_network(**body)
        ttl = body.get("bootstrap_token_ttl_seconds")
        token = ttl and self.add_token(network["id"], ttl, body.get("bootstrap_token_uses", 1),
                                       body.get("bootstrap_token_tags", []))
        return {"network": network, "bootstrap_token": token}

    def _delete_networks_net(self, _request, net):
        del self.networks[net]
        self.change("network.delete", net)

    def _get_networks_net_tokens(self, _request, net):
        tokens = [token for its, token in self.tokens.values() if its == net]
        return {"tokens": sorted(shuffled(tokens), key=lambda token: -token["expires_at"])}

    def _post_networks_net_tokens(self, request, net):
        return {"token": self.add_token(net, **request.body)}

    def _post_tokens_token_revoke(self, _request, token):
        if token not in self.tokens:
            raise Refusal(404, "token not found")
        net, found = self.tokens[token]
        found["revoked_at"] = int(time.time())
        self.change("token.revoke", net, revoked_at=found["revoked_at"])
        return found

    def _get_networks_net_acl(self, _request, net):
        return self.policies[net]

    def _put_networks_net_acl(self, request, net):
        policy = {"default_action": "allow", "rules": [], **request.body["policy"]}
        everybody = {"any": False, "tags": [], "node_ids": [], "names": []}
        self.policies[net] = {"default_action": policy["default_action"], "rules": [
            {"action": rule["action"], **{
                end: {**everybody, **{name: value for name, value in (rule.get(end) or {}).items()
                                      if name in everybody}} for end in ("src", "dst")}}
            for rule in policy["rules"]]}
        self.change("acl.update", net)
        return {"policy": self.policies[net]}

    def _get_networks_net_key_policy(self, _request, net):
        age = self.networks[net]["key_rotation_max_age_seconds"]
        return {"policy": {"max_age_seconds": age}}

    def _put_networks_net_key_policy(self, request, net):
        age = request.body.get("max_age_seconds")
        self.networks[net]["key_rotation_max_age_seconds"] = age
        self.change("key_policy.update", net, max_age_seconds=age)
        return self._get_networks_net_key_policy(request, net)

    def _post_register(self, request):
        body = request.body
        net, token = self.tokens.get(body["token"], (None, None))
        if not token or token["revoked_at"] or token["expires_at"] <= time.time():
            raise Refusal(401, "invalid token")
        self._take_name(net, body["node_name"])
        owner = {name: token[name] for name in ("owner_user_id", "owner_email", "owner_is_admin")}
        approved = not self.networks[net]["requires_approval"]
        node = self.add_node(net, body["node_name"], body["machine_public_key"],
                             body["wg_public_key"], tags=list(token["tags"]), approved=approved,
                             **owner)
        token["uses_left"] -= 1
        if token["uses_left"] == 0:
            del self.tokens[body["token"]]
        self.change("node.register", net, node, approved=approved, **owner)
        return {"node_token": self.nodes[node]["token"], "netmap": self.netmap(node)}

    def _post_register_url(self, request):
        body = request.body
        if body["network_id"] not in self.networks:
            raise Refusal(404, "network not found")
        self._take_name(body["network_id"], body["node_name"])
        node = self.add_node(body["network_id"], body["node_name"], body["machine_public_key"],
                             body["wg_public_key"], approved=False)
        entry = self.nodes[node]
        expires_at = int(time.time()) + body.get("ttl_seconds", 600)
        entry["expires_at"] = expires_at
        self.change("node.register_url", entry["net"], node, expires_at=expires_at)
        return {"node_id": node, "network_id": entry["net"], "ipv4": entry["info"]["ipv4"],
                "ipv6": entry["info"]["ipv6"], "node_token": entry["token"],
                "auth_path": f"/v1/register/approve/{node}/{entry['secret']}",
                "expires_at": expires_at}

    def _get_register_approve_node_secret(self, request, node, secret):
        if secret != self.nodes[node]["secret"]:
            raise Refusal(401, "wrong secret")
        return self._approve(node, "auth_url")

    def _post_admin_nodes_node_approve(self, _request, node):
        return self._approve(node, "admin")

    def _approve(self, node, via):
        now = int(time.time())
        self.nodes[node]["info"]["approved"] = True
        self.nodes[node]["approved_at"] = now
        self.change("node.approve", self.nodes[node]["net"], node, approved_at=now, via=via)
        return {"node_id": node, "approved": True, "approved_at": now}

    def _get_admin_networks_net_nodes(self, _request, net):
        return {"nodes": [entry["info"] for entry in shuffled(self.nodes.values())
                          if entry["net"] == net]}

    def _put_admin_nodes_node(self, request, node):
        given = {k: v for k, v in request.body.items() if v is not None}
        if not given:
            raise Refusal(400, "no fields to update")
        self.nodes[node]["info"].update(given)
        self.change("node.update", self.nodes[node]["net"], node, **given)
        return {"node": self.nodes[node]["info"]}

    def _get_admin_topology(self, request):
        return {"control_urls": ["http://" + request.headers["Host"]], "mesh_server_id": None,
                "mesh_peers": [], "generated_at": int(time.time())}

    def _post_nodes_node_rotate_keys(self, request, node):
        info = self.nodes[node]["info"]
        now = int(time.time())
        for kind, name in (("machine", "machine_public_key"), ("wire_guard", "wg_public_key")):
            if not request.body.get(name):
                continue
            for record in self.keys[node]:
                if record["key_type"] == kind:
                    record["revoked_at"] = record["revoked_at"] or now
            self.keys[node].append({"key_type": kind, "public_key": request.body[name],
                                    "created_at": now, "revoked_at": None})
            info[name] = request.body[name]
        info["revoked"] = False
        self.nodes[node]["revoked_at"] = None
        self.change("keys.rotate", self.nodes[node]["net"], node, **{
            short: request.body[name] for short, name in (
                ("machine", "machine_public_key"), ("wireguard", "wg_public_key"))
            if request.body.get(name)})
        return {"node_id": node, "machine_public_key": info["machine_public_key"],
                "wg_public_key": info["wg_public_key"]}

    def _post_nodes_node_revoke(self, _request, node):
        now = int(time.time())
        self.nodes[node]["info"]["revoked"] = True
        self.nodes[node]["revoked_at"] = now
        self.change("keys.revoke", self.nodes[node]["net"], node, revoked_at=now)
        return {"node_id": node, "revoked_at": now}

    def _delete_nodes_node(self, _request, node):
        info = self.nodes[node]["info"]
        self.change("node.delete", self.nodes[node]["net"], node, name=info["name"],
                    ipv4=info["ipv4"], ipv6=info["ipv6"])
        del self.nodes[node]
        return {"node_id": node}

    def _get_nodes_node_keys(self, _request, node):
        return {"node_id": node, "keys": self.keys[node]}

    def _get_audit(self, request):
        limit = int(request.query.get("limit", 100))
        entries = [entry for entry in self.audited
                   if all(request.query.get(name, entry[name]) == entry[name]
                          for name in ("network_id", "node_id"))]
        return {"entries": entries[-limit:] if limit else []}

    def _post_heartbeat(self, request):
        body = request.body
        info = self.nodes[body["node_id"]]["info"]
        info.update(endpoints=body["endpoints"], routes=[
            {"mapped_prefix": None, **route} for route in body["routes"]],
            last_seen=int(time.time()))
        self.change()  # as any write
        return {"netmap": self.netmap(body["node_id"])}

    def _get_netmap_node(self, _request, node):
        return self.netmap(node)

    def _get_netmap_node_longpoll(self, request, node):
        since = int(request.query.get("since", 0))
        timeout = min(int(request.query.get("timeout_seconds", 30)), 300)
        end = time.monotonic() + timeout
        with self.changed:
            while (not self.closed and self.netmap(node)["revision"] <= since
                   and time.monotonic() < end):
                # Woken only by close(): an existing server looks twice a second.
                self.changed.wait_for(lambda: self.closed,
                                      max(0, min(0.5, end - time.monotonic())))
        if node not in self.nodes:
            raise Refusal(404, "node not found")
        return self.netmap(node)
