"""What the operator decided about bearer tokens: how they are verified and what the upstream is told.

Values only, as the plugin's configuration gives them; what can be wrong with them is found by `build_bearer_verifier`.
"""

from typing import final

import msgspec

from ostiary.identity.claim_schema import ClaimSchema
from ostiary.identity.client_authentication import ClientCredentials
from ostiary.resource_server.audience import AudienceRule


@final
class BearerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How bearer tokens are verified and what the upstream is told.

    `public_key` (PEM) wins over `use_jwks`, both over introspection. `introspection_endpoint` None: the metadata's.
    `credentials` authenticate us at the introspection endpoint. `issuers` empty: the metadata's issuer. `algorithm`
    None: every asymmetric one. `slack_s` is the one clock tolerance. `introspection_interval_s` 0: an answer is
    remembered until `introspection_expiry_claim` says, otherwise no longer than that; without the claim it is not
    remembered. `addon_headers` go from the client's request to the introspection call. Without `remembers` every token
    is judged each time. `cache_segment` keeps answers in the shared state apart.
    """

    public_key: str | None = None
    use_jwks: bool = False
    introspection_endpoint: str | None = None
    credentials: ClientCredentials | None = None
    realm: str = "apisix"
    required_scopes: tuple[str, ...] = ()
    algorithm: str | None = None
    issuers: tuple[str, ...] = ()
    slack_s: float = 120.0
    introspection_interval_s: float = 0.0
    introspection_expiry_claim: str = "exp"
    addon_headers: tuple[str, ...] = ()
    cache_segment: str = ""
    remembers: bool = True
    audience: AudienceRule | None = None
    claim_schema: ClaimSchema | None = None
    set_access_token_header: bool = True
    access_token_in_authorization_header: bool = False
    set_userinfo_header: bool = True
