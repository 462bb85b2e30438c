"""Telling the provider that a session's tokens are no longer needed (RFC 7009): a courtesy that nobody waits for.

Where and how is `ostiary.relying_party.token_client`'s; a failure is logged, and the session is over all the same.
"""

from ostiary.errors import ProviderFault
from ostiary.identity.metadata import Metadata
from ostiary.identity.session import Session
from ostiary.ports import Log
from ostiary.relying_party.token_client import TokenClient


async def revoke_tokens(record: Session, metadata: Metadata, client: TokenClient, log: Log) -> None:
    """§2.1: the refresh token first, because its revocation may take the access token along."""
    for token, hint in ((record.refresh_token, "refresh_token"), (record.access_token, "access_token")):
        if token is None:
            continue
        try:
            await client.revoke(metadata, token=token, hint=hint)
        except ProviderFault as fault:
            message = f"the provider did not revoke the {hint}"
            log.event("warning", "revocation_failed", message, cause=fault.code, detail=fault.detail)
