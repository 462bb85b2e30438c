"""docs/providers.md is true: every provider is there, the files it names exist, and Ostiary does what it says.

What a provider does is the provider's word; what is tried here is what Ostiary makes of it.
"""

import re
from typing import Any, NamedTuple

import pytest

from ostiary.cli.inert import make_inert_services
from ostiary.config.loading import load_content
from ostiary.config.reading import read_yaml
from ostiary.errors import ProviderFault
from ostiary.identity.metadata import read_metadata
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.wiring import load_registry
from tests.architecture.tree import ROOT
from tests.fakes.http_client import answer_json
from tests.fakes.sign_in import SignInWorld, location_of
from tests.reference.stage import ORIGIN, OWN_LINK, Stage
from tools.reference import list_attributes

DOCUMENT = (ROOT / "docs/providers.md").read_text("utf-8")
PROVIDERS = ("Keycloak", "oidc-provider", "Auth0", "Okta", "Microsoft Entra ID", "Google", "Aliyun", "Authgear")
RUN_FOR_REAL = ("Keycloak", "oidc-provider")
CODES = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/errors.md").read_text("utf-8"), re.MULTILINE))
ATTRIBUTES = {attribute.name for attribute in list_attributes(OpenIdConnectConfig)}
# Names in the answers that are no attributes, with an underscore as those have.
THEIR_OWN = {"id_token", "private_key_jwt"}
TENANT = "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee"
LOGOUT = f"{ORIGIN}/anything/bye"


class Section(NamedTuple):
    """What stands below a heading: the whole text, its configurations, and the rows of what is peculiar."""

    text: str
    configurations: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read_sections() -> dict[str, Section]:
    """Read the page, heading by heading."""
    parts = re.split(r"^## (.+)$", DOCUMENT, flags=re.MULTILINE)[1:]
    return {title: read_section(text) for title, text in zip(parts[::2], parts[1::2], strict=True)}


def read_section(text: str) -> Section:
    """Read one; the heads of its tables are no rows."""
    configurations = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^\| (.+) \|$", text, re.MULTILINE)
    rows = (tuple(line.split(" | ")) for line in lines)
    return Section(text, tuple(configurations), tuple(row for row in rows if not row[0].startswith(("---", "pecul"))))


SECTIONS = read_sections()
CONFIGURATIONS = [
    pytest.param(title, configuration, id=f"{title}-{number}")
    for title in PROVIDERS
    for number, configuration in enumerate(SECTIONS[title].configurations, 1)
]


@pytest.mark.parametrize(("title", "configuration"), CONFIGURATIONS)
def test_a_configuration_says_nothing_unexpected(title: str, configuration: str) -> None:
    """A notice of `ostiary check` stands in the section; that there is no error is tried for every document."""
    names = re.findall(r"\$ENV://(\w+)", configuration)
    environ = {name: f"the value of {name}, long enough for a secret" for name in names}
    loaded = load_content(configuration.encode(), environ, load_registry(), make_inert_services)

    assert configuration.startswith("# ostiary.yaml\n")
    assert loaded.snapshot is not None, loaded.problems
    assert [] == [notice for notice in loaded.snapshot.notices if notice not in SECTIONS[title].text]


@pytest.mark.parametrize(("title", "configuration"), CONFIGURATIONS)
def test_no_secret_is_written_out(title: str, configuration: str) -> None:
    """Whoever copies a configuration copies the habit."""
    written = re.findall(r"(?:secret|password): ?([^\s,}]+)", configuration)

    assert written, title
    assert [] == [value for value in written if not value.startswith(("$ENV://", "{"))]


@pytest.mark.parametrize("title", PROVIDERS)
def test_a_provider_has_its_section(title: str) -> None:
    """With a configuration, and what is peculiar there."""
    section = SECTIONS[title]

    assert section.configurations
    assert len(section.rows) > 3
    assert "redirect" in section.text.partition("```yaml")[0].lower()


@pytest.mark.parametrize("title", PROVIDERS)
def test_a_provider_has_its_row(title: str) -> None:
    """Which says what was run, by files that are there, or plainly that nothing was."""
    (row,) = [row for row in overview() if title.lower() in row[0].lower()]
    anchor = title.lower().replace(" ", "-")
    patterns = re.findall(r"`(tests/[^`]+)`", row[1])

    assert f"(#{anchor})" in row[0]
    assert (title in RUN_FOR_REAL) is bool(patterns)
    assert [] == [pattern for pattern in patterns if not list(ROOT.glob(pattern))]
    if title not in RUN_FOR_REAL:
        assert "nothing" == row[1]
        assert row[2].startswith("after its documentation")


def test_every_row_is_one_of_the_providers() -> None:
    """No more of them than are known here."""
    assert len(PROVIDERS) == len(overview())


@pytest.mark.parametrize("title", PROVIDERS)
def test_an_answer_names_what_there_is(title: str) -> None:
    """Each attribute and code that an answer names exists."""
    unknown = [
        name
        for row in SECTIONS[title].rows
        for name in re.findall(r"`([a-z]+(?:[_.][a-z_]+)+)`", row[-1])
        if name not in ATTRIBUTES | CODES | THEIR_OWN
    ]

    assert [] == unknown


def overview() -> list[tuple[str, ...]]:
    """The rows of the first table."""
    return [row for row in SECTIONS["What was run, and what was not"].rows if row[0].startswith("[")]


@pytest.mark.parametrize(
    ("discovery", "issuer"),
    [
        ("https://example.eu.auth0.com", "https://example.eu.auth0.com/"),
        ("https://example.okta.com", "https://example.okta.com"),
        ("https://example.okta.com/oauth2/default", "https://example.okta.com/oauth2/default"),
        (f"{TENANT}/v2.0", f"{TENANT}/v2.0"),
        ("https://accounts.google.com", "https://accounts.google.com"),
        ("https://oauth.aliyun.com", "https://oauth.aliyun.com"),
        ("https://example.authgear.cloud", "https://example.authgear.cloud"),
    ],
)
def test_the_issuer_of_a_provider_is_accepted(discovery: str, issuer: str) -> None:
    """As it documents it: Auth0's with its slash."""
    assert issuer == read(discovery, issuer)


@pytest.mark.parametrize(
    ("discovery", "issuer"),
    [
        ("https://login.microsoftonline.com/common/v2.0", "https://login.microsoftonline.com/{tenantid}/v2.0"),
        ("https://login.microsoftonline.com/organizations/v2.0", "https://login.microsoftonline.com/{tenantid}/v2.0"),
        ("https://login.microsoftonline.com/example.onmicrosoft.com/v2.0", f"{TENANT}/v2.0"),
        ("https://keycloak.internal:8080/realms/shop", "https://keycloak.example.com/realms/shop"),
    ],
)
def test_another_issuer_than_the_address_says_is_refused(discovery: str, issuer: str) -> None:
    """Entra's template, its tenants by domain, and a Keycloak that is called by another name."""
    with pytest.raises(ProviderFault) as refused:
        read(discovery, issuer)

    assert "issuer_mismatch" == refused.value.code


def test_the_issuer_of_version_1_tokens_can_be_vouched_for() -> None:
    """Entra's older metadata name an issuer on another host."""
    issuer = "https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/"

    assert issuer == read(TENANT, issuer, (issuer,))


def read(discovery: str, issuer: str, vouched: tuple[str, ...] = ()) -> str:
    """Read a provider's metadata as far as they matter here; return the issuer."""
    return read_metadata(
        answer_json({"issuer": issuer}), f"{discovery}/.well-known/openid-configuration", vouched
    ).issuer


@pytest.mark.parametrize(
    "parameters",
    [
        {"audience": "https://api.example.com"},
        {"resource": "https://api.example.com", "prompt": "consent"},
        {"access_type": "offline", "prompt": "consent", "hd": "example.com"},
    ],
)
def test_the_providers_own_parameters_reach_them(parameters: dict[str, str]) -> None:
    """With the authorization request."""
    asked = Stage(authorization_params=parameters).ask()

    assert parameters == {name: asked[name] for name in parameters}


@pytest.mark.parametrize(
    ("endpoint", "landing"),
    [
        ("https://example.eu.auth0.com/oidc/logout?federated", "https://www.example.com/"),
        ("https://example.eu.auth0.com/v2/logout?returnTo=https%3A%2F%2Fwww.example.com%2F", None),
    ],
)
def test_the_query_of_a_sign_out_address_stays(endpoint: str, landing: str | None) -> None:
    """Auth0's `federated` and `returnTo`; client and landing page come after it."""
    stage = leave_at(end_session_endpoint=endpoint, post_logout_redirect_uri=landing)
    location = location_of(stage.open(LOGOUT, headers=OWN_LINK))

    assert location.startswith(f"{endpoint}&client_id=shop")
    assert ("post_logout_redirect_uri=" in location) is (landing is not None)


def test_without_a_sign_out_address_people_go_to_the_landing_page() -> None:
    """At Google and Aliyun."""
    stage = leave_at(post_logout_redirect_uri="https://www.example.com/")

    assert "https://www.example.com/" == location_of(stage.open(LOGOUT, headers=OWN_LINK))


def leave_at(**attributes: Any) -> Stage:
    """A person who is signed in, and about to sign out."""
    stage = Stage(logout_path="/anything/bye", **attributes)
    stage.sign_in()
    return stage


@pytest.mark.parametrize(
    ("claims", "status"), [({"hd": "example.com"}, 200), ({"hd": "other.example"}, 401), ({}, 401)]
)
def test_only_the_own_domain_comes_in(claims: dict[str, str], status: int) -> None:
    """Google's `hd` as a claim, by the schema that the page shows."""
    (configuration,) = SECTIONS["Google"].configurations
    schema = load_plugin(configuration)["claim_schema"]
    world = SignInWorld()
    world.claim_changes |= claims
    stage = Stage(world, claim_schema=schema)
    stage.sign_in()

    assert status == stage.status(stage.open())


def load_plugin(configuration: str) -> dict[str, Any]:
    """The plugin of a configuration's first route, as written."""
    tree: Any = read_yaml(configuration.encode()).tree
    plugin: dict[str, Any] = tree["routes"][0]["plugins"]["openid-connect"]
    return plugin


def test_a_userinfo_endpoint_that_takes_no_such_token_keeps_nobody_out() -> None:
    """Entra's, with a token for another API; oidc-provider's, with one for a resource."""
    stage = Stage()
    stage.world.http.answers[f"{stage.world.document['issuer']}/userinfo"] = answer_json(
        {"error": "invalid_token"}, 401
    )

    assert "login_finished" == stage.sign_in().reason
    assert ["userinfo_missing"] == [event.code for event in stage.world.log.events if event.code == "userinfo_missing"]


def test_a_provider_without_revocation_is_not_asked() -> None:
    """Entra has no such endpoint; signing out goes on."""
    stage = leave_at(revoke_tokens_on_logout=True, post_logout_redirect_uri="https://www.example.com/")
    answer = stage.open_and_finish(LOGOUT, headers=OWN_LINK)

    assert 302 == stage.status(answer)
    assert [] == stage.world.revoked


def test_the_page_is_reached() -> None:
    """From where somebody who sets Ostiary up begins."""
    for page, link in (("README.md", "docs/providers.md"), ("docs/troubleshooting.md", "providers.md")):
        assert f"({link})" in (ROOT / page).read_text("utf-8"), page
