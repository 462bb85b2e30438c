"""The way to the provider: forward proxies, private authorities, name servers, endpoints of the operator's own."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.counterparts.calls import Response, call
from tests.e2e.counterparts.dns_server import NXDOMAIN, SERVFAIL, SILENCE, DnsServer
from tests.e2e.counterparts.forward_proxy import ForwardProxy, Tinyproxy, build_basic, start_tinyproxy
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.processes import free_port
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.scene import join_scene, start_provider
from tests.e2e.counterparts.tls_issuer import StaticIssuer
from tests.fakes.certificates import Authority, make_authority

CREDENTIALS = "gate:pr0xy-s3cret"
SHOWN = build_basic(CREDENTIALS)
HOST = "id.ostiary.test"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Whom no system trusts."""
    return make_authority()


@pytest.fixture
def tinyproxy(tmp_path: Path) -> Iterator[Tinyproxy]:
    """A forward proxy that wants credentials."""
    with start_tinyproxy(tmp_path / "proxy", CREDENTIALS) as proxy:
        yield proxy


@contextmanager
def guard(
    folder: Path, discovery: str, gateway: dict[str, Any] | None = None, **attributes: Any
) -> Iterator[RunningGateway]:
    """Run a gateway that admits bearer tokens of the provider at `discovery`: `/jwks` and `/introspect`."""
    common = {
        "client_id": "api", "client_secret": "sesame", "discovery": discovery, "bearer_only": True, "timeout": 2,
        **attributes,
    }  # fmt: skip
    plugins = {"jwks": {**common, "use_jwks": True}, "introspect": common}
    with RecordingUpstream() as upstream:
        nodes = {"nodes": {upstream.address: 1}}
        routes = [
            {"id": name, "uri": f"/{name}", "plugins": {"openid-connect": plugin}, "upstream": nodes}
            for name, plugin in plugins.items()
        ]
        config = {"gateway": {"listen": [{"host": "127.0.0.1", "port": 0}], **(gateway or {})}, "routes": routes}
        with start_gateway(config, folder) as running:
            yield running


def show(gateway: RunningGateway, token: str, path: str = "/jwks") -> Response:
    """Show a token."""
    return call(f"{gateway.url}{path}", headers={"Authorization": f"Bearer {token}"})


def await_words(gateway: RunningGateway, *words: str, within_s: float = 15.0) -> str:
    """Return what the gateway has written, as soon as all of `words` are in it."""
    deadline = time.monotonic() + within_s
    while not all(word in gateway.output() for word in words):
        assert time.monotonic() < deadline, (words, gateway.output())
        time.sleep(0.02)
    return gateway.output()


def test_a_sign_in_works_through_a_forward_proxy(tmp_path: Path, tinyproxy: Tinyproxy) -> None:
    """Discovery, keys, code and userinfo; the browser goes its own way. The credential is in no log."""
    port = free_port()
    proxies = {"http_proxy": tinyproxy.url, "http_proxy_authorization": SHOWN}
    with (
        start_provider(port) as provider,
        join_scene(tmp_path / "gateway", provider, port, proxy_opts=proxies) as scene,
    ):
        browser, page = scene.sign_in("/anything/test")
        assert page.status == 200
        assert browser.open(scene.url("/anything/again")).status == 200
        token = provider.machine_token(scene.clients["introspect"])
        assert scene.with_token("/introspect/test", token).status == 200
        asked = tinyproxy.log()
        for path in ("/.well-known/openid-configuration", "/jwks", "/token", "/me", "/token/introspection"):
            assert f"{provider.issuer}{path} " in asked.replace(" HTTP/1.1", " "), path
        assert SHOWN not in scene.gateway.output()


def test_neither_kind_of_target_sees_the_credential(tmp_path: Path, tinyproxy: Tinyproxy, authority: Authority) -> None:
    """By tunnel and by absolute form, at a proxy that somebody else wrote."""
    (tmp_path / "ca.pem").write_text(authority.pem)
    proxies = {
        "http_proxy": tinyproxy.url, "http_proxy_authorization": SHOWN,
        "https_proxy": tinyproxy.url, "https_proxy_authorization": SHOWN,
    }  # fmt: skip
    for context in (None, authority.make_server_context(tmp_path, "127.0.0.1")):
        trust: dict[str, Any] = {} if context is None else {"ssl_ca_file": "ca.pem"}
        with (
            StaticIssuer(context=context) as issuer,
            guard(tmp_path, issuer.discovery_url, proxy_opts=proxies, **trust) as gateway,
        ):
            assert show(gateway, issuer.token()).status == 200
            assert show(gateway, "opaque", "/introspect").status == 200
            assert set(issuer.paths()) == {"/.well-known/openid-configuration", "/keys", "/introspect"}
            seen = b"".join(issuer.heads).lower()
            assert b"proxy-authorization" not in seen
            assert SHOWN.encode().lower() not in seen
            assert b"authorization: basic" in seen  # the client's own, which is for the provider
            place = f"127.0.0.1:{issuer.port}"
            assert (f"CONNECT {place}" if context else f"http://{place}/keys") in tinyproxy.log()


@pytest.mark.parametrize(("scheme", "shown"), [("http", None), ("https", None), ("https", build_basic("gate:wrong"))])
def test_a_proxy_that_refuses_is_named(
    tmp_path: Path, tinyproxy: Tinyproxy, authority: Authority, scheme: str, shown: str | None
) -> None:
    """No credentials or wrong ones: 503, and a line that says which attribute to mend."""
    context = authority.make_server_context(tmp_path, "127.0.0.1") if scheme == "https" else None
    proxies = {f"{scheme}_proxy": tinyproxy.url}
    if shown is not None:
        proxies[f"{scheme}_proxy_authorization"] = shown
    with (
        StaticIssuer(context=context) as issuer,
        guard(tmp_path, issuer.discovery_url, proxy_opts=proxies) as gateway,
    ):
        assert show(gateway, issuer.token()).status == 503
        output = await_words(gateway, '"provider_proxy"', f"proxy_opts.{scheme}_proxy_authorization")
        assert build_basic("gate:wrong") not in output
        assert issuer.heads == []


def test_excepted_hosts_are_reached_without_the_proxy(tmp_path: Path) -> None:
    """`no_proxy` names them; nothing else is excepted, loopback included."""
    with StaticIssuer() as issuer, ForwardProxy() as proxy:
        for no_proxy, is_direct in (("127.0.0.0/8", True), ("localhost", False)):
            proxies = {"http_proxy": proxy.url, "no_proxy": no_proxy}
            with guard(tmp_path, issuer.discovery_url, proxy_opts=proxies) as gateway:
                assert show(gateway, issuer.token()).status == 200
                assert (proxy.heads == []) is is_direct


def test_proxies_of_the_environment_are_not_taken(tmp_path: Path) -> None:
    """Whoever starts the gateway does not decide where tokens go."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")
    with StaticIssuer() as issuer, pytest.MonkeyPatch.context() as environment:
        for name in names:
            environment.setenv(name, nowhere)
        with guard(tmp_path, issuer.discovery_url) as gateway:
            assert show(gateway, issuer.token()).status == 200


def test_a_private_authority_is_read_again_with_the_configuration(tmp_path: Path, authority: Authority) -> None:
    """A reload sees the changed file, though the path is the same; before, the log says what to write."""
    file = tmp_path / "ca.pem"
    file.write_text(make_authority("somebody else").pem)
    context = authority.make_server_context(tmp_path, "127.0.0.1")
    with (
        StaticIssuer(context=context) as issuer,
        guard(tmp_path, issuer.discovery_url, ssl_ca_file="ca.pem") as gateway,
    ):
        assert show(gateway, issuer.token()).status == 503
        await_words(gateway, '"provider_tls"', "ssl_ca_file")
        file.write_text(authority.pem)
        os.kill(gateway.pid, signal.SIGHUP)
        await_words(gateway, '"reloaded"')
        assert show(gateway, issuer.token()).status == 200


def test_names_are_asked_of_the_configured_servers(tmp_path: Path, authority: Authority) -> None:
    """A name that only they know, with a certificate for it."""
    (tmp_path / "ca.pem").write_text(authority.pem)
    context = authority.make_server_context(tmp_path, HOST)
    with DnsServer({HOST: "127.0.0.1"}) as dns, StaticIssuer(HOST, context) as issuer:
        settings = {"dns": {"servers": [dns.address]}}
        with guard(tmp_path, issuer.discovery_url, settings, ssl_ca_file="ca.pem") as gateway:
            assert show(gateway, issuer.token()).status == 200, gateway.output()
            assert HOST in dns.asked


def test_localhost_needs_no_server(tmp_path: Path) -> None:
    """/etc/hosts comes first, also where the servers are dead."""
    dead = {"dns": {"servers": [f"127.0.0.1:{free_port()}"], "timeout_s": 0.5}}
    with StaticIssuer("localhost") as issuer, guard(tmp_path, issuer.discovery_url, dead) as gateway:
        assert show(gateway, issuer.token()).status == 200


def test_each_way_to_fail_has_its_own_message(tmp_path: Path, authority: Authority) -> None:
    """DNS (no such name, no answer, a failing server), refusal, time-out, TLS: the code and what to look at."""
    context = authority.make_server_context(tmp_path, "127.0.0.1")
    names = {"gone.test": NXDOMAIN, "mute.test": SILENCE, "broken.test": SERVFAIL, HOST: "127.0.0.1"}
    with ExitStack() as stack:
        dns = stack.enter_context(DnsServer(names))
        issuer = stack.enter_context(StaticIssuer(context=context))
        mute = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        silent = {"https://mute.test", f"http://{HOST}:{mute.getsockname()[1]}"}
        cases = {
            "https://gone.test": ("provider_dns", f"there is no such name, says {dns.address}"),
            "https://mute.test": ("provider_dns", dns.address),
            "https://broken.test": ("provider_dns", "SERVFAIL"),
            f"http://{HOST}:{free_port()}": ("provider_refused", "nothing listens there"),
            f"http://{HOST}:{mute.getsockname()[1]}": ("provider_timeout", "`timeout` covers the whole call"),
            issuer.issuer: ("provider_tls", "ssl_ca_file"),
        }
        for number, (place, (code, words)) in enumerate(cases.items()):
            folder = tmp_path / str(number)
            # Who answers has time for it, also on a machine that is busy; who does not is not waited for.
            settings = {"dns": {"servers": [dns.address], "timeout_s": 0.4 if place in silent else 5.0}}
            discovery = f"{place}/.well-known/openid-configuration"
            with guard(folder, discovery, settings, timeout=1 if place in silent else 9) as gateway:
                answer = show(gateway, issuer.token())
                assert answer.status == 503, place
                assert int(answer.header("retry-after") or 0) > 0
                await_words(gateway, f'"{code}"', words)


def test_the_operators_endpoints_come_before_the_providers(tmp_path: Path) -> None:
    """Metadata that lack the keys, or name dead places: what is written counts, and the issuer is still theirs."""
    dead = f"http://127.0.0.1:{free_port()}"
    with StaticIssuer() as issuer:
        issuer.metadata |= {"jwks_uri": None, "introspection_endpoint": f"{dead}/introspect"}
        own: dict[str, Any] = {
            "jwks_uri": f"{issuer.issuer}/keys",
            "introspection_endpoint": f"{issuer.issuer}/introspect",
        }
        with guard(tmp_path, issuer.discovery_url, **own) as gateway:
            assert show(gateway, issuer.token()).status == 200
            assert show(gateway, "opaque", "/introspect").status == 200
        with guard(tmp_path, issuer.discovery_url) as gateway:
            assert show(gateway, issuer.token()).status == 503
            await_words(gateway, '"provider_keys_missing"', "write it as jwks_uri")


def test_a_sign_in_uses_the_endpoints_that_are_written(tmp_path: Path) -> None:
    """All four of a login, by another host name of the same provider, where the metadata name places that are dead."""
    port, dead = free_port(), f"http://127.0.0.1:{free_port()}"
    names = {
        "authorization_endpoint": "/auth", "token_endpoint": "/token", "userinfo_endpoint": "/me", "jwks_uri": "/jwks",
    }  # fmt: skip
    hidden = {name: f"{dead}{path}" for name, path in names.items()}
    with start_provider(port, discovery=hidden) as provider:
        own = {name: f"{provider.issuer}{path}" for name, path in names.items()}
        with join_scene(tmp_path, provider, port, **own) as scene:
            _, page = scene.sign_in("/anything/test")
            assert page.status == 200
