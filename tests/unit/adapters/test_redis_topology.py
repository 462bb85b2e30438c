"""Which way to Redis the settings mean."""

import ssl

from ostiary.adapters.redis_cluster import RedisCluster
from ostiary.adapters.redis_pool import RedisPool
from ostiary.adapters.redis_sentinel import SentinelPrimary
from ostiary.adapters.redis_topology import open_redis
from ostiary.store_settings import RedisSettings
from tests.fakes.log import FakeLog


def no_tls(verify: bool) -> ssl.SSLContext:
    """Nobody asks for it here."""
    raise AssertionError(verify)


def test_each_way_has_its_calls() -> None:
    """One server, sentinels, a cluster."""
    node = (("10.0.0.1", 7000),)

    assert type(open_redis(RedisSettings(), no_tls, FakeLog())) is RedisPool
    assert type(open_redis(RedisSettings(sentinels=node, master_name="m"), no_tls, FakeLog())) is SentinelPrimary
    assert type(open_redis(RedisSettings(cluster_nodes=node), no_tls, FakeLog())) is RedisCluster
