# SPDX-License-Identifier: Apache-2.0
"""The client behind a proxy, where nothing but the proxy can reach the server.

    client ---x--- server: lightscale-server on :8080, TLS before it
        \\         /
          proxy  (http_proxy.py, says what it sees)
"""
import pytest

from lab import Lab, ping, wait_for
from tls_world import NAME, World, fails

pytestmark = pytest.mark.control_plane


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("proxy")
    with Lab(directory) as lab:
        made = World(lab, directory / "authority")
        try:
            yield made
        finally:
            made.remove()
        lab.check()


@pytest.fixture(scope="module")
def inside(world):
    """A host that may speak to the proxy alone, over TCP; it need not know the server's name."""
    host = world.net.host("inside")
    host.ns.nft(f"""table inet inside {{ chain output {{
        type filter hook output priority filter; policy accept;
        ip daddr {world.proxy_host.ipv4} accept
        oifname "wan" meta l4proto tcp reject with tcp reset
    }}
    }}""")
    world.names(host, ("127.0.0.1", "localhost"))
    world.names(world.proxy_host, (world.server.host.ipv4, NAME))
    return host


@pytest.fixture(scope="module")
def front(world):
    return world.front(world.authority.issue(NAME, world.server.host.ipv4))


@pytest.mark.main_subset
@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_tls_through_connect(world, inside, front, variable):
    proxy = world.proxy()
    client = world.client(front, host=inside)
    client.env[variable] = f"http://{proxy.place}"
    client.run("pin")
    world.register(client)
    client.run("netmap")
    assert set(proxy.asked()) == {f"CONNECT {NAME}:{front.port} HTTP/1.1"}
    wait_for(lambda: proxy.process.log().count("ended") == len(proxy.asked()), 5)
    assert "plain" not in proxy.process.log()


def test_plain_http_in_absolute_form(world, inside):
    proxy = world.proxy()
    client = world.client(f"http://{NAME}:8080", host=inside)
    client.env["http_proxy"] = proxy.place
    world.register(client)
    client.run("netmap")
    assert f"POST http://{NAME}:8080/v1/register HTTP/1.1" in proxy.asked()
    assert not [line for line in proxy.asked() if line.startswith("CONNECT")]


@pytest.mark.main_subset
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_credentials(world, inside, front, scheme):
    proxy = world.proxy("me@home:p:a ss%")
    url = front if scheme == "https" else f"http://{NAME}:8080"
    client = world.client(url, host=inside)
    client.env[f"{scheme}_proxy"] = f"http://me%40home:p%3Aa%20ss%25@{proxy.place}/"
    world.register(client)
    done = client.run("--verbose", "netmap")
    assert "me" not in done.stderr and "p:a ss" not in done.stderr
    client.env[f"{scheme}_proxy"] = f"http://me:sesame@{proxy.place}"
    message = fails(client, "netmap")
    assert "407" in message and "refuses the user name and password" in message
    assert "sesame" not in message
    client.env[f"{scheme}_proxy"] = proxy.place
    message = fails(client, "netmap")
    assert "407" in message and "user name and password" in message


def test_refusals(world, inside, front):
    proxy = world.proxy("refuse")
    client = world.client(front, host=inside)
    client.env["https_proxy"] = proxy.place
    message = fails(client)
    named = f"proxy http://{proxy.place} (the environment's https_proxy): "
    assert (f"{named}403: it does not connect to {NAME}:{front.port}; allow it there, or set "
            "no_proxy") in message
    proxy = world.proxy()
    client.env["https_proxy"] = proxy.place
    message = fails(client, "--control-url", "https://192.0.2.77:1", "pin")
    assert "CONNECT 192.0.2.77:1 HTTP/1.1" in proxy.asked()
    assert "502: it cannot connect to 192.0.2.77:1" in message
    proxy.process.kill()
    message = fails(client)
    assert f"proxy http://{proxy.place} (the environment's https_proxy): connection ref" in message
    assert message.endswith("is that the right proxy? no_proxy names servers that need none\n")


@pytest.mark.parametrize("value, said", [
    ("socks5://a:1", "only http:// proxies are supported"),
    ("https://a:1", "only http:// proxies are supported"),
    ("http://u:se%zzcret@a:1", "its user name or password does not parse"),
    ("http://a:0", "it is not a URL"),
    ("http://a:1/path", "it has a path"),
    ("http://[::1", "it is not a URL"),
])
def test_bad_values(world, front, value, said):
    client = world.client(front)
    client.env["https_proxy"] = value
    message = fails(client)
    assert "the environment's https_proxy: " + said in message
    assert "cret" not in message


@pytest.mark.parametrize("no_proxy", [
    "*", NAME, "example", ".example", "foo, bar control.EXAMPLE", "control.example."])
def test_no_proxy_for_names(world, front, no_proxy):
    client = world.client(front)
    client.env.update(https_proxy="127.0.0.1:1", no_proxy=no_proxy)
    assert " 401 " in fails(client)


@pytest.mark.parametrize("no_proxy, direct", [
    ("ADDRESS", True), ("foo,198.51.100.0/24", True), ("198.51.100.9/24", True),
    ("0.0.0.0/0", True), ("10.0.0.0/8", False), ("::/0", False), ("198.51.100", False),
    ("example", False), ("", False)])
def test_no_proxy_for_addresses(world, front, no_proxy, direct):
    address = world.server.host.ipv4
    client = world.client(front.url(address))
    client.env.update(https_proxy="127.0.0.1:1", NO_PROXY=no_proxy.replace("ADDRESS", address))
    assert (" 401 " if direct else "connection refused") in fails(client)


def test_upper_case_http_proxy(world):
    """As v1 clients do; but a CGI program gets it from whoever asks."""
    client = world.client(world.server.url)
    client.env["HTTP_PROXY"] = "127.0.0.1:1"
    assert "connection refused" in fails(client)
    client.env["REQUEST_METHOD"] = "GET"
    assert " 401 " in fails(client)


@pytest.mark.data_plane
@pytest.mark.main_subset
def test_main_job_over_pin_tls_and_proxy(world, inside, front):
    """Both nodes pinned; one reaches the server through the proxy alone."""
    proxy = world.proxy("user:secret")
    near, far = world.client(front), world.client(front, host=inside)
    far.env["https_proxy"] = f"http://user:secret@{proxy.place}"
    for client in (near, far):
        client.run("pin")
        world.register(client)
        # The server sees the address of what stands before it, which is tried first.
        client.agent("--endpoint", f"{client.host.ipv4}:51820", "--endpoint-stale-after", "1")
    wait_for(lambda: ping(near.ns, far.ipv4), 25, "ping to the node behind the proxy")
    wait_for(lambda: ping(far.ns, near.ipv6), 25, "ping from the node behind the proxy")
    assert "secret" not in far.process.log()
    far.stop()
    near.stop()
    assert set(proxy.asked()) == {f"CONNECT {NAME}:{front.port} HTTP/1.1"}
    wait_for(lambda: proxy.process.log().count("ended") == len(proxy.asked()), 5)
    assert "plain" not in proxy.process.log()
