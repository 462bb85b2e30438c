"""`ostiary check`: what it prints, and its exit codes."""

from io import StringIO
from pathlib import Path

import pytest

from ostiary.cli.check import check_file
from ostiary.cli.presentation import Screen
from tests.fakes.certificates import make_authority
from tests.fakes.plugin_types import FakePluginType, registry_of
from tests.fakes.server_pairs import make_pair

GOOD = """
gateway: {listen: [{port: 8080}, {host: "::1", port: 0}]}
routes:
  - id: orders
    hosts: [shop.example.com, "*.shop.example.com"]
    uris: [/orders, /orders/*]
    methods: [GET, POST]
    plugins:
      late: {}
      early: {verify: false, secret: $ENV://SECRET}
    upstream: {nodes: {"127.0.0.1:8000": 1, "[::1]:8000": 1}}
  - {uri: /*, status: 0, upstream: {nodes: {}}}
"""
TYPES = registry_of(FakePluginType("late", 1), FakePluginType("early", 2))


def check(tmp_path: Path, text: str) -> tuple[int, str]:
    """Check a text; return the exit code and what was printed."""
    file = tmp_path / "o.yaml"
    file.write_text(text)
    stream = StringIO()
    code = check_file(file, {"SECRET": "hushed-secret"}, TYPES, Screen(stream))
    return code, stream.getvalue().replace(str(tmp_path) + "/", "")


def test_a_good_file_is_described(tmp_path: Path) -> None:
    """Addresses, routes, and what is worth knowing."""
    code, printed = check(tmp_path, GOOD)

    assert code == 0
    assert [line.split() for line in printed.splitlines()] == [
        ["o.yaml:", "no", "problems"],
        ["It", "would", "listen", "on", "http://127.0.0.1:8080,", "http://[::1]:0."],
        [],
        ["Route", "Hosts", "Paths", "Methods", "Plugins", "Upstream"],
        [
            *("orders", "shop.example.com,", "*.shop.example.com", "/orders,", "/orders/*", "GET,", "POST"),
            *("early,", "late", "127.0.0.1:8000,", "[::1]:8000"),
        ],
        ["1", "(off)", "every", "/*", "every", "none:", "open", "to", "everybody", "none"],
        [],
        ["Worth", "knowing"],
        ["-", "routes[0].plugins.early:", "verification", "is", "off"],
    ]
    assert "hushed" not in printed


def test_a_file_without_routes_is_fine_and_says_what_that_means(tmp_path: Path) -> None:
    """There is no table then."""
    code, printed = check(tmp_path, "gateway: {}\n")

    assert code == 0
    assert "Route " not in printed
    assert "- no route is in use: every request is answered 404" in printed


def test_where_nothing_is_worth_knowing_nothing_is_said(tmp_path: Path) -> None:
    """No heading without a line."""
    assert "Worth" not in check(tmp_path, GOOD.replace("verify: false, ", ""))[1]


def test_the_installed_plugins_are_known_and_output_goes_to_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unless told otherwise."""
    file = tmp_path / "o.yaml"
    file.write_text("routes: [{uri: /, plugins: {opnid-connect: {}}}]\n")

    assert check_file(file, {}) == 1
    assert "did you mean `openid-connect`?" in capsys.readouterr().out


def test_every_problem_is_printed(tmp_path: Path) -> None:
    """With line, path and remedy."""
    code, printed = check(tmp_path, GOOD.replace("verify: false", "verfy: false").replace("status: 0", "status: 5"))

    assert code == 1
    assert printed.splitlines() == [
        "o.yaml:10: routes[0].plugins.early.verfy: unknown name",
        "    did you mean `verify`?",
        "o.yaml:12: routes[1].status: expected at most 1, found a number (5)",
        "2 problems; nothing was started or changed",
    ]


def test_a_file_that_cannot_be_read_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error."""
    assert check_file(tmp_path / "missing.yaml", {}, TYPES, Screen(StringIO())) == 2
    assert capsys.readouterr().err.endswith("missing.yaml cannot be read: No such file or directory\n")


def test_https_is_told(tmp_path: Path) -> None:
    """What is spoken where, what is wrong with the files, and a certificate that is past its time."""
    text = "gateway: {listen: [{port: 80, redirect_to_https: true}, {port: 443, tls: {cert: cert.pem, key: key.pem}}]}"
    code, printed = check(tmp_path, text)
    assert code == 1
    assert "gateway.listen[1].tls.cert: the file cannot be read" in printed
    make_pair(make_authority(), begins_at=1_600_000_000, lasts_days=10).write(tmp_path)
    code, printed = check(tmp_path, text)
    assert code == 0
    assert "http://127.0.0.1:80 (redirects to https), https://127.0.0.1:443." in printed
    assert "gateway.listen[1].tls.cert: the certificate expired" in " ".join(printed.split())
    make_pair(make_authority()).write(tmp_path)
    assert "expired" not in check(tmp_path, text)[1]
