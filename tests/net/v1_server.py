# SPDX-License-Identifier: Apache-2.0
"""A control server as existing ones are: v1 of the protocol and nothing else. It records what it is
asked, and answers as unhelpfully as the protocol allows: members that have a default left out (or,
with slim=False, all there), members nobody knows at every level, header names in any case, and every
framing of HTTP/1.1 in turn."""
import base64
import http.server
import json
import os
import secrets
import socket
import threading
import time
import urllib.parse
import uuid

import v1_protocol

ADMIN = "v1-admin-token"
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
        self.body = json.loads(raw) if raw else None
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        self.credential = token if scheme == "Bearer" else None

    def __repr__(self):
        return f"<{self.method} {self.path} {self.query} {self.credential} {self.body}>"


class Refusal(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class V1Server:
    """Listens at once, on `listener` or a free port of the loopback; close() ends it."""

    def __init__(self, listener=None, slim=True):
        self.slim = slim
        self.requests = []
        self.networks, self.nodes, self.tokens, self.policies, self.keys = {}, {}, {}, {}, {}
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

    def change(self):
        """Something that netmaps show has changed."""
        with self.changed:
            self.revision += 1
            self.changed.notify_all()

    # --- HTTP ---

    def _handler(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.command, self.path, self.headers, raw)
                server.requests.append(request)
                status, text = server.answer(request)
                if server.canned is not None:
                    self.wfile.write(server.canned)
                    self.close_connection = True
                else:
                    self.close_connection = server.send(self.wfile, status, text)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = serve

            def log_message(self, *_args):
                pass
        return Handler

    def send(self, out, status, text):
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
        out.write(head.encode() + body)
        return way in (2, 3)

    # --- the protocol ---

    def answer(self, request):
        """Status and text."""
        try:
            pattern, ids = v1_protocol.find_endpoint(request.method, request.path)
        except KeyError as error:
            return self._error(405 if "method" in error.args[0] else 404, error.args[0])
        who, _, kind = v1_protocol.ENDPOINTS[request.method, pattern]
        try:
            self._authorise(request, who, ids)
            found = self._do(request, pattern, ids)
        except Refusal as refusal:
            return self._error(refusal.status, str(refusal))
        if found is None:
            return (200, "ok") if pattern == "/healthz" else (204, "")
        return 200, json.dumps(self._worded(kind, found))

    @staticmethod
    def _error(status, text):
        return status, json.dumps({"error": text, **UNKNOWN})

    def _worded(self, kind, value):
        wrong = v1_protocol.problems(kind, value, complete=True, exact=True)
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

    def _do(self, request, pattern, ids):
        name = request.method.lower() + pattern.replace("{", "").replace("}", "")
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
        return network

    def add_token(self, net, ttl_seconds=3600, uses=1, tags=(), **owner):
        # Ours never begin with a dash; those of others do.
        secret = "-" + secrets.token_urlsafe(32)[1:]
        token = {"token": secret, "expires_at": int(time.time()) + ttl_seconds,
                 "uses_left": uses, "tags": list(tags), "owner_user_id": owner.get("owner_user_id"),
                 "owner_email": None, "owner_is_admin": False, "revoked_at": None}
        self.tokens[token["token"]] = (net, token)
        return token

    def add_node(self, net, name, machine_public_key=None, wg_public_key=None, **members):
        """Keys of its own unless they are given; returns its id."""
        network, host = self.networks[net], len(self.nodes) + 10
        node = {"id": new_id(), "name": name, "dns_name": f"{name}.{network['dns_domain']}",
                "ipv4": network["overlay_v4"].replace(".0/24", f".{host}"),
                "ipv6": network["overlay_v6"].replace("/48", f"{host:x}"),
                "wg_public_key": wg_public_key or new_key(), "endpoints": [], "tags": [],
                "routes": [], "last_seen": int(time.time()),
                "machine_public_key": machine_public_key or new_key(), "owner_user_id": None,
                "owner_email": None, "owner_is_admin": False, "approved": True,
                "key_rotation_required": False, "revoked": False, **members}
        self.nodes[node["id"]] = {"info": node, "net": net, "token": secrets.token_urlsafe(32),
                                  "secret": secrets.token_urlsafe(32), "probes": []}
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
                 for other in self.nodes.values()
                 if other is not entry and other["net"] == entry["net"]
                 and other["info"]["approved"]]
        return {"network": self.networks[entry["net"]], "node": entry["info"],
                "peers": peers if entry["info"]["approved"] else [], "relay": self.relay,
                "probe_requests": entry["probes"], "generated_at": int(time.time()),
                "revision": 0 if self.slim else self.revision}

    def _post_networks(self, request):
        body = request.body
        network = self.add_network(**body)
        ttl = body.get("bootstrap_token_ttl_seconds")
        token = ttl and self.add_token(network["id"], ttl, body.get("bootstrap_token_uses", 1),
                                       body.get("bootstrap_token_tags", []))
        return {"network": network, "bootstrap_token": token}

    def _delete_networks_net(self, _request, net):
        del self.networks[net]

    def _get_networks_net_tokens(self, _request, net):
        return {"tokens": [token for its, token in self.tokens.values() if its == net]}

    def _post_networks_net_tokens(self, request, net):
        return {"token": self.add_token(net, **request.body)}

    def _post_tokens_token_revoke(self, _request, token):
        if token not in self.tokens:
            raise Refusal(404, "token not found")
        self.tokens[token][1]["revoked_at"] = int(time.time())
        return self.tokens[token][1]

    def _get_networks_net_acl(self, _request, net):
        return self.policies[net]

    def _put_networks_net_acl(self, request, net):
        self.policies[net] = request.body["policy"]
        return {"policy": self.policies[net]}

    def _get_networks_net_key_policy(self, _request, net):
        age = self.networks[net]["key_rotation_max_age_seconds"]
        return {"policy": {"max_age_seconds": age}}

    def _put_networks_net_key_policy(self, request, net):
        self.networks[net]["key_rotation_max_age_seconds"] = request.body["max_age_seconds"]
        return self._get_networks_net_key_policy(request, net)

    def _post_register(self, request):
        body = request.body
        if body["token"] not in self.tokens:
            raise Refusal(401, "invalid token")
        node = self.add_node(self.tokens[body["token"]][0], body["node_name"],
                             body["machine_public_key"], body["wg_public_key"])
        return {"node_token": self.nodes[node]["token"], "netmap": self.netmap(node)}

    def _post_register_url(self, request):
        body = request.body
        if body["network_id"] not in self.networks:
            raise Refusal(404, "network not found")
        node = self.add_node(body["network_id"], body["node_name"], body["machine_public_key"],
                             body["wg_public_key"], approved=False)
        entry = self.nodes[node]
        return {"node_id": node, "network_id": entry["net"], "ipv4": entry["info"]["ipv4"],
                "ipv6": entry["info"]["ipv6"], "node_token": entry["token"],
                "auth_path": f"/v1/register/approve/{node}/{entry['secret']}",
                "expires_at": int(time.time()) + body.get("ttl_seconds", 600)}

    def _get_register_approve_node_secret(self, request, node, secret):
        if secret != self.nodes[node]["secret"]:
            raise Refusal(401, "wrong secret")
        return self._post_admin_nodes_node_approve(request, node)

    def _post_admin_nodes_node_approve(self, _request, node):
        self.nodes[node]["info"]["approved"] = True
        self.change()
        return {"node_id": node, "approved": True, "approved_at": int(time.time())}

    def _get_admin_networks_net_nodes(self, _request, net):
        return {"nodes": [entry["info"] for entry in self.nodes.values() if entry["net"] == net]}

    def _put_admin_nodes_node(self, request, node):
        self.nodes[node]["info"].update(
            {k: v for k, v in request.body.items() if v is not None})
        self.change()
        return {"node": self.nodes[node]["info"]}

    def _post_nodes_node_rotate_keys(self, request, node):
        info = self.nodes[node]["info"]
        for name in ("machine_public_key", "wg_public_key"):
            info[name] = request.body.get(name) or info[name]
        info["revoked"] = False
        return {"node_id": node, "machine_public_key": info["machine_public_key"],
                "wg_public_key": info["wg_public_key"]}

    def _post_nodes_node_revoke(self, _request, node):
        self.nodes[node]["info"]["revoked"] = True
        return {"node_id": node, "revoked_at": int(time.time())}

    def _delete_nodes_node(self, _request, node):
        del self.nodes[node]
        return {"node_id": node}

    def _get_nodes_node_keys(self, _request, node):
        return {"node_id": node, "keys": self.keys[node]}

    def _get_audit(self, request):
        entries = [{"id": "1", "timestamp": 1700000000, "network_id": None, "node_id": None,
                    "action": "network.create", "detail": None}]
        return {"entries": entries[-int(request.query.get("limit", 100)):]}

    def _post_heartbeat(self, request):
        body = request.body
        info = self.nodes[body["node_id"]]["info"]
        info.update(endpoints=body["endpoints"], routes=[
            {"mapped_prefix": None, **route} for route in body["routes"]])
        return {"netmap": self.netmap(body["node_id"])}

    def _get_netmap_node(self, _request, node):
        return self.netmap(node)

    def _get_netmap_node_longpoll(self, request, node):
        since = int(request.query.get("since", 0))
        timeout = min(int(request.query.get("timeout_seconds", 30)), 300)
        with self.changed:
            self.changed.wait_for(
                lambda: self.closed or self.netmap(node)["revision"] > since, timeout)
        return self.netmap(node)
