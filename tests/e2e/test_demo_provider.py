"""The demo provider as a process, over real sockets: a browser signs in, a client uses what it got."""

import base64
import hashlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.e2e.counterparts.calls import Response, call, post_form
from tests.e2e.counterparts.processes import Outputs, RunningProgram
from tests.fakes.browser import Browser, Page

CLIENT = ("apisix-quickstart-client", "the-secret-of-this-test")
REDIRECT_URI = "http://localhost:9080/anything/callback"
VERIFIER = "a-verifier-that-nobody-else-could-know-1234567890"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PERSON = {"username": "quickstart-user", "password": "quickstart-user-pass"}
START_LIMIT_S = 30.0


class Provider:
    """A running demo provider, found by its discovery document as any client would."""

    def __init__(self, program: RunningProgram, issuer: str) -> None:
        self.program = program
        self.issuer = issuer
        self.metadata = call(f"{issuer}/.well-known/openid-configuration").json()

    def ask(self, endpoint: str, **fields: str) -> Response:
        """POST to an endpoint with the client's credentials."""
        return post_form(self.metadata[endpoint], fields, CLIENT)

    def authorization_url(self, **changes: str) -> str:
        """The address that a client sends a browser to."""
        parameters = {
            "client_id": CLIENT[0],
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": "openid profile email",
            "state": "a state",
            "nonce": "a nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return f"{self.metadata['authorization_endpoint']}?{urlencode(parameters)}"

    def redeem(self, code: str) -> Response:
        """Get the tokens of a code."""
        return self.ask(
            "token_endpoint",
            grant_type="authorization_code",
            code=code,
            redirect_uri=REDIRECT_URI,
            code_verifier=VERIFIER,
        )

    def refresh(self, refresh_token: str) -> Response:
        """Use a refresh token."""
        return self.ask("token_endpoint", grant_type="refresh_token", refresh_token=refresh_token)


def start(tmp_path: Path, *arguments: str) -> RunningProgram:
    """Run `python -m ostiary.demo.provider`."""
    return RunningProgram(
        [sys.executable, "-m", "ostiary.demo.provider", *arguments],
        Outputs(tmp_path / "stdout", tmp_path / "stderr"),
        environment={**os.environ, "OSTIARY_DEMO_CLIENT_SECRET": CLIENT[1]},
    )


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """One provider for the tests of this file; each opens a browser of its own."""
    with start(tmp_path_factory.mktemp("provider"), "--port", "0") as program:
        issuer = program.wait_for_output(r"Listening on (http://127\.0\.0\.1:\d+)\n", START_LIMIT_S).group(1)
        yield Provider(program, issuer)


def is_callback(url: str) -> bool:
    """Whether the browser is about to leave for the client."""
    return url.startswith(REDIRECT_URI)


def sign_in(provider: Provider, browser: Browser, **changes: str) -> dict[str, str]:
    """Walk through the page and return what the client is told."""
    page = browser.open(provider.authorization_url(**changes), stop_before=is_callback)
    return told(browser.submit(page, PERSON, stop_before=is_callback))


def told(page: Page) -> dict[str, str]:
    """The parameters of the redirect to the client."""
    assert page.location is not None
    return {name: values[0] for name, values in parse_qs(urlsplit(page.location).query).items()}


def test_a_browser_signs_in_and_the_client_gets_tokens_that_verify(provider: Provider) -> None:
    """The code flow with PKCE, from the first page to the last claim."""
    back = sign_in(provider, Browser())
    assert (back["state"], back["iss"]) == ("a state", provider.issuer)
    tokens = provider.redeem(back["code"]).json()
    keys = KeySet.import_key_set(call(provider.metadata["jwks_uri"]).json())
    id_token = jwt.decode(tokens["id_token"], keys, ["RS256"])
    access_token = jwt.decode(tokens["access_token"], keys, ["RS256"])
    assert id_token.claims["iss"] == access_token.claims["iss"] == provider.issuer
    assert id_token.claims["aud"] == CLIENT[0]
    assert id_token.claims["nonce"] == "a nonce"
    assert access_token.header["typ"] == "at+jwt"
    userinfo = call(
        provider.metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}
    ).json()
    assert userinfo["sub"] == id_token.claims["sub"] == access_token.claims["sub"]
    assert userinfo["preferred_username"] == "quickstart-user"


def test_the_second_login_is_silent(provider: Provider) -> None:
    """And still a code of its own."""
    browser = Browser()
    first = sign_in(provider, browser)
    second = told(browser.open(provider.authorization_url(), stop_before=is_callback))
    assert second["code"] != first["code"]
    assert provider.redeem(second["code"]).status == 200


def test_prompt_none_without_a_login_is_login_required(provider: Provider) -> None:
    """No page is shown."""
    page = Browser().open(provider.authorization_url(prompt="none"), stop_before=is_callback)
    assert told(page)["error"] == "login_required"


def test_a_wrong_password_leads_nowhere(provider: Provider) -> None:
    """The form comes again, with the reason, and a second try may succeed."""
    browser = Browser()
    page = browser.open(provider.authorization_url())
    page = browser.submit(page, {**PERSON, "password": "wrong"}, stop_before=is_callback)
    assert page.status == 403
    assert page.location is None
    assert "do not belong together" in page.text
    assert "code" in told(browser.submit(page, PERSON, stop_before=is_callback))


def test_client_credentials_and_introspection(provider: Provider) -> None:
    """What the two lines of the demo do."""
    answer = provider.ask("token_endpoint", grant_type="client_credentials").json()
    described = provider.ask("introspection_endpoint", token=answer["access_token"]).json()
    assert described["active"] is True
    assert described["client_id"] == CLIENT[0]


def test_the_password_grant(provider: Provider) -> None:
    """What the tutorial does."""
    assert "access_token" in provider.ask("token_endpoint", grant_type="password", **PERSON).json()
    refused = provider.ask("token_endpoint", grant_type="password", username="nobody", password="x")
    assert (refused.status, refused.json()["error"]) == (400, "invalid_grant")


def test_refresh_tokens_rotate_and_a_stolen_one_ends_the_family(provider: Provider) -> None:
    """RFC 9700 section 4.14.2, over the wire."""
    first = provider.redeem(sign_in(provider, Browser())["code"]).json()
    second = provider.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert provider.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert provider.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert provider.ask("introspection_endpoint", token=second["access_token"]).json() == {"active": False}


def test_a_revoked_token_is_inactive(provider: Provider) -> None:
    """RFC 7009, over the wire."""
    token = provider.ask("token_endpoint", grant_type="client_credentials").json()["access_token"]
    assert provider.ask("revocation_endpoint", token=token).status == 200
    assert provider.ask("introspection_endpoint", token=token).json() == {"active": False}


def test_a_client_signs_the_person_out(provider: Provider) -> None:
    """The browser comes back, and the next login shows the form."""
    browser = Browser()
    tokens = provider.redeem(sign_in(provider, browser)["code"]).json()
    parameters = {
        "id_token_hint": tokens["id_token"],
        "post_logout_redirect_uri": f"{REDIRECT_URI}/out",
        "state": "bye",
    }
    page = browser.open(f"{provider.metadata['end_session_endpoint']}?{urlencode(parameters)}", stop_before=is_callback)
    assert page.location == f"{REDIRECT_URI}/out?state=bye"
    assert browser.open(provider.authorization_url()).forms


def test_every_page_says_that_it_is_for_trying_things_out(provider: Provider) -> None:
    """Also those of mistakes; and the start said it, too."""
    browser = Browser()
    for url in (
        provider.issuer,
        provider.authorization_url(),
        provider.authorization_url(client_id="other"),
        f"{provider.issuer}/nowhere",
        provider.metadata["end_session_endpoint"],
    ):
        assert "For trying things out." in browser.open(url).text
    assert "for trying things out, on this machine only" in provider.program.stdout_text()


def test_nothing_secret_is_printed(provider: Provider) -> None:
    """Neither codes nor tokens nor the client's secret, which was given and not made."""
    back = sign_in(provider, Browser())
    tokens = provider.redeem(back["code"]).json()
    printed = provider.program.stdout_text() + provider.program.stderr_text()
    for secret in (back["code"], tokens["access_token"], tokens["refresh_token"], CLIENT[1]):
        assert secret not in printed


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_it_refuses_to_listen_elsewhere(tmp_path: Path, host: str) -> None:
    """One line and exit code 2."""
    with start(tmp_path, "--host", host, "--port", "0") as program:
        assert program.wait_for_end(START_LIMIT_S) == 2
        assert program.stderr_text().count("\n") == 1
        assert program.stdout_text() == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_quietly(tmp_path: Path, number: signal.Signals) -> None:
    """Exit code 0 and no traceback."""
    with start(tmp_path, "--port", "0") as program:
        program.wait_for_output(r"Listening on http://", START_LIMIT_S)
        call(program.wait_for_output(r"http://\S+", START_LIMIT_S).group(0))
        os.kill(program.pid, number)
        assert program.wait_for_end(START_LIMIT_S) == 0
        assert program.stderr_text() == ""


def test_without_a_secret_it_makes_one_and_says_so(tmp_path: Path) -> None:
    """Somebody has to know it."""
    environment = {name: value for name, value in os.environ.items() if name != "OSTIARY_DEMO_CLIENT_SECRET"}
    with RunningProgram(
        [sys.executable, "-m", "ostiary.demo.provider", "--port", "0"],
        Outputs(tmp_path / "stdout", tmp_path / "stderr"),
        environment=environment,
    ) as program:
        secret = program.wait_for_output(r"secret (\S+) \(made for this run\)", START_LIMIT_S).group(1)
        issuer = program.wait_for_output(r"Listening on (\S+)", START_LIMIT_S).group(1)
        answer = post_form(f"{issuer}/token", {"grant_type": "client_credentials"}, (CLIENT[0], secret))
        assert answer.status == 200
