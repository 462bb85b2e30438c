"""The configuration of `oidc`: its options by subject, and the rules between them.

Names, types and defaults are those that Higress documents, and those of oauth2-proxy besides; where one is stricter,
its description says so. Each subject has a module of its own (`*_config.py`); what is refused by name stands in
`refused.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, final

from pydantic_core import PydanticCustomError

from ostiary.plugins.oidc.client_config import ClientConfig
from ostiary.plugins.oidc.cookie_config import CookieConfig, find_cookie_faults
from ostiary.plugins.oidc.endpoints_config import EndpointsConfig, find_endpoints_faults
from ostiary.plugins.oidc.headers_config import HeadersConfig, find_headers_faults
from ostiary.plugins.oidc.match_config import MatchConfig, find_match_faults
from ostiary.plugins.oidc.members_config import MembersConfig
from ostiary.plugins.oidc.provider_config import ALIYUN, GITHUB, ProviderConfig, find_provider_faults
from ostiary.plugins.oidc.refused import REFUSED
from ostiary.plugins.oidc.service_config import ServiceConfig, find_service_faults
from ostiary.plugins.oidc.sign_in_config import (
    DEFAULT_SCOPES,
    SignInConfig,
    find_sign_in_faults,
    plan_redirect_url,
)
from ostiary.plugins.oidc.store_config import StoreConfig, find_store_faults

_RULES = (
    find_cookie_faults, find_provider_faults, find_service_faults, find_sign_in_faults, find_match_faults,
    find_headers_faults, find_store_faults, find_endpoints_faults,
)  # fmt: skip


@final
class OidcConfig(
    ClientConfig, ProviderConfig, ServiceConfig, SignInConfig, CookieConfig, MatchConfig, MembersConfig, HeadersConfig,
    EndpointsConfig, StoreConfig,
):  # fmt: skip
    """`oidc`: people sign in at an OpenID provider, with the options of Higress's plugin and of oauth2-proxy."""

    refused: ClassVar[Mapping[str, str]] = REFUSED
    needed: ClassVar[Mapping[str, str]] = {
        "oidc_issuer_url": "with `provider: oidc`",
        "redis": "with `session_store_type: redis`",
    }
    renamed: ClassVar[Mapping[str, str]] = {
        "issuer": "oidc_issuer_url",
        "issuer_url": "oidc_issuer_url",
        "redirect_uri": "redirect_url",
        "cookie_domain": "cookie_domains",
        "cookie_lifetime": "cookie_expire",
        "cookie_same_site": "cookie_samesite",
        "cookie_http_only": "cookie_httponly",
        "whitelist_domain": "whitelist_domains",
        "allowed_group": "allowed_groups",
        "email_domain": "email_domains",
        "api_route": "api_routes",
        "extra_audiences": "oidc_extra_audiences",
        "match_rules": "match_list",
        "provider_ca_file": "provider_ca_files",
    }

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """What cannot stand together, by subject."""
        for find_faults in _RULES:
            yield from find_faults(written)

    @property
    def issuer(self) -> str:
        """The issuer as it is written; of GitHub what stands for one."""
        return self.oidc_issuer_url or {"aliyun": ALIYUN, "github": GITHUB}.get(self.provider, "")

    @property
    def asked_scope(self) -> str:
        """What is asked for at sign-in."""
        if self.scope is not None:
            return self.scope
        scope = DEFAULT_SCOPES[self.provider]
        return f"{scope} groups" if self.allowed_groups and self.provider == "oidc" else scope

    @property
    def callback_url(self) -> str:
        """Where the provider sends people back to: a URL, or a path."""
        return plan_redirect_url(self.redirect_url, self.proxy_prefix)

    @property
    def passes_id_token(self) -> bool:
        """Whether the upstream is given an ID token."""
        return self.pass_authorization_header and self.provider != "github"

    @property
    def counts_people(self) -> bool:
        """Whether it matters who exactly is there, beyond the subject."""
        rules = self.allowed_groups or self.allowed_emails or self.email_domains
        return bool(rules) or self.pass_user_headers
