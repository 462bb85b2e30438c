"""Where the provider is and how it is reached. Texts here are the manual: they end up in it as they are."""

from pydantic import Field

from ostiary.config.section import Section
from ostiary.plugins.openid_connect.values import Seconds, Url, VerifySwitch


class ProviderConfig(Section):
    """The provider."""

    discovery: Url = Field(
        description="The URL of the provider's metadata, ending in /.well-known/openid-configuration. It is read on "
        "first use."
    )
    timeout: Seconds = Field(
        default=3,
        description="How long a call to the provider may take, in seconds. Whole thousands are read as milliseconds, "
        "as APISIX does.",
    )
    ssl_verify: VerifySwitch = Field(
        default=True,
        description="Whether the provider's certificate is checked. Only a typed `false` switches it off, and every "
        "start says so.",
    )
