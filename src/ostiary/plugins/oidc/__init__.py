"""`oidc`: people sign in at an OpenID provider, with the options of Higress's plugin and of oauth2-proxy."""

from ostiary.plugins.oidc.plugin import OidcType

plugin_type = OidcType()
