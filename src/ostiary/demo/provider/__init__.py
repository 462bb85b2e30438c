"""An OpenID provider for trying things out: one user, one client, everything in memory, on loopback only.

Authlib's server half keeps the protocol of the endpoints that machines call (token, introspection, revocation, the
authorization code); discovery, keys, userinfo, signing out and the pages are written here. Start reading at `app`.
It is a counterpart to try a gateway with, not a provider to build on: that is what the pages say, too.
"""
