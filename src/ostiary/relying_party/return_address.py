"""Where the provider sends people back to: the redirect URI of a login, and the paths that are callbacks.

Configured absolute, as a path, or not at all: then it is the requested path with `/.apisix/redirect` after it. A path
gets its origin from `gateway.public_url`, else from the request, but only where that host is one of the route's or
loopback: a redirect URI never follows whatever Host header somebody sends (RFC 9700 §4.11, DESIGN.md §7).
"""

import re
from collections.abc import Callable
from typing import final
from urllib.parse import urlsplit

import msgspec

from ostiary.errors import ClientFault, OperatorFault
from ostiary.http.request import Request
from ostiary.http.target import parse_target
from ostiary.plugin import Claim, Place

DEFAULT_SUFFIX = "/.apisix/redirect"
NamesHost = Callable[[str], bool]

_LOOPBACK = re.compile(r"(?:127(?:\.[0-9]{1,3}){3}|\[::1\]|(?:[a-z0-9_.-]+\.)?localhost)\Z")
_ABSOLUTE = re.compile(r"https?://[^/?#@\\\s]+/", re.IGNORECASE)


@final
class RedirectUri(msgspec.Struct, frozen=True):
    """A redirect URI, its origin (`scheme://host[:port]`) and its host alone."""

    uri: str
    origin: str
    host: str


@final
class ReturnAddress:
    """The redirect URIs of one plugin instance. `scheme` is the public one where the configuration fixes it."""

    __slots__ = (
        "_fixed",
        "_hosts",
        "_name",
        "_names_host",
        "_origin",
        "_path",
        "_raw_path",
        "_uris",
        "claims",
        "scheme",
    )

    def __init__(
        self,
        redirect_uri: str | None,
        public_url: str | None,
        place: Place,
        names_host: NamesHost | None = None,
        name: str = "redirect_uri",
    ) -> None:
        """Compile the settings. Raises OperatorFault `redirect_uri_invalid` for one that could never work.

        An instance for the whole gateway has no hosts of its own: `names_host` says which the configuration has.
        `name` is what the operator calls a redirect URI.
        """
        self._name = name
        self._hosts = place.hosts
        self._names_host = names_host if place.level == "instance" else None
        self._uris = place.uris
        self._origin = _origin_of(public_url) if public_url is not None else None
        self._fixed: RedirectUri | None = None
        self._raw_path, self._path = "", ""
        if redirect_uri is not None:
            self._compile(redirect_uri)
            if self._path in place.uris:
                raise OperatorFault(
                    "redirect_uri_invalid",
                    f"{name} has the path {self._path}, which the route protects: sign-ins return to a path of "
                    "their own, such as one below it",
                )
        self.claims = self._plan_claims()
        self.scheme = self.fixed_origin.partition(":")[0] if self.fixed_origin is not None else None

    def is_callback(self, path: str) -> bool:
        """Say whether a (decoded) path is one that sign-ins return to."""
        return path == self._path if self._path else path.endswith(DEFAULT_SUFFIX)

    @property
    def fixed_origin(self) -> str | None:
        """The origin that sign-ins return to, where the configuration names one."""
        return self._fixed.origin if self._fixed is not None else self._origin

    @property
    def fixed_host(self) -> str | None:
        """Its host."""
        origin = self.fixed_origin
        return _host_of(origin) if origin is not None else None

    def plan(self, request: Request) -> RedirectUri | None:
        """Return the redirect URI of a login that starts with this request, or None when no origin is allowed."""
        if self._fixed is not None:
            return self._fixed
        origin = self._origin
        if origin is None:
            if not self.is_trusted_host(request.host):
                return None
            origin = f"{request.scheme}://{request.authority.text}"
        path = self._raw_path or _derive_path(request.target.raw_path.decode("ascii"))
        return RedirectUri(origin + path, origin, _host_of(origin))

    def is_trusted_host(self, host: str) -> bool:
        """Say whether a host is the operator's own word: one of the route's (or of any's), or loopback."""
        if _LOOPBACK.match(host):
            return True
        if self._names_host is not None:
            return self._names_host(host)
        return any(
            host == allowed or (allowed.startswith("*.") and host.endswith(allowed[1:])) for allowed in self._hosts
        )

    def find_start(self, request: Request) -> str:
        """Return a path of the route where a login can be started again, for a callback that cannot tell."""
        raw_path = request.target.raw_path.decode("ascii")
        if not self._path:
            return raw_path.removesuffix(DEFAULT_SUFFIX) or "/"
        first = self._uris[0] if self._uris else "/"
        start = first.removesuffix("*")
        return start if start.startswith("/") and start != self._path else "/"

    def _compile(self, redirect_uri: str) -> None:
        if not redirect_uri.startswith("/"):
            if not _ABSOLUTE.match(redirect_uri) or "#" in redirect_uri:
                raise OperatorFault(
                    "redirect_uri_invalid", f"{self._name} is neither a path nor an http(s) URL with a path"
                )
            origin = _origin_of(redirect_uri)
            self._fixed = RedirectUri(redirect_uri, origin, _host_of(origin))
        self._raw_path = redirect_uri if self._fixed is None else redirect_uri[redirect_uri.index("/", 8) :]
        try:
            self._path = parse_target(self._raw_path.encode("utf-8")).path
        except ClientFault as fault:
            raise OperatorFault("redirect_uri_invalid", f"{self._name}: {fault.detail}") from None

    def _plan_claims(self) -> tuple[Claim, ...]:
        """Claim the callback's path; derived ones lie within prefix routes, and beside exact ones."""
        if self._path:
            return (Claim(self._path, "callback"),)
        exact = dict.fromkeys(_derive_path(uri) for uri in self._uris if not uri.endswith("*"))
        return tuple(Claim(path, "callback", typed=False) for path in exact)


def is_trustworthy(origin: str) -> bool:
    """Say whether browsers keep `Secure` cookies for an origin: https, or a loopback host (Secure Contexts §3.1)."""
    return origin.startswith("https://") or _LOOPBACK.match(_host_of(origin)) is not None


def _derive_path(path: str) -> str:
    return path if path.endswith(DEFAULT_SUFFIX) else path.removesuffix("/") + DEFAULT_SUFFIX


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _host_of(origin: str) -> str:
    """Return the host as `ostiary.http.authority` writes it: lower-case, IPv6 in brackets."""
    host = (urlsplit(origin).hostname or "").rstrip(".")
    return f"[{host}]" if ":" in host else host
