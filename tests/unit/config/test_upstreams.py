"""Upstreams: APISIX's forms and defaults, and the value that stands for one."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.config.upstreams import Timeouts, UpstreamConfig, UpstreamSpec, specify_upstream


def read(**written: Any) -> UpstreamConfig:
    """An upstream as it was written, with a node unless told otherwise."""
    return UpstreamConfig.model_validate({"nodes": {"a:80": 1}, **written})


def specify(**written: Any) -> UpstreamSpec:
    """The value of what was written."""
    return specify_upstream(read(**written))


def complaints(**written: Any) -> dict[str, str]:
    """What is said where."""
    with pytest.raises(ValidationError) as refused:
        UpstreamConfig.model_validate({"nodes": {"a:80": 1}, **written})
    return {
        ".".join(map(str, error["loc"])): f"{error['msg']} {(error.get('ctx') or {}).get('remedy', '')}"
        for error in refused.value.errors()
    }


def test_the_defaults_are_the_references() -> None:
    """Sixty seconds each, the client's Host, every further node once, 320 idle connections."""
    assert specify() == UpstreamSpec(
        nodes=(("a", 80, 1),),
        connect_timeout_s=60.0,
        send_timeout_s=60.0,
        read_timeout_s=60.0,
        pass_host="pass",
        upstream_host=None,
        retries=0,
        keepalive_size=320,
        keepalive_idle_s=60.0,
        keepalive_requests=1000,
    )


def test_what_is_written_is_what_is_meant() -> None:
    """Each field under its name."""
    found = specify(
        name="orders",
        desc="where orders go",
        type="roundrobin",
        nodes=[{"host": "a", "port": 81, "weight": 2, "priority": 0}, {"host": "b", "weight": 0}],
        timeout={"connect": 1, "send": 2, "read": 3.5},
        scheme="http",
        pass_host="rewrite",
        upstream_host="Orders.internal:8080",
        retries=0,
        keepalive_pool={"size": 5, "idle_timeout": 0, "requests": 9},
    )

    assert found == UpstreamSpec(
        nodes=(("a", 81, 2), ("b", 80, 0)),
        connect_timeout_s=1,
        send_timeout_s=2,
        read_timeout_s=3.5,
        pass_host="rewrite",
        upstream_host="orders.internal:8080",
        retries=0,
        keepalive_size=5,
        keepalive_idle_s=0,
        keepalive_requests=9,
    )


@pytest.mark.parametrize(
    ("address", "node"),
    [
        ("10.0.0.7:8080", ("10.0.0.7", 8080, 1)),
        ("Orders.Internal", ("orders.internal", 80, 1)),
        ("[::1]:8080", ("::1", 8080, 1)),
        ("[2001:DB8::1]", ("2001:db8::1", 80, 1)),
        ("2001:DB8::1", ("2001:db8::1", 80, 1)),
    ],
)
def test_a_node_of_the_map_form_is_host_and_port(address: str, node: tuple[str, int, int]) -> None:
    """Port 80 by default, IPv6 without brackets afterwards."""
    assert specify(nodes={address: 1}).nodes == (node,)


def test_unset_retries_try_every_further_node() -> None:
    """As many as there are, less one; none without nodes."""
    assert specify(nodes={"a:80": 1, "b:80": 1, "c:80": 1}).retries == 2
    assert specify(nodes={}).retries == 0
    assert specify(retries=7).retries == 7


def test_a_routes_own_time_limits_replace_the_upstreams() -> None:
    """All three."""
    found = specify_upstream(read(timeout={"connect": 9}), Timeouts(connect=1, send=2, read=3))

    assert (found.connect_timeout_s, found.send_timeout_s, found.read_timeout_s) == (1, 2, 3)


def test_equal_upstreams_are_equal_values() -> None:
    """So that pools are shared and outlive a snapshot; an unused `upstream_host` makes no difference."""
    assert specify() == specify(nodes=[{"host": "a", "port": 80, "weight": 1}], upstream_host="x")
    assert len({specify(), specify(), specify(retries=1)}) == 2


@pytest.mark.parametrize(
    ("written", "place", "words"),
    [
        ({"nodes": None}, "nodes", "tuple"),
        ({"nodes": "a:80"}, "nodes", "tuple"),
        ({"nodes": {"http://a:80": 1}}, "nodes.0.host", "without scheme and path"),
        ({"nodes": {"a:x": 1}}, "nodes.0.host", "no server"),
        ({"nodes": {"a:0": 1}}, "nodes.0.host", "no server"),
        ({"nodes": {"a:80": -1}}, "nodes.0.weight", "greater than or equal to 0"),
        ({"nodes": {"a:80": "x"}}, "nodes.0.weight", "integer"),
        ({"nodes": {"a:80": 1, "A:80": 1}}, "nodes", "a:80 stands there twice"),
        ({"nodes": {f"h{n}:80": 1 for n in range(1001)}}, "nodes", "at most 1000"),
        ({"nodes": [{"port": 80, "weight": 1}]}, "nodes.0.host", "required"),
        ({"nodes": [{"host": "a"}]}, "nodes.0.weight", "required"),
        ({"nodes": [{"host": "a:81", "weight": 1}]}, "nodes.0.host", "`host: a` and `port: 81`"),
        ({"nodes": [{"host": "a", "port": 0, "weight": 1}]}, "nodes.0.port", "greater than or equal to 1"),
        ({"nodes": [{"host": "a", "weight": 1, "priority": 1}]}, "nodes.0.priority", "not supported yet"),
        ({"type": "chash"}, "type", "`chash` is not supported yet"),
        ({"type": "random"}, "type", "no way to choose a node"),
        ({"scheme": "grpcs"}, "scheme", "`grpcs` towards the service is not supported yet"),
        ({"scheme": "ftp"}, "scheme", "no scheme"),
        ({"timeout": {"connect": 0}}, "timeout.connect", "greater than 0"),
        ({"timeout": {"send": 0}}, "timeout.send", "greater than 0"),
        ({"timeout": {"read": -1}}, "timeout.read", "greater than 0"),
        ({"timeout": 5}, "timeout", "dictionary"),
        ({"pass_host": "client"}, "pass_host", "'pass', 'node' or 'rewrite'"),
        ({"pass_host": "rewrite"}, "upstream_host", "`upstream_host` can't be empty when `pass_host` is `rewrite`"),
        ({"upstream_host": "a b"}, "upstream_host", "no host name"),
        ({"retries": -1}, "retries", "greater than or equal to 0"),
        ({"keepalive_pool": {"size": 0}}, "keepalive_pool.size", "greater than or equal to 1"),
        ({"keepalive_pool": {"idle_timeout": -1}}, "keepalive_pool.idle_timeout", "0"),
        ({"keepalive_pool": {"requests": 0}}, "keepalive_pool.requests", "1"),
        ({"name": ""}, "name", "at least 1"),
        ({"desc": "x" * 257}, "desc", "at most 256"),
        ({"checks": {}}, "checks", "not permitted"),
    ],
)
def test_what_makes_no_sense_is_refused(written: dict[str, Any], place: str, words: str) -> None:
    """Each field's range, at its own path."""
    found = complaints(**written)

    assert list(found) == [place]
    assert words in found[place]


def test_what_comes_later_has_an_explanation() -> None:
    """Every attribute of the reference's upstream is a field or a name to come."""
    reference = {
        *("type", "hash_on", "key", "nodes", "service_name", "discovery_type", "discovery_args", "retries"),
        *("retry_timeout", "timeout", "scheme", "pass_host", "upstream_host", "keepalive_pool", "tls", "checks"),
        *("name", "desc", "labels", "id"),
    }

    assert reference <= {*UpstreamConfig.model_fields, *UpstreamConfig.not_yet}
    assert set(UpstreamConfig.renamed.values()) <= set(UpstreamConfig.model_fields)
