"""The authorization server: machines prove who they are, get access tokens for it, and are known by those."""
