"""Outgoing calls, as `ostiary.ports.HttpClient`, over aiohttp.

One session per process. No redirect is followed, no cookie kept, no proxy taken from the environment, nothing
decompressed; the body is read piece by piece up to the request's limit, and one time limit covers it all. TLS is
verified, 1.2 at least, unless the request says otherwise (only where the operator typed it).
"""

import ssl
from errno import ECONNREFUSED
from typing import final

import aiohttp
from yarl import URL

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse

PIECE_BYTES = 65_536
MAX_CONNECTIONS = 128
IDLE_S = 15.0


@final
class AiohttpClient:
    """Sends requests; make one per process, and `close()` it."""

    __slots__ = ("_contexts", "_session")

    def __init__(self) -> None:
        """Open nothing yet: session and TLS contexts are made when they are first needed, inside the loop."""
        self._session: aiohttp.ClientSession | None = None
        self._contexts: dict[bool, ssl.SSLContext] = {}

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Return the answer, whatever its status. Raises ProviderFault as the port says."""
        session = self._session
        if session is None:
            session = self._session = _open_session()
        url = _parse_url(request.url)
        try:
            async with session.request(
                request.method,
                url,
                headers=request.headers,
                data=request.body or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=request.timeout_s),
                ssl=self._context(verify=request.tls_verify),
            ) as response:
                body = await _read_body(response, request.max_body_bytes, _place(url))
                headers = tuple((name.lower(), value) for name, value in response.headers.items())
                return OutboundResponse(status=response.status, headers=headers, body=body)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise _translate(error, _place(url), request.timeout_s) from None

    async def close(self) -> None:
        """Close every connection; the next `send` opens a new session."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _context(self, *, verify: bool) -> ssl.SSLContext:
        """Return the context; making one takes 35 ms, so there are two at most."""
        context = self._contexts.get(verify)
        if context is None:
            context = ssl.create_default_context()
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if not verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            self._contexts[verify] = context
        return context


def _open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=IDLE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept-Encoding": "identity", "User-Agent": "ostiary"},
        auto_decompress=False,
        trust_env=False,
    )


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


def _place(url: URL) -> str:
    """Name host and port alone: the rest of a URL may carry what is nobody's business."""
    return f"{url.host}:{url.port}"


def _translate(error: Exception, place: str, timeout_s: float) -> ProviderFault:
    """Make a fault with one of four plain causes, or the rest. The library's own words may quote headers: dropped."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return ProviderFault("provider_dns", f"the name of {place} cannot be resolved")
        case aiohttp.ClientConnectorCertificateError():
            reason = getattr(error.certificate_error, "verify_message", "") or "it is not valid for this name"
            return ProviderFault("provider_tls", f"the certificate of {place} is not accepted: {reason}")
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return ProviderFault("provider_tls", f"TLS with {place} failed")
        case TimeoutError():
            return ProviderFault("provider_timeout", f"{place} did not answer within {timeout_s:.3g} s")
        case aiohttp.ClientOSError() if error.errno == ECONNREFUSED:
            return ProviderFault("provider_refused", f"{place} refuses the connection: nothing listens there")
        case _:
            return ProviderFault("provider_unreachable", f"the call to {place} failed ({type(error).__name__})")
