# SPDX-License-Identifier: Apache-2.0
"""The page of the approval link in a real browser."""
import functools
import http.server
import re
import threading

import pytest

import chromium
from lab import wait_for
from server_fixtures import ADMIN, LocalServer
from test_server_approval import Request

pytestmark = pytest.mark.skipif(chromium.PROGRAM is None,
                                reason="no chromium-headless-shell or chromium here")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = LocalServer(tmp_path_factory.mktemp("browser")).start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    made = chromium.Chromium(tmp_path_factory.mktemp("chromium"))
    yield made
    made.close()


def url(server, request):
    return f"http://127.0.0.1:{server.port}{request.path}"


def test_nothing_happens_until_a_button_is_pressed(server, browser):
    """Opened, opened again and left: the machine waits. No script is needed."""
    request = Request(server)
    tab = browser.tab(scripts=False)
    tab.open(url(server, request))
    assert "Approve this machine?" in tab.text and "laptop" in tab.text
    tab.reload()
    assert not request.approved
    tab.click("button[value=approve]")
    assert "The machine is approved" in tab.text
    assert request.approved
    assert request.secret not in tab.url
    assert tab.complaints() == []
    tab.open(url(server, request))
    assert "The machine is approved" in tab.text


def test_reject(server, browser):
    request = Request(server)
    tab = browser.tab(scripts=False)
    tab.open(url(server, request))
    tab.click("button[value=reject]")
    assert "The request is rejected" in tab.text and request.node() is None
    tab.open(url(server, request))
    assert "This did not work" in tab.text and "Unknown node." in tab.text


def test_admin_join(server, browser):
    request = Request(server, join="admin")
    tab = browser.tab(scripts=False)
    tab.open(url(server, request))
    tab.click("button[value=approve]", loads=False)
    assert tab.value("document.querySelector('#admin-token').matches(':invalid')")
    assert "Approve this machine?" in tab.text and not request.approved
    tab.type("#admin-token", "not the token")
    tab.click("button[value=approve]")
    assert "That is not the admin token." in tab.text and not request.approved
    assert tab.value("document.querySelector('#admin-token').value") == ""
    tab.type("#admin-token", ADMIN)
    tab.click("button[value=approve]")
    assert "The machine is approved" in tab.text and request.approved
    assert ADMIN not in tab.url and request.secret not in tab.url


def test_reject_needs_no_admin_token(server, browser):
    request = Request(server, join="admin")
    tab = browser.tab(scripts=False)
    tab.open(url(server, request))
    tab.click("button[value=reject]")
    assert "is rejected" in tab.text


def test_a_name_is_no_markup(server, browser):
    """A name that a script would run is shown as it is."""
    name = "<script>document.title='owned'</script><b onclick=x>&amp;\"'"
    tab = browser.tab()
    tab.open(url(server, Request(server, name=name)))
    assert name in tab.text and tab.value("document.title") == "Approve this machine?"
    assert tab.value("document.scripts.length") == 0
    assert tab.complaints() == []


def luminance(colour):
    parts = [int(n) / 255 for n in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """WCAG 2, 1.4.3."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("join", ["link", "admin"])
def test_fits_a_small_screen_and_can_be_read(server, browser, scheme, join):
    """At 320 pixels nothing is cut off, with the longest names; every text stands out from what is
    behind it."""
    request = Request(server, node_name="n" * 63, name="W" * 128, join=join)
    tab = browser.tab(scripts=False, width=320, scheme=scheme)
    tab.open(url(server, request))
    assert tab.value("innerWidth") == 320
    assert tab.value("document.scrollingElement.scrollWidth") <= 320
    for button in ("approve", "reject"):
        box = tab.value(f"document.querySelector('button[value={button}]')"
                        ".getBoundingClientRect().toJSON()")
        assert box["left"] >= 0 and box["right"] <= 320 and box["height"] >= 44
    body = tab.style("body", "background-color")
    assert (luminance(body) > 0.5) == (scheme == "light")
    assert contrast(tab.style("h1", "color"), body) >= 4.5
    panel = tab.style("dl", "background-color")
    for element in ("dt", "dd"):
        assert contrast(tab.style(element, "color"), panel) >= 4.5
    for button in ("button[value=approve]", "button[value=reject]"):
        assert contrast(tab.style(button, "color"), tab.style(button, "background-color")) >= 4.5
    assert tab.style("main", "max-width") == "544px", "the style is not blocked"


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Another site, whose page does something with the link."""

    def __init__(self, body, asked, *args):
        self.body = body
        self.asked = asked
        super().__init__(*args)

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.body.encode() if self.path == "/" else b"")

    def log_message(self, *_):
        pass


@pytest.fixture
def elsewhere():
    """elsewhere(body) serves a page; returns its URL and what was asked there."""
    servers = []

    def serve(body):
        asked = []
        made = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                               functools.partial(Elsewhere, body, asked))
        threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(made)
        return f"http://127.0.0.1:{made.server_address[1]}/", asked
    yield serve
    for made in servers:
        made.shutdown()
        made.server_close()


@pytest.mark.parametrize("body", [
    '<link rel="prefetch" href="{url}">', '<img src="{url}">', '<script src="{url}"></script>',
    '<link rel="stylesheet" href="{url}">', '<iframe src="{url}"></iframe>',
    '<object data="{url}"></object>', '<video src="{url}"></video>'],
    ids=["prefetch", "img", "script", "style", "iframe", "object", "video"])
def test_other_sites_approve_nothing(server, browser, elsewhere, body):
    """A page that embeds or prefetches the link."""
    request = Request(server)
    page, _ = elsewhere(body.format(url=url(server, request)))
    tab = browser.tab()
    tab.open(page)

    def answered():
        """The browser has asked for the link, and its request is over."""
        tab.value("1")
        asked = {event["params"]["requestId"] for event in browser.events
                 if event.get("method") == "Network.requestWillBeSent" and
                 event["params"]["request"]["url"] == url(server, request)}
        over = {event["params"]["requestId"] for event in browser.events
                if event.get("method") in ("Network.loadingFinished", "Network.loadingFailed")}
        return asked & over
    wait_for(answered, 20, "the browser to fetch the link")
    assert not request.approved


def test_no_site_may_embed_the_page(server, browser, elsewhere):
    request = Request(server)
    page, _ = elsewhere(f'<iframe src="{url(server, request)}" width=600 height=600></iframe>')
    tab = browser.tab()
    tab.open(page)
    assert any("frame-ancestors" in text for text in
               wait_for(tab.complaints, 20, "the refused frame"))


def test_the_link_is_no_referrer(server, browser, elsewhere):
    """A link from the page would not tell where it came from."""
    request = Request(server)
    page, _ = elsewhere("<p id=here>here")
    tab = browser.tab()
    tab.open(url(server, request))
    tab.value(f"""(() => {{ const a = document.createElement('a'); a.href = '{page}';
        a.textContent = 'go'; a.id = 'go'; document.querySelector('main').prepend(a); }})()""")
    tab.click("#go")
    assert tab.value("document.referrer") == "" and tab.value("document.querySelector('#here')?.id")
