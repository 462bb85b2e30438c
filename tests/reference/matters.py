"""Each attribute of the reference where it matters: what changes with it. One function each. No test of its own.

`matters_session_cookie_lifetime` is that of `session.cookie.lifetime`. Adding one is all there is to do; what can only
be seen elsewhere stands in `ELSEWHERE`, with the test that shows it.
"""

from base64 import b64encode
from typing import Any

from joserfc.jwk import Key

from tests.fakes.http_client import answer_json
from tests.fakes.issuer import (
    CLIENT_ID,
    DISCOVERY,
    INTROSPECTION,
    ISSUER,
    JWKS_URI,
    access_claims,
    assemble,
    id_claims,
    logout_claims,
    make_key,
    public_pem,
    sign,
)
from tests.fakes.sign_in import CLIENT_SECRET, SECRET, TOKEN_ENDPOINT, SignInWorld, location_of
from tests.reference.stage import CALLBACK, ORIGIN, OWN_LINK, PAGE, Stage, read_header, settle

# Attribute → the test (file::function) that shows where it matters.
ELSEWHERE: dict[str, str] = {
    "ssl_ca_file": "tests/e2e/test_reaching_the_provider.py::"
    "test_a_private_authority_is_read_again_with_the_configuration",
}

OTHER = "https://other.example"
END_SESSION = f"{ISSUER}/logout"
REVOCATION = f"{ISSUER}/revoke"
LOGOUT = f"{ORIGIN}/anything/bye"
LONG = {"expires_in": 30_000}
CALL = {"Accept": "application/json"}


# --- the client


def matters_client_id() -> None:
    """Who asks."""
    assert Stage().ask()["client_id"] == CLIENT_ID
    assert Stage(client_id="other").ask()["client_id"] == "other"


def matters_client_secret() -> None:
    """What is shown at the token endpoint."""
    stage, other = Stage(), Stage(client_secret="another-secret")
    stage.sign_in()
    other.sign_in()

    assert authorization_of(stage, TOKEN_ENDPOINT) == basic(CLIENT_SECRET)
    assert authorization_of(other, TOKEN_ENDPOINT) == basic("another-secret")


def matters_token_endpoint_auth_method() -> None:
    """Where it is shown."""
    stage = Stage(token_endpoint_auth_method="client_secret_post")
    stage.sign_in()

    assert authorization_of(stage, TOKEN_ENDPOINT) is None
    assert stage.forms()[0]["client_secret"] == CLIENT_SECRET


def matters_introspection_endpoint_auth_method() -> None:
    """The same at introspection."""
    stage, other = introspecting(), introspecting(introspection_endpoint_auth_method="client_secret_post")
    stage.show("opaque")
    other.show("opaque")

    assert authorization_of(stage, INTROSPECTION) == basic(CLIENT_SECRET)
    assert authorization_of(other, INTROSPECTION) is None
    assert other.forms(INTROSPECTION)[0]["client_secret"] == CLIENT_SECRET


def matters_client_rsa_private_key() -> None:
    """It signs in place of the secret."""
    stage = Stage(**private_key(), client_secret=None)
    assert stage.sign_in().reason == "login_finished"

    assert stage.forms()[0]["client_assertion"].count(".") == 2
    assert "client_secret" not in stage.forms()[0]


def matters_client_rsa_private_key_id() -> None:
    """The assertion names it."""
    stage, other = Stage(**private_key()), Stage(**private_key(), client_rsa_private_key_id="key-7")
    stage.sign_in()
    other.sign_in()

    assert "kid" not in read_assertion(stage)[0]
    assert read_assertion(other)[0]["kid"] == "key-7"


def matters_client_jwt_assertion_expires_in() -> None:
    """How long the assertion is good."""
    for seconds in (60, 300):
        stage = Stage(**private_key(), client_jwt_assertion_expires_in=seconds)
        stage.sign_in()
        claims = read_assertion(stage)[1]
        assert claims["exp"] - claims["iat"] == seconds


# --- the provider


def matters_discovery() -> None:
    """Where the metadata is fetched."""
    stage, other = Stage(), Stage(discovery=f"{OTHER}/.well-known/openid-configuration")
    stage.open()
    other.open()

    assert stage.world.http.calls[0].url == DISCOVERY
    assert other.world.http.calls[0].url.startswith(OTHER)


def matters_timeout() -> None:
    """How long each call may take."""
    for seconds in (3, 7):
        stage = Stage(timeout=seconds)
        stage.open()
        assert seconds - 1 < stage.world.http.calls[0].timeout_s <= seconds


def matters_ssl_verify() -> None:
    """Certificates are checked unless it says otherwise."""
    for verify in (True, False):
        stage = Stage(ssl_verify=verify)
        stage.open()
        assert stage.world.http.calls[0].tls_verify is verify


def matters_jwk_expires_in() -> None:
    """After it, keys that the provider did not confirm are not used any more."""
    for seconds, status in ((86_400, 200), (3600, 503)):
        stage = Stage(session=None, use_jwks=True, jwk_expires_in=seconds)
        assert stage.status(stage.show(sign(access_claims()))) == 200
        stage.world.take_down()
        stage.world.clock.advance(7200)
        assert stage.status(stage.show(sign(access_claims(stage.world.clock.now(), jti="2")))) == status


def matters_proxy_opts() -> None:
    """Without it the environment's proxies are not taken either."""
    stage = Stage()
    stage.open()

    assert stage.world.http.calls[0].proxy is None
    assert proxy_of(DISCOVERY, https_proxy="http://proxy.example:3128").url == "http://proxy.example:3128"


def matters_proxy_opts_http_proxy() -> None:
    """For http endpoints."""
    url = DISCOVERY.replace("https:", "http:")

    assert proxy_of(url, http_proxy="http://proxy.example:3128").url == "http://proxy.example:3128"
    assert proxy_of(DISCOVERY, http_proxy="http://proxy.example:3128") is None


def matters_proxy_opts_https_proxy() -> None:
    """For https endpoints."""
    url = DISCOVERY.replace("https:", "http:")

    assert proxy_of(DISCOVERY, https_proxy="http://proxy.example:3128").url == "http://proxy.example:3128"
    assert proxy_of(url, https_proxy="http://proxy.example:3128") is None


def matters_proxy_opts_http_proxy_authorization() -> None:
    """What the proxy is shown."""
    url = DISCOVERY.replace("https:", "http:")
    shown = f"Basic {b64encode(b'user:password').decode()}"

    assert proxy_of(url, http_proxy="http://proxy.example:3128").authorization == ""
    assert proxy_of(url, http_proxy="http://p.example:1", http_proxy_authorization=shown).authorization == shown


def matters_proxy_opts_https_proxy_authorization() -> None:
    """What the proxy is shown with CONNECT."""
    shown = f"Basic {b64encode(b'user:password').decode()}"

    assert proxy_of(DISCOVERY, https_proxy="http://proxy.example:3128").authorization == ""
    assert proxy_of(DISCOVERY, https_proxy="http://p.example:1", https_proxy_authorization=shown).authorization == shown


def matters_proxy_opts_no_proxy() -> None:
    """Hosts that are reached without."""
    assert proxy_of(DISCOVERY, https_proxy="http://proxy.example:3128", no_proxy="other.example") is not None
    assert proxy_of(DISCOVERY, https_proxy="http://proxy.example:3128", no_proxy="issuer.example") is None


# --- signing in


def matters_scope() -> None:
    """What is asked for."""
    assert Stage().ask()["scope"] == "openid"
    assert Stage(scope="openid email").ask()["scope"] == "openid email"


def matters_redirect_uri() -> None:
    """Where the person comes back to; else below the page."""
    assert Stage().ask()["redirect_uri"] == CALLBACK
    assert Stage(redirect_uri=None).ask()["redirect_uri"] == f"{ORIGIN}/anything/test/.apisix/redirect"


def matters_unauth_action() -> None:
    """Sign in, refuse, or let pass as nobody."""
    assert [stage.status(stage.open()) for stage in (Stage(), Stage(unauth_action="deny"))] == [302, 401]
    assert Stage(unauth_action="pass").told() == {}


def matters_authorization_params() -> None:
    """More of what is asked for."""
    assert "prompt" not in Stage().ask()
    assert Stage(authorization_params={"prompt": "consent"}).ask()["prompt"] == "consent"
    strict = Stage(authorization_params={"acr_values": "gold"})
    assert (Stage().sign_in().status, strict.sign_in().reason) == (303, "token_acr")


def matters_response_mode() -> None:
    """What the provider is asked for, and the one way in which its answer is read."""
    usual, posted = Stage(), Stage(response_mode="form_post")

    assert "response_mode" not in usual.ask()
    assert posted.ask()["response_mode"] == "form_post"
    assert [stage.sign_in().status for stage in (usual, posted)] == [303, 405]


def matters_use_pkce() -> None:
    """Also where the metadata does not offer it."""
    world = SignInWorld()
    world.publish(code_challenge_methods_supported=None)

    assert "code_challenge" not in Stage(world).ask()
    assert Stage(world, use_pkce=True).ask()["code_challenge_method"] == "S256"


def matters_use_nonce() -> None:
    """An ID token without the nonce is refused."""
    for attributes, reason in (({}, "login_finished"), ({"use_nonce": True}, "token_nonce")):
        stage = Stage(**attributes)
        stage.world.claim_changes = {"nonce": None}
        assert stage.sign_in().reason == reason


def matters_iat_slack() -> None:
    """How far clocks may differ."""
    for seconds, reason in ((120, "token_issued_at"), (600, "login_finished")):
        stage = Stage(iat_slack=seconds)
        stage.world.claim_changes = {"iat": int(stage.world.clock.now()) + 300}
        assert stage.sign_in().reason == reason


def matters_accept_none_alg() -> None:
    """An ID token that is not signed, from the token endpoint."""
    for accepts, reason in ((False, "token_malformed"), (True, "login_finished")):
        stage = Stage(accept_none_alg=accepts)
        back = stage.come_back()
        (asked,) = stage.world.codes.values()
        claims = id_claims(stage.world.clock.now(), nonce=asked["nonce"])
        stage.world.token_changes = {"id_token": assemble({"alg": "none"}, claims, b"")}
        assert stage.refuse(back).reason == reason


def matters_accept_unsupported_alg() -> None:
    """Every registered algorithm is supported, so what nobody knows is refused whatever this says."""
    for accepts in (True, False):
        stage = Stage(accept_unsupported_alg=accepts)
        back = stage.come_back()
        (asked,) = stage.world.codes.values()
        claims = id_claims(stage.world.clock.now(), nonce=asked["nonce"])
        stage.world.token_changes = {"id_token": assemble({"alg": "XX256"}, claims)}
        assert stage.refuse(back).reason == "token_algorithm"


# --- tokens over time


def matters_renew_access_token_on_expiry() -> None:
    """By the refresh token; otherwise the session goes on without one."""
    for renews, refreshes in ((True, 1), (False, 0)):
        stage = Stage(renew_access_token_on_expiry=renews)
        stage.sign_in()
        stage.world.clock.advance(400)
        assert ("x-access-token" in stage.told()) is renews
        assert stage.refreshes() == refreshes


def matters_access_token_expires_in() -> None:
    """Where the provider does not say."""
    for attributes, refreshes in (({}, 0), ({"access_token_expires_in": 60}, 1)):
        stage = Stage(**attributes)
        stage.world.token_changes = {"expires_in": None}
        stage.sign_in()
        stage.world.clock.advance(100)
        stage.told()
        assert stage.refreshes() == refreshes


def matters_access_token_expires_leeway() -> None:
    """Some seconds earlier."""
    for leeway, refreshes in ((0, 0), (100, 1)):
        stage = Stage(access_token_expires_leeway=leeway)
        stage.sign_in()
        stage.world.clock.advance(250)
        stage.told()
        assert stage.refreshes() == refreshes


def matters_refresh_session_interval() -> None:
    """The provider has to confirm the session, whatever the access token says."""
    for attributes, refreshes in (({}, 0), ({"refresh_session_interval": 900}, 1)):
        stage = Stage(**attributes)
        stage.world.token_changes = LONG
        stage.sign_in()
        stage.world.clock.advance(1000)
        stage.told()
        assert stage.refreshes() == refreshes


def matters_force_reauthorize() -> None:
    """The navigation that returns is served, the next one asks again."""
    for forces, statuses in ((False, [200, 200]), (True, [200, 302])):
        stage = Stage(force_reauthorize=forces)
        stage.sign_in()
        assert [stage.status(stage.open()) for _ in range(2)] == statuses


# --- the session


def matters_session() -> None:
    """Without one, a route that verifies bearer tokens sends nobody to sign in."""
    assert [stage.status(stage.open()) for stage in (Stage(use_jwks=True), Stage(use_jwks=True, session=None))] == [
        302,
        401,
    ]


def matters_session_secret() -> None:
    """What another secret sealed is no session; in a list all of them open."""
    stage = Stage()
    stage.sign_in()

    for secret, status in ((["a-new-session-secret", SECRET], 200), ("a-new-session-secret", 302)):
        stage.visitor.plugin = stage.build(session={"secret": secret})
        assert stage.status(stage.open()) == status


def matters_session_cookie() -> None:
    """Its own lifetime is all there is."""
    matters_session_cookie_lifetime()


def matters_session_cookie_lifetime() -> None:
    """How long a person stays signed in."""
    for cookie, status in (({}, 302), ({"lifetime": 7200}, 200)):
        stage = Stage(session={"secret": SECRET, "cookie": cookie})
        stage.world.token_changes = LONG
        stage.sign_in()
        stage.world.clock.advance(3700)
        assert stage.status(stage.open()) == status


def matters_session_storage() -> None:
    """The browser keeps a ticket, the store the session."""
    stage, other = Stage(), Stage(session={"secret": SECRET, "storage": "redis", "redis": {}})
    stage.sign_in()
    other.sign_in()

    assert not stage.world.stores.opened
    (store,) = other.world.stores.opened.values()
    assert store.count("write") + store.count("create") >= 1
    assert other.told()["x-access-token"] == "an-access-token"
    assert len(other.visitor.request(PAGE).cookie) < len(stage.visitor.request(PAGE).cookie)


def matters_session_redis() -> None:
    """Which server."""
    assert redis_of(host="redis.example") != redis_of()


def matters_session_redis_host() -> None:
    """Where it is."""
    assert (redis_of().host, redis_of(host="redis.example").host) == ("127.0.0.1", "redis.example")


def matters_session_redis_port() -> None:
    """At which port."""
    assert (redis_of().port, redis_of(port=6380).port) == (6379, 6380)


def matters_session_redis_password() -> None:
    """What AUTH shows."""
    assert (redis_of().password, redis_of(password="hush").password) == (None, "hush")


def matters_session_redis_username() -> None:
    """And as whom."""
    assert (redis_of().username, redis_of(username="door").username) == (None, "door")


def matters_session_redis_database() -> None:
    """Which of its databases."""
    assert (redis_of().database, redis_of(database=3).database) == (0, 3)


def matters_session_redis_prefix() -> None:
    """What keys begin with."""
    assert (redis_of().prefix, redis_of(prefix="shop").prefix) == ("sessions", "shop")


def matters_session_redis_ssl() -> None:
    """Whether by TLS."""
    assert (redis_of().tls, redis_of(ssl=True).tls) == (False, True)


def matters_session_redis_ssl_verify() -> None:
    """Whether its certificate is checked."""
    assert (redis_of(ssl=True).tls_verify, redis_of(ssl=True, ssl_verify=False).tls_verify) == (True, False)


def matters_session_redis_server_name() -> None:
    """For which name."""
    assert (redis_of().server_name, redis_of(ssl=True, server_name="r.example").server_name) == (None, "r.example")


def matters_session_redis_connect_timeout() -> None:
    """In milliseconds."""
    assert (redis_of().connect_timeout_s, redis_of(connect_timeout=250).connect_timeout_s) == (1.0, 0.25)


def matters_session_redis_send_timeout() -> None:
    """In milliseconds."""
    assert (redis_of().send_timeout_s, redis_of(send_timeout=250).send_timeout_s) == (1.0, 0.25)


def matters_session_redis_read_timeout() -> None:
    """In milliseconds."""
    assert (redis_of().read_timeout_s, redis_of(read_timeout=250).read_timeout_s) == (1.0, 0.25)


def matters_session_redis_keepalive_timeout() -> None:
    """In milliseconds."""
    assert (redis_of().keepalive_s, redis_of(keepalive_timeout=2500).keepalive_s) == (10.0, 2.5)


def matters_session_redis_sentinels() -> None:
    """Who knows which server it is."""
    assert watched().sentinels == (("10.0.0.1", 26379),)
    assert redis_of().sentinels == ()


def matters_session_redis_sentinels_host() -> None:
    """Each by its name."""
    assert watched(sentinels=[{"host": "10.0.0.9"}]).sentinels == (("10.0.0.9", 26379),)


def matters_session_redis_sentinels_port() -> None:
    """And its port."""
    assert watched(sentinels=[{"host": "10.0.0.1", "port": 5000}]).sentinels == (("10.0.0.1", 5000),)


def matters_session_redis_master_name() -> None:
    """By which name."""
    assert (watched().master_name, watched(master_name="other").master_name) == ("shop", "other")


def matters_session_redis_sentinel_username() -> None:
    """As whom they are asked."""
    assert (watched().sentinel_username, watched(sentinel_username="door").sentinel_username) == (None, "door")


def matters_session_redis_sentinel_password() -> None:
    """With what."""
    assert (watched().sentinel_password, watched(sentinel_password="hush").sentinel_password) == (None, "hush")


def matters_session_redis_cluster_nodes() -> None:
    """Where a cluster begins."""
    nodes = [{"host": "10.0.0.1"}, {"host": "10.0.0.2", "port": 7000}]
    assert redis_of(cluster_nodes=nodes).cluster_nodes == (("10.0.0.1", 6379), ("10.0.0.2", 7000))
    assert redis_of().cluster_nodes == ()


def matters_session_redis_cluster_nodes_host() -> None:
    """Each by its name."""
    assert redis_of(cluster_nodes=[{"host": "10.0.0.9"}]).cluster_nodes == (("10.0.0.9", 6379),)


def matters_session_redis_cluster_nodes_port() -> None:
    """And its port."""
    assert redis_of(cluster_nodes=[{"host": "10.0.0.1", "port": 7000}]).cluster_nodes == (("10.0.0.1", 7000),)


def matters_session_redis_wait_replicas() -> None:
    """How many have to have a write."""
    assert (redis_of().wait_replicas, redis_of(wait_replicas=1).wait_replicas) == (0, 1)


def matters_session_contents() -> None:
    """Everything, or what is listed: here nothing but that somebody is there."""
    stage, other = Stage(), Stage(session_contents={})
    stage.sign_in()
    other.sign_in()

    assert {"x-access-token", "x-id-token", "x-userinfo"} <= set(stage.told())
    assert not {"x-access-token", "x-id-token", "x-userinfo"} & set(other.told())


def matters_session_contents_access_token() -> None:
    """For its header, and for renewal."""
    assert kept(access_token=True) == {"x-access-token"}


def matters_session_contents_id_token() -> None:
    """For its header."""
    assert kept(id_token=True) == {"x-id-token"}


def matters_session_contents_user() -> None:
    """For its header."""
    assert kept(user=True) == {"x-userinfo"}


def matters_session_contents_enc_id_token() -> None:
    """For the hint at sign-out."""
    for keeps in (False, True):
        stage = leaving(session_contents={"enc_id_token": keeps})
        assert ("id_token_hint=" in location_of(stage.open(LOGOUT, headers=OWN_LINK))) is keeps


# --- signing out


def matters_logout_path() -> None:
    """This one signs out, others do not."""
    for path, status in (("/anything/bye", 302), ("/anything/stay", 200)):
        stage = leaving()
        stage.open(f"{ORIGIN}{path}", headers=OWN_LINK)
        assert stage.status(stage.open()) == status


def matters_backchannel_logout_path() -> None:
    """Where the provider says that somebody left."""
    for attributes, status in (({}, 200), ({"backchannel_logout_path": "/anything/told"}, 401)):
        stage = elsewhere(**attributes)
        form = f"logout_token={sign(logout_claims(stage.world.clock.now()))}"
        settle(stage.visitor.post(f"{ORIGIN}/anything/told", form, cookie=""))
        stage.world.clock.advance(1)
        assert stage.status(stage.open(headers=CALL)) == status


def matters_frontchannel_logout_path() -> None:
    """Where a frame of the provider says so."""
    for attributes, status in (({}, 200), ({"frontchannel_logout_path": "/anything/framed"}, 401)):
        stage = elsewhere(**attributes)
        stage.open(f"{ORIGIN}/anything/framed?iss={ISSUER}&sid=session-1", cookie="")
        stage.world.clock.advance(1)
        assert stage.status(stage.open(headers=CALL)) == status


def matters_post_logout_redirect_uri() -> None:
    """Where the provider sends people afterwards."""
    for attributes, told in (({}, False), ({"post_logout_redirect_uri": f"{ORIGIN}/bye"}, True)):
        location = location_of(leaving(**attributes).open(LOGOUT, headers=OWN_LINK))
        assert location.startswith(END_SESSION)
        assert ("post_logout_redirect_uri=" in location) is told


def matters_revoke_tokens_on_logout() -> None:
    """The provider hears of it, for each token."""
    for revokes, hints in ((False, []), (True, ["refresh_token", "access_token"])):
        stage = leaving(revoke_tokens_on_logout=revokes)
        stage.world.http.answers[REVOCATION] = answer_json({})
        stage.open_and_finish(LOGOUT, headers=OWN_LINK)
        assert [form["token_type_hint"] for form in stage.forms(REVOCATION)] == hints


# --- what the upstream is told


def matters_set_access_token_header() -> None:
    """X-Access-Token."""
    assert told("x-access-token") == "an-access-token"
    assert told("x-access-token", set_access_token_header=False) is None


def matters_access_token_in_authorization_header() -> None:
    """Authorization in its place."""
    assert told("authorization", access_token_in_authorization_header=True) == "Bearer an-access-token"
    assert told("x-access-token", access_token_in_authorization_header=True) is None


def matters_set_id_token_header() -> None:
    """X-ID-Token: claims."""
    header = told("x-id-token")
    assert header is not None
    assert read_header(header)["sub"] == "user-1"
    assert told("x-id-token", set_id_token_header=False) is None


def matters_set_userinfo_header() -> None:
    """X-Userinfo."""
    header = told("x-userinfo")
    assert header is not None
    assert read_header(header)["name"] == "Quick Start"
    assert told("x-userinfo", set_userinfo_header=False) is None


def matters_set_refresh_token_header() -> None:
    """X-Refresh-Token."""
    assert told("x-refresh-token") is None
    assert told("x-refresh-token", set_refresh_token_header=True) == "a-refresh-token-0"


# --- bearer tokens


def matters_bearer_only() -> None:
    """A session is not looked at, and nobody is sent to sign in."""
    assert [stage.status(stage.open()) for stage in (Stage(), Stage(bearer_only=True, use_jwks=True))] == [302, 401]


def matters_realm() -> None:
    """In the challenge."""
    for attributes, realm in (({}, "apisix"), ({"realm": "shop"}, "shop")):
        page = Stage(session=None, use_jwks=True, **attributes).refuse()
        assert dict(page.headers)["WWW-Authenticate"] == f'Bearer realm="{realm}"'


def matters_required_scopes() -> None:
    """For tokens and for sessions."""
    for scopes, status in ((["profile"], 200), (["orders"], 403)):
        stage = Stage(required_scopes=scopes, use_jwks=True)
        assert stage.status(stage.show(sign(access_claims()))) == status
        stage.sign_in()
        assert stage.status(stage.open()) == status


def matters_public_key() -> None:
    """It verifies, whatever the provider publishes."""
    key: Key = make_key(number=7)
    stage = Stage(session=None, public_key=public_pem(key).decode())

    assert stage.status(stage.show(sign(access_claims(), key))) == 200
    assert stage.status(stage.show(sign(access_claims()))) == 401
    assert stage.calls(JWKS_URI) == []


def matters_use_jwks() -> None:
    """The provider's keys verify; without them a session is all that counts."""
    stage, other = Stage(), Stage(use_jwks=True)

    assert [each.status(each.show(sign(access_claims()))) for each in (stage, other)] == [401, 200]
    assert len(other.calls(JWKS_URI)) == 1


def matters_token_signing_alg_values_expected() -> None:
    """No other algorithm counts."""
    for algorithm, status in (("RS256", 200), ("ES256", 401)):
        stage = Stage(session=None, use_jwks=True, token_signing_alg_values_expected=algorithm)
        assert stage.status(stage.show(sign(access_claims()))) == status


def matters_introspection_endpoint() -> None:
    """Where tokens are introspected; else where the metadata says."""
    stage, other = Stage(bearer_only=True), Stage(bearer_only=True, introspection_endpoint=f"{ISSUER}/other")
    other.world.http.answers[f"{ISSUER}/other"] = answer_json({"active": True, "exp": 2_000_000_000})
    stage.show("opaque")

    assert len(stage.calls(INTROSPECTION)) == 1
    assert other.status(other.show("opaque")) == 200
    assert other.calls(INTROSPECTION) == []


def matters_jwt_verification_cache_ignore() -> None:
    """Nothing is remembered: every request asks again."""
    for ignores, calls in ((False, 1), (True, 2)):
        stage = introspecting(jwt_verification_cache_ignore=ignores)
        stage.show("opaque")
        stage.show("opaque")
        assert len(stage.calls(INTROSPECTION)) == calls


def matters_cache_segment() -> None:
    """Routes that agree in it share what introspection answered."""
    for segment, calls in (("a", 1), ("b", 2)):
        stage = introspecting(cache_segment="a")
        stage.show("opaque")
        stage.visitor.plugin = stage.build(bearer_only=True, cache_segment=segment)
        stage.show("opaque")
        assert len(stage.calls(INTROSPECTION)) == calls


def matters_introspection_interval() -> None:
    """How long an answer is remembered at most."""
    for interval, calls in ((0, 1), (60, 2)):
        stage = introspecting(introspection_interval=interval)
        stage.show("opaque")
        stage.world.clock.advance(100)
        stage.show("opaque")
        assert len(stage.calls(INTROSPECTION)) == calls


def matters_introspection_expiry_claim() -> None:
    """Which claim says how long: any other than `exp` in seconds from now."""
    for claim, calls in (("exp", 1), ("ttl", 2)):
        stage = introspecting(introspection_expiry_claim=claim)
        stage.active["ttl"] = 50
        stage.show("opaque")
        stage.world.clock.advance(100)
        stage.show("opaque")
        assert len(stage.calls(INTROSPECTION)) == calls


def matters_introspection_addon_headers() -> None:
    """Headers of the request that go along."""
    for attributes, sent in (({}, None), ({"introspection_addon_headers": ["X-Tenant", "X-Absent"]}, "acme")):
        stage = introspecting(**attributes)
        stage.show("opaque", **{"X-Tenant": "acme"})
        headers = {name.lower(): value for name, value in stage.calls(INTROSPECTION)[0].headers}
        assert headers.get("x-tenant") == sent
        assert "x-absent" not in headers


def matters_claim_validator() -> None:
    """Nothing besides what is always checked, unless it says so."""
    matters_claim_validator_issuer_valid_issuers()


def matters_claim_validator_issuer_valid_issuers() -> None:
    """Other issuers than the provider's."""
    rule = {"issuer": {"valid_issuers": [OTHER]}}
    for attributes, issuer, status in (
        ({}, OTHER, 401),
        ({"claim_validator": rule}, OTHER, 200),
        ({"claim_validator": rule}, ISSUER, 401),
    ):
        stage = Stage(session=None, use_jwks=True, **attributes)
        assert stage.status(stage.show(sign(access_claims(iss=issuer)))) == status


def matters_claim_validator_audience() -> None:
    """Not checked, unless it says so."""
    matters_claim_validator_audience_match_with_client_id()


def matters_claim_validator_audience_claim() -> None:
    """Which claim names it."""
    for rule, status in (({"required": True}, 200), ({"required": True, "claim": "audience"}, 403)):
        assert judge_audience(rule) == status


def matters_claim_validator_audience_required() -> None:
    """A token without one is refused."""
    for required, status in ((False, 200), (True, 403)):
        assert judge_audience({"required": required}, aud=None) == status


def matters_claim_validator_audience_match_with_client_id() -> None:
    """It has to be us."""
    for matches, status in ((False, 200), (True, 403)):
        assert judge_audience({"match_with_client_id": matches}) == status
    assert judge_audience({"match_with_client_id": True}, aud=["account", CLIENT_ID]) == 200


def matters_claim_schema() -> None:
    """What has to be known about a person."""
    for name, status in (("name", 200), ("department", 401)):
        schema = {"type": "object", "properties": {"user": {"type": "object", "required": [name]}}}
        stage = Stage(claim_schema=schema)
        stage.sign_in()
        assert stage.status(stage.open()) == status


# --- what came after the reference


def matters_authorization_endpoint() -> None:
    """In place of the metadata's."""
    location = location_of(Stage(authorization_endpoint=f"{OTHER}/authorize").open())

    assert location.startswith(f"{OTHER}/authorize?")


def matters_token_endpoint() -> None:
    """In place of the metadata's."""
    stage = Stage(token_endpoint=f"{OTHER}/token")
    stage.world.http.answers[f"{OTHER}/token"] = stage.world.http.answers.pop(TOKEN_ENDPOINT)

    assert stage.sign_in().reason == "login_finished"


def matters_userinfo_endpoint() -> None:
    """In place of the metadata's."""
    stage = Stage(userinfo_endpoint=f"{OTHER}/userinfo")
    stage.world.http.answers[f"{OTHER}/userinfo"] = answer_json({"sub": "user-1", "name": "Other"})
    stage.sign_in()

    assert read_header(stage.told()["x-userinfo"])["name"] == "Other"


def matters_jwks_uri() -> None:
    """In place of the metadata's."""
    stage = Stage(session=None, use_jwks=True, jwks_uri=f"{OTHER}/keys")
    stage.world.http.answers[f"{OTHER}/keys"] = stage.world.http.answers.pop(JWKS_URI)

    assert stage.status(stage.show(sign(access_claims()))) == 200


def matters_end_session_endpoint() -> None:
    """In place of the metadata's."""
    stage = leaving(end_session_endpoint=f"{OTHER}/logout")

    assert location_of(stage.open(LOGOUT, headers=OWN_LINK)).startswith(f"{OTHER}/logout?")


def matters_revocation_endpoint() -> None:
    """In place of the metadata's."""
    stage = leaving(revoke_tokens_on_logout=True, revocation_endpoint=f"{OTHER}/revoke")
    stage.world.http.answers[f"{OTHER}/revoke"] = answer_json({})
    stage.open_and_finish(LOGOUT, headers=OWN_LINK)

    assert len(stage.calls(f"{OTHER}/revoke")) == 2


def matters_client_jwt_assertion_alg() -> None:
    """What assertions are signed with."""
    for attributes, algorithm in (({}, "RS256"), ({"client_jwt_assertion_alg": "PS512"}, "PS512")):
        stage = Stage(**private_key(), **attributes)
        stage.sign_in()
        assert read_assertion(stage)[0]["alg"] == algorithm


def matters_client_jwt_assertion_audience() -> None:
    """Whom assertions are for."""
    for attributes, audience in (({}, TOKEN_ENDPOINT), ({"client_jwt_assertion_audience": ISSUER}, ISSUER)):
        stage = Stage(**private_key(), **attributes)
        stage.sign_in()
        assert read_assertion(stage)[1]["aud"] == audience


def matters_session_cookie_name() -> None:
    """What the cookie is called."""
    assert session_cookie()[0].startswith("ostiary_session_")
    assert session_cookie(cookie_name="shop")[0].startswith("shop=")


def matters_session_cookie_path() -> None:
    """Below which path it is sent."""
    assert "Path=/" in session_cookie()
    assert "Path=/anything" in session_cookie(cookie_path="/anything")


def matters_session_cookie_domain() -> None:
    """To which hosts."""
    assert not [part for part in session_cookie() if part.startswith("Domain=")]
    assert "Domain=shop.example" in session_cookie(cookie_domain="shop.example")


def matters_session_cookie_secure() -> None:
    """Over https only."""
    assert "Secure" not in session_cookie()
    assert "Secure" in session_cookie(cookie_secure=True)


def matters_session_cookie_http_only() -> None:
    """Not for scripts."""
    assert "HttpOnly" in session_cookie()
    assert "HttpOnly" not in session_cookie(cookie_http_only=False)


def matters_session_cookie_same_site() -> None:
    """With which requests from other sites."""
    assert "SameSite=Lax" in session_cookie()
    assert "SameSite=Strict" in session_cookie(cookie_same_site="Strict")


def matters_session_idling_timeout() -> None:
    """Unused for so long."""
    assert [visits(1000), visits(1000, idling_timeout=900)] == [[200], [302]]
    assert visits(500, 500, idling_timeout=900) == [200, 200]


def matters_session_rolling_timeout() -> None:
    """Not renewed for so long."""
    assert [visits(1000), visits(1000, rolling_timeout=900)] == [[200], [302]]


def matters_session_absolute_timeout() -> None:
    """Whatever happens, in place of the cookie's lifetime."""
    assert [visits(1000), visits(500, 500, absolute_timeout=900)] == [[200], [200, 302]]
    assert visits(4000, absolute_timeout=7200) == [200]


def matters_session_revalidate_s() -> None:
    """How long a session of a store counts without the store."""
    for seconds, status in ((1, 503), (60, 200)):
        stage = Stage(session={"secret": SECRET, "storage": "redis", "redis": {}, "revalidate_s": seconds})
        stage.sign_in()
        stage.open()
        for store in (stage.world.stores.shared, *stage.world.stores.opened.values()):
            store.is_down = True
        stage.world.clock.advance(30)
        assert stage.status(stage.open()) == status


def matters_session_sqlite() -> None:
    """Which file."""
    matters_session_sqlite_path()


def matters_session_sqlite_path() -> None:
    """Where it is."""
    for sqlite, path in (({}, "ostiary-sessions.db"), ({"path": "./shop.db"}, "shop.db")):
        stage = Stage(session={"secret": SECRET, "storage": "sqlite", "sqlite": sqlite})
        stage.sign_in()
        (settings,) = stage.world.stores.opened
        assert str(getattr(settings, "path", "")).endswith(path)


def matters_claim_validator_issuer() -> None:
    """The provider's, unless it says otherwise."""
    matters_claim_validator_issuer_valid_issuers()


def matters_set_raw_id_token_header() -> None:
    """X-Raw-ID-Token: as it was signed."""
    assert told("x-raw-id-token") is None
    assert (told("x-raw-id-token", set_raw_id_token_header=True) or "").count(".") == 2


# --- what they share


def session_cookie(**fields: Any) -> list[str]:
    """The Set-Cookie of a finished sign-in, in its parts."""
    stage = Stage(session={"secret": SECRET, **fields})
    written = [value for name, value in stage.sign_in().headers if name == "Set-Cookie"]
    (cookie,) = [value for value in written if not value.startswith(("ostiary_login_", "__Host-ostiary_login_"))]
    return cookie.split("; ")


def visits(*pauses_s: int, **fields: Any) -> list[int]:
    """How a person who is signed in is answered after each pause."""
    stage = Stage(session={"secret": SECRET, **fields})
    stage.world.token_changes = LONG
    stage.sign_in()
    statuses = []
    for pause_s in pauses_s:
        stage.world.clock.advance(pause_s)
        statuses.append(stage.status(stage.open()))
    return statuses


def basic(secret: str) -> str:
    """HTTP Basic of the usual client."""
    return "Basic " + b64encode(f"{CLIENT_ID}:{secret}".encode()).decode()


def authorization_of(stage: Stage, url: str) -> str | None:
    """What the first call to an address showed in Authorization."""
    return dict(stage.calls(url)[0].headers).get("Authorization")


def private_key() -> dict[str, Any]:
    """A client that signs."""
    key = make_key(number=9)
    pem = key.as_pem(private=True).decode()  # type: ignore[union-attr]
    return {"token_endpoint_auth_method": "private_key_jwt", "client_rsa_private_key": pem}


def read_assertion(stage: Stage) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of the first assertion at the token endpoint."""
    header, claims, _ = stage.forms()[0]["client_assertion"].split(".")
    return dict(read_header(f"{header}==")), dict(read_header(f"{claims}=="))


def introspecting(**attributes: Any) -> Stage:
    """A route that introspects, and a token that is active for five minutes."""
    stage = Stage(bearer_only=True, **attributes)
    stage.active = {"active": True, "sub": "user-1", "exp": int(stage.world.clock.now()) + 300}
    return stage


def proxy_of(discovery: str, **fields: str) -> Any:
    """The proxy that discovery takes."""
    stage = Stage(discovery=discovery, proxy_opts=fields)
    stage.open()
    return stage.world.http.calls[0].proxy


def watched(**fields: Any) -> Any:
    """The settings of a Redis under a sentinel."""
    return redis_of(**{"sentinels": [{"host": "10.0.0.1"}], "master_name": "shop", **fields})


def redis_of(**fields: Any) -> Any:
    """The settings of the Redis that sessions are kept in."""
    stage = Stage(session={"secret": SECRET, "storage": "redis", "redis": fields})
    stage.sign_in()
    (settings,) = stage.world.stores.opened
    return settings


def kept(**contents: bool) -> set[str]:
    """Which headers a session with these contents gives."""
    stage = Stage(session_contents=contents)
    stage.sign_in()
    return {"x-access-token", "x-id-token", "x-userinfo"} & set(stage.told())


def leaving(**attributes: Any) -> Stage:
    """A person who is signed in at a provider where one can sign out."""
    world = SignInWorld()
    world.publish(end_session_endpoint=END_SESSION, revocation_endpoint=REVOCATION)
    stage = Stage(world, logout_path="/anything/bye", **attributes)
    stage.sign_in()
    return stage


def elsewhere(**attributes: Any) -> Stage:
    """A person who is signed in here, by the provider's session `session-1`."""
    world = SignInWorld()
    world.claim_changes = {"sid": "session-1"}
    stage = Stage(world, **attributes)
    stage.sign_in()
    return stage


def told(header: str, **attributes: Any) -> str | None:
    """What the upstream is told in one header about a person who is signed in."""
    stage = Stage(**attributes)
    stage.sign_in()
    return stage.told().get(header)


def judge_audience(rule: dict[str, Any], **claims: Any) -> int:
    """How a token is answered under an audience rule."""
    stage = Stage(session=None, use_jwks=True, claim_validator={"audience": rule})
    return stage.status(stage.show(sign(access_claims(**claims))))
