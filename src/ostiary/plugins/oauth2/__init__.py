"""`oauth2`: machines get access tokens for their credentials, and routes are opened by those (Higress's plugin)."""

from ostiary.plugins.oauth2.plugin import OAuth2Type

plugin_type = OAuth2Type()
