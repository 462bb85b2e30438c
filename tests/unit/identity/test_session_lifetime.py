"""How long a session counts, and what is due about it: a table of standings, and what holds for every record."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.session import Session
from ostiary.identity.session_lifetime import (
    LONGEST_UNNOTED_S,
    RenewalPolicy,
    SessionLimits,
    Standing,
    find_end,
    find_touch_due,
    judge,
)
from tests.fakes.issuer import NOW
from tests.fakes.sessions import make_session

LIFETIMES = st.sampled_from([1.0, 30.0, 60.0, 299.0, 300.0, 301.0, 3600.0, 86_400.0])
POLICIES = st.builds(
    RenewalPolicy,
    renew_on_expiry=st.booleans(),
    leeway_s=st.sampled_from([0.0, 1.0, 60.0, 299.0, 5000.0]),
    interval_s=st.none() | LIFETIMES,
)
MOMENTS = st.floats(-10.0, 200_000.0, allow_nan=False)
EDGES = st.builds(lambda whole, fraction: whole + fraction, LIFETIMES, st.sampled_from([-0.001, 0.0, 0.001]))


@st.composite
def records(draw: st.DrawFn) -> Session:
    """Make a record of a login at `NOW`, with and without each token."""
    lifetime_s = draw(LIFETIMES)
    has_access_token = draw(st.booleans())
    return make_session(
        access_token="access.token" if has_access_token else None,
        access_token_expires_at=NOW + lifetime_s,
        refresh_token="refresh" if has_access_token and draw(st.booleans()) else None,
        touched_at=NOW + draw(st.sampled_from([0.0, 10.0, 2000.0])),
    )


RENEWS = RenewalPolicy()
LEAVES = RenewalPolicy(renew_on_expiry=False)
EARLY = RenewalPolicy(leeway_s=60.0)
OFTEN = RenewalPolicy(interval_s=100.0)
RARELY = RenewalPolicy(interval_s=1000.0)
LEAVES_BUT_ASKS = RenewalPolicy(renew_on_expiry=False, interval_s=1000.0)


@pytest.mark.parametrize(
    ("policy", "has_refresh_token", "age_s", "standing", "until_s"),
    [
        (RENEWS, True, 0, Standing.FRESH, 300),
        (RENEWS, True, 299, Standing.FRESH, 300),
        (RENEWS, True, 300, Standing.DUE, inf),
        (RENEWS, False, 299, Standing.FRESH, 300),
        (RENEWS, False, 300, Standing.OVER, inf),
        (LEAVES, True, 299, Standing.FRESH, 300),
        (LEAVES, True, 300, Standing.BARE, inf),
        (LEAVES, False, 299, Standing.FRESH, 300),
        (LEAVES, False, 300, Standing.BARE, inf),
        (EARLY, True, 239, Standing.FRESH, 240),
        (EARLY, True, 240, Standing.DUE, inf),
        (EARLY, False, 240, Standing.FRESH, 300),
        (RenewalPolicy(leeway_s=299.0), True, 149, Standing.FRESH, 150),
        (RenewalPolicy(leeway_s=86_400.0), True, 150, Standing.DUE, inf),
        (OFTEN, True, 99, Standing.FRESH, 100),
        (OFTEN, True, 100, Standing.DUE, inf),
        (OFTEN, False, 99, Standing.FRESH, 100),
        (OFTEN, False, 100, Standing.SILENT, 300),
        (OFTEN, False, 299, Standing.SILENT, 300),
        (OFTEN, False, 300, Standing.OVER, inf),
        (RARELY, True, 300, Standing.DUE, inf),
        (RARELY, False, 300, Standing.OVER, inf),
        (LEAVES_BUT_ASKS, True, 300, Standing.BARE, 1000),
        (LEAVES_BUT_ASKS, True, 1000, Standing.DUE, inf),
        (LEAVES_BUT_ASKS, False, 300, Standing.BARE, 1000),
        (LEAVES_BUT_ASKS, False, 1000, Standing.SILENT, inf),
    ],
)
def test_what_is_due(
    policy: RenewalPolicy, has_refresh_token: bool, age_s: float, standing: Standing, until_s: float
) -> None:
    """An access token of 300 seconds under each policy, a moment before and at each turn."""
    record = make_session(refresh_token="refresh" if has_refresh_token else None)

    assert (standing, NOW + until_s) == judge(record, policy, NOW + age_s)


@pytest.mark.parametrize(("policy", "age_s", "standing"), [
    (RENEWS, 3000, Standing.FRESH), (LEAVES, 3000, Standing.FRESH), (OFTEN, 99, Standing.FRESH),
    (OFTEN, 100, Standing.SILENT),
])  # fmt: skip
def test_a_token_that_is_not_kept_never_runs_out(policy: RenewalPolicy, age_s: float, standing: Standing) -> None:
    """`session_contents` without `access_token`: only the interval makes anything due."""
    assert judge(make_session(access_token=None), policy, NOW + age_s).standing is standing


@given(records(), POLICIES, MOMENTS | EDGES)
def test_a_standing_lasts_into_the_future(record: Session, policy: RenewalPolicy, age_s: float) -> None:
    """Whoever remembers a verdict until then remembers it for a while, or for good."""
    assert judge(record, policy, NOW + age_s).until > NOW + age_s


@given(records(), POLICIES, MOMENTS | EDGES, MOMENTS | EDGES)
def test_a_standing_stays_the_same_until_then(
    record: Session, policy: RenewalPolicy, age_s: float, later_s: float
) -> None:
    """Asked again at any time before it, the answer is the same."""
    first = judge(record, policy, NOW + age_s)
    if age_s <= later_s and NOW + later_s < first.until:
        assert judge(record, policy, NOW + later_s) == first


@given(records(), POLICIES, MOMENTS | EDGES)
def test_a_standing_ends_when_it_says(record: Session, policy: RenewalPolicy, age_s: float) -> None:
    """At that moment another one begins: nobody asks again for nothing."""
    first = judge(record, policy, NOW + age_s)
    if first.until < inf:
        later = judge(record, policy, first.until)
        # The one exception: a navigation is due, and the token that was left runs out meanwhile.
        assert later.standing is not first.standing or (later.standing is Standing.SILENT and later.until == inf)


@given(records(), POLICIES, MOMENTS | EDGES)
def test_nothing_is_renewed_before_half_of_the_tokens_life(
    record: Session, policy: RenewalPolicy, age_s: float
) -> None:
    """However large the leeway is; only an interval may be shorter."""
    lifetime_s = record.access_token_expires_at - record.authenticated_at
    is_early = age_s < lifetime_s / 2 and (policy.interval_s is None or age_s < policy.interval_s)
    if is_early:
        assert judge(record, policy, NOW + age_s).standing not in {Standing.DUE, Standing.SILENT, Standing.OVER}


@given(records(), POLICIES, MOMENTS | EDGES)
def test_only_a_refresh_token_makes_a_refresh_due(record: Session, policy: RenewalPolicy, age_s: float) -> None:
    """And where there is one, nobody is sent to the provider for what it can do."""
    standing = judge(record, policy, NOW + age_s).standing
    if record.refresh_token is None:
        assert standing is not Standing.DUE
    else:
        assert standing not in {Standing.SILENT, Standing.OVER}


@given(records(), POLICIES, MOMENTS | EDGES)
def test_an_access_token_that_is_over_is_never_called_fresh(
    record: Session, policy: RenewalPolicy, age_s: float
) -> None:
    """Nor is a renewed session with a whole life before it called due."""
    standing = judge(record, policy, NOW + age_s).standing
    if record.access_token is not None and NOW + age_s >= record.access_token_expires_at:
        assert standing is not Standing.FRESH
        if policy.renew_on_expiry:
            assert standing in {Standing.DUE, Standing.OVER}


@pytest.mark.parametrize(
    ("limits", "touched_s", "end_s"),
    [
        (SessionLimits(), 0, 3600),
        (SessionLimits(absolute_s=60), 0, 60),
        (SessionLimits(absolute_s=86_400), 0, 3600),
        (SessionLimits(idling_s=100), 0, 100),
        (SessionLimits(idling_s=100), 50, 150),
        (SessionLimits(rolling_s=200), 50, 250),
        (SessionLimits(idling_s=100, rolling_s=200), 50, 150),
        (SessionLimits(idling_s=300, rolling_s=200), 50, 250),
        (SessionLimits(idling_s=100), 3550, 3600),
        (SessionLimits(absolute_s=120, idling_s=100), 100, 120),
    ],
)
def test_the_first_limit_ends_a_session(limits: SessionLimits, touched_s: float, end_s: float) -> None:
    """A use moves idling and rolling, and nothing moves the absolute one: neither a use nor a longer setting."""
    assert NOW + end_s == find_end(make_session(touched_at=NOW + touched_s), limits)


def test_a_refresh_does_not_move_the_absolute_limit() -> None:
    """It counts from the login, and an operator who shortens it is heard at once."""
    refreshed = make_session(authenticated_at=NOW + 3000, touched_at=NOW + 3000)

    assert NOW + 3600 == find_end(refreshed, SessionLimits())
    assert NOW + 600 == find_end(refreshed, SessionLimits(absolute_s=600))


@pytest.mark.parametrize(
    ("limits", "due_s"),
    [
        (SessionLimits(), inf),
        (SessionLimits(idling_s=100), 10),
        (SessionLimits(idling_s=86_400), LONGEST_UNNOTED_S),
        (SessionLimits(rolling_s=200), 150),
        (SessionLimits(idling_s=100, rolling_s=200), 10),
        (SessionLimits(idling_s=2000, rolling_s=40), 30),
    ],
)
def test_a_use_is_noted_now_and_then(limits: SessionLimits, due_s: float) -> None:
    """Rolling after three quarters, idling after a tenth or a minute, and never where nothing counts from it."""
    assert NOW + due_s == find_touch_due(limits, NOW)


@given(LIFETIMES, st.none() | LIFETIMES, st.none() | LIFETIMES)
def test_a_use_is_noted_before_the_limit_that_counts_from_it(
    absolute_s: float, idling_s: float | None, rolling_s: float | None
) -> None:
    """So that nobody who uses a session idles out of it."""
    limits = SessionLimits(absolute_s=absolute_s, idling_s=idling_s, rolling_s=rolling_s)
    unlimited = make_session(expires_at=inf)
    end = find_end(unlimited, SessionLimits(absolute_s=inf, idling_s=idling_s, rolling_s=rolling_s))

    assert find_touch_due(limits, NOW) < end or end == inf


@pytest.mark.parametrize(("age_s", "has_refresh_token", "standing", "until_s"), [
    (99, True, Standing.FRESH, 100), (100, True, Standing.DUE, inf), (99, False, Standing.FRESH, 100),
    (100, False, Standing.OVER, inf),
])  # fmt: skip
def test_an_id_token_that_goes_upstream_counts_like_the_access_token(
    age_s: float, has_refresh_token: bool, standing: Standing, until_s: float
) -> None:
    """Whichever is over first; one that does not say when is over."""
    policy = RenewalPolicy(counts_id_token=True)
    refresh_token = "refresh" if has_refresh_token else None
    record = make_session(refresh_token=refresh_token, id_token_claims={"sub": "alice", "exp": int(NOW) + 100})

    assert (standing, NOW + until_s) == judge(record, policy, NOW + age_s)
    assert Standing.FRESH is judge(record, RenewalPolicy(), NOW + age_s).standing
    assert Standing.OVER is judge(make_session(), policy, NOW).standing


@pytest.mark.parametrize(("has_refresh_token", "standing"), [(True, Standing.DUE), (False, Standing.FRESH)])
def test_an_interval_that_is_not_held_silently_asks_nobody(has_refresh_token: bool, standing: Standing) -> None:
    """By the refresh token, or not at all."""
    record = make_session(refresh_token="refresh" if has_refresh_token else None)

    assert standing is judge(record, RenewalPolicy(interval_s=100.0, silently=False), NOW + 100).standing
