"""The `gateway` part: every default and range, and what the data plane reads of it."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.config.gateway import Door, GatewayConfig, GatewaySettings, HttpsTarget
from ostiary.config.tls import TlsSettings
from tests.fakes.certificates import make_authority
from tests.fakes.server_pairs import make_pair


def settings(**written: Any) -> GatewaySettings:
    """Compile what was written."""
    return GatewaySettings(GatewayConfig.model_validate(written))


def complaint(written: dict[str, Any]) -> tuple[str, str]:
    """Where the one error is, and what it says."""
    with pytest.raises(ValidationError) as refused:
        GatewayConfig.model_validate(written)
    (error,) = refused.value.errors()
    return ".".join(map(str, error["loc"])), f"{error['msg']} {(error.get('ctx') or {}).get('remedy', '')}"


def test_the_defaults_are_closed_and_have_numbers() -> None:
    """Nobody is trusted, only this machine is listened to, and everything has an end."""
    found = GatewaySettings()

    assert found.listen == (Door("127.0.0.1", 9080),)
    assert found.public_url is None
    assert not found.trusted_proxies.trusts("127.0.0.1")
    assert found.access_log_sample == 1.0
    limits = found.head_limits
    assert (limits.head_bytes, limits.target_bytes, limits.fields, limits.field_bytes) == (65_536, 8192, 100, 8192)
    assert (found.body_bytes, found.keepalive_requests) == (10 * 1024 * 1024, 1000)
    assert (found.header_s, found.idle_s, found.send_s, found.drain_s) == (10, 60, 30, 30)
    assert (found.body_min_rate_bytes_s, found.body_window_s) == (500, 15)


def test_what_is_written_is_what_is_read() -> None:
    """Each field under its name."""
    found = settings(
        listen=[{"host": "0.0.0.0", "port": 80}, {"host": "[::1]", "port": 0}, {"host": "::", "port": 0}],
        workers=1,
        trusted_proxies=["10.0.0.1/8"],
        public_url="https://Gateway.example.com/",
        limits={
            "head_bytes": 2048,
            "target_bytes": 300,
            "fields": 10,
            "field_bytes": 400,
            "body_bytes": 5,
            "requests_per_connection": 7,
        },
        timeouts={
            "header_s": 1,
            "idle_s": 2,
            "body_min_rate_bytes_s": 0,
            "body_window_s": 4,
            "send_s": 5,
            "drain_s": 0,
        },
        access_log={"sample": 0.5},
    )

    assert found.listen == (Door("0.0.0.0", 80), Door("::1", 0), Door("::", 0))
    assert found.public_url == "https://gateway.example.com"
    assert found.trusted_proxies.trusts("10.9.9.9")
    assert found.access_log_sample == 0.5
    limits = found.head_limits
    assert (limits.head_bytes, limits.target_bytes, limits.fields, limits.field_bytes) == (2048, 300, 10, 400)
    assert (found.body_bytes, found.keepalive_requests) == (5, 7)
    assert (found.header_s, found.idle_s, found.send_s, found.drain_s) == (1, 2, 5, 0)
    assert (found.body_min_rate_bytes_s, found.body_window_s) == (0, 4)


def test_an_access_log_that_is_off_samples_nothing() -> None:
    """Zero stands for none."""
    assert settings(access_log={"enabled": False, "sample": 0.5}).access_log_sample == 0.0


@pytest.mark.parametrize("workers", ["auto", 1, "1"])
def test_one_process_may_be_asked_for(workers: object) -> None:
    """In words, as a number, and as a variable holds it."""
    assert settings(workers=workers).listen == (Door("127.0.0.1", 9080),)


@pytest.mark.parametrize("workers", [0, 2, "4", "many", True, None, [1]])
def test_several_are_not_there_yet(workers: object) -> None:
    """Refused, never ignored."""
    assert complaint({"workers": workers}) == (
        "workers",
        "several workers are not supported yet write `workers: auto` or `workers: 1`, or remove it",
    )


@pytest.mark.parametrize(
    ("written", "place", "words"),
    [
        ({"listen": []}, "listen", "at least 1"),
        ({"listen": [{"port": 65_536}]}, "listen.0.port", "less than or equal to 65535"),
        ({"listen": [{"port": -1}]}, "listen.0.port", "greater than or equal to 0"),
        ({"listen": [{"host": "127.0.0.1:80"}]}, "listen.0.host", "write `port: 80`"),
        ({"listen": [{"host": "a b"}]}, "listen.0.host", "`0.0.0.0`"),
        ({"listen": [{}, {}]}, "listen", "entry 1 of the list stands there twice"),
        ({"trusted_proxies": ["proxy.example.com"]}, "trusted_proxies.0", "no IP address"),
        ({"public_url": "gateway"}, "public_url", "`http://`"),
        ({"limits": {"head_bytes": 1023}}, "limits.target_bytes", ""),
        ({"limits": {"target_bytes": 255}}, "limits.target_bytes", "256"),
        ({"limits": {"fields": 9}}, "limits.fields", "10"),
        ({"limits": {"field_bytes": 65_537}}, "limits.field_bytes", "65536"),
        ({"limits": {"body_bytes": 0}}, "limits.body_bytes", "1"),
        ({"limits": {"requests_per_connection": 0}}, "limits.requests_per_connection", "1"),
        ({"limits": {"head_bytes": 8192, "target_bytes": 8193}}, "limits.target_bytes", "(8192 bytes)"),
        ({"limits": {"head_bytes": 8192, "field_bytes": 8193}}, "limits.field_bytes", "raise `head_bytes`"),
        ({"timeouts": {"header_s": 0}}, "timeouts.header_s", "greater than 0"),
        ({"timeouts": {"idle_s": -1}}, "timeouts.idle_s", "greater than 0"),
        ({"timeouts": {"body_min_rate_bytes_s": -1}}, "timeouts.body_min_rate_bytes_s", "0"),
        ({"timeouts": {"body_window_s": 0}}, "timeouts.body_window_s", "greater than 0"),
        ({"timeouts": {"send_s": 0}}, "timeouts.send_s", "greater than 0"),
        ({"timeouts": {"drain_s": -1}}, "timeouts.drain_s", "0"),
        ({"timeouts": {"idle_s": float("inf")}}, "timeouts.idle_s", "finite"),
        ({"access_log": {"sample": 0}}, "access_log.sample", "greater than 0"),
        ({"access_log": {"sample": 1.5}}, "access_log.sample", "less than or equal to 1"),
        ({"access_log": {"enabled": "maybe"}}, "access_log.enabled", "boolean"),
    ],
)
def test_what_makes_no_sense_is_refused(written: dict[str, Any], place: str, words: str) -> None:
    """Each field's range, at its own path."""
    with pytest.raises(ValidationError) as refused:
        GatewayConfig.model_validate(written)
    found = {".".join(map(str, error["loc"])): str(error) for error in refused.value.errors()}

    assert place in found
    assert words in found[place]


# ---------------------------------------------------------------------------------------------------------------- https


@pytest.fixture
def tls(tmp_path: Path) -> dict[str, str]:
    """A certificate and its key, by absolute paths."""
    certificate, key = make_pair(make_authority()).write(tmp_path)
    return {"cert": str(certificate), "key": str(key)}


def test_a_listener_with_a_certificate_speaks_https(tls: dict[str, str]) -> None:
    """Beside others that do not; a key that everybody can read is told with its place."""
    found = settings(listen=[{"port": 80}, {"port": 443, "tls": tls}])

    assert ["http", "https"] == [door.scheme for door in found.listen]
    assert TlsSettings(tls["cert"], tls["key"]) == found.listen[1].tls
    assert () == found.notices
    Path(tls["key"]).chmod(0o644)
    (notice,) = settings(listen=[{"port": 80}, {"port": 443, "tls": tls}]).notices
    assert notice.startswith("gateway.listen[1].tls.key: ")


@pytest.mark.parametrize(
    ("wanted", "public_url", "expected"),
    [
        (False, None, None),
        (8443, None, HttpsTarget(None, 8443)),
        (True, None, HttpsTarget(None, 9443)),
        (True, "http://gw.example", HttpsTarget(None, 9443)),
        (True, "https://gw.example", HttpsTarget("https://gw.example")),
        (8443, "https://gw.example", HttpsTarget(None, 8443)),
        ("8443", None, HttpsTarget(None, 8443)),
        ("True", None, HttpsTarget(None, 9443)),
        ("false", None, None),
    ],
)
def test_a_listener_may_only_redirect(
    tls: dict[str, str], wanted: object, public_url: str | None, expected: HttpsTarget | None
) -> None:
    """To the gateway's own address, else to the first listener for https, else to the port that was written."""
    listen = [{"port": 80, "redirect_to_https": wanted}, {"port": 9443, "tls": tls}, {"port": 9444, "tls": tls}]

    assert expected == settings(listen=listen, public_url=public_url).listen[0].https


def test_a_redirect_needs_somewhere_to_go(tls: dict[str, str]) -> None:
    """A port that the system chooses is nothing that can be written into an answer."""
    for others in ([], [{"port": 0, "tls": tls}], [{"port": 81}]):
        place, words = complaint({"listen": [{"port": 80, "redirect_to_https": True}, *others]})
        assert ("listen", True) == (place, "write the port there" in words)
    assert settings(listen=[{"redirect_to_https": True}], public_url="https://gw.example").listen[0].https


def test_where_https_is_spoken_nothing_is_redirected(tls: dict[str, str]) -> None:
    """One of the two was meant for another listener."""
    with pytest.raises(ValidationError, match="this listener speaks https itself"):
        settings(listen=[{"tls": tls, "redirect_to_https": 443}])


@pytest.mark.parametrize("wanted", [0, -1, 65_536, "0", "9" * 5000, "²", "yes please", "", [443], None, 443.5])
def test_what_is_no_port_is_refused(wanted: object) -> None:
    """Neither yes nor a port."""
    with pytest.raises(ValidationError, match="neither `true` nor a port"):
        settings(listen=[{"redirect_to_https": wanted}])


def test_one_address_has_one_listener(tls: dict[str, str]) -> None:
    """Whatever it speaks."""
    place, words = complaint({"listen": [{"port": 80}, {"port": 80, "tls": tls}]})

    assert ("listen", True) == (place, "stands there twice" in words)
