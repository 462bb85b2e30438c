"""`openid-connect`: people sign in at an OpenID provider, programs show its tokens (APISIX's plugin of that name)."""

from ostiary.plugins.openid_connect.plugin import OpenIdConnectType

plugin_type = OpenIdConnectType()
