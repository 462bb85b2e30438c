"""What may be written about the connection to the provider."""

from typing import Any

import pytest

from tests.fakes.oidc_configs import LEFT_OUT, find_problems


@pytest.mark.parametrize(
    "written",
    [
        {"service_name": "auth.dns", "service_port": 443},
        {"service_name": "keycloak.static", "service_port": 80, "service_host": "127.0.0.1:9090"},
        {"service_name": "keycloak.static", "service_port": 80, "service_host": "10.0.0.5"},
        {"service_name": "keycloak.static", "service_host": "[::1]:9090"},
        {"service_name": "auth.dns"},
        {"service_name": "auth.dns", "service_port": "443"},
    ],
)
def test_what_can_be_meant_is_taken(written: dict[str, Any]) -> None:
    """Without a word."""
    assert {} == find_problems(**written)


@pytest.mark.parametrize(
    ("written", "path", "says"),
    [
        ({"service_port": 443}, "service_port", "does nothing without service_name"),
        ({"service_host": "127.0.0.1:80"}, "service_host", "does nothing without service_name"),
        ({"service_name": "auth.dns", "service_port": 70000}, "service_port", "at most 65535"),
        ({"service_name": "auth dns"}, "service_name", "match"),
        ({"service_name": "auth.dns", "service_host": "10.0.0.5:80"}, "service_host", "is for static services"),
        ({"service_name": "a.static", "service_host": "10.0.0.5"}, "service_host", "names no port"),
        ({"service_name": "a.static", "service_host": "http://a"}, "service_host", "is no host"),
        (
            {"provider": "github", "oidc_issuer_url": LEFT_OUT, "service_name": "git.dns"},
            "service_name",
            "api.github.com",
        ),
    ],
)
def test_what_could_never_work_is_refused(written: dict[str, Any], path: str, says: str) -> None:
    """With what is wrong or what to write."""
    problems = find_problems(**written)

    assert [path] == list(problems)
    assert says in problems[path]
