"""Whole files of levels, and what the documents say of them, read out naively: no policies, no variants, no router.

`documents` writes files, `requests` asks; `expect` is DESIGN.md §7 and docs/levels.md in a few loops over what was
written. Every plugin's `secret` is the place where it stands, so a test can ask which one decided.
"""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from hypothesis import strategies as st

from ostiary.http.request import Request
from ostiary.plugin import Admit, Plugin, Principal, Services
from tests.fakes.plugin_types import FakeConfig, FakePlugin, FakePluginType

HOSTS = ("a.test", "b.a.test", "c.b.a.test", "xa.test", "other.test", "192.0.2.7", "[2001:db8::1]")
PATTERNS = ("*", "*.a.test", "*.b.a.test", "*a.test", "*st", "a.test", "b.a.test", "192.0.2.7", "[2001:db8::1]")
PATHS = ("/", "/a", "/a/", "/a/b", "/a/bc", "/A/b", "/b", "/cb", "/CB", "/a/cb", "/a/;x/b")
URIS = ("/*", "/a", "/a/*", "/a/b*", "/A/*", "/b", "/cb", "/a/cb", "/c*")
CLIENTS = ("10.0.0.1", "192.0.2.1", "2001:db8::7")
NETWORKS = ("10.0.0.0/8", "2001:db8::/32", "192.0.2.1")
NAMES = ("fake", "late")  # in the order of their priority, the lowest first

Document = dict[str, Any]


class Restriction(FakePlugin):
    """Restricts another one, and remembers which."""

    def __init__(self, config: FakeConfig, services: Services, name: str, wider: FakePlugin) -> None:
        """Take the place of the wider one."""
        super().__init__(config, services, name)
        self.wider = wider


class RecordingType(FakePluginType):
    """A type of plugins that admit everybody and write down who was asked; `mode: deny` only restricts."""

    def __init__(self, name: str, priority: int, asked: list["Decider"]) -> None:
        """Write into `asked`."""
        super().__init__(name, priority)
        self.asked = asked

    def build(self, config: FakeConfig, services: Services) -> FakePlugin:
        """Make one that stands for itself."""
        return self._record(FakePlugin(config, services, self.name))

    def restricts(self, config: FakeConfig) -> bool:
        """Say whether it only restricts."""
        return config.mode == "deny"

    def restrict(self, config: FakeConfig, wider: Plugin, services: Services) -> FakePlugin:
        """Make one that restricts."""
        assert isinstance(wider, FakePlugin)
        return self._record(Restriction(config, services, self.name, wider))

    def _record(self, plugin: FakePlugin) -> FakePlugin:
        def decide(request: Request, principal: Principal | None, now: float) -> Admit:
            self.asked.append(tell(plugin))
            return Admit(None, reason="fake")

        plugin.decide = decide  # type: ignore[method-assign]
        return plugin


class Decider(NamedTuple):
    """A plugin that decides: where it stands, and where what it restricts does."""

    place: str
    wider: str | None = None


def tell(plugin: FakePlugin) -> Decider:
    """Name a plugin by its places."""
    return Decider(plugin.config.secret, plugin.wider.config.secret if isinstance(plugin, Restriction) else None)


def make_types(asked: list[Decider]) -> dict[str, RecordingType]:
    """Make a registry whose plugins write into `asked`."""
    return {name: RecordingType(name, priority, asked) for priority, name in enumerate(NAMES)}


# ------------------------------------------------------------------------------------------------- what is written


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A file with every level, overlapping hosts and paths, conditions and paths of plugins' own."""
    free = list(PATTERNS)
    domains = []
    for index in range(draw(st.integers(0, 3))):
        hosts = draw(st.lists(st.sampled_from(free), min_size=1, max_size=3, unique=True))
        free = [pattern for pattern in free if pattern not in hosts]
        domains.append({"hosts": hosts, "plugins": draw(_plugins(f"domains[{index}]"))})
    services = [{"id": f"s{index}", **draw(_shared(f"services[{index}]", 90 + index))} for index in range(2)]
    routes = [{"id": f"r{index}", **draw(_route(index))} for index in range(draw(st.integers(1, 4)))]
    instance = {"plugins": draw(_plugins("instance", modes=("auth",)))}
    return {"routes": routes, "services": services, "domains": domains, "instance": instance}


@st.composite
def _plugins(draw: st.DrawFn, place: str, modes: tuple[str, ...] = ("auth", "auth", "deny")) -> dict[str, Any]:
    written = {}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        config: dict[str, Any] = {"secret": f"{place}.plugins.{name}", "mode": draw(st.sampled_from(modes))}
        claimed = draw(st.sampled_from([None, None, "/cb", "/a/cb"]))
        written[name] = config if claimed is None else {**config, "claimed": claimed}
    return written


def _upstream(number: int) -> dict[str, Any]:
    return {"nodes": {f"10.0.0.{number}:80": 1}}


@st.composite
def _shared(draw: st.DrawFn, place: str, number: int) -> dict[str, Any]:
    hosts = draw(st.none() | st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2, unique=True))
    return {"upstream": _upstream(number), "plugins": draw(_plugins(place)), **({"hosts": hosts} if hosts else {})}


@st.composite
def _route(draw: st.DrawFn, index: int) -> dict[str, Any]:
    some_patterns = st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2, unique=True)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "hosts": some_patterns,
        "methods": st.sampled_from([["GET"], ["POST", "PUT"]]),
        "remote_addr": st.sampled_from(NETWORKS),
        "priority": st.integers(-1, 1),
        "ignore_path_case": st.booleans(),
        "service_id": st.sampled_from(["s0", "s1"]),
        "status": st.sampled_from([1, 1, 0]),
    }
    route = {name: draw(values) for name, values in optional.items() if draw(st.integers(0, 2)) == 0}
    route["uris"] = draw(st.lists(st.sampled_from(URIS), min_size=1, max_size=2, unique=True))
    route["plugins"] = draw(_plugins(f"routes[{index}]"))
    if "service_id" not in route or draw(st.booleans()):
        route["upstream"] = _upstream(index + 1)
    return route


class Ask(NamedTuple):
    """A request: what it means, and one of the many ways to write that down."""

    host: str
    path: str
    method: str
    client: str
    written_host: str
    written_target: str

    @property
    def message(self) -> bytes:
        """The request's head."""
        return f"{self.method} {self.written_target} HTTP/1.1\r\nHost: {self.written_host}\r\n\r\n".encode("ascii")


@st.composite
def requests(draw: st.DrawFn) -> Ask:
    """A request in some spelling of its host and its path."""
    host, path = draw(st.sampled_from(HOSTS)), draw(st.sampled_from(PATHS))
    dot = "" if host.startswith("[") else draw(st.sampled_from(["", "."]))
    written = (
        draw(st.sampled_from([host, host.upper(), host.title()])) + dot + draw(st.sampled_from(["", ":80", ":81"]))
    )
    letters = [at for at, letter in enumerate(path) if letter.isalpha()]
    target = path
    if draw(st.booleans()) and letters:
        at = draw(st.sampled_from(letters))
        target = f"{path[:at]}%{ord(path[at]):02x}{path[at + 1 :]}"
    target = draw(st.sampled_from(["", "", f"http://{written}"])) + target + draw(st.sampled_from(["", "?x=/b"]))
    return Ask(host, path, draw(st.sampled_from(["GET", "POST"])), draw(st.sampled_from(CLIENTS)), written, target)


# ------------------------------------------------------------------------------------------------- what that means


class Expected(NamedTuple):
    """What the documents say of a request: its route ("" for none), who decides in which order, what then."""

    route: str
    deciders: list[Decider]
    is_forwarded: bool


def expect(document: Document, ask: Ask) -> Expected:
    """Read a document out for one request."""
    found = sorted(_find_routes(document, ask), key=lambda each: each.rank)
    if not found or found[0].route is None:
        return Expected("", find_deciders(document, None, ask.host), is_forwarded=False)
    best = found[0]
    assert best.route is not None
    return Expected(best.route["id"], find_deciders(document, best.route, ask.host), best.is_forwarded)


def fits(pattern: str, text: str) -> bool:
    """The rule for host patterns; an empty one is every host."""
    return not pattern or (text.endswith(pattern[1:]) if pattern.startswith("*") else text == pattern)


def find_deciders(document: Document, route: dict[str, Any] | None, host: str) -> list[Decider]:
    """The finest level that names each plugin, by priority; what only restricts has the next that does not."""
    deciders = []
    for name in reversed(NAMES):
        found = [place["plugins"][name] for place in _list_places(document, route, host) if name in place["plugins"]]
        if found:
            restricted = [each["secret"] for each in found if each["mode"] != "deny"]
            wider = restricted[0] if found[0]["mode"] == "deny" else None
            deciders.append(Decider(found[0]["secret"], wider))
    return deciders


def _list_places(document: Document, route: dict[str, Any] | None, host: str) -> Iterator[dict[str, Any]]:
    if route is not None:
        yield from (route, find_service(document, route))
    fitting = [
        ("*" in pattern, -len(pattern), index)
        for index, domain in enumerate(document["domains"])
        for pattern in domain["hosts"]
        if fits(pattern, host)
    ]
    yield from (document["domains"][index] for _, _, index in sorted(fitting))
    yield document["instance"]


def find_service(document: Document, route: dict[str, Any]) -> dict[str, Any]:
    """The service that a route names, or one that says nothing."""
    named = (each for each in document["services"] if each["id"] == route.get("service_id"))
    return next(named, {"plugins": {}})


def find_hosts(document: Document, route: dict[str, Any]) -> list[str]:
    """A route's hosts, else its service's; an empty one is every host."""
    return list(route.get("hosts") or find_service(document, route).get("hosts") or [""])


class Met(NamedTuple):
    """A route (None: the plugins of domains and instance) that a request may meet, and how well it fits."""

    rank: tuple[Any, ...]
    route: dict[str, Any] | None
    is_forwarded: bool


def _find_routes(document: Document, ask: Ask) -> Iterator[Met]:
    in_use = [route for route in document["routes"] if route.get("status", 1)]
    for index, route in enumerate(in_use):
        if not (takes_method(route, ask) and takes_client(route, ask)):
            continue
        for host in find_hosts(document, route):
            for uri in route["uris"]:
                if fits(host, ask.host) and fits_path(route, uri, ask.path):
                    path_rank = (1, -len(uri)) if uri.endswith("*") else (0, 0)
                    blind = route.get("ignore_path_case", False)
                    rank = (rank_host(host), path_rank, False, blind, -route.get("priority", 0), index)
                    yield Met(rank, route, is_forwarded=True)
    yield from _find_claims(document, in_use, ask)


def rank_host(host: str) -> tuple[int, int]:
    """Exact hosts first, then wildcards, the longest first, then every host."""
    return (2, 0) if not host else (1, -len(host)) if host.startswith("*") else (0, 0)


def takes_method(route: dict[str, Any], ask: Ask) -> bool:
    """Whether the method is among a route's."""
    return "methods" not in route or ask.method in route["methods"]


def takes_client(route: dict[str, Any], ask: Ask) -> bool:
    """Whether the client is in a route's network."""
    return "remote_addr" not in route or ip_address(ask.client) in ip_network(route["remote_addr"])


def fits_path(route: dict[str, Any], uri: str, path: str) -> bool:
    """Whether a path is a route's."""
    if route.get("ignore_path_case"):
        uri, path = uri.lower(), path.lower()
    return path.startswith(uri[:-1]) if uri.endswith("*") else path == uri


def _find_claims(document: Document, in_use: list[dict[str, Any]], ask: Ask) -> Iterator[Met]:
    """Paths of plugins' own: behind exact paths of routes, before prefixes; a domain's behind a route's."""
    own = [(host, route) for route in in_use for host in _list_claiming_hosts(document, route, ask.path)]
    wide = {
        host
        for domain in (*document["domains"], {"hosts": [""], **document["instance"]})
        for host in domain["hosts"]
        if any(plugin.get("claimed") == ask.path for plugin in domain["plugins"].values())
    }
    for host in (host for host in {*wide, *(host for host, _ in own)} if fits(host, ask.host)):
        at = (rank_host(host), (0, 0), True)
        claiming = [route for other, route in own if other == host]
        if not claiming and host in wide:
            covering = [other for other, _ in own if host and covers(other, host)]
            nearest = min(covering, key=rank_host, default=None)
            claiming = [route for other, route in own if other == nearest]
        if not claiming:
            yield Met(at, None, is_forwarded=False)
        for order, route in enumerate(claiming):
            is_inside = any(fits_path(route, uri, ask.path) for uri in route["uris"])
            if takes_client(route, ask):
                yield Met((*at, order), route, is_forwarded=is_inside and takes_method(route, ask))


def _list_claiming_hosts(document: Document, route: dict[str, Any], path: str) -> Iterator[str]:
    for name in NAMES:
        for place in (route, find_service(document, route)):
            if place["plugins"].get(name, {}).get("claimed") == path:
                yield from find_hosts(document, route)
            if place["plugins"].get(name, {"mode": "deny"})["mode"] != "deny":
                break


def covers(wide: str, narrow: str) -> bool:
    """Whether every host of the second pattern is one of the first."""
    if narrow.startswith("*"):
        return not wide or (wide.startswith("*") and narrow[1:].endswith(wide[1:]))
    return fits(wide, narrow)
