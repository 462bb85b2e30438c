"""How long a session counts, and what is due about it: pure rules over a record, the operator's limits and the time.

Three limits end a session: absolute (from the login, fixed in the record), idling and rolling (from the last use that
was noted). Two clocks make it due for the provider: the access token's expiry and the refresh interval. What follows
from a standing (a refresh, a redirect, a request without a token) is `ostiary.relying_party`'s.
"""

from enum import Enum
from math import inf
from typing import NamedTuple, final

import msgspec

from ostiary.identity.session import Session

LONGEST_UNNOTED_S = 60.0


@final
class SessionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's limits, in seconds. `absolute_s` counts from the login; None: no such limit.

    `idling_s` is how long a session may go unused. `rolling_s` is how long one stretch of use lasts that is never
    interrupted: it is renewed after three quarters. Both end it when nothing comes in that time.
    """

    absolute_s: float = 3600.0
    idling_s: float | None = None
    rolling_s: float | None = None


@final
class RenewalPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When the provider is asked again: `leeway_s` before the access token's end, and each `interval_s` (None: never).

    Without `renew_on_expiry` an access token that is over is left out, and the session goes on. The interval is held by
    the refresh token; `silently`: without one by asking the provider behind a navigation. With `counts_id_token` the ID
    token counts like the access token: it is what the upstream gets.
    """

    renew_on_expiry: bool = True
    leeway_s: float = 0.0
    interval_s: float | None = None
    silently: bool = True
    counts_id_token: bool = False


class Standing(Enum):
    """What is due about a session that counts."""

    FRESH = "nothing"
    BARE = "the access token is over, and is left out"
    DUE = "a refresh by the refresh token"
    SILENT = "a navigation with prompt=none; there is no refresh token"
    OVER = "a new login: the access token is over and nothing can renew it"


class Judgement(NamedTuple):
    """A standing, and until when it stays the same."""

    standing: Standing
    until: float


def find_end(record: Session, limits: SessionLimits) -> float:
    """Return when a record stops counting if it is not used again."""
    idling = inf if limits.idling_s is None else record.touched_at + limits.idling_s
    rolling = inf if limits.rolling_s is None else record.touched_at + limits.rolling_s
    return min(record.expires_at, record.created_at + limits.absolute_s, idling, rolling)


def find_touch_due(limits: SessionLimits, touched_at: float) -> float:
    """Return from when on a use has to be noted; never where no limit counts from the last one."""
    idling = inf if limits.idling_s is None else min(limits.idling_s / 10, LONGEST_UNNOTED_S)
    rolling = inf if limits.rolling_s is None else limits.rolling_s * 3 / 4
    return touched_at + min(idling, rolling)


def find_token_end(record: Session, policy: RenewalPolicy) -> float:
    """Return when the tokens that go upstream are over: the access token, and the ID token where it counts."""
    ends = [record.access_token_expires_at] if record.access_token is not None else []
    if policy.counts_id_token:
        ends.append(float((record.id_token_claims or {}).get("exp", 0)))
    return min(ends, default=inf)


def judge(record: Session, policy: RenewalPolicy, now: float) -> Judgement:
    """Say what is due about a record that counts."""
    token_end = find_token_end(record, policy)
    renew_at = inf
    if policy.renew_on_expiry and token_end < inf:
        half_life = (record.authenticated_at + token_end) / 2  # a leeway beyond that would renew with every request
        renew_at = max(token_end - policy.leeway_s, half_life)
    interval_end = inf if policy.interval_s is None else record.authenticated_at + policy.interval_s
    if record.refresh_token is not None:
        if now >= min(renew_at, interval_end):
            return Judgement(Standing.DUE, inf)
        standing = Standing.FRESH if now < token_end else Standing.BARE
        return Judgement(standing, min(renew_at, interval_end, token_end if now < token_end else inf))
    if now >= token_end and policy.renew_on_expiry:
        return Judgement(Standing.OVER, inf)
    if not policy.silently:
        interval_end = inf
    if now >= interval_end:
        return Judgement(Standing.SILENT, token_end if now < token_end else inf)
    if now >= token_end:
        return Judgement(Standing.BARE, interval_end)
    return Judgement(Standing.FRESH, min(token_end, interval_end))
