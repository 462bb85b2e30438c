"""Connections that we accept: the data plane. Bytes → request → route → verdicts → upstream → bytes."""
