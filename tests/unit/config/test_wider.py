"""`instance`, `domains` and `services` as they are written."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.config.routes import RouteConfig
from ostiary.config.wider import DomainConfig, InstanceConfig, ServiceConfig, apply_service

UPSTREAM = {"nodes": {"a:80": 1}}


def test_defaults_say_nothing() -> None:
    """What is not written is not there."""
    assert {} == InstanceConfig().plugins
    assert ("*.example.com",) == DomainConfig(hosts=("*.EXAMPLE.com",)).hosts
    service = ServiceConfig.model_validate({"id": 7, "upstream": UPSTREAM})
    assert ("7", None, {}) == (service.id, service.hosts, service.plugins)


@pytest.mark.parametrize(
    ("model", "written", "words"),
    [
        (DomainConfig, {"hosts": []}, "at least 1"),
        (DomainConfig, {"hosts": ["a", "A"]}, "twice"),
        (DomainConfig, {"hosts": ["a:80"]}, "without their port"),
        (DomainConfig, {}, "required"),
        (DomainConfig, {"hosts": ["a"], "plugins": []}, "dictionary"),
        (InstanceConfig, {"hosts": ["a"]}, "not permitted"),
        (ServiceConfig, {"id": "s"}, "needs `upstream`, `plugins` or `hosts`"),
        (ServiceConfig, {"id": "a b", "plugins": {}}, "1 to 64 letters"),
        (ServiceConfig, {"plugins": {}}, "required"),
        (ServiceConfig, {"id": "s", "plugins": {}, "labels": {"a": "b c"}}, "without spaces"),
        (ServiceConfig, {"id": "s", "plugins": {}, "enable_websocket": True}, "WebSocket is not supported yet"),
    ],
)
def test_what_makes_no_sense_is_refused(model: Any, written: dict[str, Any], words: str) -> None:
    """Each with what to write."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(written)

    assert words in str(caught.value)


def test_a_route_takes_over_what_it_does_not_say_itself() -> None:
    """Hosts and upstream; its own go before."""
    service = ServiceConfig.model_validate({"id": "s", "upstream": UPSTREAM, "hosts": ["a"]})
    bare = RouteConfig.model_validate({"uri": "/", "service_id": "s"})
    own = RouteConfig.model_validate({"uri": "/", "service_id": "s", "host": "b", "upstream": {"nodes": {"b:80": 1}}})

    assert ("a",) == apply_service(bare, service).host_patterns
    assert service.upstream == apply_service(bare, service).upstream
    assert own == apply_service(own, service)
