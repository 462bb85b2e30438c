"""What resources do not say: addresses, limits, trusted proxies and state, from an `ostiary.yaml` with nothing else.

Higress has these in its own deployment. Without a file the defaults of `gateway` hold: 127.0.0.1:9080.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, NamedTuple

import msgspec
from pydantic import Field

from ostiary.config.declaring import Checker
from ostiary.config.files import make_context
from ostiary.config.gateway import GatewayConfig
from ostiary.config.loading import finish_problems, is_state_file
from ostiary.config.problems import Problem, describe_shape, lies_within
from ostiary.config.reading import MAX_FILE_BYTES, read_yaml
from ostiary.config.references import resolve_references
from ostiary.config.section import Section
from ostiary.config.state import DEFAULT_STATE, StateConfig, choose_state, find_state_notices
from ostiary.store_settings import StoreSettings

_IN_FOLDER = "it comes from the folder here: remove it, or serve this file without --higress"


class GatewayFile(Section):
    """The file."""

    gateway: GatewayConfig = Field(default_factory=GatewayConfig, description="Addresses, limits, log.")
    state: StateConfig | None = Field(None, description="Where locks, refreshes and revocations are kept.")

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("routes", "services", "domains", "instance", "service_sources", "upstreams"), _IN_FOLDER
    )


class GatewayPart(NamedTuple):
    """What the file says, or the defaults; `problems` know their file and line.

    `has_certificate` says whether some listener speaks https.
    """

    config: GatewayConfig
    state: StoreSettings = DEFAULT_STATE
    notices: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    has_certificate: bool = False


def read_gateway(path: Path | None, environ: Mapping[str, str]) -> GatewayPart:
    """Read the file. Raises OSError when it cannot be read."""
    if path is None:
        return GatewayPart(GatewayConfig())
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    reading = read_yaml(content)
    resolution = resolve_references(reading.tree, environ)
    checker = Checker({}, resolution.sources, make_context(path.parent))
    whole = None
    if isinstance(resolution.tree, Mapping):
        whole = checker.validate(GatewayFile, resolution.tree, ())
    elif not reading.problems:
        checker.refuse("", f"expected a mapping, found {describe_shape(reading.tree)}", "write `gateway:` into it")
    whole = whole or GatewayFile()
    state = choose_state(whole.state)
    if is_state_file(state, path):
        checker.refuse("state.path", "this is the file with the gateway's settings", "name a file of its own")
    unresolved = [problem.path for problem in resolution.problems]
    told = [problem for problem in checker.problems if not any(lies_within(problem.path, at) for at in unresolved)]
    finished = finish_problems((*reading.problems, *resolution.problems, *told), content, resolution.secrets)
    problems = tuple(msgspec.structs.replace(problem, file=str(path)) for problem in finished)
    has_certificate = any(door.tls is not None for door in whole.gateway.listen)
    return GatewayPart(whole.gateway, state, find_state_notices(whole.state), problems, has_certificate)
