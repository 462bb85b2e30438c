"""`oidc` on a route for tests: built on a fake world, and somebody's browser in front of it."""

from typing import Any

import msgspec

from ostiary.plugin import Place
from ostiary.plugins.oidc import plugin_type
from ostiary.plugins.oidc.plugin import Oidc
from tests.fakes.oidc_configs import make_oidc
from tests.fakes.sign_in import SignInWorld, Visitor

ORIGIN = "https://foo.bar.com"
PAGE = f"{ORIGIN}/headers?x=1"
XHR = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}
CURL = {"Accept": "*/*"}


def build_oidc(world: SignInWorld, **written: Any) -> Oidc:
    """Build an instance on a route for every path of one host; options by name."""
    place = Place(id="app", hosts=("foo.bar.com",), uris=("/*",))
    services = msgspec.structs.replace(world.services(place), find_service={"auth.dns": (("id.example", 443),)}.get)
    return plugin_type.build(make_oidc(**written), services)


def visit_oidc(world: SignInWorld, **written: Any) -> Visitor:
    """Return somebody with an empty jar in front of an instance."""
    return Visitor(world, build_oidc(world, **written))
