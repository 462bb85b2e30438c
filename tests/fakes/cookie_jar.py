"""Cookies as browsers keep them: RFC 6265bis, with Chromium's reading of `Secure` on loopback.

Kept: host-only and Domain cookies, Path, Secure, HttpOnly, Max-Age before Expires, SameSite (unset means Lax), the
`__Host-` and `__Secure-` prefixes, replacement, limits of size. Ports do not separate cookies: two servers on one host
name see each other's. Left out: the public-suffix list (a Domain without a dot is refused), eviction by count, and the
two minutes during which Chromium sends an unmarked cookie with a cross-site POST.
"""

import ipaddress
import re
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from urllib.parse import SplitResult

MAX_PAIR_BYTES = 4096
MAX_ATTRIBUTE_BYTES = 1024
MAX_AGE_LIMIT_S = 400 * 86_400.0

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MAX_AGE = re.compile(r"-?[0-9]+\Z")


@dataclass(frozen=True)
class Cookie:
    """One cookie and where it may go. `expires_at` is None for the life of the browser."""

    name: str
    value: str
    domain: str
    path: str
    is_host_only: bool
    is_secure: bool
    is_http_only: bool
    same_site: str
    expires_at: float | None
    created_at: float
    order: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same cookie: a later one with this key replaces it."""
        return self.name, self.domain, self.path


@dataclass(frozen=True)
class Errand:
    """For which kind of request cookies are wanted."""

    is_same_site: bool = True
    is_safe_navigation: bool = True


class CookieJar:
    """The cookies of one browser. `refused` says which ones it did not take, and why."""

    def __init__(self, *, trusts_loopback: bool = True) -> None:
        """Start empty. `trusts_loopback`: plain http to localhost counts as secure (Chromium; Safari: no)."""
        self.refused: list[tuple[str, str]] = []
        self._trusts_loopback = trusts_loopback
        self._cookies: dict[tuple[str, str, str], Cookie] = {}
        self._order = 0

    def store(self, line: str, url: SplitResult, now: float) -> None:
        """Take the value of one `Set-Cookie` header that `url` sent, or note in `refused` why not."""
        pair, *attributes = line.split(";")
        name, value = _split_pair(pair)
        try:
            cookie = self._read(name, value, _read_attributes(attributes), url, now)
        except ValueError as reason:
            self.refused.append((name, str(reason)))
            return
        if cookie.expires_at is not None and cookie.expires_at <= now:
            self._cookies.pop(cookie.key, None)
        else:
            self._cookies[cookie.key] = cookie

    def header(self, url: SplitResult, now: float, errand: Errand = Errand()) -> str:
        """Return the value of the `Cookie` header for a request to `url`, or an empty text."""
        fitting = [cookie for cookie in self.live(now) if self._fits(cookie, url, errand)]
        fitting.sort(key=lambda cookie: (-len(cookie.path), cookie.order))
        return "; ".join(f"{cookie.name}={cookie.value}" if cookie.name else cookie.value for cookie in fitting)

    def live(self, now: float) -> list[Cookie]:
        """Return what has not expired."""
        return [cookie for cookie in self._cookies.values() if cookie.expires_at is None or cookie.expires_at > now]

    def clear(self) -> None:
        """Forget every cookie."""
        self._cookies.clear()

    def remove(self, name: str) -> None:
        """Forget the cookies called `name`, as a person does in the browser's settings."""
        self._cookies = {key: cookie for key, cookie in self._cookies.items() if cookie.name != name}

    def is_trustworthy(self, url: SplitResult) -> bool:
        """Whether `Secure` cookies may come from and go to `url`."""
        return url.scheme == "https" or (self._trusts_loopback and is_loopback(url.hostname or ""))

    def _read(self, name: str, value: str, attributes: dict[str, str], url: SplitResult, now: float) -> Cookie:
        if _CONTROL.search(name + value):
            raise ValueError("a control character")
        if not name and not value:
            raise ValueError("empty")
        if len(name) + len(value) > MAX_PAIR_BYTES:
            raise ValueError(f"{len(name) + len(value)} bytes")
        host = (url.hostname or "").lower()
        domain = _read_domain(attributes.get("domain", ""), host)
        path = attributes.get("path", "")
        cookie = Cookie(
            name=name,
            value=value,
            domain=domain or host,
            path=path if path.startswith("/") else _default_path(url.path),
            is_host_only=not domain,
            is_secure="secure" in attributes,
            is_http_only="httponly" in attributes,
            same_site=attributes.get("samesite", "").lower() or "lax",
            expires_at=_read_expiry(attributes, now),
            created_at=now,
            order=self._next_order(name, domain or host, path if path.startswith("/") else _default_path(url.path)),
        )
        self._check(cookie, attributes, url)
        return cookie

    def _check(self, cookie: Cookie, attributes: dict[str, str], url: SplitResult) -> None:
        trustworthy = self.is_trustworthy(url)
        if cookie.is_secure and not trustworthy:
            raise ValueError("Secure over http")
        if cookie.same_site == "none" and not cookie.is_secure:
            raise ValueError("SameSite=None without Secure")
        prefixed = (cookie.name or cookie.value).lower()
        if not cookie.name and prefixed.startswith(("__host-", "__secure-")):
            raise ValueError("a prefix in a nameless cookie")
        if prefixed.startswith("__secure-") and not cookie.is_secure:
            raise ValueError("__Secure- without Secure")
        if prefixed.startswith("__host-") and not (
            cookie.is_secure and cookie.is_host_only and attributes.get("path") == "/"
        ):
            raise ValueError("__Host- without Secure and Path=/, or with Domain")
        if not trustworthy and any(_shadows(cookie, other) for other in self._cookies.values()):
            raise ValueError("would shadow a Secure cookie")

    def _next_order(self, *key: str) -> int:
        known = self._cookies.get((key[0], key[1], key[2]))
        if known:
            return known.order
        self._order += 1
        return self._order

    def _fits(self, cookie: Cookie, url: SplitResult, errand: Errand) -> bool:
        host = (url.hostname or "").lower()
        if not (host == cookie.domain if cookie.is_host_only else _domain_matches(host, cookie.domain)):
            return False
        if not _path_matches(url.path or "/", cookie.path):
            return False
        if cookie.is_secure and not self.is_trustworthy(url):
            return False
        if errand.is_same_site or cookie.same_site == "none":
            return True
        return cookie.same_site != "strict" and errand.is_safe_navigation


def is_loopback(host: str) -> bool:
    """Whether `host` is a loopback name or address by its spelling alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def registrable_site(host: str) -> str:
    """Return what stands for the site: the address, the single label, or the last two labels."""
    return host if _is_address(host) else ".".join(host.split(".")[-2:])


def _split_pair(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    return (name.strip(" \t"), value.strip(" \t")) if equals else ("", pair.strip(" \t"))


def _read_attributes(attributes: list[str]) -> dict[str, str]:
    found = {}
    for attribute in attributes:
        name, _, value = attribute.partition("=")
        if len(value) <= MAX_ATTRIBUTE_BYTES:
            found[name.strip(" \t").lower()] = value.strip(" \t")
    return found


def _read_domain(value: str, host: str) -> str:
    domain = value.removeprefix(".").lower()
    if domain and not _domain_matches(host, domain):
        raise ValueError("a Domain that is not its host's")
    if domain and "." not in domain and domain != host:
        raise ValueError("a Domain that is a public suffix")
    return "" if _is_address(host) or "." not in domain else domain


def _read_expiry(attributes: dict[str, str], now: float) -> float | None:
    if _MAX_AGE.match(attributes.get("max-age", "")):
        return now + min(float(attributes["max-age"]), MAX_AGE_LIMIT_S)
    date = parsedate_tz(attributes.get("expires", ""))
    return None if date is None else min(float(mktime_tz(date)), now + MAX_AGE_LIMIT_S)


def _default_path(path: str) -> str:
    return path.rpartition("/")[0] or "/" if path.startswith("/") else "/"


def _domain_matches(host: str, domain: str) -> bool:
    return host == domain or (host.endswith(f".{domain}") and not _is_address(host))


def _path_matches(path: str, cookie_path: str) -> bool:
    return path == cookie_path or path.startswith(cookie_path if cookie_path.endswith("/") else f"{cookie_path}/")


def _shadows(cookie: Cookie, other: Cookie) -> bool:
    domains = _domain_matches(cookie.domain, other.domain) or _domain_matches(other.domain, cookie.domain)
    return other.is_secure and other.name == cookie.name and domains and _path_matches(cookie.path, other.path)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
