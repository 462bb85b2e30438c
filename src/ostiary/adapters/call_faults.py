"""aiohttp's errors → faults with plain causes: DNS, refusal, time-out, TLS, the proxy, or the rest.

Each detail names the place (host and port alone: the rest of a URL may carry what is nobody's business) and where to
look. The library's own words may quote headers, so they are dropped.
"""

import ssl
from collections.abc import Callable
from errno import ECONNREFUSED

import aiohttp
from yarl import URL

from ostiary.adapters.resolver import ResolutionFailed
from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest

_FALLBACK_REASON = "it is not valid for this name"
_TRUST = "a private authority belongs into ssl_ca_file, or into provider_ca_files of oidc"


def name_place(url: URL) -> str:
    """Name host and port of a URL."""
    return _join(url.host, url.port)


def _join(host: str | None, port: int | None) -> str:
    return f"[{host}]:{port}" if host and ":" in host else f"{host}:{port}"


def translate_error(error: Exception, request: OutboundRequest, is_resolving: Callable[[str], bool]) -> ProviderFault:
    """Return the fault that an error of a call is. `is_resolving` says whose name is still being looked up."""
    target = URL(request.url, encoded=True)
    proxy = URL(request.proxy.url) if request.proxy is not None else None
    match error:
        case aiohttp.ClientHttpProxyError() if proxy is not None:
            return _describe_refused_tunnel(error.status, name_place(proxy), name_place(target))
        case aiohttp.ClientConnectorDNSError():
            return _describe_dns(_join(error.host, error.port), error.os_error)
        case aiohttp.ClientConnectorCertificateError():
            return _describe_certificate(_join(error.host, error.port), error.certificate_error)
        case aiohttp.ClientConnectorSSLError():
            return ProviderFault("provider_tls", _describe_tls(_join(error.host, error.port)))
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return ProviderFault("provider_tls", _describe_tls(name_place(target)))
        case TimeoutError():
            return _describe_time_out(target, proxy, request.timeout_s, is_resolving)
        case aiohttp.ClientProxyConnectionError() if proxy is not None:
            why = "refuses the connection" if error.errno == ECONNREFUSED else "cannot be reached"
            return ProviderFault("provider_proxy", f"the proxy {name_place(proxy)} {why}; see proxy_opts")
        case aiohttp.ClientOSError() if error.errno == ECONNREFUSED:
            detail = f"{name_place(target)} refuses the connection: nothing listens there, or a firewall says so"
            return ProviderFault("provider_refused", detail)
        case _:
            detail = f"the call to {name_place(target)}{_name_way(proxy)} failed ({type(error).__name__})"
            return ProviderFault("provider_unreachable", detail)


def _name_way(proxy: URL | None) -> str:
    return "" if proxy is None else f" by the proxy {name_place(proxy)}"


def _describe_refused_tunnel(status: int, proxy: str, target: str) -> ProviderFault:
    if status in {401, 407}:  # tinyproxy says 401 to credentials that are wrong
        detail = f"the proxy {proxy} wants other credentials; see proxy_opts.https_proxy_authorization"
    elif status >= 500:
        detail = f"the proxy {proxy} does not reach {target} (status {status})"
    else:
        detail = f"the proxy {proxy} does not let us through to {target} (status {status})"
    return ProviderFault("provider_proxy", detail, passing=status >= 500)


def _describe_dns(place: str, error: OSError) -> ProviderFault:
    reason = error.reason if isinstance(error, ResolutionFailed) else "the look-up failed"
    detail = f"the name of {place} cannot be resolved: {reason}; gateway.dns names other name servers"
    return ProviderFault("provider_dns", detail)


def _describe_certificate(place: str, error: Exception) -> ProviderFault:
    reason = getattr(error, "verify_message", "") or _FALLBACK_REASON
    return ProviderFault("provider_tls", f"the certificate of {place} is not accepted: {reason}; {_TRUST}")


def _describe_tls(place: str) -> str:
    return f"TLS with {place} failed: it speaks no TLS 1.2 or later, or no TLS at all on this port"


def _describe_time_out(
    target: URL, proxy: URL | None, timeout_s: float, is_resolving: Callable[[str], bool]
) -> ProviderFault:
    first = target if proxy is None else proxy
    if first.raw_host is not None and is_resolving(first.raw_host):
        detail = f"the name of {name_place(first)} was not resolved within {timeout_s:.3g} s; see gateway.dns"
        return ProviderFault("provider_dns", detail)
    detail = f"{name_place(target)} did not answer{_name_way(proxy)} within {timeout_s:.3g} s"
    return ProviderFault("provider_timeout", f"{detail}; `timeout` covers the whole call")
