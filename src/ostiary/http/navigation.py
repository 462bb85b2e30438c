"""Navigations: whether a person's browser is opening a page, so that a redirect to a sign-in page makes sense.

Everything else (script calls, form posts, preflights, images, prefetches) would only lose the redirect, or start a
login that nobody sees: it gets 401 instead. Fetch Metadata decides where a browser sends it; `Accept` where not.
"""

from ostiary.http.fields import RawFields
from ostiary.http.request import Request

_METHODS = frozenset({"GET", "HEAD"})
_FETCH_METADATA = (b"sec-fetch-dest", b"sec-fetch-site", b"sec-fetch-user")


def is_navigation(request: Request) -> bool:
    """Say whether the request opens a page: GET or HEAD, a navigation by Fetch Metadata or by Accept, no prefetch."""
    if request.method not in _METHODS or is_speculative(request):
        return False
    mode = request.field(b"sec-fetch-mode")
    if mode is not None:
        return mode == b"navigate"
    if any(request.field(name) is not None for name in _FETCH_METADATA):
        return False
    return accepts_html(request)


def follows_redirects(request: Request) -> bool:
    """Say whether a redirect to a sign-in page would be followed: by a page that opens, or a program by hand.

    Weaker than `is_navigation`: a client that says nothing of itself (`Accept: */*`) counts. GET or HEAD, no prefetch,
    and nothing that tells of a script: Fetch Metadata, `X-Requested-With`, or JSON among what is accepted.
    """
    if request.method not in _METHODS or is_speculative(request):
        return False
    if (request.field(b"x-requested-with") or b"").lower() == b"xmlhttprequest":
        return False
    if any(name == b"accept" and _names_json(value) for name, _, value in request.fields):
        return False
    mode = request.field(b"sec-fetch-mode")
    if mode is not None:
        return mode == b"navigate"
    return all(request.field(name) is None for name in _FETCH_METADATA)


def is_preflight(request: Request) -> bool:
    """Say whether a browser asks before a request to another origin (Fetch §3.3.2); it sends no cookie then."""
    return request.method == "OPTIONS" and all(
        request.field(name) is not None for name in (b"origin", b"access-control-request-method")
    )


def accepts_html(request: Request) -> bool:
    """Say whether the client asked for HTML by name (`*/*` is what programs send)."""
    accept = request.field(b"accept")
    return accept is not None and _names_html(accept)


def would_accept_html(fields: RawFields) -> bool:
    """Say the same of a head that was refused before it became a request."""
    return any(name.lower() == b"accept" and _names_html(value) for name, value in fields)


def is_speculative(request: Request) -> bool:
    """Prefetch and prerender: `Sec-Purpose` of today's browsers, `Purpose` of older ones."""
    for name in (b"sec-purpose", b"purpose"):
        purpose = request.field(name)
        if purpose is not None and (b"prefetch" in purpose or b"prerender" in purpose or b"preview" in purpose):
            return True
    return False


def _names_html(accept: bytes) -> bool:
    return b"text/html" in accept.lower()


def _names_json(accept: bytes) -> bool:
    kinds = (kind.partition(b";")[0].strip().lower() for kind in accept.split(b","))
    return b"application/json" in kinds
