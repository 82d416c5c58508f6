# SPDX-License-Identifier: Apache-2.0
"""The client over TLS: what it trusts, what it pins, and what it says when it does not.

    server: lightscale-server on :8080, before it TLS with one certificate a port
    client: on another host, whose hosts file names the server
"""
import os
import pytest

from authority import Authority, new_key
from lab import Lab, wait_for
from tls_world import NAME, OTHER, World, fails, profile

pytestmark = pytest.mark.control_plane


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    with Lab(directory) as lab:
        made = World(lab, directory / "authority")
        try:
            yield made
        finally:
            made.remove()
        lab.check()


def other(pin):
    return "".join("0" if digit != "0" else "1" for digit in pin)


# --- chains ---

@pytest.mark.main_subset
@pytest.mark.parametrize("how", ["name", "ipv4", "ipv6", "file"])
def test_valid_chain(world, how):
    server = world.server.host
    front = world.front(world.authority.issue(NAME, server.ipv4, server.ipv6))
    address = {"ipv4": server.ipv4, "ipv6": f"[{server.ipv6}]"}.get(how, NAME)
    client = world.client(front.url(address))
    if how == "file":
        client.env = {"SSL_CERT_FILE": world.authority.root.path, "SSL_CERT_DIR": "/nonexistent"}
    world.register(client)
    assert client.json("netmap", "--json")["node"]["name"] == client.name
    log = front.process.log()
    assert f"sni={NAME if address == NAME else None}" in log
    assert "version=TLSv1.3" in log
    wait_for(lambda: front.process.log().count("bytes=") == log.count("handshake"), 5)


@pytest.mark.main_subset
@pytest.mark.parametrize("case, said", [
    ("wrong-name", [f"is for {OTHER}, 192.0.2.7, not for {NAME}", "use a name of the certificate"]),
    ("expired", ["expired on 20", "this host's clock says 20", "renew it"]),
    ("not-yet", ["is not valid before 20", "is this host's clock right?"]),
    ("self-signed", ["is self-signed", "'lightscale-client pin --self-signed'"]),
    ("unknown", ["comes from an unknown issuer, Stranger", "SSL_CERT_FILE"]),
])
def test_bad_certificate(world, tmp_path, case, said):
    authority = world.authority
    certificate = {
        "wrong-name": lambda: authority.issue(OTHER, "192.0.2.7"),
        "expired": lambda: authority.issue(NAME, days=(-90, -2)),
        "not-yet": lambda: authority.issue(NAME, days=(2, 90)),
        "self-signed": lambda: authority.self_signed(NAME),
        "unknown": lambda: Authority(tmp_path, "Stranger").issue(NAME),
    }[case]()
    front = world.front(certificate)
    client = world.client(front)
    message = fails(client)
    assert f"POST {front}/v1/register: " in message
    for words in said:
        assert words in message
    front.process.wait_log("^refused")
    assert front.got_nothing()
    # The pin of what was seen does not help without a valid chain.
    message = fails(client, "--tls-pin", certificate.pin, "register", "TOKEN")
    assert "(the pin fits)" in message
    assert front.got_nothing()
    # `pin` says the same and stores nothing.
    assert said[0] in fails(client, "pin")
    assert "tls_pinned_sha256" not in profile(client)


def test_without_authorities_nothing_is_trusted(world):
    front = world.front(world.authority.issue(NAME))
    client = world.client(front, trusted=False)
    assert "comes from an unknown issuer, Test Authority" in fails(client)
    client.env = {"SSL_CERT_FILE": front.certificate.key_path}
    assert "SSL_CERT_FILE" in fails(client) and "cannot be read" in fails(client)


# --- pins ---

@pytest.mark.main_subset
def test_pin_is_stored_and_checked(world):
    certificate = world.authority.issue(NAME)
    front = world.front(certificate)
    client = world.client(front)
    shown = client.run("pin").stdout
    assert certificate.pin in shown and "Test Authority" in shown and NAME in shown
    assert profile(client)["tls_pinned_sha256"] == certificate.pin
    assert "tls_self_signed" not in profile(client)
    assert client.json("pin", "--json")["tls_pinned_sha256"] == certificate.pin
    world.register(client)
    client.run("netmap")


def test_wrong_pin_says_both(world):
    front = world.front(world.authority.issue(NAME))
    client = world.client(front)
    wrong = other(front.certificate.pin)
    message = fails(client, "--tls-pin", wrong, "register", "TOKEN")
    assert f"expected the pin {wrong}, seen {front.certificate.pin}" in message
    front.process.wait_log("^refused")
    assert front.got_nothing()
    message = fails(client, "--tls-pin", wrong, "pin")
    assert f"expected the pin {wrong}, seen {front.certificate.pin}" in message


@pytest.mark.main_subset
def test_renewed_certificate_with_the_same_key(world):
    key = new_key()
    old = world.authority.issue(NAME, key=key)
    front = world.front(old)
    client = world.client(front)
    client.run("pin")
    world.register(client)
    new = world.authority.issue(NAME, key=key)
    front.renew(new)
    message = fails(client, "netmap")
    assert f"expected the pin {old.pin}, seen {new.pin}" in message
    assert "if it was renewed" in message and "'lightscale-client pin --force'" in message
    assert front.got_nothing()
    refused = fails(client, "pin")
    assert old.pin in refused and new.pin in refused and "--force" in refused
    assert profile(client)["tls_pinned_sha256"] == old.pin
    client.run("pin", "--force")
    assert profile(client)["tls_pinned_sha256"] == new.pin
    client.run("netmap")


@pytest.mark.main_subset
def test_self_signed_by_its_pin_alone(world):
    # Wrong in every other way: its names, its dates, its issuer.
    front = world.front(world.authority.self_signed(OTHER, days=(-90, -2)))
    client = world.client(front)
    assert "'lightscale-client pin --self-signed'" in fails(client, "pin")
    client.run("pin", "--self-signed")
    assert profile(client)["tls_self_signed"] is True
    world.register(client)
    client.run("netmap")
    old = front.certificate.pin
    front.renew(world.authority.self_signed(OTHER))
    message = fails(client, "netmap")
    assert f"expected the pin {old}, seen {front.certificate.pin}" in message
    assert "'lightscale-client pin --force --self-signed'" in message
    assert front.got_nothing()
    # What it says to do next is what helps, from whichever of the two one tries first.
    assert "'lightscale-client pin --self-signed'" in fails(client, "pin", "--force")
    assert "pin --force --self-signed' replaces it" in fails(client, "pin", "--self-signed")
    client.run("pin", "--force", "--self-signed")
    client.run("netmap")


def test_next_steps_name_the_profile(world):
    front = world.front(world.authority.self_signed(NAME))
    client = world.client(front)
    named = f"--profile {client.profile}"
    for words in (("register", "TOKEN"), ("pin",)):
        assert f"'lightscale-client pin --self-signed' trusts it; give it {named}\n" in fails(
            client, *words)
    assert f"'lightscale-client {named} register TOKEN'" in fails(client, "netmap")
    os.unlink(client.config)
    assert f"'lightscale-client {named} init URL'" in fails(client, "pin")


def test_register_stores_the_pin_of_its_option(world):
    front = world.front(world.authority.issue(NAME))
    client = world.client("http://127.0.0.1:1")
    colons = ":".join(front.certificate.pin[i:i + 2] for i in range(0, 64, 2)).upper()
    client.run("--control-url", str(front), "--tls-pin", colons, "register",
               world.server.create_token(world.network), "--node-name", client.name)
    assert profile(client)["tls_pinned_sha256"] == front.certificate.pin
    assert profile(client)["control_urls"] == [str(front)]


def test_pin_needs_https(world):
    client = world.client(world.server.url)
    assert "there is no certificate to pin" in fails(client, "pin")
    message = fails(client, "--tls-pin", "0" * 64, "register", "TOKEN")
    assert "is pinned" in message and "use https://" in message
    done = client.run("--tls-pin", "abc", "netmap", check=False)
    assert done.returncode == 2 and "--tls-pin: not a SHA-256" in done.stderr


def test_pin_notes_servers_that_it_does_not_fit(world):
    first = world.front(world.authority.issue(NAME))
    second = world.front(world.authority.issue(NAME))
    client = world.client("https://127.0.0.1:1", first, second, world.server.url)
    done = client.run("pin")
    assert profile(client)["tls_pinned_sha256"] == first.certificate.pin
    assert "https://127.0.0.1:1: connection refused" in done.stderr
    assert f"{second}: shows another certificate" in done.stderr
    assert f"{world.server.url}: not used any more" in done.stderr
    # The pinned one answers, wherever it stands in the list.
    world.register(client)


# --- what is no TLS ---

def test_plain_http_to_a_tls_port(world):
    front = world.front(world.authority.issue(NAME))
    message = fails(world.client(f"http://{NAME}:{front.port}"))
    assert "does the port speak TLS? Then use https://" in message


def test_tls_to_a_plain_http_port(world):
    message = fails(world.client(f"https://{NAME}:8080"))
    assert "the port does not speak TLS: is it http:// in the URL" in message


def test_handshake_that_is_cut(world):
    front = world.front(world.authority.issue(NAME), target=0)
    client = world.client(front)
    for command in (("register", "TOKEN"), ("pin",)):
        assert "was cut during the TLS handshake; does this port speak TLS?" in fails(
            client, *command)


# --- connections ---

@pytest.mark.data_plane
def test_agent_over_tls_resumes_sessions(world):
    front = world.front(world.authority.issue(NAME))
    client = world.client(front)
    client.run("pin")
    world.register(client)
    client.agent("--heartbeat-interval", "1", "--longpoll-timeout", "1")
    client.process.wait_log(rf"control.reachable url={front}")
    client.process.wait_log("agent.netmap .*source=server")
    client.stop()
    # Heartbeats and long-polls share few connections.
    assert front.process.log().count("handshake") < 8


@pytest.mark.data_plane
@pytest.mark.main_subset
def test_agent_keeps_its_tunnel_when_the_certificate_changes(world):
    front = world.front(world.authority.issue(NAME))
    client = world.client(front)
    client.run("pin")
    world.register(client)
    client.agent("--heartbeat-interval", "1")
    client.process.wait_log(r"control.reachable")
    old = front.certificate
    front.renew(world.authority.issue(NAME))
    client.process.wait_log(r"control.unreachable .*expected the pin " + old.pin +
                            r".*'lightscale-client pin --force'; give it --profile")
    assert client.up()
    mark = client.process.mark()
    front.renew(old)
    client.process.wait_log(r"control.reachable", after=mark, timeout=60)
    client.stop()
