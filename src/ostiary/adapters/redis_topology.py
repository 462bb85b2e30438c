"""Which way to Redis the settings mean: one server, the primary that sentinels name, or a cluster.

Whichever it is, `ostiary.adapters.redis_store` sends it commands and knows no difference (`RedisCalls`).
Nothing is opened here.
"""

import ssl
from collections.abc import Callable

from ostiary.adapters.redis_cluster import RedisCluster
from ostiary.adapters.redis_pool import RedisPool
from ostiary.adapters.redis_sentinel import SentinelPrimary
from ostiary.adapters.redis_store import RedisCalls
from ostiary.ports import Log
from ostiary.store_settings import RedisSettings


def open_redis(settings: RedisSettings, tls_context: Callable[[bool], ssl.SSLContext], log: Log) -> RedisCalls:
    """Return the way; nothing is opened yet."""
    if settings.sentinels:
        return SentinelPrimary(settings, tls_context, log)
    if settings.cluster_nodes:
        return RedisCluster(settings, tls_context, log)
    return RedisPool(settings, tls_context)
