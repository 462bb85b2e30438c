"""Configurations of `oidc` for tests: one that stands, changed by name, and what is told about one that does not."""

from typing import Any

from pydantic import ValidationError

from ostiary.config.explaining import explain
from ostiary.plugins.oidc.config import OidcConfig
from tests.fakes.issuer import CLIENT_ID, ISSUER
from tests.fakes.sign_in import CLIENT_SECRET

SECRET = "nqavJrGvRmQxWwGNptLdyUVKcBNZ2b18Guc1n_8DCfY="
REDIRECT_URL = "https://foo.bar.com/oauth2/callback"
LEFT_OUT = object()


def write_oidc(**changes: Any) -> dict[str, Any]:
    """Return what an operator would write; LEFT_OUT leaves an option out."""
    usual = {
        "redirect_url": REDIRECT_URL,
        "oidc_issuer_url": ISSUER,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "cookie_secret": SECRET,
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not LEFT_OUT}


def make_oidc(**changes: Any) -> OidcConfig:
    """Return the configuration. Raises ValidationError."""
    return OidcConfig.model_validate(write_oidc(**changes))


def find_problems(**changes: Any) -> dict[str, str]:
    """Return what is told about a configuration: by path below the plugin's, problem and remedy."""
    written = write_oidc(**changes)
    try:
        OidcConfig.model_validate(written)
    except ValidationError as error:
        problems = explain(error, OidcConfig, written, (), {})
        return {problem.path: f"{problem.problem}; {problem.remedy}" for problem in problems}
    return {}
