"""What upstreams may be told."""

from tests.fakes.oidc_configs import LEFT_OUT, find_problems, make_oidc

GITHUB = {"provider": "github", "oidc_issuer_url": LEFT_OUT}


def test_github_gives_no_id_token() -> None:
    """A typed wish for one is refused; the default is not one."""
    assert (
        "GitHub gives no ID token"
        in find_problems(**GITHUB, pass_authorization_header=True)["pass_authorization_header"]
    )
    assert not make_oidc(**GITHUB).passes_id_token
    assert make_oidc().passes_id_token
    assert not make_oidc(pass_authorization_header=False).passes_id_token
