"""Where an `Ingress` sends requests: backends and `higress.io/destination` → the service sources that stand for them.

A destination line is `[weight%] host[:port] [subset]`. Services inside a cluster (`<name>.<namespace>.svc...`) are
known here when a service source has their name: `<name>.<namespace>`, with or without `.svc.cluster.local`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ostiary.config.higress.mcp_bridge import Sources
from ostiary.config.problems import find_nearest
from ostiary.config.service_sources import ServiceSource

_CLUSTER = "svc.cluster.local"
_IN_CLUSTER = re.compile(r"([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?\Z")
_WEIGHT = re.compile(r"([0-9]{1,3})%\Z")
_PORT = re.compile(r"[0-9]{1,5}\Z")


class RoutedService(NamedTuple):
    """A service that requests go to: by the name and port that rules know it by, and the source of its servers."""

    name: str
    port: int
    source: ServiceSource
    weight: int = 100


class Mistake(NamedTuple):
    """What is wrong with a destination, and what to write."""

    problem: str
    remedy: str


def name_in_cluster(name: str, namespace: str) -> str:
    """Return the full name of a service in a cluster."""
    return f"{name}.{namespace}.{_CLUSTER}"


def find_service(name: str, port: int | None, sources: Sources) -> RoutedService | Mistake | None:
    """Find the service that a destination names; None when its registry has a mistake of its own."""
    match = _IN_CLUSTER.match(name)
    if match is not None and name not in sources.known:
        return _find_in_cluster(match[1], match[2], port, sources)
    source = sources.known.get(name)
    if source is None:
        return None if name in sources.doubtful else _word_unknown(name, sources.known)
    if port not in (None, source.port):
        return Mistake(f"{name} has the port {source.port}", f"write `{name}:{source.port}`, or `{name}`")
    return RoutedService(name, source.port, source)


def _find_in_cluster(name: str, namespace: str, port: int | None, sources: Sources) -> RoutedService | Mistake | None:
    short = f"{name}.{namespace}"
    names = [f"{each}.{kind}" for each in (short, f"{short}.svc", f"{short}.{_CLUSTER}") for kind in ("static", "dns")]
    known = [sources.known[each] for each in names if each in sources.known]
    found = [source for source in known if port in (None, source.port)]
    if len(found) > 1:
        both = " and ".join(source.full_name for source in found)
        return Mistake(f"{both} both stand for the service {name} of {namespace}", "remove one of them")
    if found:
        return RoutedService(name_in_cluster(name, namespace), found[0].port, found[0])
    if known:
        problem = f"{known[0].full_name} stands for port {known[0].port} of the service {name} of {namespace}"
        return Mistake(problem, f"add a registry {short}.svc with `port: {port}`, or mend one of the two ports")
    if sources.doubtful.intersection(names):
        return None
    problem = f"the service {name} of {namespace} is known to its cluster only"
    written = f"{{name: {short}, type: static, domain: 10.0.0.7:8080, port: {port or 80}}}"
    remedy = f"add a registry `{written}` with its servers to the McpBridge"
    return Mistake(problem, remedy)


def _word_unknown(name: str, known: Mapping[str, ServiceSource]) -> Mistake:
    nearest = find_nearest(name, known)
    remedy = f"did you mean `{nearest}`?" if nearest else "add a registry of type dns or static to the McpBridge"
    return Mistake(f"there is no service {name}", remedy)


def read_destination(text: str, sources: Sources) -> Iterator[RoutedService | Mistake | None]:
    """Yield what each line of a `higress.io/destination` names; and a mistake when the shares are not 100 %."""
    total = 0
    lines = [line.split() for line in text.splitlines() if line.strip()]
    for words in lines:
        match = _WEIGHT.match(words[0])
        share = 100 if match is None else int(match[1])
        total += share
        yield _read_line(words if match is None else words[1:], share, sources)
    if not lines:
        yield Mistake("it names no service", "write one line for each, like `100% auth.dns:443`")
    elif total != 100:
        yield Mistake(f"the shares are {total} % together", "write shares of 100 % together, or one line without one")


def _read_line(words: list[str], share: int, sources: Sources) -> RoutedService | Mistake | None:
    if len(words) == 2:
        return Mistake(f"subsets of services are not known here: `{words[1]}`", "name a service source without it")
    if len(words) != 1:
        return Mistake("a line has a share, a service with or without port, and nothing else", "`80% auth.dns:443`")
    name, colon, port = words[0].rpartition(":") if ":" in words[0] else (words[0], "", "")
    if colon and (not _PORT.match(port) or not 1 <= int(port) <= 65_535):
        return Mistake("behind the colon stands no port", "write it like `auth.dns:443`")
    service = find_service(name, int(port) if colon else None, sources)
    return service._replace(weight=share) if isinstance(service, RoutedService) else service
