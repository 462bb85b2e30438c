"""Every failure that a person can meet, brought about: one function for each code of docs/troubleshooting.md.

Each takes a fresh world and returns the answer that a person gets; what the operator gets is in the world's log. The
real plugin answers, and the gateway's own table turns faults into pages. No test of its own.
"""

from collections.abc import Callable
from typing import Any

from ostiary.errors import ProviderFault, StoreFault
from ostiary.identity.login_flow import FLOW_LIFETIME_S, build_state
from ostiary.plugin import Place, Reply
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import DISCOVERY
from tests.fakes.sign_in import PAGE_HEADERS, SECRET, TOKEN_ENDPOINT, SignInWorld
from tests.reference.stage import CALLBACK, ORIGIN, OWN_LINK, PAGE, Stage

LOGOUT = f"{ORIGIN}/anything/bye"
Failure = Callable[[SignInWorld], Reply]
FAILURES: dict[str, Failure] = {}


def failure(code: str) -> Callable[[Failure], Failure]:
    """Register how a code comes about."""

    def register(work: Failure) -> Failure:
        FAILURES[code] = work
        return work

    return register


def open_first(world: SignInWorld, url: str = PAGE, cookie: str | None = None, **attributes: Any) -> Reply:
    """Open an address in a fresh browser."""
    return Stage(world, **attributes).refuse(url, cookie=cookie)


def finish(world: SignInWorld, meanwhile: Callable[[Stage], None] | None = None, **attributes: Any) -> Reply:
    """Sign in up to the callback's answer; `meanwhile` happens while the person is at the provider."""
    stage = Stage(world, **attributes)
    back = stage.come_back()
    if meanwhile is not None:
        meanwhile(stage)
    return stage.refuse(back)


def come_back(world: SignInWorld, url: str = CALLBACK, *, cookie: str = "theme=dark") -> Reply:
    """Open the callback with a state that was given out long ago, or elsewhere."""
    state = build_state(bytes(32), SignInWorld().clock.now())
    return open_first(world, f"{url}?state={state}&code=c", cookie=cookie)


# --- the provider cannot be reached


def _break_discovery(world: SignInWorld, fault: ProviderFault) -> Reply:
    world.http.answers[DISCOVERY] = fault
    return open_first(world)


@failure("provider_dns")
def _(world: SignInWorld) -> Reply:
    return _break_discovery(world, ProviderFault("provider_dns", "the name of id.example:443 cannot be resolved"))


@failure("provider_refused")
def _(world: SignInWorld) -> Reply:
    return _break_discovery(world, ProviderFault("provider_refused", "id.example:443 refuses the connection"))


@failure("provider_timeout")
def _(world: SignInWorld) -> Reply:
    return _break_discovery(world, ProviderFault("provider_timeout", "id.example:443 did not answer within 3 s"))


@failure("provider_tls")
def _(world: SignInWorld) -> Reply:
    return _break_discovery(world, ProviderFault("provider_tls", "the certificate of id.example:443 is not accepted"))


@failure("provider_proxy")
def _(world: SignInWorld) -> Reply:
    return _break_discovery(world, ProviderFault("provider_proxy", "the proxy proxy.example:3128 cannot be reached"))


@failure("provider_unreachable")
def _(world: SignInWorld) -> Reply:
    return _break_discovery(world, ProviderFault("provider_unreachable", "the call to id.example:443 failed"))


@failure("metadata_answer_invalid")
def _(world: SignInWorld) -> Reply:
    world.http.answers[DISCOVERY] = answer_json({}, 404)
    return open_first(world)


@failure("issuer_mismatch")
def _(world: SignInWorld) -> Reply:
    world.publish(issuer="https://other.example")
    return open_first(world)


@failure("provider_unavailable")
def _(world: SignInWorld) -> Reply:
    world.callback_changes = {"code": None, "error": "temporarily_unavailable"}
    return finish(world)


# --- the note about the sign-in did not come along


@failure("callback_state_missing")
def _(world: SignInWorld) -> Reply:
    return open_first(world, CALLBACK)


@failure("flow_other_host")
def _(world: SignInWorld) -> Reply:
    return come_back(world, "http://127.0.0.1:9080/anything/callback")


@failure("login_other_host")
def _(world: SignInWorld) -> Reply:
    world.reachable = False
    return open_first(world, "http://127.0.0.1:9080/anything/test")


@failure("login_host_unknown")
def _(world: SignInWorld) -> Reply:
    return open_first(world, "http://shop.example/anything/test", redirect_uri=None)


@failure("flow_cookies_blocked")
def _(world: SignInWorld) -> Reply:
    return come_back(world, cookie="")


@failure("session_cookie_lost")
def _(world: SignInWorld) -> Reply:
    stage = Stage(world, session={"secret": SECRET, "cookie_path": "/elsewhere"})
    stage.open(stage.come_back())
    return stage.refuse(PAGE)


@failure("login_needs_https")
def _(world: SignInWorld) -> Reply:
    class Shop(Stage):
        place = Place(id="r1", hosts=("shop.example",), uris=("/anything/*",))

    return Shop(world, redirect_uri=None, response_mode="form_post").refuse("http://shop.example/anything/test")


@failure("response_mode_unsupported")
def _(world: SignInWorld) -> Reply:
    world.publish(response_modes_supported=["query", "fragment"])
    return open_first(world, response_mode="form_post")


@failure("callback_method")
def _(world: SignInWorld) -> Reply:
    return finish(world, response_mode="form_post")


@failure("callback_content_type")
def _(world: SignInWorld) -> Reply:
    return Stage(world, response_mode="form_post").refuse(CALLBACK, method="POST")


@failure("flow_elsewhere")
def _(world: SignInWorld) -> Reply:
    return come_back(world)


@failure("flow_stale")
def _(world: SignInWorld) -> Reply:
    world.clock.advance(FLOW_LIFETIME_S)
    return come_back(world)


@failure("flow_broken")
def _(world: SignInWorld) -> Reply:
    def change_secret(stage: Stage) -> None:
        stage.visitor.plugin = stage.build(session={"secret": "another-secret-altogether"})

    return finish(world, change_secret)


@failure("callback_replayed")
def _(world: SignInWorld) -> Reply:
    stage = Stage(world)
    back = stage.come_back()
    stage.open(back)
    return stage.refuse(back, cookie="")


# --- the provider says no


@failure("provider_access_denied")
def _(world: SignInWorld) -> Reply:
    world.callback_changes = {"code": None, "error": "access_denied"}
    return finish(world)


@failure("sign_in_refused")
def _(world: SignInWorld) -> Reply:
    world.callback_changes = {"code": None, "error": "invalid_scope"}
    return finish(world)


@failure("pkce_refused")
def _(world: SignInWorld) -> Reply:
    world.callback_changes = {
        "code": None, "error": "invalid_request", "error_description": "Missing parameter: code_challenge_method",
    }  # fmt: skip
    return finish(world)


@failure("client_refused")
def _(world: SignInWorld) -> Reply:
    world.http.answers[TOKEN_ENDPOINT] = answer_json({"error": "invalid_client"}, 401)
    return finish(world)


@failure("token_refused")
def _(world: SignInWorld) -> Reply:
    return finish(world, lambda stage: world.codes.clear())


# --- the ID token does not pass


@failure("token_issued_at")
def _(world: SignInWorld) -> Reply:
    world.claim_changes = {"iat": int(world.clock.now()) + 500, "exp": int(world.clock.now()) + 900}
    return finish(world)


@failure("token_expired")
def _(world: SignInWorld) -> Reply:
    world.claim_changes = {"iat": int(world.clock.now()) - 900, "exp": int(world.clock.now()) - 500}
    return finish(world)


@failure("token_not_yet_valid")
def _(world: SignInWorld) -> Reply:
    world.claim_changes = {"nbf": int(world.clock.now()) + 500}
    return finish(world)


@failure("token_audience")
def _(world: SignInWorld) -> Reply:
    world.claim_changes = {"aud": "somebody-else"}
    return finish(world)


@failure("id_token_missing")
def _(world: SignInWorld) -> Reply:
    world.token_changes = {"id_token": None}
    return finish(world)


# --- signed in, but not let through


@failure("session_too_large")
def _(world: SignInWorld) -> Reply:
    world.token_changes = {"access_token": "a" * 30_000}
    return finish(world)


@failure("scope_missing")
def _(world: SignInWorld) -> Reply:
    stage = Stage(world, required_scopes=["orders"])
    stage.sign_in()
    return stage.refuse()


@failure("session_expired")
def _(world: SignInWorld) -> Reply:
    stage = Stage(world)
    stage.sign_in()
    kept = stage.visitor.request(PAGE).cookie.decode("latin-1")
    stage.visitor.plugin = stage.build(unauth_action="deny")
    world.clock.advance(3600)
    return stage.refuse(cookie=kept)


@failure("claims_refused")
def _(world: SignInWorld) -> Reply:
    stage = Stage(world, claim_schema={"type": "object", "properties": {"user": {"required": ["department"]}}})
    stage.sign_in()
    return stage.refuse()


# --- the store


def _sign_in_with_store(world: SignInWorld) -> Stage:
    stage = Stage(world, session={"secret": SECRET, "storage": "redis", "redis": {}})
    stage.sign_in()
    world.clock.advance(30)  # longer than anybody goes by what they know
    return stage


@failure("store_unavailable")
def _(world: SignInWorld) -> Reply:
    stage = _sign_in_with_store(world)
    for store in (world.stores.shared, *world.stores.opened.values()):
        store.is_down = True
    return stage.refuse()


@failure("store_refused")
def _(world: SignInWorld) -> Reply:
    stage = _sign_in_with_store(world)

    async def refuse(name: str, key: str) -> None:
        raise StoreFault("store_refused", "redis at 127.0.0.1:6379 answered NOAUTH: it wants a password")

    for store in (world.stores.shared, *world.stores.opened.values()):
        store.before = refuse
    return stage.refuse()


# --- signing out


@failure("logout_unconfirmed")
def _(world: SignInWorld) -> Reply:
    stage = Stage(world, logout_path="/anything/bye")
    stage.sign_in()
    return stage.refuse(LOGOUT, headers={**PAGE_HEADERS, "Sec-Fetch-Site": "cross-site"})


@failure("logout_incomplete")
def _(world: SignInWorld) -> Reply:
    stage = Stage(world, logout_path="/anything/bye")
    stage.sign_in()
    stage.forget_provider()
    return stage.refuse(LOGOUT, headers=OWN_LINK)
