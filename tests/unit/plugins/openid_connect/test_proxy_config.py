"""`proxy_opts`."""

from base64 import b64encode
from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.http.proxies import Exclusion, Proxy, ProxySettings
from ostiary.plugins.openid_connect.proxy_config import ProxyConfig

TOKEN = b64encode(b"gate:s3cret").decode()
PLACE = "http://proxy.example:3128"


def read(**written: Any) -> ProxySettings:
    """Read what was written."""
    return ProxyConfig.model_validate(written).settings


def errors(**written: Any) -> dict[str, str]:
    """Return what is wrong, by name: problem and remedy."""
    with pytest.raises(ValidationError) as refused:
        ProxyConfig.model_validate(written)
    assert "s3cret" not in str(refused.value)
    assert TOKEN not in str(refused.value)
    found = {}
    for line in refused.value.errors(include_input=False):
        context = line.get("ctx") or {}
        found[str(line["loc"][0])] = f"{line['msg']}; {context.get('remedy', '')}"
    return found


def test_each_scheme_has_a_proxy_and_a_credential_of_its_own() -> None:
    """As the reference names them."""
    read_whole = read(
        http_proxy="http://10.0.0.1:8080/",
        https_proxy="https://secure.example",
        http_proxy_authorization=f"Basic {TOKEN}",
        https_proxy_authorization="basic YTpi",
        no_proxy="localhost,.example.com",
    )

    assert read_whole == ProxySettings(
        http=Proxy("http://10.0.0.1:8080", f"Basic {TOKEN}"),
        https=Proxy("https://secure.example", "Basic YTpi"),
        excluded=(Exclusion("localhost"), Exclusion("example.com")),
    )
    assert read() == ProxySettings()
    assert read(https_proxy=PLACE) == ProxySettings(https=Proxy(PLACE))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://gate:s3cret@proxy.example:3128", "under http_proxy_authorization"),
        ("socks5://proxy.example:1080", "others are not offered"),
        ("proxy.example:3128", "is no URL of a proxy"),
        ("http://", "is no URL of a proxy"),
        ("http://proxy.example:0", "is no URL of a proxy"),
        ("http://proxy.example:3128/path", "is no URL of a proxy"),
        ("http://proxy.example:3128?x=1", "is no URL of a proxy"),
        ("http://[::1", "is no URL of a proxy"),
        ("http://pröxy.example", "is no URL of a proxy"),
        ("", "is no URL of a proxy"),
    ],
)
def test_a_proxy_is_scheme_host_and_port(url: str, words: str) -> None:
    """Credentials in the address, other kinds of proxies and anything else are refused with what to write."""
    for name in ("http_proxy", "https_proxy"):
        assert words in errors(**{name: url})[name]


@pytest.mark.parametrize("value", ["gate:s3cret", TOKEN, f"Bearer {TOKEN}", "Basic s3cret", "Basic "])
def test_a_credential_is_basic_and_base64(value: str) -> None:
    """The remedy says how to make it."""
    for scheme in ("http", "https"):
        name = f"{scheme}_proxy_authorization"
        assert "base64" in errors(**{f"{scheme}_proxy": PLACE, name: value})[name]


def test_what_would_do_nothing_is_refused() -> None:
    """A credential without its proxy, exceptions without any."""
    assert (
        "add `http_proxy`"
        in errors(https_proxy=PLACE, http_proxy_authorization="Basic YTpi")["http_proxy_authorization"]
    )
    assert (
        "add `https_proxy`"
        in errors(http_proxy=PLACE, https_proxy_authorization="Basic YTpi")["https_proxy_authorization"]
    )
    assert "no proxy to except" in errors(no_proxy="localhost")["no_proxy"]


def test_an_exception_that_is_no_host_is_named() -> None:
    """One bad entry spoils the list."""
    assert "'a b' is no host name" in errors(https_proxy=PLACE, no_proxy="localhost, a b")["no_proxy"]


def test_other_names_are_strangers() -> None:
    """The reference's version ignored them."""
    assert list(errors(https_proxy=PLACE, socks_proxy="x")) == ["socks_proxy"]


def test_nothing_shows_a_credential() -> None:
    """Neither printed nor dumped."""
    config = ProxyConfig.model_validate({"https_proxy": PLACE, "https_proxy_authorization": f"Basic {TOKEN}"})

    for shown in (repr(config), str(config.model_dump()), config.model_dump_json(), repr(config.settings)):
        assert TOKEN not in shown
