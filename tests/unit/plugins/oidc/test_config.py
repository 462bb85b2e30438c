"""The configuration as a whole: the documented examples, all problems at once, and names that are none."""

from typing import Any

import pytest
import yaml

from ostiary.plugins.oidc.config import OidcConfig
from tests.fakes.oidc_configs import LEFT_OUT, find_problems, make_oidc
from tests.reference.documents import OIDC_ALIYUN, OIDC_AUTH0, OIDC_KEYCLOAK
from tests.reference.oidc_bad_values import BAD_VALUES


@pytest.mark.parametrize("example", [OIDC_AUTH0, OIDC_KEYCLOAK, OIDC_ALIYUN])
def test_the_documented_examples_stand(example: str) -> None:
    """As they are written."""
    config = OidcConfig.model_validate(yaml.safe_load(example))

    assert "http://foo.bar.com/oauth2/callback" == config.callback_url


def test_the_defaults_are_the_documents() -> None:
    """Not those of the code behind it."""
    config = make_oidc()

    assert ("_oauth2_proxy", "/", "168h0m0s", "0", True, True, "", False, "15m") == (
        config.cookie_name, config.cookie_path, config.cookie_expire, config.cookie_refresh, config.cookie_secure,
        config.cookie_httponly, config.cookie_samesite, config.cookie_csrf_per_request, config.cookie_csrf_expire,
    )  # fmt: skip
    assert ("oidc", True, 2000, "whitelist", ()) == (
        config.provider, config.pass_authorization_header, config.oidc_verifier_request_timeout, config.match_type,
        config.match_list,
    )  # fmt: skip


def test_all_problems_are_told_at_once() -> None:
    """Whatever they are about."""
    problems = find_problems(
        client_id="", cookie_secret="short", cookie_expire=3600, match_type="grey", redirect_url="x",
        oidc_issuer_url="y", service_port=80, nonsense=1,
    )  # fmt: skip

    assert {
        "client_id", "cookie_secret", "cookie_expire", "match_type", "redirect_url", "oidc_issuer_url", "service_port",
        "nonsense",
    } == set(problems)  # fmt: skip


@pytest.mark.parametrize("name", sorted(OidcConfig.refused))
def test_a_refused_name_says_what_stands_in_its_place(name: str) -> None:
    """It is never ignored."""
    problems = find_problems(**{name: "x"})

    assert [name] == list(problems)
    assert OidcConfig.refused[name] in problems[name]


@pytest.mark.parametrize(("name", "ours"), sorted(OidcConfig.renamed.items()))
def test_a_name_from_elsewhere_is_told_ours(name: str, ours: str) -> None:
    """And ours is one."""
    assert f"did you mean `{ours}`?" in find_problems(**{name: "x"})[name]
    assert ours in OidcConfig.model_fields


def test_every_name_is_one_thing() -> None:
    """An option, refused or renamed."""
    fields = set(OidcConfig.model_fields)

    assert set() == fields & {*OidcConfig.refused, *OidcConfig.renamed}
    assert set() == set(OidcConfig.refused) & set(OidcConfig.renamed)
    assert fields <= set(BAD_VALUES)


@pytest.mark.parametrize(
    ("written", "issuer"),
    [
        ({"oidc_issuer_url": "https://id.example/"}, "https://id.example/"),
        ({"provider": "aliyun", "oidc_issuer_url": LEFT_OUT}, "https://oauth.aliyun.com"),
        ({"provider": "github", "oidc_issuer_url": LEFT_OUT}, "https://github.com"),
    ],
)
def test_the_issuer_is_what_is_written_or_what_the_provider_is(written: dict[str, Any], issuer: str) -> None:
    """GitHub is none, and its address stands for one."""
    assert issuer == make_oidc(**written).issuer


@pytest.mark.parametrize(
    ("written", "counts"),
    [({}, False), ({"allowed_groups": "a"}, True), ({"allowed_emails": "a@b"}, True), ({"email_domains": "b"}, True),
     ({"pass_user_headers": True}, True)],
)  # fmt: skip
def test_it_is_known_whether_people_count(written: dict[str, Any], counts: bool) -> None:
    """Then userinfo is worth asking for."""
    assert counts is make_oidc(**written).counts_people
