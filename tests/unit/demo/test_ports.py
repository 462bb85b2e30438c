"""The demo's ports: read from text, different, and free."""

import socket
from contextlib import ExitStack, closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.demo.ports import DemoPorts, find_port_problems, parse_demo_ports

PORTS = st.lists(st.integers(min_value=1, max_value=65_535), min_size=3, max_size=3, unique=True)


def free_ports() -> DemoPorts:
    """Three ports that were free a moment ago."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        return DemoPorts(*(listener.getsockname()[1] for listener in listeners))


def test_the_usual_ones() -> None:
    """As the documentation names them."""
    assert DemoPorts() == DemoPorts(gateway=9080, provider=9090, echo=9070)


@given(PORTS)
def test_what_is_written_is_read(ports: list[int]) -> None:
    """In the order gateway, provider, echo."""
    assert parse_demo_ports(str(DemoPorts(*ports))) == DemoPorts(*ports)


def test_spaces_do_not_matter() -> None:
    """People put them after commas."""
    assert parse_demo_ports(" 1, 2 ,3 ") == DemoPorts(1, 2, 3)


@pytest.mark.parametrize("text", ["", "9080", "1,2", "1,2,3,4", "1,2,x", "1,2,-3", "1,2,", "1,2,\u0663", "1,2,1e3"])
def test_another_shape_is_refused_with_an_example(text: str) -> None:
    """And with the variable's name."""
    with pytest.raises(ValueError, match=r"OSTIARY_DEMO_PORTS must be three ports.*9080,9090,9070"):
        parse_demo_ports(text)


@pytest.mark.parametrize("text", ["0,1,2", "1,65536,2"])
def test_a_port_out_of_range_is_refused(text: str) -> None:
    """0 would be another one every time, and nobody would know which."""
    with pytest.raises(ValueError, match="must be from 1 to 65535"):
        parse_demo_ports(text)


def test_two_equal_ports_are_refused() -> None:
    """Only one could have it."""
    with pytest.raises(ValueError, match="three different ports"):
        DemoPorts(1, 2, 1)


def test_free_ports_are_no_problem() -> None:
    """They are free again after they were tried."""
    ports = free_ports()
    assert find_port_problems(ports) == []
    assert find_port_problems(ports) == []


def test_a_port_in_use_is_said_in_one_line() -> None:
    """Which, who needs it, and what to change."""
    ports = free_ports()
    with closing(socket.create_server(("127.0.0.1", ports.provider))):
        (line,) = find_port_problems(ports)
    assert line == (
        f"port {ports.provider} is in use and the demo provider needs it: choose another with --provider-port, "
        f"or OSTIARY_DEMO_PORTS=gateway,provider,echo (now {ports})"
    )


def test_a_listener_on_every_address_counts_as_well() -> None:
    """Whoever listens on 0.0.0.0 listens here."""
    ports = free_ports()
    with closing(socket.create_server(("", ports.echo))):
        assert len(find_port_problems(ports)) == 1
