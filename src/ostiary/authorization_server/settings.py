"""What the operator decided about the tokens that are issued here, and about those who show them.

Values only, as the plugin's configuration gives them; consumers are in `consumers`, keys in `signing`.
"""

from typing import final

import msgspec


@final
class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How tokens are issued and verified.

    `auth_path` begins with a slash and is the end of the token endpoint's path. With `is_route_bound` a token opens
    only the route at whose address it was issued. `accepts_query_credentials`: a secret may come in the query of a GET.
    `header_name` is the request header, in lower case, that tokens are read from; without `keeps_token` the upstream
    does not see it. `introspects` and `revokes` switch on what is beside the token endpoint.
    """

    issuer: str = "Higress-Gateway"
    auth_path: str = "/oauth2/token"
    token_ttl_s: int = 7200
    skew_s: int = 60
    header_name: str = "authorization"
    keeps_token: bool = True
    is_route_bound: bool = False
    accepts_query_credentials: bool = True
    introspects: bool = False
    revokes: bool = False
