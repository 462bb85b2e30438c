"""The contract between host and policy: a plugin turns a request into a verdict and never touches a socket.

`Pass` (not mine), `Admit` (this principal, with these edits), `Reply` (answer this), or `Pending` (the answer is not
in memory; the host awaits it). The host acts on them (`ostiary.verdicts` runs the plugins, `ostiary.gateway` acts).
"Any error in an authentication path denies" is the host's promise; exceptions are for faults, never for answers.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal, Protocol, final, runtime_checkable

import msgspec
from pydantic import BaseModel

from ostiary.http.outbound import Address
from ostiary.http.request import Request
from ostiary.ports import Clock, HttpClient, Log, Random, Spawner, Stores
from ostiary.providers.directory import ProviderDirectory

PrincipalKind = Literal["person", "machine"]
Level = Literal["route", "service", "domain", "instance"]

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,128}\Z")
_VALUE_BYTES = bytes({*range(0x20, 0x7F), 0x09})
MAX_EDIT_VALUE_BYTES = 16_384


@final
class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the request speaks for. `digest` stands for the subject in logs; `claims` are verified ones."""

    issuer: str
    subject: str
    client_id: str
    kind: PrincipalKind
    digest: str
    claims: Mapping[str, Any] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        """Name the digest only: claims are personal."""
        return f"Principal({self.kind}, {self.digest})"


@final
class RequestEdits:
    """Headers to set on the request that goes upstream, rendered once. Made by `edit_request` only."""

    __slots__ = ("block", "names")

    def __init__(self, names: frozenset[bytes], block: bytes) -> None:
        """Hold the lower-case `names` that are replaced or deleted, and the rendered lines (`block`)."""
        self.names = names
        self.block = block


def _read_name(name: str) -> tuple[bytes, bytes]:
    """Render a header name with its colon, and in lower case. Raises ValueError when it is no token."""
    if not _HEADER_NAME.match(name):
        message = "a header name is not a token"
        raise ValueError(message)
    return f"{name}: ".encode("ascii"), name.lower().encode("ascii")


# The usual ones, read once. Never written to.
_IDENTITY_FIELDS = {
    name: _read_name(name)
    for name in ("X-Access-Token", "X-ID-Token", "X-Userinfo", "X-Refresh-Token", "Authorization")
}


def edit_request(headers: Iterable[tuple[str, str]], delete: Iterable[str] = ()) -> RequestEdits:
    """Render headers for the upstream; every client value under the same names, and under `delete`, goes.

    Raises ValueError for a name that is no token, or a value with control bytes, non-ASCII or over 16 KiB: claims are
    data from elsewhere, and the caller decides what is left out.
    """
    pieces: list[bytes] = []
    names = {name.lower().encode("ascii") for name in delete}
    for name, value in headers:
        field, lower = _IDENTITY_FIELDS.get(name) or _read_name(name)
        octets = value.encode("utf-8", "replace")
        if len(octets) > MAX_EDIT_VALUE_BYTES or not value.isascii() or octets.translate(None, _VALUE_BYTES):
            message = f"the value for header {name} has control bytes, non-ASCII characters or over 16 KiB"
            raise ValueError(message)
        pieces += (field, octets, b"\r\n")
        names.add(lower)
    return RequestEdits(frozenset(names), b"".join(pieces))


@final
class Pass:
    """Not mine: this plugin neither admits nor refuses."""

    __slots__ = ()


PASS = Pass()


@final
class Admit:
    """Let the request through, as `principal` (None: the deliberate anonymous pass), with edits.

    `set_cookies` are whole Set-Cookie values for the response. `reason` is a stable code for the access log.
    """

    __slots__ = ("edits", "principal", "reason", "set_cookies")

    def __init__(
        self,
        principal: Principal | None,
        *,
        reason: str,
        edits: RequestEdits | None = None,
        set_cookies: tuple[str, ...] = (),
    ) -> None:
        """Hold the principal and what changes on the way."""
        self.principal = principal
        self.reason = reason
        self.edits = edits
        self.set_cookies = set_cookies


@final
class Reply:
    """Answer this, and do not go upstream. Header names and values are text; the host validates and renders them.

    The host adds Date, Content-Length and, unless given, `Cache-Control: no-store`.
    """

    __slots__ = ("body", "headers", "reason", "status")

    def __init__(
        self, status: int, *, reason: str, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> None:
        """Hold a whole response and the stable code that says why."""
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body


Settled = Pass | Admit | Reply


@final
class Pending:
    """The answer is not in memory: the host awaits `settle()`.

    With `body_limit_bytes` the host reads the request body first (413 beyond the limit) and awaits `settle(body)`.
    """

    __slots__ = ("body_limit_bytes", "settle")

    def __init__(self, settle: Callable[..., Awaitable[Settled]], body_limit_bytes: int = 0) -> None:
        """Hold the work still to be done."""
        self.settle = settle
        self.body_limit_bytes = body_limit_bytes


Verdict = Settled | Pending


@final
class Claim(msgspec.Struct, frozen=True):
    """A path that a plugin wants besides its route's own (callback, logout), on the route's hosts.

    A `typed` one was written by the operator: two that conflict are an error, which `remedy` helps against. One that
    is a mere default gives way.
    """

    path: str
    purpose: str
    typed: bool = True
    remedy: str = "give each its own path, or its own host"


class Plugin(Protocol):
    """A configured policy. Attributes are read once, when a snapshot is built."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Paths that belong to this plugin besides the route's own."""
        ...

    @property
    def authenticates(self) -> bool:
        """Whether a route with this plugin requires somebody (or something) to be admitted."""
        ...

    @property
    def cookie_names(self) -> tuple[str, ...]:
        """Names (and name prefixes, ending in `*`) of cookies that are ours and never go upstream."""
        ...

    @property
    def fingerprint(self) -> str:
        """Equal for two instances that would decide alike (type and configuration)."""
        ...

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences the operator should read at start and in `ostiary check`: weakening options and the like."""
        ...

    def decide(self, request: Request, principal: Principal | None, now: float) -> Verdict:
        """Turn the request into a verdict from memory, or say what is pending. `now` is wall-clock seconds."""
        ...


@final
class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a plugin instance stands: at which level, under which id, and what reaches it.

    An instance of a domain or of the whole gateway serves many routes: `Request.route` tells which one it is.
    """

    id: str
    hosts: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    level: Level = "route"


def _find_no_service(_name: str) -> None:
    return None


def _name_no_host(_host: str) -> bool:
    return False


@final
class Services(msgspec.Struct, frozen=True, kw_only=True):
    """What `build` may use. No network I/O happens in `build`.

    `generated_secret()` returns the secret for sealed sessions that the host made once and keeps (0600), for
    configurations that name none. `reaches(host, path, fingerprint)` tells, once the snapshot stands, whether a GET
    there meets a plugin with that fingerprint, and `names_host(host)` whether some route or domain is for that host by
    name. `find_service(name)` returns the addresses of a service source
    (`auth.dns`, `keycloak.static`), None where there is none of that name. `has_finer` says whether a finer level
    names the same plugin somewhere.
    """

    clock: Clock
    random: Random
    http: HttpClient
    spawner: Spawner
    log: Log
    stores: Stores
    providers: ProviderDirectory
    place: Place
    public_url: str | None
    generated_secret: Callable[[], str]
    reaches: Callable[[str, str, str], bool]
    find_service: Callable[[str], tuple[Address, ...] | None] = _find_no_service
    names_host: Callable[[str], bool] = _name_no_host
    has_finer: bool = False


class PluginType(Protocol):
    """A kind of plugin, as registered under the entry-point group `ostiary.plugins`."""

    @property
    def name(self) -> str:
        """The name used in configurations."""
        ...

    @property
    def priority(self) -> int:
        """APISIX's number; higher decides earlier."""
        ...

    @property
    def config(self) -> type[BaseModel]:
        """The configuration's model: frozen, unknown fields forbidden."""
        ...

    def build(self, config: Any, services: Services) -> Plugin:  # noqa: ANN401 - of its own `config` type
        """Make a configured instance. Raises OperatorFault when the configuration cannot work."""
        ...


@runtime_checkable
class RestrictingType(Protocol):
    """A kind of plugin that, at a finer level, may restrict what a wider level configured instead of replacing it."""

    def restricts(self, config: Any) -> bool:  # noqa: ANN401 - of its own `config` type
        """Say whether a configuration only restricts a wider one (`oauth2`: it names `allow` and no consumers)."""
        ...

    def restrict(self, config: Any, wider: Plugin, services: Services) -> Plugin:  # noqa: ANN401
        """Make the instance that restricts `wider`, sharing what that one built. Raises OperatorFault."""
        ...
