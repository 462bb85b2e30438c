"""One good and one bad value for each field of `oauth2`, and the test that shows where it matters. No test of its own.

`written` stands in a route's rule beside one consumer that is fine, in place of fields of the same name; `says` are
words of the message.
"""

from typing import Any, NamedTuple

from tests.fakes.client_keys import private_pem
from tests.reference.bad_values import LEFT_OUT, NUMBER, SWITCH

SECRET = "a-client-secret-for-tests-of-40-letters"
CONSUMER: dict[str, Any] = {"name": "billing", "client_id": "billing-id", "client_secret": SECRET}
_ENDPOINT = "tests/unit/authorization_server/test_token_endpoint.py"
_TOKENS = "tests/unit/authorization_server/test_issued_tokens.py"
_PLUGIN = "tests/unit/plugins/oauth2/test_plugin.py"
_END_TO_END = "tests/e2e/test_oauth2.py"
_BEYOND = "tests/unit/plugins/oauth2/test_beyond_config.py"
_DIGEST = "sha256:" + "0" * 64
_KEYS = {"signing_keys": [private_pem("EC P-256")]}


class Field(NamedTuple):
    """A field. With `path` the mistake is told there; "" is the rule itself."""

    matters: str
    good: dict[str, Any]
    bad: dict[str, Any]
    says: str
    path: str | None = None


def consumer(**changes: Any) -> dict[str, Any]:
    """Write the one consumer, changed."""
    changed = {name: value for name, value in {**CONSUMER, **changes}.items() if value is not LEFT_OUT}
    return {"consumers": [changed]}


FIELDS = {
    "consumers": Field(
        f"{_PLUGIN}::test_a_token_of_a_removed_consumer_is_refused_after_the_change",
        {"consumers": [CONSUMER, {**CONSUMER, "name": "other", "client_id": "other-id"}]},
        {"consumers": [CONSUMER, {**CONSUMER, "name": "other"}]}, "consumers 0 and 1 have the same client_id",
    ),
    "consumers[].name": Field(
        f"{_END_TO_END}::test_the_upstream_is_told_the_consumer_by_the_gateway_alone",
        consumer(name=4711), consumer(name="bill\ning"), "match",
    ),
    "consumers[].client_id": Field(
        f"{_ENDPOINT}::test_everything_else_is_refused_in_json", consumer(client_id=4711), consumer(client_id=""),
        "at least 1 characters",
    ),
    "consumers[].client_secret": Field(
        f"{_END_TO_END}::test_a_consumers_own_token_is_one_that_its_secret_made", consumer(client_secret=4711),
        consumer(client_secret=""), "anybody could make tokens",
    ),
    "issuer": Field(
        f"{_TOKENS}::test_every_rule_refuses_with_its_own_code", {"issuer": "https://shop.example"}, {"issuer": ""},
        "at least 1 characters",
    ),
    "auth_path": Field(
        f"{_ENDPOINT}::test_whole_segments_at_the_end_of_a_path_are_meant", {"auth_path": "token"},
        {"auth_path": "/token?x"}, "the end of a path, such as /oauth2/token",
    ),
    "global_credentials": Field(
        f"{_PLUGIN}::test_with_global_credentials_they_do", {"global_credentials": "true"}, {"global_credentials": 1},
        SWITCH,
    ),
    "auth_header_name": Field(
        "tests/unit/authorization_server/test_protection.py::test_another_header_may_bring_the_token",
        {"auth_header": "X-Token"}, {"auth_header_name": "Cookie"}, "no token can be there",
    ),
    "token_ttl": Field(
        f"{_TOKENS}::test_an_issued_token_is_one_that_verifies", {"token_ttl": "60"}, {"token_ttl": "2h"}, NUMBER
    ),
    "clock_skew_seconds": Field(
        f"{_TOKENS}::test_it_verifies_until_the_tolerance_after_its_expiry_is_over", {"clock_skew_seconds": 0},
        {"clock_skew_seconds": 1.5}, NUMBER,
    ),
    "keep_token": Field(
        f"{_TOKENS}::test_the_token_is_taken_out_where_it_shall_not_be_kept", {"keep_token": False},
        {"keep_token": "no"}, SWITCH,
    ),
    "global_auth": Field(
        f"{_PLUGIN}::test_global_auth_says_where_the_instance_is_in_force", {"global_auth": None},
        {"global_auth": True}, "for the instance level only", "",
    ),
    "allow": Field(
        f"{_PLUGIN}::test_allow_restricts_the_consumers_of_the_wider_rule", {"allow": None}, {"allow": ["billing"]},
        "keep `allow` alone in this rule",
    ),
    "allow_query_credentials": Field(
        f"{_ENDPOINT}::test_query_credentials_can_be_switched_off", {"allow_query_credentials": False},
        {"allow_query_credentials": "no"}, SWITCH,
    ),
    "consumers[].previous_client_secret": Field(
        f"{_BEYOND}::test_two_secrets_are_live_while_clients_change_over",
        consumer(previous_client_secret=SECRET[::-1]), consumer(previous_client_secret=""), "anybody could make tokens",
    ),
    "consumers[].client_secret_hash": Field(
        f"{_BEYOND}::test_a_secret_of_which_only_the_digest_stands_there_is_taken",
        {**consumer(client_secret=LEFT_OUT, client_secret_hash=_DIGEST), **_KEYS},
        {**consumer(client_secret=LEFT_OUT, client_secret_hash="md5:0"), **_KEYS}, "match",
    ),
    "consumers[].public_keys": Field(
        f"{_BEYOND}::test_a_client_proves_itself_by_an_assertion_once", consumer(public_keys=[]),
        consumer(public_keys=["x"]), "no PEM public key", "consumers[0].public_keys[0]",
    ),
    "consumers[].scopes": Field(
        f"{_BEYOND}::test_scopes_are_those_of_the_consumer", consumer(scopes=["read"]), consumer(scopes=["a b"]),
        "match", "consumers[0].scopes[0]",
    ),
    "consumers[].may_introspect": Field(
        f"{_BEYOND}::test_who_may_introspect_hears_what_a_token_says", consumer(may_introspect=True),
        consumer(may_introspect="no"), SWITCH,
    ),
    "signing_keys": Field(
        f"{_BEYOND}::test_keys_of_the_server_sign_and_are_published", _KEYS, {"signing_keys": ["x"]},
        "no PEM private key", "signing_keys[0]",
    ),
    "introspection": Field(
        f"{_BEYOND}::test_what_is_off_is_a_path_like_any_other", {"introspection": True}, {"introspection": "no"},
        SWITCH,
    ),
    "revocation": Field(
        f"{_BEYOND}::test_a_token_that_was_taken_back_counts_nowhere_within_a_second", {"revocation": True},
        {"revocation": "no"}, SWITCH,
    ),
}  # fmt: skip
