"""What the operator calls what the log speaks of: the same setting has another name in each plugin.

The defaults are those of `openid-connect`. Some are no names but the words in which a remedy goes on, where one plugin
has no such setting at all.
"""

from typing import final

import msgspec


@final
class OptionNames(msgspec.Struct, frozen=True, kw_only=True):
    """The names of one plugin's options, as remedies and pages have them."""

    secret: str = "session.secret"
    redirect: str = "redirect_uri"
    issuer: str = "`discovery`"
    answer_mode: str = "as response_mode says: `query` is by GET, `form_post` by POST"
    one_more_login: str = ""
    acr_values: str = "the acr_values that authorization_params asks for"
    resource: str = "the resource that authorization_params asks for (RFC 8707)"
    prompt_none: str = "prompt=none under authorization_params"
    keys: str = "jwks_uri"
    token_endpoint: str = "token_endpoint"
    unsigned_tokens: str = "accepted with accept_none_alg only"
    slack: str = ", or raise iat_slack, which is how many seconds are tolerated"
    pkce: str = "use_pkce"
    pkce_on: str = "use_pkce: true"
    client_authentication: str = "token_endpoint_auth_method with what it allows"
    contents: str = "session_contents"
    storage: str = "session.storage"
    cookies: str = "session.cookie_secure, cookie_same_site, cookie_domain and cookie_path"

    def fill(self, text: str) -> str:
        """Return a text with the names in its braces."""
        return text.format_map(msgspec.structs.asdict(self))
