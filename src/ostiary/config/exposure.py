"""Routes that a domain's policy guards for some hosts only, and that anybody reaches by naming another host.

A Host header is the client's word. Where a route takes more hosts than the domains have policies for, leaving out the
domain's name leaves out its policy too. That may be meant; the operator should know it.
"""

from collections.abc import Iterable, Iterator

from ostiary.config.router import Entry

MAX_NAMED = 3


def note_exposed(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield a notice when routes forward requests for other hosts than a domain's without asking who it is."""
    exposed = [entry.route.id for entry in entries if _is_exposed(entry)]
    if exposed:
        named = ", ".join(exposed[:MAX_NAMED])
        more = f" and {len(exposed) - MAX_NAMED} more" if len(exposed) > MAX_NAMED else ""
        routes = "route" if len(exposed) == 1 else "routes"
        yield (
            f"{routes} {named}{more}: a domain's policy asks who it is, but a client that names another host meets "
            "none that does; give them `hosts`, or write a policy into `instance`"
        )


def _is_exposed(entry: Entry) -> bool:
    policies = entry.route.by_host
    if policies is None or entry.route.upstream is None or not policies.may_authenticate:
        return False
    patterns = entry.hosts or ("*",)
    return any(not _is_asked(entry, _name_stranger(pattern)) for pattern in patterns)


def _is_asked(entry: Entry, host: str) -> bool:
    policies = entry.route.by_host
    return policies is None or any(plugin.authenticates for plugin in policies.choose(host))


def _name_stranger(pattern: str) -> str:
    """Return a host that fits a pattern, and is named by nobody: no host begins or ends with a hyphen."""
    return f"-{pattern[1:]}" if pattern.startswith("*") else pattern
