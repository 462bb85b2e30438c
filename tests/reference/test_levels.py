"""docs/levels.md is true: every configuration in it loads, and every command in it says what is printed there."""

import gc
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from ostiary.cli.explain import explain_file, read_request
from ostiary.cli.inert import make_inert_services
from ostiary.cli.presentation import Screen
from ostiary.config.loading import load_content
from ostiary.config.snapshot import Snapshot
from ostiary.wiring import load_registry
from tests.architecture.tree import ROOT

DOCUMENT = (ROOT / "docs/levels.md").read_text("utf-8")
CONFIGURATIONS = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
COMMANDS = re.findall(r"```console\n\$ ostiary explain (\S+) (\S+)\n(.*?)```", DOCUMENT, re.DOTALL)
WITH_OIDC = """
service_sources: [{name: id, type: dns, domain: id.example.com, port: 443, protocol: https}]
instance:
  plugins:
    oidc:
      client_id: site
      client_secret: $ENV://SITE_SECRET
      cookie_secret: nqavJrGvRmQxWwGNptLdyUVKcBNZ2b18Guc1n_8DCfY=
      redirect_url: https://www.example.com/oauth2/callback
      oidc_issuer_url: https://id.example.com/
      service_name: id.dns
      service_port: 443
routes: [{uri: /*, upstream: {nodes: {"127.0.0.1:8000": 1}}}]
"""
NAMES = ("API_SECRET", "SITE_SECRET", "SESSION_SECRET", "BILLING_SECRET", "REPORTS_SECRET")
ENVIRON = {name: f"{name.lower()}-0123456789abcdef0123456789abcdef" for name in NAMES}


@pytest.mark.parametrize("written", [*CONFIGURATIONS, WITH_OIDC])
def test_a_reload_leaves_nothing_of_the_plugins_that_it_replaced(written: str) -> None:
    """A gateway freezes what it built: what stood in a circle would never be freed, its caches neither."""
    gc.disable()
    try:
        counts = [count_policies() for _ in reload_changed(written)]
    finally:
        gc.enable()

    assert counts[0]
    assert counts[0] == counts[1] == counts[2]


def reload_changed(written: str) -> Iterator[Snapshot]:
    """Load a configuration again and again, each time with other secrets."""
    snapshot = None
    for number in range(3):
        environ = {name: f"{secret}-{number}" for name, secret in ENVIRON.items()}
        snapshot = load_content(written.encode(), environ, load_registry(), make_inert_services, snapshot).snapshot
        assert snapshot is not None
        yield snapshot


def count_policies() -> Counter[str]:
    """Count what plugins are, and are made of."""
    rooms = ("ostiary.plugins.", "ostiary.relying_party.", "ostiary.resource_server.", "ostiary.authorization_server.")
    kinds = (type(each) for each in gc.get_objects())
    return Counter(kind.__name__ for kind in kinds if str(kind.__module__).startswith(rooms))


def test_there_is_something_to_try() -> None:
    """Three configurations and the commands on the first."""
    assert (3, 4) == (len(CONFIGURATIONS), len(COMMANDS))
    assert DOCUMENT.count("```") == 2 * (3 + 4)


@pytest.mark.parametrize("written", CONFIGURATIONS)
def test_every_configuration_loads(written: str) -> None:
    """Whole, as somebody would copy it."""
    loaded = load_content(written.encode(), ENVIRON, load_registry(), make_inert_services)

    assert () == loaded.problems


@pytest.mark.parametrize(("method", "url", "printed"), COMMANDS, ids=lambda part: part[:50])
def test_every_command_says_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, url: str, printed: str
) -> None:
    """Line by line, on the first configuration."""
    (tmp_path / "ostiary.yaml").write_text(CONFIGURATIONS[0])
    monkeypatch.chdir(tmp_path)
    stream = StringIO()

    code = explain_file(read_request(method, url), Path("ostiary.yaml"), ENVIRON, screen=Screen(stream))

    assert (0, printed) == (code, stream.getvalue())
