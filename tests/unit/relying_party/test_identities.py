"""Who signed in: by a verified ID token, or by GitHub's API."""

from typing import Any

import pytest

from ostiary.http.outbound import OutboundRequest
from ostiary.identity.members import MemberRule
from ostiary.identity.metadata import Endpoints
from ostiary.plugin import Admit, Reply
from ostiary.providers.provider import ProviderSettings
from ostiary.relying_party.identities import Identity
from ostiary.relying_party.party import RelyingParty
from ostiary.relying_party.settings import SessionHeaders
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import ISSUER
from tests.fakes.relying_parties import ORIGIN, PartyPlugin, make_settings
from tests.fakes.sign_in import TOKEN_ENDPOINT, SignInWorld, Visitor, run

PAGE = f"{ORIGIN}/anything/test"
API = "https://api.example/user"
ENDPOINTS = Endpoints(
    authorization_endpoint=f"{ISSUER}/authorize", token_endpoint=TOKEN_ENDPOINT, userinfo_endpoint=API
)
GITHUB = ProviderSettings(discovery=f"{ISSUER}/x", issuers=(ISSUER,), endpoints=ENDPOINTS, discovers=False)


class GitHubWorld(SignInWorld):
    """A provider without discovery and ID tokens, with an API; `asked` are the API's paths."""

    def __init__(self, profile: Any = None, **answers: Any) -> None:
        """Answer as told."""
        super().__init__()
        self.asked: list[str] = []
        self.token_changes = {"id_token": None, "refresh_token": None, "expires_in": None}
        octocat = {"id": 583231, "login": "octocat", "email": None}
        told = {"": octocat if profile is None else profile, **answers}
        for path, content in told.items():
            self.http.answers[f"{API}{path}"] = self._answer(path, content)

    def _answer(self, path: str, content: Any) -> Any:
        def answer(request: OutboundRequest) -> Any:
            self.asked.append(path)
            return answer_json(content)

        return answer

    def visitor(self, **changes: Any) -> Visitor:
        """Somebody at a client of this provider."""
        plugin = PartyPlugin(self, login="github", **changes)
        settings = make_settings(login="github", **changes)
        plugin.party = RelyingParty(settings, self.providers.provider(GITHUB), self.services())
        return Visitor(self, plugin)


def test_a_person_of_github_is_signed_in_without_an_id_token() -> None:
    """By number, with the address that the API tells apart."""
    world = GitHubWorld(**{"/emails": [{"email": "o@example.com", "primary": True, "verified": True}]})
    visitor = world.visitor(headers=SessionHeaders(id_token_in_authorization=True, forwarded_user=True))
    run(lambda: visitor.sign_in(PAGE))
    admit = run(lambda: visitor.open(PAGE))

    assert isinstance(admit, Admit)
    assert admit.principal is not None
    assert ("583231", "octocat") == (admit.principal.subject, admit.principal.claims["preferred_username"])
    assert admit.edits is not None
    assert b"X-Forwarded-Email: o@example.com\r\n" in admit.edits.block
    assert b"Authorization:" not in admit.edits.block
    assert ["", "/emails"] == world.asked


def test_organisations_are_asked_for_where_they_decide() -> None:
    """And only there."""
    answers = {"/orgs": [{"login": "team"}], "/emails": []}
    world = GitHubWorld(**answers)
    inside = run(lambda: world.visitor(members=MemberRule(groups=("team",))).sign_in(PAGE))
    outside = run(lambda: GitHubWorld(**answers).visitor(members=MemberRule(groups=("other",))).sign_in(PAGE))

    assert "login_finished" == inside.reason
    assert (403, "membership_refused") == (outside.status, outside.reason)
    assert "/orgs" in world.asked


@pytest.mark.parametrize("profile", [{"login": "x"}, [], "nobody"])
def test_a_profile_that_names_nobody_signs_nobody_in(profile: Any) -> None:
    """The provider is to blame."""
    reply = run(lambda: GitHubWorld(profile=profile).visitor().sign_in(PAGE))

    assert isinstance(reply, Reply)
    assert "profile_answer_invalid" == reply.reason


def test_an_identity_shows_nothing() -> None:
    """Token and claims are personal."""
    assert "Identity(***)" == repr(Identity({"sub": "x"}, "token"))
