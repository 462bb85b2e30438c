"""GitHub's way of saying who somebody is: an API that is asked with the access token, in the place of an ID token.

Pure: requests out, answers in, and claims in OpenID Connect's words (Core §5.1) out of them, so that nothing behind
knows the difference. The subject is the number that stays when a person changes their name.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse

MAX_ENTRIES = 1000


def build_api_request(url: str, access_token: str) -> OutboundRequest:
    """Build the GET of one of the API's resources."""
    headers = (
        ("Accept", "application/vnd.github+json"),
        ("Authorization", f"Bearer {access_token}"),
        ("X-GitHub-Api-Version", "2022-11-28"),
    )
    return OutboundRequest(method="GET", url=url, headers=headers)


def read_profile(response: OutboundResponse, issuer: str, now: float) -> dict[str, Any]:
    """Return the claims of a profile (`/user`). Raises ProviderFault `profile_answer_invalid`."""
    profile = _read(response)
    if not isinstance(profile, dict) or type(profile.get("id")) is not int:
        raise _invalid("the profile has no id")
    told = {"name": profile.get("name"), "preferred_username": profile.get("login"), "email": profile.get("email")}
    texts = {name: value for name, value in told.items() if isinstance(value, str) and value}
    return {"iss": issuer, "sub": str(profile["id"]), "iat": int(now), **texts}


def read_email(response: OutboundResponse) -> Mapping[str, Any]:
    """Return the claims of the primary address among several (`/user/emails`); none where that is not told."""
    for entry in _read_list(response):
        if isinstance(entry, dict) and entry.get("primary") is True and isinstance(entry.get("email"), str):
            return {"email": entry["email"], "email_verified": entry.get("verified") is True}
    return {}


def read_organisations(response: OutboundResponse) -> list[str]:
    """Return the organisations that the person belongs to (`/user/orgs`)."""
    entries = _read_list(response)
    return [entry["login"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("login"), str)]


def _read_list(response: OutboundResponse) -> list[Any]:
    """Return the entries of an answer; a scope that was not granted is answered with 403 or 404, and means none."""
    if response.status in {403, 404}:
        return []
    entries = _read(response)
    if not isinstance(entries, list):
        raise _invalid("the answer is no list")
    return entries[:MAX_ENTRIES]


def _read(response: OutboundResponse) -> object:
    if response.status != 200:
        raise _invalid(f"the API answered with status {response.status}")
    try:
        return msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _invalid("the API's answer is no JSON") from None


def _invalid(detail: str) -> ProviderFault:
    return ProviderFault("profile_answer_invalid", detail, passing=False)
