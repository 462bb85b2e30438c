"""A provider's metadata: the discovery document, read once and checked (OpenID Connect Discovery §3 and §4.3).

The document must come from the issuer that it names: otherwise one provider could speak for another. Every endpoint
is an absolute URL, https where the document itself came over https. Nothing here fetches anything.
"""

import re
from typing import final
from urllib.parse import urlsplit

import msgspec

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.identity.strict_json import InvalidJson, parse_json_object

WELL_KNOWN = "/.well-known/openid-configuration"

_URL = re.compile(r"https?://[^/?#@\\\s\x00-\x20\x7f-\U0010ffff]+(?:[/?][^#\\\s\x00-\x20\x7f-\U0010ffff]*)?\Z")


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """Where a provider is asked for what: absolute URLs or None, the operator's or the provider's own."""

    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    jwks_uri: str | None = None
    end_session_endpoint: str | None = None
    introspection_endpoint: str | None = None
    revocation_endpoint: str | None = None


@final
class Metadata(Endpoints, frozen=True, kw_only=True):
    """What a provider says about itself."""

    issuer: str
    authorization_response_iss_parameter_supported: bool = False
    code_challenge_methods_supported: tuple[str, ...] = ()
    id_token_signing_alg_values_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ()
    introspection_endpoint_auth_methods_supported: tuple[str, ...] = ()
    scopes_supported: tuple[str, ...] = ()
    response_modes_supported: tuple[str, ...] = ()


def build_discovery_request(url: str) -> OutboundRequest:
    """Build the GET of a discovery document."""
    return OutboundRequest(method="GET", url=url, headers=(("Accept", "application/json"),))


def derive_issuer(discovery_url: str) -> str:
    """Return the issuer that a discovery URL names (§4.1); a URL of another form stands for itself."""
    return discovery_url.removesuffix(WELL_KNOWN)


def read_metadata(response: OutboundResponse, discovery_url: str, issuers: tuple[str, ...] = ()) -> Metadata:
    """Read a discovery document. Raises ProviderFault `metadata_answer_invalid` or `issuer_mismatch`.

    `issuers` are those that the operator vouches for, besides the one that the URL names. A URL without the
    well-known suffix names none: the document's issuer is taken at its word then.
    """
    if response.status != 200:
        raise ProviderFault("metadata_answer_invalid", f"the discovery URL answered with status {response.status}")
    try:
        document = parse_json_object(response.body)
    except InvalidJson as error:
        raise ProviderFault("metadata_answer_invalid", f"the discovery document cannot be read: {error}") from None
    try:
        metadata = msgspec.convert({name: value for name, value in document.items() if value is not None}, Metadata)
    except msgspec.ValidationError as error:
        raise ProviderFault("metadata_answer_invalid", f"in the discovery document: {error}", passing=False) from None
    _check_issuer(metadata.issuer, discovery_url, issuers)
    for name in Endpoints.__struct_fields__:
        _check_endpoint(name, getattr(metadata, name), secure=discovery_url.startswith("https://"))
    return metadata


def build_metadata(issuer: str, endpoints: Endpoints) -> Metadata:
    """Return metadata that the operator wrote, for a provider that is not asked for them.

    Raises ProviderFault `metadata_answer_invalid` where an endpoint or the issuer is no URL.
    """
    if not _URL.match(issuer):
        raise ProviderFault("metadata_answer_invalid", "the issuer is no URL", passing=False)
    metadata = Metadata(issuer=issuer, **msgspec.structs.asdict(endpoints))
    for name in Endpoints.__struct_fields__:
        _check_endpoint(name, getattr(metadata, name), secure=issuer.startswith("https://"))
    return metadata


def override_endpoints(metadata: Metadata, endpoints: Endpoints) -> Metadata:
    """Return the metadata with the operator's endpoints in place of the provider's own, wherever there is one."""
    written = {name: url for name, url in msgspec.structs.asdict(endpoints).items() if url is not None}
    return msgspec.structs.replace(metadata, **written)


def is_endpoint(url: str) -> bool:
    """Say whether a text can be an endpoint: an absolute http(s) URL in ASCII, without user and fragment."""
    return _URL.match(url) is not None and _has_valid_port(url)


def _check_issuer(issuer: str, discovery_url: str, issuers: tuple[str, ...]) -> None:
    """§4.3: the issuer is that of the URL, byte for byte but for a final slash (§4.1 drops it from the URL)."""
    if not _URL.match(issuer) or "?" in issuer:
        raise ProviderFault("metadata_answer_invalid", "the issuer is no URL without a query", passing=False)
    named = discovery_url.endswith(WELL_KNOWN)
    if issuer in issuers or not named or issuer.removesuffix("/") == derive_issuer(discovery_url):
        return
    detail = f"the discovery document at {discovery_url} names another issuer: {issuer}"
    raise ProviderFault("issuer_mismatch", detail, passing=False)


def _check_endpoint(name: str, url: str | None, *, secure: bool) -> None:
    if url is None:
        return
    if not is_endpoint(url):
        raise ProviderFault("metadata_answer_invalid", f"{name} is no absolute http(s) URL", passing=False)
    if secure and not url.startswith("https://"):
        raise ProviderFault("metadata_answer_invalid", f"{name} leaves https, which discovery used", passing=False)


def _has_valid_port(url: str) -> bool:
    try:
        return urlsplit(url).hostname is not None and urlsplit(url).port != 0
    except ValueError:
        return False
