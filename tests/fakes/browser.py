"""A browser for tests: navigates, follows redirects, keeps cookies, fills in forms, and makes script calls.

    browser = Browser()
    page = browser.open("http://localhost:9080/orders?id=1")
    page = browser.submit(page, {"login": "quickstart-user", "password": "..."})
    answer = browser.xhr("http://localhost:9080/api")

It sends what Chromium sends as far as a server can tell: fetch metadata, Accept, Referer, Origin, cookies with their
SameSite rules. It runs no scripts. Loopback names reach 127.0.0.1 without a resolver; other hosts are refused, unless
`hosts` says that they are to be found there too. It speaks https when it is given a TLS context.
"""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

from tests.fakes.cookie_jar import CookieJar, Errand, is_loopback, registrable_site
from tests.fakes.html_forms import Form, read_forms

ACCEPT_PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SAFE_METHODS = frozenset({"GET", "HEAD"})
MAX_REDIRECTS = 20

StopBefore = Callable[[str], bool]


class TooManyRedirectsError(AssertionError):
    """What a person sees as a redirect loop."""


@dataclass(frozen=True)
class Page:
    """An answer. `location` is an absolute address when it is a redirect that was not followed."""

    status: int
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first value of `name`, or None."""
        return next(iter(self.header_values(name)), None)

    def header_values(self, name: str) -> list[str]:
        """Return every value of `name`, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def location(self) -> str | None:
        """Where it redirects to, if it does."""
        value = self.header("location")
        return urljoin(self.url, value) if value is not None and self.status in REDIRECTS else None

    @property
    def text(self) -> str:
        """The body as UTF-8 text."""
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """Return the body as JSON. Raises ValueError."""
        return json.loads(self.body)

    @property
    def forms(self) -> list[Form]:
        """The forms of the page."""
        return read_forms(self.text)


@dataclass(frozen=True)
class Visit:
    """One line of the history."""

    status: int
    url: str


@dataclass
class _Trip:
    """A request on its way through redirects."""

    method: str
    url: str
    body: bytes = b""
    content_type: str = ""
    initiator: str = ""
    is_script: bool = False
    headers: Sequence[tuple[str, str]] = ()
    chain: list[str] = field(default_factory=list)


class Browser:
    """One person's browser: one cookie jar, one history."""

    def __init__(
        self,
        *,
        hosts: Sequence[str] | Mapping[str, int] = (),
        trusts_loopback: bool = True,
        timeout_s: float = 15.0,
        now: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Open a fresh profile. `hosts` are names that reach 127.0.0.1 besides the loopback ones.

        A mapping says at which port each is found, whatever the address says: an entry in the hosts file, and a
        forwarded port.
        `tls` says whom it trusts: any other certificate is `ssl.SSLCertVerificationError`.
        """
        self.jar = CookieJar(trusts_loopback=trusts_loopback)
        self.history: list[Visit] = []
        self._hosts = frozenset(hosts)
        self._ports = dict(hosts) if isinstance(hosts, Mapping) else {}
        self._timeout_s = timeout_s
        self._now = now
        self._tls = tls

    def open(self, url: str, *, stop_before: StopBefore | None = None) -> Page:
        """Type an address. Redirects are followed, up to one that `stop_before` names."""
        return self._travel(_Trip("GET", url), stop_before)

    def click(self, page: Page, href: str, *, stop_before: StopBefore | None = None) -> Page:
        """Follow a link on `page`, relative or not."""
        return self._travel(_Trip("GET", urljoin(page.url, href), initiator=page.url), stop_before)

    def submit(
        self,
        page: Page,
        fields: Mapping[str, str] | None = None,
        *,
        button: str | None = None,
        form: Form | None = None,
        stop_before: StopBefore | None = None,
    ) -> Page:
        """Fill in a form (the page's only one) and press a button: the first, or the one with the value `button`."""
        chosen = form or _only(page.forms)
        action = urljoin(page.url, chosen.action) if chosen.action else page.url
        query = urlencode(chosen.filled(fields or {}, button))
        if chosen.method == "GET":
            return self._travel(_Trip("GET", f"{action.partition('?')[0]}?{query}", initiator=page.url), stop_before)
        trip = _Trip("POST", action, query.encode("ascii"), "application/x-www-form-urlencoded", initiator=page.url)
        return self._travel(trip, stop_before)

    def xhr(
        self,
        url: str,
        method: str = "GET",
        *,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        initiator: str | None = None,
        stop_before: StopBefore | None = None,
    ) -> Page:
        """Call `url` as a script of `initiator` (a page of the same origin, unless given) with credentials."""
        trip = _Trip(method, url, body, "", initiator or url, is_script=True, headers=headers)
        return self._travel(trip, stop_before)

    def cookie_names(self) -> list[str]:
        """Return the names of the live cookies, in the order they came."""
        return [cookie.name for cookie in self.jar.live(self._now())]

    def _travel(self, trip: _Trip, stop_before: StopBefore | None) -> Page:
        for _ in range(MAX_REDIRECTS):
            page = self._fetch(trip)
            if page.location is None or (stop_before is not None and stop_before(page.location)):
                return page
            _redirect(trip, page)
        raise TooManyRedirectsError(" -> ".join(f"{visit.status} {visit.url}" for visit in self.history[-6:]))

    def _fetch(self, trip: _Trip) -> Page:
        url = urlsplit(trip.url)
        trip.chain.append(trip.url)
        connection = http.client.HTTPConnection(*self._address(url), timeout=self._timeout_s)
        try:
            if url.scheme == "https" and self._tls is not None:
                plain = socket.create_connection(self._address(url), timeout=self._timeout_s)
                connection.sock = self._tls.wrap_socket(plain, server_hostname=url.hostname)
            target = (url.path or "/") + (f"?{url.query}" if url.query else "")
            connection.putrequest(trip.method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in self._headers(trip, url):
                connection.putheader(name, value)
            connection.endheaders(trip.body)
            answer = connection.getresponse()
            page = Page(answer.status, trip.url, tuple(answer.getheaders()), answer.read())
        finally:
            connection.close()
        for line in page.header_values("set-cookie"):
            self.jar.store(line, url, self._now())
        self.history.append(Visit(page.status, trip.url))
        return page

    def _address(self, url: SplitResult) -> tuple[str, int]:
        host = url.hostname or ""
        is_spoken = url.scheme == "http" or (url.scheme == "https" and self._tls is not None)
        if not is_spoken or not (is_loopback(host) or host in self._hosts):
            raise ValueError(f"this browser does not go to {url.scheme}://{host}")
        return "127.0.0.1", self._ports.get(host) or url.port or (80 if url.scheme == "http" else 443)

    def _headers(self, trip: _Trip, url: SplitResult) -> list[tuple[str, str]]:
        site = _fetch_site(trip)
        headers = [("Host", url.netloc.rpartition("@")[2]), ("Connection", "keep-alive")]
        if trip.body or trip.method not in SAFE_METHODS:
            headers.append(("Content-Length", str(len(trip.body))))
        if trip.content_type:
            headers.append(("Content-Type", trip.content_type))
        if trip.initiator and (trip.method not in SAFE_METHODS or (trip.is_script and site != "same-origin")):
            headers.append(("Origin", _origin(trip.initiator)))
        headers += [("User-Agent", USER_AGENT), ("Accept", "*/*" if trip.is_script else ACCEPT_PAGE)]
        headers += _fetch_metadata(trip, site)
        if trip.initiator:
            same = _origin(trip.initiator) == _origin(trip.url)
            headers.append(("Referer", trip.initiator if same else _origin(trip.initiator) + "/"))
        headers += [("Accept-Encoding", "identity"), ("Accept-Language", "en-US,en;q=0.9")]
        cookies = self.jar.header(url, self._now(), _errand(trip))
        if cookies:
            headers.append(("Cookie", cookies))
        return [*headers, *trip.headers]


def _only(forms: list[Form]) -> Form:
    if len(forms) != 1:
        raise AssertionError(f"{len(forms)} forms on the page")
    return forms[0]


def _redirect(trip: _Trip, page: Page) -> None:
    if page.status == 303 or (page.status in {301, 302} and trip.method == "POST"):
        trip.method = trip.method if trip.method == "HEAD" else "GET"
        trip.body, trip.content_type = b"", ""
    trip.url = page.location or ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _site(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, registrable_site(parts.hostname or "")


def _fetch_site(trip: _Trip) -> str:
    if not trip.initiator:
        return "none"
    if any(_site(url) != _site(trip.initiator) for url in trip.chain):
        return "cross-site"
    return "same-origin" if all(_origin(url) == _origin(trip.initiator) for url in trip.chain) else "same-site"


def _fetch_metadata(trip: _Trip, site: str) -> list[tuple[str, str]]:
    if trip.is_script:
        return [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")]
    return [
        ("Upgrade-Insecure-Requests", "1"),
        ("Sec-Fetch-Site", site),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-User", "?1"),
        ("Sec-Fetch-Dest", "document"),
    ]


def _errand(trip: _Trip) -> Errand:
    is_same_site = not trip.initiator or _site(trip.initiator) == _site(trip.url)
    return Errand(is_same_site, is_safe_navigation=not trip.is_script and trip.method in SAFE_METHODS)
