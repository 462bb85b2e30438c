"""How tokens are verified: bearer tokens above all, and what holds for every token.

RFC 6750, RFC 7662, RFC 9068. Texts here are the manual: they end up in it as they are.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from ostiary.config.section import Section, refuse
from ostiary.config.urls import Url
from ostiary.http.fields import Role, classify
from ostiary.identity.algorithms import ASYMMETRIC, SYMMETRIC
from ostiary.identity.claim_schema import compile_claim_schema
from ostiary.plugins.openid_connect.values import Algorithm, Number, ScopeName, Switch

_OURS = frozenset({"authorization", "content-type", "content-encoding", "accept", "accept-encoding", "range"})


def _check_bearer_algorithm(name: str) -> str:
    if name in SYMMETRIC:
        problem = "who can verify such a token can make one, so a bearer token that is signed with it is always refused"
        raise refuse(problem, "write the algorithm of the provider's key, such as RS256, ES256 or EdDSA")
    return name


def _check_addon_header(name: str) -> str:
    role = classify(name.encode("ascii", "replace")).role
    if name.lower() in _OURS or name.lower().startswith("if-"):
        raise refuse(f"{name} would change the gateway's own call or how it is answered", "leave it out")
    if role is Role.COOKIE:
        raise refuse("cookies are the browser's secrets, sessions of the gateway among them", "leave it out")
    if role not in {Role.PASS, Role.SINGLE}:
        problem = f"{name} is about a connection, or a name under which the gateway takes nothing from clients"
        raise refuse(problem, "leave it out")
    return name


def _check_claim_schema(schema: dict[str, Any]) -> dict[str, Any]:
    try:
        compile_claim_schema(schema)
    except ValueError as error:
        raise refuse(f"is no JSON Schema that can be used: {error}", "mend that place") from None
    return schema


BearerAlgorithm = Annotated[
    Algorithm, AfterValidator(_check_bearer_algorithm), WithJsonSchema({"type": "string", "enum": sorted(ASYMMETRIC)})
]
IssuerName = Annotated[str, Field(min_length=1, max_length=2048)]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,128}$"), AfterValidator(_check_addon_header)]
ClaimName = Annotated[str, Field(min_length=1, max_length=256)]
ClaimSchemaObject = Annotated[dict[str, Any], AfterValidator(_check_claim_schema)]


class IssuerValidator(Section):
    """Whose tokens are taken."""

    valid_issuers: tuple[IssuerName, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="Issuers of bearer tokens, in place of the one that discovery names; compared exactly. With it an "
        "introspection answer has to say whose token it is.",
    )


class AudienceValidator(Section):
    """Whom tokens have to be for."""

    claim: ClaimName = Field(default="aud", description="The claim of a bearer token that says whom it is for.")
    required: Switch = Field(default=False, description="Answer 403 to a bearer token without that claim.")
    match_with_client_id: Switch = Field(
        default=False,
        description="Answer 403 to a bearer token whose audience is not client_id, or an array without it, or none.",
    )


class ClaimValidator(Section):
    """What the claims of bearer tokens have to say."""

    issuer: IssuerValidator = Field(default=IssuerValidator(), description="Whose bearer tokens are taken.")
    audience: AudienceValidator = Field(default=AudienceValidator(), description="Whom bearer tokens have to be for.")


class VerificationConfig(Section):
    """The checks of tokens."""

    bearer_only: Switch = Field(
        default=False, description="Accept bearer tokens only: no session, no redirect to the provider."
    )
    realm: str = Field(
        default="apisix",
        pattern=r"^[ -~]{0,256}$",
        description="The realm in the WWW-Authenticate header of a refused token. Nothing else depends on it.",
    )
    required_scopes: tuple[ScopeName, ...] = Field(
        default=(),
        max_length=64,
        description="Scopes that a token or a session must have been granted; 403 where one is missing.",
    )
    public_key: str | None = Field(
        default=None,
        min_length=1,
        max_length=65_536,
        description="A PEM public key or certificate that bearer tokens are verified with, in place of introspection.",
    )
    use_jwks: Switch = Field(
        default=False,
        description="Verify bearer tokens with the provider's published keys, in place of introspection.",
    )
    token_signing_alg_values_expected: BearerAlgorithm | None = Field(
        default=None,
        description="The one algorithm that bearer tokens may be signed with, such as RS256. Default: every asymmetric "
        "one that fits the key.",
    )
    accept_none_alg: Switch = Field(
        default=False,
        description="Accept an ID token without a signature (`alg` is `none`) when it comes from the provider's token "
        "endpoint itself. A bearer token without one is refused all the same.",
    )
    accept_unsupported_alg: Switch = Field(
        default=True,
        description="Without effect: every registered signature algorithm is verified here, and a token whose "
        "signature cannot be verified is refused, also with true.",
    )
    jwt_verification_cache_ignore: Switch = Field(
        default=False,
        description="Remember no verdict on bearer tokens: each request verifies its token again, or introspects it.",
    )
    cache_segment: str | None = Field(
        default=None,
        max_length=256,
        description="Routes that differ in this share no introspection answers. Those that agree in this, provider, "
        "client and issuers do, across workers and nodes; scopes and other checks are always a route's own.",
    )
    introspection_endpoint: Url | None = Field(
        default=None,
        description="Where bearer tokens are introspected (RFC 7662). Default, with bearer_only: the one of the "
        "metadata.",
    )
    introspection_interval: Annotated[Number, Field(ge=0, le=2**31)] = Field(
        default=0,
        description="For how many seconds an introspection answer is remembered at most. 0: until the expiry claim "
        "says. It never lengthens that, and an answer without the claim is not remembered.",
    )
    introspection_expiry_claim: ClaimName = Field(
        default="exp",
        description="The member of an introspection answer that says until when it is remembered. Any other than "
        "`exp` is a number of seconds from now; from 1000000000 on it is read as a time. The token's `exp` ends it in "
        "any case.",
    )
    introspection_addon_headers: tuple[HeaderName, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=32,
        description="Headers of the client's request that are sent along with an introspection, where the request has "
        "them. Answers are remembered for these values only.",
    )
    claim_validator: ClaimValidator = Field(
        default=ClaimValidator(), description="What issuer and audience of bearer tokens have to be."
    )
    claim_schema: ClaimSchemaObject | None = Field(
        default=None,
        description="A JSON Schema, up to 64 KiB and without references to elsewhere, that claims have to fit; 401 "
        "where they do not. A bearer token's claims, or its introspection answer, are taken as they are; of a session "
        "it is an object with the members `user`, `access_token` and `id_token`, as far as they are kept.",
    )
    iat_slack: Annotated[Number, Field(ge=0, le=86_400)] = Field(
        default=120, description="How many seconds the provider's clock and ours may differ, for every token."
    )
