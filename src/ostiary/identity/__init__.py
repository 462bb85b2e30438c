"""OAuth 2.0, OpenID Connect and JOSE as values: pure functions, no network, no clock, no dice."""
