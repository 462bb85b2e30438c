"""Who of those whom the provider signs in may enter. Texts here are the manual: they end up in it as they are.

What makes a member of somebody is `ostiary.identity.members`'; this checks what was written.
"""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from ostiary.config.scalars import Switch
from ostiary.config.section import Section, refuse
from ostiary.plugins.oidc.values import ClaimName, Name, read_list


def _check_email(email: str) -> str:
    if email.count("@") != 1 or not all(email.split("@")):
        raise refuse("is no email address", "write it like alice@example.com")
    return email


def _check_email_domain(domain: str) -> str:
    bare = domain.removeprefix("*").removeprefix(".")
    if domain != "*" and (not bare or not all(part and part.isascii() for part in bare.split("."))):
        raise refuse("is no domain", "write one such as example.com, `*.example.com` for those below it, or `*`")
    if "@" in domain or "*" in bare or " " in domain:
        raise refuse("is no domain", "write what stands after the `@`, such as example.com")
    return domain


def _check_some(named: tuple[str, ...]) -> tuple[str, ...]:
    """An empty list, or a variable without a text, would let everybody in."""
    if not named:
        raise refuse("names nobody", "name who may enter, or leave it out where everybody may")
    return named


Names = Annotated[
    tuple[Name, ...],
    BeforeValidator(read_list, json_schema_input_type=str | list[str]),
    Field(max_length=1024),
    AfterValidator(_check_some),
]
Emails = Annotated[
    tuple[Annotated[Name, AfterValidator(_check_email)], ...],
    BeforeValidator(read_list, json_schema_input_type=str | list[str]),
    Field(max_length=4096),
    AfterValidator(_check_some),
]
EmailDomains = Annotated[
    tuple[Annotated[Name, AfterValidator(_check_email_domain)], ...],
    BeforeValidator(read_list, json_schema_input_type=str | list[str]),
    Field(max_length=1024),
    AfterValidator(_check_some),
]


class MembersConfig(Section):
    """Who may enter."""

    allowed_groups: Names = Field(
        default=(),
        description="Groups of which people have to be in one; everybody else is answered 403. Default: any.",
    )
    allowed_emails: Emails = Field(
        default=(),
        description="Addresses that may enter, besides those of email_domains; everybody else is answered 403. "
        "Default: any.",
    )
    email_domains: EmailDomains = Field(
        default=(),
        description="Domains whose addresses may enter, besides allowed_emails: `example.com`, `*.example.com` for "
        "those below it, or `*` for any address. Default: any, and people without one.",
    )
    oidc_email_claim: ClaimName = Field(default="email", description="The claim that holds the email address.")
    oidc_groups_claim: ClaimName = Field(
        default="groups", description="The claim that holds the groups: a list, or one as a text."
    )
    insecure_oidc_allow_unverified_email: Switch = Field(
        default=False,
        description="Let an address decide that the provider says is not verified (`email_verified` is false).",
    )
