# SPDX-License-Identifier: Apache-2.0
"""The approval link as it is opened: by programs, which approve with it, and by browsers and programs
that fetch links nobody has opened, which get a page and approve nothing."""
import html
import re
import urllib.parse

import pytest

from server_fixtures import ADMIN, NO_ID, LocalServer, wait_until

pytestmark = pytest.mark.main_subset

CHROME = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
                    "image/apng,*/*;q=0.8",
          "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0.0.0"}
# What opens the link like a program, and approves.
PROGRAMS = {
    "curl": {"Accept": "*/*", "User-Agent": "curl/7.88.1"},
    "nothing": {},
    "v1 client": {"Accept": "application/json"},
    "wget": {"Accept": "*/*", "User-Agent": "Wget/1.21.3"},
    "powershell": {"User-Agent": "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) "
                                 "WindowsPowerShell/5.1.19041.1"},
    # The script of an admin console.
    "fetch": {"Accept": "*/*", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors",
              "User-Agent": CHROME["User-Agent"]},
    "both, JSON first": {"Accept": "application/json, text/html;q=0.5"},
    "no HTML": {"Accept": "text/html;q=0, */*"},
}
# What must approve nothing.
VIEWERS = {
    "chrome": CHROME,
    "lynx": {"Accept": "text/html, text/plain, */*;q=0.01", "User-Agent": "Lynx/2.9.0"},
    "xhtml": {"Accept": "application/xhtml+xml"},
    "upper case": {"Accept": "TEXT/HTML;LEVEL=1;Q=0.7, application/json;q=0.7"},
    "two headers": {"Accept": "image/png", "accept": "text/html"},
    "image": {"Accept": "image/avif,*/*;q=0.8", "Sec-Fetch-Dest": "image"},
    "script": {"Accept": "*/*", "Sec-Fetch-Dest": "script"},
    "prefetch": {"Accept": "*/*", "Sec-Purpose": "prefetch"},
    "prerender": {"Accept": "*/*", "Sec-Purpose": "prefetch;prerender"},
    "old prefetch": {"Purpose": "prefetch"},
    "safari": {"X-Purpose": "preview"},
    "old firefox": {"X-Moz": "prefetch"},
    "slack": {"Accept": "*/*",
              "User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
    "whatsapp": {"Accept": "*/*", "User-Agent": "WhatsApp/2.23.20.0"},
    "telegram": {"User-Agent": "TelegramBot (like TwitterBot)"},
    "discord": {"User-Agent": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"},
    "facebook": {"User-Agent": "facebookexternalhit/1.1"},
    "teams": {"User-Agent": "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5"},
    "matrix": {"User-Agent": "Synapse (bot; +https://github.com/matrix-org/synapse)"},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = LocalServer(tmp_path_factory.mktemp("approval"), "--trusted-proxy", "127.0.0.1").start()
    yield made
    made.close()


class Request:
    """A request to join in a network of its own, and its link."""

    def __init__(self, server, node_name="laptop", ttl_seconds=600, source=None, **rules):
        self.server = server
        self.network = server.network(**{"name": "office", **rules})
        headers = {"X-Forwarded-For": source} if source else None
        self.made = server.api("POST", "/v1/register-url", {
            "network_id": self.network["id"], "node_name": node_name, "ttl_seconds": ttl_seconds,
            "machine_public_key": "QUJD" * 10 + "QUI=", "wg_public_key": "QUJE" * 10 + "QUI="},
            token=None, headers=headers)
        self.path = self.made["auth_path"]
        self.id = self.made["node_id"]
        self.secret = self.path.split("/")[-1]

    def open(self, headers, token=None):
        return self.server.request("GET", self.path, token=token, headers=headers)

    def send(self, headers=None, token=None, **fields):
        body = urllib.parse.urlencode({"secret": self.secret, **fields}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **(headers or CHROME)}
        return self.server.request("POST", f"/v1/register/approve/{self.id}", body, token, headers)

    def node(self):
        nodes = self.server.api("GET", f"/v1/admin/networks/{self.network['id']}/nodes")["nodes"]
        return next((node for node in nodes if node["id"] == self.id), None)

    @property
    def approved(self):
        return self.node()["approved"]


def is_page(answer):
    """Every page, whatever it says, has these headers and no script."""
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = dict(part.split(" ", 1) for part in
                  answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'" and policy["base-uri"] == "'none'"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", policy["style-src"])
    text = answer.body.decode()
    assert "<script" not in text and "http" not in text.split("</style>")[1]
    return text


@pytest.mark.parametrize("headers", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_approve(server, headers):
    request = Request(server)
    answer = request.open(headers)
    assert answer.status == 200 and answer.json["approved"] is True
    assert request.approved
    assert request.open(headers).json == answer.json


@pytest.mark.parametrize("headers", VIEWERS.values(), ids=VIEWERS)
def test_viewers_approve_nothing(server, headers):
    request = Request(server)
    for token in (None, ADMIN):
        text = is_page(request.open(headers, token))
        assert "Approve this machine?" in text
    assert not request.approved
    assert server.request("HEAD", request.path, token=ADMIN, headers=headers).status == 405
    assert not request.approved


def test_page_says_who_asks(server):
    request = Request(server, source="198.51.100.7", join="link")
    text = is_page(request.open(CHROME))
    rows = dict(re.findall(r"<dt>(.*?)</dt><dd><bdi>(.*?)</bdi></dd>", text))
    assert rows["Machine"] == "laptop" and rows["Network"] == "office"
    assert rows["Asked from"] == "198.51.100.7"
    assert rows["Machine key"] == "QUJDQUJD"
    utc = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    assert re.fullmatch(utc, rows["Asked at"]) and re.fullmatch(utc, rows["Waits until"])
    assert rows["Asked at"] < rows["Waits until"]
    form = re.search(r'<form method="post" action="(.*?)"', text).group(1)
    assert urllib.parse.urljoin(request.path, form) == f"/v1/register/approve/{request.id}"
    assert request.secret not in form and "password" not in text


def test_names_are_text(server):
    name = "<script>alert(1)</script> & \"x\" 'y' </dd>"
    text = is_page(Request(server, name=name).open(CHROME))
    assert name not in text
    assert html.unescape(re.search(r"<dt>Network</dt><dd><bdi>(.*?)</bdi>", text).group(1)) == name


def test_approve_by_button(server):
    request = Request(server, source="198.51.100.7")
    assert "The machine is approved" in is_page(request.send(action="approve"))
    assert request.approved
    assert "The machine is approved" in is_page(request.send(action="approve")), "once more"
    assert "The machine is approved" in is_page(request.open(CHROME))
    entry = server.api("GET", f"/v1/audit?node_id={request.id}")["entries"][-1]
    assert (entry["action"], entry["actor"]) == ("node.approve", "approval_link")


def test_reject(server):
    request = Request(server)
    assert "The request is rejected" in is_page(request.send(action="reject"))
    assert request.node() is None
    entry = server.api("GET", f"/v1/audit?node_id={request.id}")["entries"][-1]
    assert (entry["action"], entry["actor"]) == ("node.delete", "approval_link")
    for answer in (request.open(CHROME), request.send(action="approve")):
        assert answer.status == 404 and "This did not work" in is_page(answer)
    token = request.made["node_token"]
    assert server.request("GET", f"/v1/netmap/{request.id}", token=token).status == 404


def test_reject_of_an_approved_node(server):
    request = Request(server)
    request.open({})
    answer = request.send(action="reject")
    assert answer.status == 409 and "approved already" in is_page(answer)
    assert request.approved


def test_programs_may_post(server):
    request, other = Request(server), Request(server)
    assert request.send({"Accept": "*/*"}, action="approve").json["approved"] is True
    assert other.send({"Accept": "*/*"}, action="reject").json == {"node_id": other.id}
    assert other.node() is None


def test_admin_join(server):
    request = Request(server, join="admin")
    assert request.open({}).status == 401 and request.open({}, "wrong").status == 401
    text = is_page(request.open(CHROME))
    assert 'type="password"' in text and f"admin approve {request.id}" in text
    for fields, said in (({}, "Enter the admin token."), ({"admin_token": ""}, "Enter the admin"),
                         ({"admin_token": "wrong"}, "That is not the admin token.")):
        answer = request.send(action="approve", **fields)
        text = is_page(answer)
        assert answer.status == 401 and said in text
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        form = re.search(r'<form method="post" action="(.*?)"', text).group(1)
        base = f"/v1/register/approve/{request.id}"
        assert urllib.parse.urljoin(base, form) == base, "the form works again"
        assert "wrong" not in text.split("</style>")[1].replace('class="wrong"', "")
    assert not request.approved
    assert "is approved" in is_page(request.send(action="approve", admin_token=ADMIN))
    assert request.approved
    entry = server.api("GET", f"/v1/audit?node_id={request.id}")["entries"][-1]
    assert (entry["action"], entry["actor"]) == ("node.approve", "admin")


@pytest.mark.parametrize("join", ["admin", "off"])
def test_admin_token_in_the_header(server, join):
    """For programs; also for links from before the rule."""
    request = Request(server)
    server.api("PUT", f"/v1/networks/{request.network['id']}", {"join": join})
    assert request.open({}).status == 401 and request.open(CHROME).status == 200
    assert request.send({"Accept": "*/*"}, action="approve").status == 401
    assert not request.approved
    assert request.open({}, ADMIN).json["approved"] is True


def test_anyone_with_the_link_may_reject(server):
    request = Request(server, join="admin")
    assert "is rejected" in is_page(request.send(action="reject"))


@pytest.mark.parametrize("body", [b"", b"x", b"secret=", b"action=approve", b"secret=%s", b"%00=1",
                                  b"secret=%s&action=", b"secret=%s&action=delete", b"\0=\0",
                                  b"&".join([b"a=b"] * 17), b"secret=%%&action=approve"])
def test_bad_forms(server, body):
    request = Request(server)
    body = body.replace(b"%s", request.secret.encode())
    for headers in (CHROME, {}):
        answer = server.request("POST", f"/v1/register/approve/{request.id}", body, None, headers)
        assert answer.status == 400
        if headers:
            is_page(answer)
    assert not request.approved


def test_wrong_expired_and_unknown(server):
    request, late = Request(server), Request(server, ttl_seconds=1)
    wrong = request.path[:-1] + ("A" if request.path[-1] != "A" else "B")
    for path, status in ((wrong, 401), (f"/v1/register/approve/{NO_ID}/x", 404)):
        answer = server.request("GET", path, token=None, headers=CHROME)
        assert answer.status == status and "This did not work" in is_page(answer)
    wait_until(late.made["expires_at"])
    answer = late.send(action="approve")
    assert answer.status == 401 and "has expired" in is_page(answer)


def test_guessing_is_limited(server):
    request = Request(server, join="admin")
    headers = {**CHROME, "X-Forwarded-For": "192.0.2.44"}
    for _ in range(40):
        answer = request.send(headers, action="approve", admin_token="wrong")
        if answer.status == 429:
            break
    text = is_page(answer)
    assert answer.status == 429 and "too many failed attempts" in text
    assert int(answer.headers["Retry-After"]) >= 1
    assert 'type="password"' in text, "the form is there to try again"
    assert not request.approved


def test_no_secret_in_the_log(server):
    request = Request(server, join="admin")
    request.open(CHROME)
    request.open({}, "wrong-token-for-the-log")
    request.send(action="approve", admin_token="another-wrong-token")
    request.send(action="approve", admin_token=ADMIN)
    log = server.log()
    assert "event=node.approved" in log
    for secret in (request.secret, ADMIN, "wrong-token-for-the-log", "another-wrong-token"):
        assert secret not in log
