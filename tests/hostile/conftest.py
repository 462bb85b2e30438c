"""One gateway and one recording upstream for each module of attacks."""

from collections.abc import Iterator

import pytest

from tests.e2e.counterparts.gateway import start_gateway
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.hostile.trial import Door


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A plain proxy for every host and path: what it lets through, every route lets through."""
    with RecordingUpstream() as upstream:
        config = {"routes": [{"id": "all", "uri": "/*", "upstream": {"nodes": {upstream.address: 1}}}]}
        with start_gateway(config, tmp_path_factory.mktemp("gateway")) as gateway:
            yield Door(gateway, upstream)
