"""Who of those whom a provider signs in may enter: by group, by address, by the domain of an address. Pure.

An address counts when it can be read in one way only (one `@`, nothing that mail programs fold), and when the provider
does not say that it was never verified (OpenID Connect Core §5.1). Domains are compared label by label: `*.example.com`
is for what lies below, and `badexample.com` is no part of it.
"""

import re
from collections.abc import Mapping
from typing import Any, final

import msgspec

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,128}@((?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63})\Z", re.IGNORECASE
)
MAX_GROUPS = 4096


@final
class MemberRule(msgspec.Struct, frozen=True, kw_only=True):
    """Who may enter: whoever is in one of `groups` and has an allowed address; what is empty asks for nothing."""

    groups: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    email_domains: tuple[str, ...] = ()
    email_claim: str = "email"
    groups_claim: str = "groups"
    require_verified_email: bool = True


@final
class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What claims say of a person. Texts are empty where they say nothing; an address that must not decide is kept."""

    user: str
    email: str = ""
    groups: tuple[str, ...] = ()
    preferred_username: str = ""
    is_email_verified: bool = True

    def __repr__(self) -> str:
        """Say nothing: all of it is personal."""
        return "Person()"


def read_person(claims: Mapping[str, Any], rule: MemberRule) -> Person:
    """Return who claims speak of; what is no text is not there."""
    return Person(
        user=_read_text(claims, "sub"),
        email=_read_text(claims, rule.email_claim),
        groups=_read_groups(claims.get(rule.groups_claim)),
        preferred_username=_read_text(claims, "preferred_username"),
        is_email_verified=claims.get("email_verified", True) in (True, "true"),
    )


def may_enter(person: Person, rule: MemberRule) -> bool:
    """Say whether somebody is a member: by groups, and by address, where the rule asks for them."""
    if rule.groups and not set(rule.groups) & set(person.groups):
        return False
    return not (rule.emails or rule.email_domains) or _has_allowed_address(person, rule)


def tell_email(person: Person, rule: MemberRule) -> str:
    """Return the address that others are told: one that must not decide here must not decide there, either."""
    return "" if rule.require_verified_email and not person.is_email_verified else person.email


def tell_groups(person: Person) -> str:
    """Return the groups, separated by commas; a name that has one itself would be read as several."""
    return ",".join(group for group in person.groups if "," not in group)


def _has_allowed_address(person: Person, rule: MemberRule) -> bool:
    match = _ADDRESS.match(person.email)
    if match is None or (rule.require_verified_email and not person.is_email_verified):
        return False
    if person.email.lower() in {email.lower() for email in rule.emails}:
        return True
    return any(_fits_domain(allowed.lower(), match[1].lower()) for allowed in rule.email_domains)


def _fits_domain(allowed: str, domain: str) -> bool:
    if allowed == "*":
        return True
    if allowed.startswith(("*.", ".")):
        return domain.endswith(allowed.removeprefix("*"))
    return domain == allowed


def _read_text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _read_groups(value: object) -> tuple[str, ...]:
    """Read a list of groups, or one group as a text."""
    if isinstance(value, str):
        return (value,) if value else ()
    if not isinstance(value, list | tuple):
        return ()
    return tuple(group for group in value[:MAX_GROUPS] if isinstance(group, str) and group)
