"""What the operator decided about bearer tokens: how they are verified and what the upstream is told.

Values only, as the plugin's configuration gives them; what can be wrong with them is found by `build_bearer_verifier`.
"""

from typing import final

import msgspec

from ostiary.identity.client_authentication import ClientCredentials


@final
class BearerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How bearer tokens are verified and what the upstream is told.

    `public_key` (PEM) wins over `use_jwks`, both over introspection. `introspection_endpoint` None: the metadata's.
    `credentials` authenticate us at the introspection endpoint. `issuers` empty: the metadata's issuer. `algorithm`
    None: every asymmetric one. `slack_s` is the one clock tolerance. `introspection_interval_s` 0: an answer is
    remembered until its `exp`, otherwise no longer than that; without `exp` it is not remembered.
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
    set_access_token_header: bool = True
    access_token_in_authorization_header: bool = False
    set_userinfo_header: bool = True
