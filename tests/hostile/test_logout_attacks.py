"""Attacks on logout from elsewhere: who signs out people that they may not, or uses one kind of token for another."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from joserfc.jwk import OctKey

from ostiary.identity.logout_token import LOGOUT_EVENT
from ostiary.plugin import Admit, Reply
from ostiary.plugins.openid_connect import plugin_type
from tests.fakes.issuer import (
    CLIENT_ID,
    DISCOVERY,
    ISSUER,
    JWKS_URI,
    access_claims,
    assemble,
    encode,
    id_claims,
    logout_claims,
    make_key,
    public_pem,
    publish,
    sign,
)
from tests.fakes.sign_in import CLIENT_SECRET, SECRET, SignInWorld, Visitor, run

ORIGIN = "http://localhost:9080"
PAGE = f"{ORIGIN}/anything/test"
XHR = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}
OTHER = make_key(number=1)
NONE = {"alg": "none"}


class Target:
    """Alice, signed in through a route that hears of logouts and admits bearer tokens, and everybody's endpoint."""

    def __init__(self, **attributes: Any) -> None:
        """Build it; she is signed in by `enter`."""
        self.world = SignInWorld()
        self.world.claim_changes = {"sid": "session-1"}
        self.world.token_changes = {"expires_in": 3600}
        self.alice = Visitor(self.world, self.build(**attributes))

    def build(self, **attributes: Any) -> Any:
        """Return a worker."""
        written = {
            "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "discovery": DISCOVERY,
            "redirect_uri": f"{ORIGIN}/anything/callback", "session": {"secret": SECRET, "revalidate_s": 0},
            "use_jwks": True, "backchannel_logout_path": "/told", "frontchannel_logout_path": "/framed", **attributes,
        }  # fmt: skip
        return plugin_type.build(plugin_type.config.model_validate(written), self.world.services())

    async def post(self, token: str) -> Reply:
        """Post something to the back channel."""
        settled = await Visitor(self.world, self.alice.plugin).post(
            f"{ORIGIN}/told", f"logout_token={token}", cookie=""
        )
        assert isinstance(settled, Reply)
        return settled

    async def is_in(self) -> bool:
        """Say whether Alice is still signed in."""
        return isinstance(await self.alice.open(PAGE, headers=XHR), Admit)


def play(scene: Callable[[Target], Awaitable[None]], **attributes: Any) -> None:
    """Sign Alice in, play the scene, and find that it did not sign her out."""

    async def conversation() -> None:
        target = Target(**attributes)
        await target.alice.sign_in(PAGE)
        assert await target.is_in()
        await scene(target)
        assert await target.is_in()
        await target.world.spawner.settle()

    run(conversation)


def forge(now: float) -> dict[str, str]:
    """Return forged logout tokens by name."""
    claims = logout_claims(now)
    pem = public_pem(make_key())
    good = sign(claims)
    header, payload, signature = good.split(".")
    return {
        "another's key": sign(claims, OTHER),
        "another's key inside": sign(claims, OTHER, header={"jwk": publish(OTHER)}),
        "another's key elsewhere": sign(claims, OTHER, header={"jku": "https://evil.example/keys", "kid": "evil"}),
        "no algorithm": assemble(NONE, claims, b""),
        "no signature": f"{header}.{payload}.",
        "another's claims": f"{header}.{encode(logout_claims(now, sub='user-2')).decode()}.{signature}",
        "the public key as a secret": sign(claims, OctKey(pem, None), alg="HS256"),
        "the client's secret": sign(claims, OctKey(CLIENT_SECRET.encode().ljust(32, b"x"), None), alg="HS256"),
        "a critical member": sign(claims, header={"crit": ["x"], "x": 1}),
        "one claim twice": sign(msgspec.json.encode(claims)[:-1] + b',"sub":"user-1"}'),
        "encrypted": f"{header}.AAAA.AAAA.{payload}.AAAA",
        "two tokens": f"{good}{good}",
        "JSON serialization": '{"payload":"' + payload + '"}',
    }


@pytest.mark.parametrize("name", sorted(forge(0.0)))
@pytest.mark.parametrize("accept_none_alg", [False, True])
def test_a_forged_logout_token(name: str, *, accept_none_alg: bool) -> None:
    """Whatever the operator accepts of ID tokens that came over TLS, nothing unsigned is accepted here."""

    async def scene(target: Target) -> None:
        calls = {call.url for call in target.world.http.calls}
        assert (await target.post(forge(target.world.clock.now())[name])).status == 400
        assert {call.url for call in target.world.http.calls} <= calls | {JWKS_URI}

    play(scene, accept_none_alg=accept_none_alg)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "other"}, {"aud": [CLIENT_ID, "other"]}, {"aud": None}, {"iss": "https://other.example"},
        {"iss": f"{ISSUER}/"}, {"exp": 1}, {"exp": None}, {"iat": 1}, {"iat": None}, {"jti": None}, {"events": None},
        {"events": {}}, {"events": [LOGOUT_EVENT]}, {"nonce": "n"}, {"sub": None, "sid": None}, {"sid": 1},
        {"sub": ["user-1"]}, {"nbf": 2**40},
    ],
)  # fmt: skip
def test_a_logout_token_that_says_something_else(changes: dict[str, Any]) -> None:
    """Another client's, another provider's, an old one, or none at all: signed by the right key all of them."""

    async def scene(target: Target) -> None:
        claims = logout_claims(target.world.clock.now(), **changes)
        assert (await target.post(sign(claims))).status == 400

    play(scene)


def test_tokens_of_another_kind_sign_nobody_out() -> None:
    """Alice's ID token is known to every service behind the gateway that is passed it; an access token to more."""

    async def scene(target: Target) -> None:
        now = target.world.clock.now()
        others = {
            "ID token": id_claims(now, sid="session-1", jti="1"),
            "ID token without a nonce": id_claims(now, sid="session-1", jti="1", nonce=None),
            "access token": access_claims(now, aud=CLIENT_ID, jti="1"),
            "another event": logout_claims(now, events={"https://schemas.openid.net/secevent/caep": {}}),
        }
        for name, claims in others.items():
            assert (await target.post(sign(claims))).status == 400, name
        for kind in ("at+jwt", "secevent+jwt", "dpop+jwt", "oauth-authz-req+jwt"):
            assert (await target.post(sign(logout_claims(now), header={"typ": kind}))).status == 400, kind

    play(scene)


@pytest.mark.parametrize("kind", [None, "JWT", "logout+jwt"])
@pytest.mark.parametrize("use_nonce", [False, True])
def test_a_logout_token_signs_nobody_in(kind: str | None, *, use_nonce: bool) -> None:
    """Neither as the ID token of a login, nor as a bearer token; even where it says no more than JWT."""

    async def scene(target: Target) -> None:
        now = target.world.clock.now()
        token = sign(logout_claims(now, exp=int(now) + 3600), header={"typ": kind})
        target.world.token_changes |= {"id_token": token}
        mallory = Visitor(target.world, target.alice.plugin)
        finished = await mallory.sign_in(PAGE)
        assert (finished.status, finished.reason) == (502, "token_nonce" if use_nonce else "token_type")
        shown = await mallory.open(PAGE, headers={**XHR, "Authorization": f"Bearer {token}"})
        assert isinstance(shown, Reply)
        assert shown.status == 401

    play(scene, use_nonce=use_nonce)


def test_a_logout_token_that_is_shown_again_signs_nobody_out_again() -> None:
    """Neither the same one, nor what follows from it: she signed in after it was issued."""

    async def scene(target: Target) -> None:
        token = sign(logout_claims(target.world.clock.now()))
        assert (await target.post(token)).status == 200
        assert not await target.is_in()
        target.world.clock.advance(1)
        await target.alice.sign_in(PAGE)
        for _ in range(3):
            assert (await target.post(token)).status == 400

    play(scene)


def test_a_flood_of_frames_writes_nothing() -> None:
    """A thousand sessions that nobody knows: nothing grows, in memory or in the store; the provider is not asked."""

    async def scene(target: Target) -> None:
        store = target.world.stores.shared
        calls = len(target.world.http.calls)
        before = {name: store.count(name) for name in ("append", "create", "write", "replace", "delete")}
        stranger = Visitor(target.world, target.alice.plugin)
        for number in range(1000):
            framed = await stranger.open(f"{ORIGIN}/framed?iss={ISSUER}&sid=guess-{number}")
            assert isinstance(framed, Reply)
            assert framed.status == 200
        assert before == {name: store.count(name) for name in before}
        assert calls == len(target.world.http.calls)

    play(scene)


def test_a_flood_of_tokens_by_unknown_keys_asks_the_provider_once_in_a_while() -> None:
    """Its keys are fetched again for the first, not for each."""

    async def scene(target: Target) -> None:
        calls = target.world.http.count(JWKS_URI)
        for number in range(200):
            token = sign(logout_claims(target.world.clock.now()), OTHER, kid=f"evil-{number}")
            assert (await target.post(token)).status == 400
        assert target.world.http.count(JWKS_URI) <= calls + 1
        assert target.world.stores.shared.count("append") == 0

    play(scene)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_signs_nobody_out_by_a_frame_or_a_form(site: str) -> None:
    """It knows no `sid`; what the browser brings along does not count."""

    async def scene(target: Target) -> None:
        foreign = {
            "Accept": "text/html",
            "Sec-Fetch-Site": site,
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "iframe",
        }
        for query in (f"?iss={ISSUER}", f"?iss={ISSUER}&sid=", f"?iss={ISSUER}&sid=%00", ""):
            framed = await target.alice.open(f"{ORIGIN}/framed{query}", headers=foreign)
            assert isinstance(framed, Reply)
            assert framed.status in {200, 400}
            assert [name for name, _ in framed.headers if name == "Set-Cookie"] == []
        posted = await target.alice.post(f"{ORIGIN}/told", "logout_token=")
        assert isinstance(posted, Reply)
        assert posted.status == 400

    play(scene)
