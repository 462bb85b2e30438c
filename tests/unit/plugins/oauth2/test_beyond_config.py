"""What `oauth2` offers beyond the document: read with its rules, and each option where it matters."""

import asyncio
import base64
import hmac
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from pydantic import ValidationError

from ostiary.http.outbound import OutboundResponse
from ostiary.identity.client_assertion import ASSERTION_TYPE, AssertionMoment, AssertionSigner, build_client_assertion
from ostiary.identity.jose import parse_compact_token
from ostiary.identity.keys import check_signature, read_key_set
from ostiary.identity.signing_keys import read_signing_key
from ostiary.plugin import Admit, Pass, Pending, Place, Reply
from ostiary.plugins.oauth2 import plugin_type
from ostiary.plugins.oauth2.plugin import OAuth2
from tests.fakes.client_keys import make_client_key, private_pem
from tests.fakes.machine_tokens import (
    CLIENT_ID,
    NAME,
    OTHER_ID,
    OTHER_NAME,
    OTHER_SECRET,
    SECRET,
    TokenWorld,
    make_token,
)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ISSUER = "https://tokens.example"
EVERY: dict[str, Any] = {
    "signing_keys": [private_pem("RSA"), private_pem("EC P-256")],
    "introspection": True,
    "revocation": True,
}
KEYED: dict[str, Any] = {"signing_keys": [private_pem("EC P-256")]}


def public_pem(kind: str, number: int = 0) -> str:
    """The public half as text."""
    key: Any = make_client_key(kind, number)
    return str(key.as_pem(private=False).decode("ascii"))


def build(world: TokenWorld, consumer: dict[str, Any] | None = None, **attributes: Any) -> OAuth2:
    """Build a rule with two consumers, the first changed; None leaves a field out."""
    first = {"name": NAME, "client_id": CLIENT_ID, "client_secret": SECRET, **(consumer or {})}
    written = [{name: value for name, value in first.items() if value is not None}]
    written.append({"name": OTHER_NAME, "client_id": OTHER_ID, "client_secret": OTHER_SECRET, "may_introspect": True})
    config = plugin_type.config.model_validate({"consumers": written, "issuer": ISSUER, **attributes})
    return plugin_type.build(config, world.services(Place(id="p", level="instance")))


def ask(world: TokenWorld, plugin: OAuth2, path: str, bearer: str | None = None, **form: str) -> Reply | Admit:
    """Post a form, or get a path without one."""
    method = "POST" if form else "GET"
    request = world.request(method, path, FORM if form else {}, token=bearer)
    verdict = plugin.decide(request, None, world.clock.now())

    async def settle(pending: Pending) -> Any:
        body = urlencode(form).encode()
        return await (pending.settle(body) if pending.body_limit_bytes else pending.settle())

    settled = asyncio.run(settle(verdict)) if isinstance(verdict, Pending) else verdict
    assert isinstance(settled, Reply | Admit)
    return settled


def issue(world: TokenWorld, plugin: OAuth2, **form: str) -> dict[str, Any]:
    """Ask for a token; the answer."""
    credentials = {"client_id": CLIENT_ID, "client_secret": SECRET}
    reply = ask(world, plugin, "/oauth2/token", **{"grant_type": "client_credentials", **credentials, **form})
    assert isinstance(reply, Reply)
    answer: dict[str, Any] = msgspec.json.decode(reply.body)
    return {"status": reply.status, **answer}


def visit(world: TokenWorld, plugin: OAuth2, token: str) -> str:
    """Show a token; what becomes of it."""
    settled = ask(world, plugin, "/orders", token)
    return settled.reason if isinstance(settled, Reply) else "admitted"


@pytest.mark.parametrize(
    ("consumer", "attributes", "words"),
    [
        ({"previous_client_secret": ""}, {}, "anybody could make tokens"),
        ({"scopes": ["a b"]}, {}, "pattern"),
        ({"scopes": ["a", "a"]}, {}, "twice"),
        (
            {"client_secret": None, "client_secret_hash": "sha256:" + "0" * 64},
            {},
            "has no client_secret that could sign",
        ),
        ({"client_secret": None, "public_keys": ["x"]}, EVERY, "no PEM public key"),
        ({"client_secret": None, "client_secret_hash": "md5:0"}, EVERY, "pattern"),
        ({"may_introspect": "perhaps"}, {}, "expected"),
        ({}, {"signing_keys": ["x"]}, "no PEM private key"),
        ({}, {"signing_keys": [public_pem("RSA")]}, "is a public one"),
        ({}, {"introspection": "perhaps"}, "expected"),
        ({}, {"revocation": 5}, "expected"),
    ],
)
def test_what_cannot_stand_is_refused(consumer: dict[str, Any], attributes: dict[str, Any], words: str) -> None:
    """Each field, and what they need of each other; no text quotes a key."""
    with pytest.raises(ValidationError) as caught:
        build(TokenWorld(), consumer, **attributes)

    assert words in str(caught.value) or (words == "expected" and "bool" in str(caught.value))


def test_two_secrets_are_live_while_clients_change_over() -> None:
    """New tokens are signed with the new one; those of the old one are good until they expire."""
    world = TokenWorld()
    before = build(world)
    old = issue(world, before)["access_token"]
    after = build(world, {"client_secret": "a-new-secret-of-at-least-32-letters", "previous_client_secret": SECRET})

    assert "admitted" == visit(world, after, old)
    assert 200 == issue(world, after)["status"]
    new = issue(world, after, client_secret="a-new-secret-of-at-least-32-letters")
    assert "admitted" == visit(world, after, new["access_token"])
    assert "token_signature" == visit(world, before, new["access_token"])


def test_scopes_are_those_of_the_consumer() -> None:
    """All of them, or those that are asked for; none besides."""
    world = TokenWorld()
    plugin = build(world, {"scopes": ["read", "write"]})

    assert "read write" == issue(world, plugin)["scope"]
    assert "read" == issue(world, plugin, scope="read")["scope"]
    refused = issue(world, plugin, scope="admin")
    assert (400, "invalid_scope") == (refused["status"], refused["error"])


def test_keys_of_the_server_sign_and_are_published() -> None:
    """With a key id; a secret makes no token any more, and a key that was put behind verifies still."""
    world = TokenWorld()
    rsa_first = build(world, **EVERY)
    token = issue(world, rsa_first)["access_token"]
    ec_first = build(world, **{**EVERY, "signing_keys": EVERY["signing_keys"][::-1]})
    published = ask(world, rsa_first, "/oauth2/jwks")

    parsed = parse_compact_token(token.encode())
    assert ("RS256", "at+jwt") == (parsed.algorithm, parsed.type)
    assert isinstance(published, Reply)
    keys = read_key_set(OutboundResponse(status=200, body=published.body))
    assert 2 == len(keys)
    assert check_signature(parsed, keys).kid == parsed.key_id
    assert b'"d"' not in published.body
    assert "admitted" == visit(world, rsa_first, token) == visit(world, ec_first, token)
    assert "ES256" == parse_compact_token(issue(world, ec_first)["access_token"].encode()).algorithm
    assert "token_algorithm" == visit(world, rsa_first, issue(world, build(world))["access_token"])
    assert "token_signature" == visit(world, build(world, signing_keys=[private_pem("RSA", 7)]), token)


def test_the_server_is_described_where_its_issuer_says() -> None:
    """RFC 8414: what is switched on, and nothing else; a claimed path."""
    world = TokenWorld()
    plugin = build(world, {"scopes": ["read"], "public_keys": [public_pem("EC P-256")]}, **EVERY)
    reply = ask(world, plugin, "/.well-known/oauth-authorization-server")
    assert isinstance(reply, Reply)
    document = msgspec.json.decode(reply.body)

    assert {"/.well-known/oauth-authorization-server"} == {claim.path for claim in plugin.claims}
    assert ISSUER == document["issuer"]
    assert f"{ISSUER}/oauth2/token" == document["token_endpoint"]
    assert f"{ISSUER}/oauth2/introspect" == document["introspection_endpoint"]
    assert f"{ISSUER}/oauth2/revoke" == document["revocation_endpoint"]
    assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]
    assert ["read"] == document["scopes_supported"]
    plain = build(world, signing_keys=[private_pem("RSA")], issuer="Higress-Gateway")
    assert () == plain.claims == build(world).claims
    refused = world.request("POST", "/oauth2/jwks")
    settled = plain.decide(refused, None, world.clock.now())
    assert isinstance(settled, Reply)
    assert (405, "GET, HEAD") == (settled.status, dict(settled.headers)["Allow"])


def test_a_secret_of_which_only_the_digest_stands_there_is_taken() -> None:
    """And signs nothing."""
    world = TokenWorld()
    digest = f"sha256:{sha256(SECRET.encode()).hexdigest()}"
    plugin = build(world, {"client_secret": None, "client_secret_hash": digest}, **EVERY)

    assert 200 == issue(world, plugin)["status"]
    assert (401, "invalid_client") == (
        issue(world, plugin, client_secret=digest)["status"], issue(world, plugin, client_secret="x")["error"]
    )  # fmt: skip


def assertion(world: TokenWorld, number: int = 0, client_id: str = CLIENT_ID, **changes: Any) -> dict[str, str]:
    """A client assertion, as a form has it."""
    key = read_signing_key(private_pem("EC P-256", number))
    signer = AssertionSigner(key=key, algorithm="ES256")
    moment = AssertionMoment(world.clock.now(), changes.get("jti", "one"))
    made = build_client_assertion(
        signer,
        moment,
        client_id=client_id,
        audience=changes.get("audience", ISSUER),
        lifetime_s=changes.get("lifetime_s", 60),
    )
    kind = changes.get("kind", ASSERTION_TYPE)
    return {"client_assertion": made, "client_assertion_type": kind, "client_id": "", "client_secret": ""}


def issue_by_assertion(world: TokenWorld, plugin: OAuth2, **changes: Any) -> int:
    """Ask for a token with an assertion; the status."""
    form = {name: value for name, value in assertion(world, **changes).items() if value}
    reply = ask(world, plugin, "/oauth2/token", grant_type="client_credentials", **form)
    assert isinstance(reply, Reply)
    return reply.status


def test_a_client_proves_itself_by_an_assertion_once() -> None:
    """Signed with its key, for this server, for minutes, and never twice: also at another gateway."""
    world = TokenWorld()
    consumer = {"client_secret": None, "public_keys": [public_pem("EC P-256")]}
    plugin, elsewhere = build(world, consumer, **EVERY), build(world, consumer, **EVERY, token_ttl=60)

    assert 200 == issue_by_assertion(world, plugin)
    assert 401 == issue_by_assertion(world, plugin)
    assert 401 == issue_by_assertion(world, elsewhere)
    assert 200 == issue_by_assertion(world, elsewhere, jti="two", audience=f"{ISSUER}/oauth2/token")


@pytest.mark.parametrize(
    "changes",
    [{"number": 1}, {"client_id": OTHER_ID}, {"client_id": "nobody"}, {"audience": "https://other.example"},
     {"lifetime_s": 3600}, {"lifetime_s": -120}, {"jti": ""}, {"jti": "x" * 257}, {"kind": "urn:other"}],
)  # fmt: skip
def test_an_assertion_that_is_not_good_proves_nobody(changes: dict[str, Any]) -> None:
    """Another key, client, audience, lifetime, identifier or type."""
    world = TokenWorld()
    plugin = build(world, {"client_secret": None, "public_keys": [public_pem("EC P-256")]}, **EVERY)

    assert 401 == issue_by_assertion(world, plugin, **changes)


def test_an_hmac_with_a_public_key_is_no_assertion() -> None:
    """The oldest confusion of keys."""
    world = TokenWorld()
    pem = public_pem("EC P-256")
    plugin = build(world, {"client_secret": None, "public_keys": [pem]}, **EVERY)
    claims = {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": ISSUER, "exp": int(world.clock.now()) + 60, "jti": "x"}
    parts = [base64.urlsafe_b64encode(msgspec.json.encode(part)).rstrip(b"=") for part in ({"alg": "HS256"}, claims)]
    signature = hmac.new(pem.encode(), b".".join(parts), "sha256").digest()
    forged = b".".join((*parts, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()
    reply = ask(
        world, plugin, "/oauth2/token", grant_type="client_credentials", client_assertion=forged,
        client_assertion_type=ASSERTION_TYPE,
    )  # fmt: skip

    assert isinstance(reply, Reply)
    assert 401 == reply.status


def introspect(
    world: TokenWorld, plugin: OAuth2, token: str, client_id: str = OTHER_ID, secret: str = OTHER_SECRET
) -> dict[str, Any]:
    """Ask about a token."""
    reply = ask(world, plugin, "/oauth2/introspect", token=token, client_id=client_id, client_secret=secret)
    assert isinstance(reply, Reply)
    assert "no-store" == dict(reply.headers).get("Cache-Control", "no-store")
    answer: dict[str, Any] = msgspec.json.decode(reply.body)
    return {"status": reply.status, **answer}


def test_who_may_introspect_hears_what_a_token_says() -> None:
    """Of one that counts; of any other nothing."""
    world = TokenWorld()
    plugin = build(world, {"scopes": ["read"]}, **EVERY)
    token = issue(world, plugin)["access_token"]
    told = introspect(world, plugin, token)

    assert (True, CLIENT_ID, NAME, "read", "Bearer") == (
        told["active"], told["client_id"], told["sub"], told["scope"], told["token_type"]
    )  # fmt: skip
    assert {"status": 200, "active": False} == introspect(world, plugin, token[:-4] + "AAAA")
    assert {"status": 200, "active": False} == introspect(world, plugin, "nonsense")
    assert "unauthorized_client" == introspect(world, plugin, token, CLIENT_ID, SECRET)["error"]
    assert 401 == introspect(world, plugin, token, OTHER_ID, "wrong")["status"]
    world.clock.advance(7200 + 61)
    assert {"status": 200, "active": False} == introspect(world, plugin, token)


def revoke(
    world: TokenWorld, plugin: OAuth2, token: str, client_id: str = CLIENT_ID, secret: str = SECRET
) -> tuple[int, str]:
    """Take a token back."""
    reply = ask(world, plugin, "/oauth2/revoke", token=token, client_id=client_id, client_secret=secret)
    assert isinstance(reply, Reply)
    return reply.status, reply.reason


def test_a_token_that_was_taken_back_counts_nowhere_within_a_second() -> None:
    """Here at once; at another gateway when it asks again. Others' tokens are left alone."""
    world = TokenWorld()
    here, elsewhere = build(world, **EVERY), build(world, **EVERY, keep_token=False)
    token, other = issue(world, here)["access_token"], issue(world, here)["access_token"]
    assert {"admitted"} == {visit(world, plugin, each) for plugin in (here, elsewhere) for each in (token, other)}

    assert (200, "token_not_own") == revoke(world, here, token, OTHER_ID, OTHER_SECRET)
    assert "admitted" == visit(world, here, token)
    assert (200, "token_revoked") == revoke(world, here, token)
    assert "token_revoked" == visit(world, here, token)
    assert {"status": 200, "active": False} == introspect(world, here, token)
    world.clock.advance(1.1)
    assert ("token_revoked", "admitted") == (visit(world, elsewhere, token), visit(world, elsewhere, other))
    assert (200, "token_unknown") == revoke(world, here, "nonsense")
    assert (401, "client_refused") == revoke(world, here, other, CLIENT_ID, "wrong")


def test_the_jti_of_anothers_token_in_one_of_its_own_takes_back_its_own_alone() -> None:
    """A consumer that signs for itself writes what it likes; its tokens share no identity with others'."""
    world = TokenWorld()
    plugin = build(world, revocation=True)
    token = issue(world, plugin)["access_token"]
    claims = parse_compact_token(token.encode()).claims
    imitation = make_token(OTHER_SECRET, **{**claims, "client_id": OTHER_ID, "sub": OTHER_NAME})
    assert ("admitted", "admitted") == (visit(world, plugin, token), visit(world, plugin, imitation))

    assert (200, "token_revoked") == revoke(world, plugin, imitation, OTHER_ID, OTHER_SECRET)
    assert ("admitted", "token_revoked") == (visit(world, plugin, token), visit(world, plugin, imitation))


def test_what_is_off_is_a_path_like_any_other() -> None:
    """It needs a token, and is forwarded."""
    world = TokenWorld()
    plugin = build(world)

    for path in ("/oauth2/jwks", "/oauth2/introspect", "/oauth2/revoke", "/.well-known/oauth-authorization-server"):
        reply = ask(world, plugin, path)
        assert isinstance(reply, Reply)
        assert "token_missing" == reply.reason


@pytest.mark.parametrize("path", ["/oauth2/introspect", "/oauth2/revoke"])
def test_only_forms_by_post_are_taken(path: str) -> None:
    """RFC 7662 §2.1, RFC 7009 §2.1."""
    world = TokenWorld()
    plugin = build(world, **EVERY)
    got = plugin.decide(world.request("GET", path), None, world.clock.now())
    typed = plugin.decide(world.request("POST", path, {"Content-Type": "application/json"}), None, world.clock.now())
    empty = ask(world, plugin, path, client_id=CLIENT_ID, client_secret=SECRET)

    assert isinstance(got, Reply)
    assert isinstance(typed, Reply)
    assert isinstance(empty, Reply)
    assert (405, 400, 400) == (got.status, typed.status, empty.status)


def test_what_the_instance_leaves_alone_is_left_alone_here_too() -> None:
    """With `global_auth: false` beside finer rules a route's own paths are the upstream's, whatever they are called."""
    world = TokenWorld()
    written = [{"name": NAME, "client_id": CLIENT_ID, "client_secret": SECRET}]
    config = plugin_type.config.model_validate({"consumers": written, "issuer": ISSUER, "global_auth": False, **EVERY})
    plugin = plugin_type.build(config, world.services(Place(id="p", level="instance"), has_finer=True))
    on_route = plugin.decide(world.request("GET", "/a/oauth2/jwks"), None, world.clock.now())
    nowhere = plugin.decide(world.request("GET", "/a/oauth2/jwks", route=""), None, world.clock.now())

    assert isinstance(on_route, Pass)
    assert isinstance(nowhere, Reply)


def test_a_consumer_grants_itself_no_scope_by_signing_its_own_token() -> None:
    """Its secret signs, so it can write any claim; a scope counts as far as it is configured."""
    world = TokenWorld()
    plugin = build(world, {"scopes": ["read", "write"]}, introspection=True)
    good, more = (make_token(iss=ISSUER, scope=scope) for scope in ("write read", "read admin"))

    assert "admitted" == visit(world, plugin, good)
    assert "token_scope" == visit(world, plugin, more)
    assert {"status": 200, "active": False} == introspect(world, plugin, more)
    assert "write read" == introspect(world, plugin, good)["scope"]
    assert "token_scope" == visit(world, build(world), good)


def test_a_scope_that_is_taken_out_ends_the_tokens_that_have_it() -> None:
    """Also where the server's own key signed them; those without it stay."""
    world = TokenWorld()
    before, after = build(world, {"scopes": ["read", "write"]}, **KEYED), build(world, {"scopes": ["read"]}, **KEYED)
    both, one = (issue(world, before, **form)["access_token"] for form in ({}, {"scope": "read"}))

    assert ("token_scope", "admitted") == (visit(world, after, both), visit(world, after, one))
