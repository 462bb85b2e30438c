"""What `oauth2` offers beyond the document, all of it off by default.

The fields of these models are part of `config`'s. Texts here are the manual: they end up in it as they are.
"""

from ostiary.config.section import Section


class BeyondConsumerConfig(Section):
    """What a consumer may have besides the documented fields."""


class BeyondConfig(Section):
    """What a rule may say besides the documented fields."""
