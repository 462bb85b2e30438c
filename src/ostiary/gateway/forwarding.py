"""The request as the upstream sees it, re-serialised from the canonical one; never the client's bytes. Pure.

Order matters (DESIGN.md §9.3-9.4): hop-by-hop, identity and forwarding fields were dropped when the head was read; the
fields that policy sets replace whatever else has their names; our cookies stay here.
"""

from ostiary.config.upstreams import UpstreamSpec
from ostiary.errors import UpstreamFault
from ostiary.http.cookies import keep_cookies
from ostiary.http.head import METHODS
from ostiary.http.lines import is_clean_block
from ostiary.http.request import CHUNKED, Request
from ostiary.http.response import is_owned_cookie
from ostiary.http.section import FieldSection
from ostiary.plugin import RequestEdits

_NO_NAMES: frozenset[bytes] = frozenset()
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_METHODS = {name: f"{name} ".encode("ascii") for name in METHODS.values()}


def render_upstream_head(
    request: Request, host: str, listen_port: int, edits: RequestEdits | None, owned_cookies: tuple[bytes, ...]
) -> bytes:
    """Render request line and fields for the upstream, the empty line included.

    `host` is the Host to send; `owned_cookies` are names (or prefixes ending in `*`) that never go upstream. The fields
    are rendered once for all requests of a connection that have the same ones and the same edits.
    Raises UpstreamFault (`request_unsafe`) when the result is not whole lines: nothing is sent then.
    """
    section = request.section
    replaced = _NO_NAMES if edits is None else edits.names
    facts = (request.method, host, replaced, owned_cookies, request.authority, request.client)
    if section.rendered_for != facts:
        section.rendered = _render_fields(request, host, listen_port, replaced, owned_cookies)
        section.rendered_for = facts
    target = request.target
    # A canonical target holds no white space or control characters (`ostiary.http.target`).
    parts = [_METHODS[request.method], target.raw_path]
    if target.query is not None:
        parts += (b"?", target.query)
    parts.append(section.rendered)
    if section.authorization is not None and b"authorization" not in replaced:
        parts.append(section.authorization_line or _render_authorization(section))
    if edits is not None:
        parts.append(edits.block)  # checked when it was rendered, once for each principal
    parts.append(b"\r\n")
    return b"".join(parts)


def _render_authorization(section: FieldSection) -> bytes:
    """Render the credentials, once for all requests of a connection that show the same ones."""
    line = b"".join((section.authorization_name, b": ", section.authorization or b"", b"\r\n"))
    if not is_clean_block(line, 1):
        raise UpstreamFault("request_unsafe", "the credentials would hold stray control characters")
    section.authorization_line = line
    return line


def _render_fields(
    request: Request, host: str, listen_port: int, replaced: frozenset[bytes], owned_cookies: tuple[bytes, ...]
) -> bytes:
    """Render what is the same for all requests of a connection that differ in target and credentials only."""
    parts = [b"Host: ", host.encode("ascii"), b"\r\n"]
    for lower, name, value in request.section.passed:
        if lower not in replaced:
            parts += (name, b": ", value, b"\r\n")
    cookie = b"" if b"cookie" in replaced else _without_ours(request.section.cookie, owned_cookies)
    if cookie:
        parts += (b"Cookie: ", cookie, b"\r\n")
    if request.section.body_bytes == CHUNKED:
        parts += (b"Transfer-Encoding", b": ", b"chunked", b"\r\n")
    elif request.section.body_bytes or request.method in _BODY_METHODS:
        parts += (b"Content-Length", b": ", b"%d" % request.section.body_bytes, b"\r\n")
    lines = parts.count(b"\r\n") + 5
    parts.append(_render_forwarded(request, listen_port))
    block = b"".join(parts)
    if not is_clean_block(block, lines):
        raise UpstreamFault("request_unsafe", "the request for the upstream would hold stray control characters")
    return b" HTTP/1.1\r\n" + block


def _render_forwarded(request: Request, listen_port: int) -> bytes:
    """Render X-Real-IP and X-Forwarded-For, -Proto, -Host, -Port."""
    authority = request.authority
    port = authority.port or {"http": 80, "https": 443}.get(request.scheme, listen_port)
    before = request.forwarded_for.decode("latin-1")
    chain = f"{before}, {request.peer}" if before else request.peer
    return (
        f"X-Real-IP: {request.client}\r\nX-Forwarded-For: {chain}\r\nX-Forwarded-Proto: {request.scheme}\r\n"
        f"X-Forwarded-Host: {authority.text}\r\nX-Forwarded-Port: {port}\r\n"
    ).encode("latin-1")


def _without_ours(cookie: bytes, owned_cookies: tuple[bytes, ...]) -> bytes:
    """Return the Cookie header without our cookies, untouched when it holds none of them."""
    if not cookie or not any((own[:-1] if own.endswith(b"*") else own) in cookie for own in owned_cookies):
        return cookie
    return keep_cookies(cookie, lambda name: not is_owned_cookie(name, owned_cookies))


def choose_host(request: Request, spec: UpstreamSpec, node: tuple[str, int]) -> str:
    """Return the Host header for the upstream: the client's, the node's or a fixed one (`pass_host`)."""
    if spec.pass_host == "node":
        host, port = node
        name = f"[{host}]" if ":" in host else host
        return name if port == (80 if spec.tls is None else 443) else f"{name}:{port}"
    if spec.pass_host == "rewrite":
        return spec.upstream_host or ""
    return request.authority.text
