"""From the documented attributes to an authorization server: settings, and consumers with what proves them.

Defaults that depend on the level are settled here.
"""

from collections.abc import Iterable

from ostiary.authorization_server.consumers import Consumer, Consumers, PlainSecret
from ostiary.authorization_server.settings import ServerSettings
from ostiary.identity.keys import KeySet, read_public_key
from ostiary.identity.signing_keys import SigningKey, read_signing_key
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
        introspects=config.introspection,
        revokes=config.revocation,
    )


def compile_consumers(written: Iterable[ConsumerConfig]) -> Consumers:
    """Return the consumers by client id."""
    return Consumers(_compile_consumer(consumer) for consumer in written)


def _compile_consumer(written: ConsumerConfig) -> Consumer:
    live = (written.client_secret, written.previous_client_secret)
    secrets = tuple(secret.get_secret_value() for secret in live if secret is not None)
    return Consumer(
        name=written.name,
        client_id=written.client_id,
        proofs=(*(PlainSecret(secret) for secret in secrets), *_compile_hash(written.client_secret_hash)),
        signing_secrets=secrets,
        scopes=written.scopes,
        may_introspect=written.may_introspect,
    )


def _compile_hash(written: str | None) -> tuple[PlainSecret, ...]:
    return () if written is None else (PlainSecret.from_digest(bytes.fromhex(written.removeprefix("sha256:"))),)


def compile_client_keys(config: OAuth2Config) -> dict[str, KeySet]:
    """Return the keys that clients prove themselves by, by client id."""
    return {
        consumer.client_id: KeySet(
            tuple(key for pem in consumer.public_keys for key in read_public_key(pem).keys), pinned=True
        )
        for consumer in config.consumers or ()
        if consumer.public_keys
    }


def compile_keys(config: OAuth2Config) -> tuple[SigningKey, ...]:
    """Return the keys that sign tokens, the first of them new ones."""
    return tuple(read_signing_key(pem.get_secret_value()) for pem in config.signing_keys)
