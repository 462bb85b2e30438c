"""Fingerprints: equal for two plugin instances of one type whose configurations are equal, secrets included.

They tell instances apart within one process, and tell nothing about what is in a configuration.
"""

from hashlib import sha256

import msgspec
from pydantic import BaseModel, SecretStr


def digest_configuration(plugin: str, config: BaseModel) -> str:
    """Return a digest of a plugin's name and configuration: equal for instances that decide alike."""
    written = msgspec.json.encode((plugin, config.model_dump()), enc_hook=_reveal)
    return sha256(written).hexdigest()


def _reveal(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    message = f"a {type(value).__name__} has no place in a configuration"
    raise NotImplementedError(message)
