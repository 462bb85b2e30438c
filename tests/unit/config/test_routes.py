"""Routes: the reference's schema as far as it is supported, and the object that a request meets."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.config.routes import Route, RouteConfig
from ostiary.plugin import Place
from tests.fakes.plugin_types import FakeConfig, FakePlugin, make_services

UPSTREAM = {"nodes": {"a:80": 1}}


def read(**written: Any) -> RouteConfig:
    """A route as it was written, with a path and an upstream unless told otherwise."""
    return RouteConfig.model_validate({"uri": "/", "upstream": UPSTREAM, **written})


def complaints(written: dict[str, Any]) -> dict[str, str]:
    """What is said where."""
    with pytest.raises(ValidationError) as refused:
        RouteConfig.model_validate(written)
    return {
        ".".join(map(str, error["loc"])): f"{error['msg']} {(error.get('ctx') or {}).get('remedy', '')}"
        for error in refused.value.errors()
    }


def test_the_defaults_are_the_references() -> None:
    """In use, every host, every method, every client."""
    found = read()

    assert (found.id, found.priority, found.status, found.methods) == (None, 0, 1, None)
    assert (found.path_patterns, found.host_patterns, found.networks) == (("/",), (), ())
    assert (found.plugins, found.timeout, found.allow_encoded_slash) == ({}, None, False)


def test_one_and_several_are_read_alike() -> None:
    """`uri` and `uris`, `host` and `hosts`, `remote_addr` and `remote_addrs`."""
    one = read(uri="/a", host="A.example", remote_addr="10.0.0.1")
    several = RouteConfig.model_validate(
        {
            "uris": ["/a", "/b/*"],
            "hosts": ["a.example", "*.B.example"],
            "remote_addrs": ["10.0.0.1/8", "::1"],
            "upstream": UPSTREAM,
        }
    )

    assert (one.path_patterns, one.host_patterns, one.networks) == (("/a",), ("a.example",), ("10.0.0.1/32",))
    assert several.path_patterns == ("/a", "/b/*")
    assert several.host_patterns == ("a.example", "*.b.example")
    assert several.networks == ("10.0.0.0/8", "::1/128")


def test_everything_may_be_written() -> None:
    """Each supported field once."""
    found = read(
        id="orders_1.2-x",
        name="orders",
        desc="the orders",
        labels={"team": "shop"},
        methods=["GET", "POST"],
        priority=-3,
        status=0,
        plugins={"fake": {}},
        timeout={"connect": 1, "send": 2, "read": 3},
        allow_encoded_slash=True,
        enable_websocket=False,
    )

    assert (found.id, found.labels, found.methods) == ("orders_1.2-x", {"team": "shop"}, ("GET", "POST"))
    assert (found.priority, found.status, found.allow_encoded_slash) == (-3, 0, True)
    assert found.timeout is not None
    assert found.timeout.read == 3


def test_an_id_may_be_a_number() -> None:
    """As in APISIX."""
    assert read(id=7).id == "7"


def test_a_route_of_plugins_needs_no_upstream() -> None:
    """They answer."""
    assert RouteConfig.model_validate({"uri": "/", "plugins": {"fake": {}}}).upstream is None


def test_secrets_of_plugins_are_not_in_the_repr() -> None:
    """A route may be printed."""
    assert "hushed" not in repr(read(plugins={"fake": {"secret": "hushed"}}))


@pytest.mark.parametrize(
    ("written", "place", "words"),
    [
        ({"id": ""}, "id", "1 to 64 letters"),
        ({"id": "a b"}, "id", "1 to 64 letters"),
        ({"id": "a" * 65}, "id", "1 to 64 letters"),
        ({"id": 0}, "id", "string"),
        ({"id": True}, "id", "string"),
        ({"name": ""}, "name", "at least 1"),
        ({"name": "a" * 257}, "name", "at most 256"),
        ({"desc": "a" * 257}, "desc", "at most 256"),
        ({"labels": {"a": ""}}, "labels", "the label a"),
        ({"labels": {"a": "b c"}}, "labels", "without spaces"),
        ({"labels": {"a": "b" * 257}}, "labels", "1 to 256"),
        ({"labels": {"a": 1}}, "labels.a", "string"),
        ({"uri": "a"}, "uri", "begins with `/`"),
        ({"uri": 5}, "uri", "string"),
        ({"uris": ["/b"]}, "uris", "`uri` or `uris`, not both"),
        ({"host": "a:80"}, "host", "without their port"),
        ({"hosts": []}, "hosts", "at least 1"),
        ({"hosts": ["a", "A"]}, "hosts", "twice"),
        ({"host": "a", "hosts": ["b"]}, "hosts", "`host` or `hosts`, not both"),
        ({"remote_addr": "localhost"}, "remote_addr", "no IP address"),
        ({"remote_addrs": ["10.0.0.0/33"]}, "remote_addrs.0", "no IP address"),
        ({"remote_addr": "::1", "remote_addrs": ["::1"]}, "remote_addrs", "not both"),
        ({"methods": []}, "methods", "at least 1"),
        ({"methods": ["get"]}, "methods.0", "write `GET`"),
        ({"methods": ["GET", "GET"]}, "methods", "twice"),
        ({"priority": "high"}, "priority", "integer"),
        ({"status": 2}, "status", "less than or equal to 1"),
        ({"plugins": []}, "plugins", "dictionary"),
        ({"upstream": {}}, "upstream", "an upstream needs `nodes`"),
        ({"timeout": {"read": 0}}, "timeout.read", "greater than 0"),
        ({"allow_encoded_slash": "maybe"}, "allow_encoded_slash", "boolean"),
        ({"enable_websocket": True}, "enable_websocket", "WebSocket is not supported yet"),
        ({"vars": []}, "vars", "not permitted"),
    ],
)
def test_what_makes_no_sense_is_refused(written: dict[str, Any], place: str, words: str) -> None:
    """Each field's range, at its own path."""
    found = complaints({"uri": "/", "upstream": UPSTREAM, **written})

    assert list(found) == [place]
    assert words in found[place]


def test_what_is_missing_is_told_whatever_else_is_wrong() -> None:
    """A path, and somebody who answers."""
    assert "`uris` for a list" in complaints({"upstream": UPSTREAM})[""]
    assert "`upstream` or `plugins`" in complaints({"uri": "/"})[""]
    assert complaints({"uri": "/", "status": 7}).keys() == {"", "status"}
    assert "`uris` for a list" not in str(complaints({"path": "/", "upstream": UPSTREAM}))


def test_every_attribute_of_the_reference_is_there_or_to_come() -> None:
    """Refused by name, never unknown."""
    reference = {
        *("id", "name", "desc", "labels", "uri", "uris", "host", "hosts", "remote_addr", "remote_addrs", "methods"),
        *("priority", "vars", "filter_func", "plugins", "plugin_config_id", "script", "upstream", "upstream_id"),
        *("service_id", "enable_websocket", "status", "timeout"),
    }

    assert reference <= {*RouteConfig.model_fields, *RouteConfig.not_yet}
    assert set(RouteConfig.renamed.values()) <= set(RouteConfig.model_fields)


def test_a_route_at_work_knows_whether_somebody_must_be_admitted() -> None:
    """That follows from its plugins; the repr names the route only."""
    services = make_services(Place(id="r"), None, lambda *_: False)
    plugin = FakePlugin(FakeConfig(), services, "fake")

    assert not Route("open").requires_principal
    assert Route("closed", (plugin,)).requires_principal
    assert repr(Route("open")) == "Route(open)"
    assert Route("a") != Route("a")
