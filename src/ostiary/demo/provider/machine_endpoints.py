"""The endpoints where programs come: token, introspection, revocation, userinfo.

Authlib answers the first three, for requests that `requests` has read. The userinfo endpoint (OpenID Connect Core
section 5.3) is written here: it takes a bearer token in the Authorization header, and in no other place (RFC 6750).
"""

import asyncio
import json
from dataclasses import dataclass
from typing import final

from authlib.oauth2 import OAuth2Error
from starlette.requests import Request
from starlette.responses import Response

from ostiary.demo.provider.requests import read_client_request
from ostiary.demo.provider.server import NOT_KEPT, DemoAuthorizationServer

CHALLENGE = 'Bearer realm="ostiary-demo"'


@final
@dataclass(frozen=True, slots=True)
class MachineEndpoints:
    """All four. A wrong password waits `failure_delay_s` here as it does on the page."""

    server: DemoAuthorizationServer
    failure_delay_s: float

    async def token(self, request: Request) -> Response:
        """RFC 6749 section 3.2."""
        try:
            read = await read_client_request(request)
        except OAuth2Error as error:
            return self._refuse(error)
        response: Response = self.server.create_token_response(read)
        if response.status_code != 200 and read.parameters.get("grant_type") == "password":
            await asyncio.sleep(self.failure_delay_s)
        return response

    async def introspect(self, request: Request) -> Response:
        """RFC 7662 section 2."""
        return await self._answer("introspection", request)

    async def revoke(self, request: Request) -> Response:
        """RFC 7009 section 2."""
        return await self._answer("revocation", request)

    async def userinfo(self, request: Request) -> Response:
        """Answer the claims that the token's scope opens; 401 without a usable token, 403 without `openid`."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return _challenge(401, CHALLENGE)
        found = self.server.memory.find_token(token.strip())
        if found is None or found.kind != "access_token" or not found.is_usable:
            return _challenge(401, f'{CHALLENGE}, error="invalid_token"')
        if found.family.user is None or "openid" not in found.scope.split():
            return _challenge(403, f'{CHALLENGE}, error="insufficient_scope", scope="openid"')
        claims = json.dumps(found.family.user.claims(found.scope))
        return Response(claims, headers=dict(NOT_KEPT), media_type="application/json")

    async def _answer(self, endpoint: str, request: Request) -> Response:
        try:
            response: Response = self.server.create_endpoint_response(endpoint, await read_client_request(request))
        except OAuth2Error as error:
            return self._refuse(error)
        return response

    def _refuse(self, error: OAuth2Error) -> Response:
        response: Response = self.server.handle_error_response(None, error)
        return response


def _challenge(status: int, challenge: str) -> Response:
    return Response(status_code=status, headers={**NOT_KEPT, "WWW-Authenticate": challenge})
