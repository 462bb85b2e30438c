"""Outgoing calls, as `ostiary.ports.HttpClient`, over aiohttp.

One session per process. No redirect is followed, no cookie kept, no proxy taken from the environment, nothing
decompressed; the body is read piece by piece up to the request's limit, and one time limit covers it all. TLS is
verified, 1.2 at least, unless the request says otherwise (only where the operator typed it). A proxy's credential goes
with CONNECT for https targets and with the request for http ones, and is never sent through the tunnel. A request with
addresses of its own is sent to the first that takes a connection, in the name of its URL: Host, TLS's server name and
the certificate's stay the URL's, and its connections are shared with no other name's.
"""

import asyncio
import ssl
from typing import final

import aiohttp
from yarl import URL

from ostiary.adapters.call_faults import name_place, translate_error
from ostiary.adapters.resolver import Resolver
from ostiary.config.dns import DnsSettings
from ostiary.errors import ProviderFault
from ostiary.http.outbound import Address, OutboundRequest, OutboundResponse
from ostiary.upstream.tls_client import make_tls_context

PIECE_BYTES = 65_536
MAX_CONNECTIONS = 128
MAX_CONTEXTS = 64
IDLE_S = 15.0
PROXY_AUTHENTICATION_REQUIRED = 407


@final
class AiohttpClient:
    """Sends requests; make one per process, and `close()` it."""

    __slots__ = ("_contexts", "_resolver", "_session")

    def __init__(self) -> None:
        """Open nothing yet: session and TLS contexts are made when they are first needed, inside the loop."""
        self._session: aiohttp.ClientSession | None = None
        self._contexts: dict[tuple[bool, str, str], ssl.SSLContext] = {}
        self._resolver = Resolver()

    def use_dns(self, settings: DnsSettings | None) -> None:
        """Resolve names by these name servers from now on, or (None) as the system does."""
        session = self._session
        if self._resolver.use(settings) and session is not None and isinstance(session.connector, aiohttp.TCPConnector):
            session.connector.clear_dns_cache()

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Return the answer, whatever its status. Raises ProviderFault as the port says."""
        url = _parse_url(request.url)
        if request.addresses and request.proxy is not None:
            detail = "a service's addresses and a proxy exclude each other: remove service_name, or the proxy"
            raise ProviderFault("provider_proxy", detail, passing=False)
        try:
            return await self._send_to_first(request, url)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise translate_error(error, request, self._resolver.is_resolving) from None

    async def _send_to_first(self, request: OutboundRequest, url: URL) -> OutboundResponse:
        """Send a request to the first of its addresses that takes a connection, each having its share of the time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + request.timeout_s
        *others, last = [_readdress(url, address) for address in request.addresses] or [url]
        for target in others:
            share_s = request.timeout_s / len(request.addresses)
            try:
                return await self._send(request, url, target, _limit(until - loop.time(), share_s))
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                if isinstance(error, aiohttp.ClientSSLError):
                    raise
        return await self._send(request, url, last, _limit(until - loop.time()))

    async def _send(
        self, request: OutboundRequest, url: URL, target: URL, limit: aiohttp.ClientTimeout
    ) -> OutboundResponse:
        """Send a request for `url` to where `target` is."""
        name = None if target is url else url.host
        proxy, headers, proxy_headers = _address_proxy(request, url)
        async with self._open_session().request(
            request.method,
            target,
            headers=headers if name is None else (*headers, ("Host", url.host_port_subcomponent or "")),
            data=request.body or None,
            allow_redirects=False,
            timeout=limit,
            ssl=self._context(request.trusted_certificates, name or "", verify=request.tls_verify),
            proxy=proxy,
            proxy_headers=proxy_headers,
            server_hostname=name,
        ) as response:
            body = await _read_body(response, request.max_body_bytes, name_place(url))
        if proxy is not None and response.status == PROXY_AUTHENTICATION_REQUIRED:
            detail = f"the proxy {name_place(proxy)} wants other credentials; see proxy_opts.http_proxy_authorization"
            raise ProviderFault("provider_proxy", detail, passing=False)
        lower = tuple((name.lower(), value) for name, value in response.headers.items())
        return OutboundResponse(status=response.status, headers=lower, body=body)

    async def close(self) -> None:
        """Close every connection; the next `send` opens a new session."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        await self._resolver.close()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=MAX_CONNECTIONS, keepalive_timeout=IDLE_S, resolver=self._resolver
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity", "User-Agent": "ostiary"},
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    def _context(self, trusted_certificates: str, name: str = "", *, verify: bool) -> ssl.SSLContext:
        """Return the context for what is trusted; making one takes 35 ms, so equal ones are the same.

        `name` is that of a request with addresses: the pool tells connections apart by their context, and one that was
        verified for a name serves no other (aiohttp before 3.14 does not tell them apart by `server_hostname`).
        """
        key = (verify, trusted_certificates, name)
        context = self._contexts.get(key)
        if context is None:
            context = make_tls_context(verify=verify, trusted_certificates=trusted_certificates)
            while len(self._contexts) >= MAX_CONTEXTS:
                del self._contexts[next(iter(self._contexts))]
            self._contexts[key] = context
        return context


Headers = tuple[tuple[str, str], ...]


def _limit(total_s: float, connect_s: float | None = None) -> aiohttp.ClientTimeout:
    """Return the time limits of a call; for aiohttp 0 is no limit at all."""
    return aiohttp.ClientTimeout(total=max(total_s, 0.001), sock_connect=connect_s)


def _readdress(url: URL, address: Address) -> URL:
    """Return the URL with another place in it."""
    host, port = address
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return URL(f"{url.scheme}://{place}{url.raw_path_qs}", encoded=True)


def _address_proxy(request: OutboundRequest, url: URL) -> tuple[URL | None, Headers, dict[str, str] | None]:
    """Return the proxy, the headers of the request, and those of the CONNECT for an https target.

    For an http target the latter are not sent; they keep connections of different credentials apart in the pool.
    """
    proxy = request.proxy
    if proxy is None:
        return None, request.headers, None
    if not proxy.authorization:
        return URL(proxy.url), request.headers, None
    field = ("Proxy-Authorization", proxy.authorization)
    return URL(proxy.url), request.headers if url.scheme == "https" else (*request.headers, field), dict([field])


async def _read_body(response: aiohttp.ClientResponse, max_body_bytes: int, place: str) -> bytes:
    pieces = []
    size = 0
    async for piece in response.content.iter_chunked(PIECE_BYTES):
        size += len(piece)
        if size > max_body_bytes:
            response.close()
            detail = f"{place} answered with more than {max_body_bytes} bytes"
            raise ProviderFault("provider_answer_too_large", detail, passing=False)
        pieces.append(piece)
    return b"".join(pieces)


def _parse_url(text: str) -> URL:
    """Take the URL as it is written, nothing encoded again. Raises ProviderFault when it is no http(s) URL."""
    try:
        url = URL(text, encoded=True)
        if url.scheme in {"http", "https"} and url.host and url.port:
            return url
    except ValueError:
        pass
    raise ProviderFault("provider_unreachable", "the URL to call is no http(s) URL", passing=False)
