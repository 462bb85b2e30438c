"""From the documented attributes to an authorization server: settings, and consumers with what proves them.

Defaults that depend on the level are settled here.
"""

from collections.abc import Iterable

from ostiary.authorization_server.consumers import Consumer, Consumers, PlainSecret
from ostiary.authorization_server.settings import ServerSettings
from ostiary.plugin import Level
from ostiary.plugins.oauth2.config import ConsumerConfig, OAuth2Config


def compile_settings(config: OAuth2Config, level: Level) -> ServerSettings:
    """Return how tokens are issued and verified at this level."""
    is_global = config.global_credentials
    return ServerSettings(
        issuer=config.issuer,
        auth_path=config.auth_path,
        token_ttl_s=config.token_ttl,
        skew_s=config.clock_skew_seconds,
        header_name=config.auth_header_name.lower(),
        keeps_token=config.keep_token,
        is_route_bound=level == "route" if is_global is None else not is_global,
        accepts_query_credentials=config.allow_query_credentials,
    )


def compile_consumers(written: Iterable[ConsumerConfig]) -> Consumers:
    """Return the consumers by client id."""
    return Consumers(_compile_consumer(consumer) for consumer in written)


def _compile_consumer(written: ConsumerConfig) -> Consumer:
    secret = written.client_secret.get_secret_value()
    return Consumer(
        name=written.name, client_id=written.client_id, proofs=(PlainSecret(secret),), signing_secrets=(secret,)
    )
