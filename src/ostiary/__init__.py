"""Ostiary: an identity-aware API gateway.

It stands in front of HTTP services, finds out who is asking, decides, and only then lets the request through.
The packages are named after the OAuth roles they play; `docs/architecture.md` says in which order to read them.
"""

__version__ = "0.1.0"
