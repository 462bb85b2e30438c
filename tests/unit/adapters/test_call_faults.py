"""aiohttp's errors in plain words. The usual ones are met for real in `test_http_client.py`."""

import ssl
from errno import ECONNREFUSED, ENETUNREACH
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from ostiary.adapters.call_faults import name_place, translate_error
from ostiary.adapters.resolver import ResolutionFailed
from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest
from ostiary.http.proxies import Proxy

URL_WITH_SECRET = "https://id.example/token?secret=1"
PROXY = Proxy("http://proxy.example:3128", "Basic c2VjcmV0")
KEY = ConnectionKey("id.example", 443, True, True, None, None, None)


def translate(error: Exception, proxy: Proxy | None = None, *, is_resolving: bool = False) -> ProviderFault:
    """Translate an error of one call."""
    request = OutboundRequest(method="GET", url=URL_WITH_SECRET, proxy=proxy, timeout_s=2.5)
    fault = translate_error(error, request, lambda host: is_resolving)
    assert "secret" not in str(fault)
    assert "c2VjcmV0" not in str(fault)
    return fault


def refuse_tunnel(status: int) -> aiohttp.ClientHttpProxyError:
    """Make the error of a CONNECT that was answered with `status`."""
    message: Any = None
    return aiohttp.ClientHttpProxyError(message, (), status=status)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, ResolutionFailed("nobody knows it")), "provider_dns"),
        (aiohttp.ClientConnectorDNSError(KEY, OSError(None, "secret")), "provider_dns"),
        (aiohttp.ClientConnectorError(KEY, OSError(ECONNREFUSED, "no")), "provider_refused"),
        (aiohttp.ClientConnectorError(KEY, OSError(ENETUNREACH, "no")), "provider_unreachable"),
        (aiohttp.ClientConnectorCertificateError(KEY, ssl.CertificateError("secret")), "provider_tls"),
        (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "no")), "provider_tls"),
        (ssl.SSLError(1, "secret"), "provider_tls"),
        (TimeoutError(), "provider_timeout"),
        (aiohttp.ServerTimeoutError(), "provider_timeout"),
        (aiohttp.ServerDisconnectedError(), "provider_unreachable"),
        (ValueError("secret"), "provider_unreachable"),
    ],
)
def test_every_error_has_one_cause(error: Exception, code: str) -> None:
    """Four plain ones and the rest; all of them may pass."""
    fault = translate(error)

    assert (code, True) == (fault.code, fault.passing)
    assert "id.example:443" in fault.detail


@pytest.mark.parametrize(
    ("status", "passing", "words"),
    [
        (401, False, "proxy.example:3128 wants other credentials"),
        (407, False, "proxy.example:3128 wants other credentials; see proxy_opts.https_proxy_authorization"),
        (403, False, "does not let us through to id.example:443 (status 403)"),
        (502, True, "does not reach id.example:443 (status 502)"),
    ],
)
def test_a_tunnel_that_is_refused_names_the_proxy(status: int, passing: bool, words: str) -> None:
    """Whose fault it is, by the status."""
    fault = translate(refuse_tunnel(status), PROXY)

    assert ("provider_proxy", passing) == (fault.code, fault.passing)
    assert words in fault.detail


def test_a_proxy_that_cannot_be_reached_is_named() -> None:
    """Refused, or anything else."""
    for number, words in ((ECONNREFUSED, "refuses the connection"), (ENETUNREACH, "cannot be reached")):
        fault = translate(aiohttp.ClientProxyConnectionError(KEY, OSError(number, "no")), PROXY)
        assert ("provider_proxy", f"the proxy proxy.example:3128 {words}; see proxy_opts") == (fault.code, fault.detail)


@pytest.mark.parametrize(("proxy", "place"), [(None, "id.example:443"), (PROXY, "proxy.example:3128")])
def test_a_name_that_nobody_answered_for_is_no_silent_provider(proxy: Proxy | None, place: str) -> None:
    """The one that is looked up is the proxy's, where there is one."""
    fault = translate(TimeoutError(), proxy, is_resolving=True)

    assert ("provider_dns", f"the name of {place} was not resolved within 2.5 s; see gateway.dns") == (
        fault.code, fault.detail
    )  # fmt: skip


def test_places_are_host_and_port() -> None:
    """An IPv6 address keeps its brackets; user, path and query are nobody's business."""
    assert name_place(URL("https://a:b@id.example/path?x")) == "id.example:443"
    assert name_place(URL("http://[::1]:8080/")) == "[::1]:8080"
