"""The configuration of `oauth2`."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.config.explaining import explain
from ostiary.plugins.oauth2.config import OAuth2Config

CONSUMER = {"name": "consumer1", "client_id": "id-1", "client_secret": "a-secret"}
DOCUMENTED = {
    "consumers", "issuer", "auth_path", "global_credentials", "auth_header_name", "token_ttl", "clock_skew_seconds",
    "keep_token", "global_auth", "allow",
}  # fmt: skip


def read(**attributes: Any) -> OAuth2Config:
    """Read a rule with one consumer."""
    return OAuth2Config.model_validate({"consumers": [CONSUMER]} | attributes)


def problems(written: dict[str, Any]) -> list[str]:
    """Return what the operator is told is wrong."""
    with pytest.raises(ValidationError) as refused:
        OAuth2Config.model_validate(written)
    return [str(problem) for problem in explain(refused.value, OAuth2Config, written, (), {})]


def test_every_documented_field_has_its_documented_default() -> None:
    """And there is none of the document's that is missing."""
    config = read()

    assert set(OAuth2Config.model_fields) >= DOCUMENTED
    assert ("Higress-Gateway", "/oauth2/token", "Authorization") == (
        config.issuer, config.auth_path, config.auth_header_name,
    )  # fmt: skip
    assert (7200, 60, True) == (config.token_ttl, config.clock_skew_seconds, config.keep_token)
    assert (None, None, None) == (config.global_credentials, config.global_auth, config.allow)
    assert config.allow_query_credentials


def test_values_may_come_from_variables() -> None:
    """Which hold text only."""
    config = read(token_ttl="90", clock_skew_seconds="0", keep_token="false", global_auth="true", auth_header="X-Token")

    assert (90, 0, False, True) == (
        config.token_ttl, config.clock_skew_seconds, config.keep_token, config.global_auth,
    )  # fmt: skip
    assert "X-Token" == config.auth_header_name


def test_consumers_are_written_with_numbers_too() -> None:
    """They are read as their digits."""
    consumers = read(consumers=[{"name": 1, "client_id": 2, "client_secret": 3}]).consumers

    assert consumers is not None
    secret = consumers[0].client_secret
    assert secret is not None
    assert ("1", "2", "3") == (consumers[0].name, consumers[0].client_id, secret.get_secret_value())


def test_a_rule_may_be_allow_alone() -> None:
    """Also an empty list, which lets nobody pass."""
    assert ("consumer1",) == OAuth2Config.model_validate({"allow": ["consumer1"]}).allow
    assert () == OAuth2Config.model_validate({"allow": []}).allow


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({}, "consumers are required, but missing"),
        ({"consumers": None}, "consumers are required, but missing"),
        ({"consumers": []}, "consumers: expected at least 1"),
        ({"consumers": [CONSUMER], "allow": ["consumer1"]}, "allow: `allow` restricts what a wider level configures"),
        ({"allow": ["consumer1"], "token_ttl": 60}, "stands beside token_ttl"),
        ({"allow": "consumer1"}, "allow: expected"),
        ({"consumers": [CONSUMER, CONSUMER | {"client_id": "id-2"}]}, "consumers 0 and 1 have the same name"),
        ({"consumers": [CONSUMER, CONSUMER | {"name": "two"}]}, "consumers 0 and 1 have the same client_id"),
        ({"consumers": [{"name": "a", "client_id": "b"}]}, "consumers[0]: a consumer needs a `client_secret`"),
        (
            {"consumers": [CONSUMER | {"secret": "x"}]},
            "consumers[0].secret: unknown name; did you mean `client_secret`?",
        ),
        ({"consumers": [CONSUMER], "token_ttl": -1}, "token_ttl: expected"),
        ({"consumers": [CONSUMER], "token_ttl": "7200s"}, "token_ttl: expected"),
        ({"consumers": [CONSUMER], "clock_skew_seconds": 86_401}, "clock_skew_seconds: expected"),
        ({"consumers": [CONSUMER], "global_auth": ["true"]}, "global_auth: expected"),
        ({"consumers": [CONSUMER], "keep_token": "yes"}, "keep_token: expected"),
        ({"consumers": [CONSUMER], "auth_header": "A", "auth_header_name": "B"}, "auth_header: is the same as"),
        (
            {"consumers": [{"name": "consumer1"}], "client_id": "id-1", "client_secret": "a-secret"},
            "client_secret: is not an attribute here; indent it below its consumer",
        ),
        ({"consumers": [CONSUMER], "header_name": "A"}, "did you mean `auth_header_name`?"),
        ({"consumers": [CONSUMER], "global_credential": True}, "did you mean `global_credentials`?"),
    ],
)
def test_what_cannot_stand_is_told_with_a_remedy(written: dict[str, Any], words: str) -> None:
    """Every mistake by its place."""
    told = problems(written)

    assert any(words in line for line in told), told
    assert "a-secret" not in repr(told)


def test_the_secret_is_shown_nowhere() -> None:
    """Neither by the rule nor by the consumer."""
    assert "a-secret" not in repr(read())
