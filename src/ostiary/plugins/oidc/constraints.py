"""What a proxy may ask `auth` besides: `allowed_groups`, `allowed_emails` and `allowed_email_domains` in its query.

Each holds values separated by commas, and may be repeated; of one kind any value will do, and every kind has to be
met. One that names nothing is met by nobody. Pure.
"""

import msgspec

from ostiary.identity.authorization import MAX_PARAMETERS, read_parameters
from ostiary.identity.members import MemberRule, Person, may_enter

_KINDS = {"allowed_groups": "groups", "allowed_emails": "emails", "allowed_email_domains": "email_domains"}


def fits_constraints(query: bytes | None, person: Person, rule: MemberRule) -> bool:
    """Say whether a person meets every constraint of a query; `rule` says how addresses are taken."""
    pairs = read_parameters(query)
    if len(pairs) > MAX_PARAMETERS:
        return False
    wanted: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        kind = _KINDS.get(name)
        if kind is not None:
            values = tuple(part for part in (each.strip() for each in value.split(",")) if part)
            wanted[kind] = wanted.get(kind, ()) + values
    bare = msgspec.structs.replace(rule, groups=(), emails=(), email_domains=())
    return all(
        values and may_enter(person, msgspec.structs.replace(bare, **{kind: values})) for kind, values in wanted.items()
    )
