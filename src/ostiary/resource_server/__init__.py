"""Bearer tokens: local JWT verification and introspection (RFC 6750, RFC 7662)."""
