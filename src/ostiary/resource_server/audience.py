"""Whom an access token has to be for, where the operator says so (RFC 9068 §4, RFC 8725 §3.9).

Off by default: many providers put no resource into `aud`. The claim may be another one than `aud`.
"""

from collections.abc import Mapping
from typing import Any, Literal, final

import msgspec

AudienceFault = Literal["audience_missing", "audience_mismatch"]


@final
class AudienceRule(msgspec.Struct, frozen=True, kw_only=True):
    """The claim that has to be there and, with a `client_id`, to name it: as a text, or among an array's members."""

    claim: str = "aud"
    client_id: str | None = None


def find_audience_fault(rule: AudienceRule, claims: Mapping[str, Any]) -> AudienceFault | None:
    """Return what is wrong with the audience, or None. An empty one (null, no members) is none."""
    audience = claims.get(rule.claim)
    if audience is None or audience in ("", []):
        return "audience_missing"
    if rule.client_id is None:
        return None
    named = rule.client_id in audience if type(audience) is list else audience == rule.client_id
    return None if named else "audience_mismatch"
