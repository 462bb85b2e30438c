"""One identity provider as we know it: its metadata and keys in memory, and the calls to it."""
