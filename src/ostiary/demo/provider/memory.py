"""What the provider remembers, and for how long: codes, tokens, who is signed in. All of it bounded and expiring.

Everything secret is kept under its SHA-256, so that what lies here opens nothing. Refresh tokens form families
(RFC 9700 section 4.14.2): what came of one sign-in ends together, when a used token comes back or the person signs out.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, final

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, TokenMixin

from ostiary.bounded import BoundedMap
from ostiary.demo.provider.accounts import User
from ostiary.demo.provider.client import DemoClient

CODE_LIFETIME_S = 60
ACCESS_TOKEN_LIFETIME_S = 300
REFRESH_TOKEN_LIFETIME_S = 1800
FAMILY_LIFETIME_S = 10 * 3600
LOGIN_LIFETIME_S = 8 * 3600

MAX_CODES = 1_000
MAX_TOKENS = 20_000
MAX_LOGINS = 1_000

Clock = Callable[[], float]


@final
@dataclass(slots=True)
class Login:
    """A person who signed in, once. `auth_time` is when the password was given, in seconds since the epoch."""

    user: User
    auth_time: int
    has_ended: bool = False


@final
@dataclass(slots=True)
class TokenFamily:
    """Everything that came of one grant. Without a `user` it is a client's own."""

    user: User | None
    scope: str
    expires_at: float
    auth_time: int | None = None
    login: Login | None = None
    is_revoked: bool = False

    @property
    def is_over(self) -> bool:
        """Whether its tokens are worth nothing any more."""
        return self.is_revoked or (self.login is not None and self.login.has_ended)


@final
@dataclass(slots=True, kw_only=True)
class AuthorizationCode(AuthorizationCodeMixin):  # type: ignore[misc]  # Authlib ships no types
    """A code on its way through the browser. It is good for one try; a second one ends what the first began."""

    redirect_uri: str
    family: TokenFamily
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    was_tried: bool = False

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.family.scope


@final
@dataclass(slots=True, kw_only=True)
class IssuedToken(TokenMixin):  # type: ignore[misc]  # Authlib ships no types
    """What is known of a token that was given out; the token itself is not kept."""

    kind: Literal["access_token", "refresh_token"]
    client_id: str
    scope: str
    issued_at: int
    expires_at: int
    family: TokenFamily = field(repr=False)
    jti: str = ""
    was_used: bool = False
    was_revoked: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether it still stands for somebody; its expiry is the memory's business."""
        return not (self.was_used or self.was_revoked or self.family.is_over)

    def check_client(self, client: DemoClient) -> bool:
        return self.client_id == client.client_id

    def get_scope(self) -> str:
        return self.scope

    def is_expired(self) -> bool:
        """Never: the memory does not hand out what is over."""
        return False

    def is_revoked(self) -> bool:
        return not self.is_usable


@final
class ProviderMemory:
    """Codes, tokens and logins by their secret. `clock` gives wall-clock seconds."""

    def __init__(self, clock: Clock) -> None:
        self.now = clock
        self._codes: BoundedMap[bytes, AuthorizationCode] = BoundedMap(MAX_CODES)
        self._tokens: BoundedMap[bytes, IssuedToken] = BoundedMap(MAX_TOKENS)
        self._logins: BoundedMap[bytes, Login] = BoundedMap(MAX_LOGINS)

    def start_family(self, user: User | None, scope: str, login: Login | None = None) -> TokenFamily:
        """Return the family of a new grant; a person without a browser's login gave the password just now."""
        now = self.now()
        auth_time = login.auth_time if login else int(now)
        return TokenFamily(user, scope, now + FAMILY_LIFETIME_S, auth_time if user else None, login)

    def keep_code(self, code: str, issued: AuthorizationCode) -> None:
        """Remember a code. It stays after its use, until it expires, to notice that it comes again."""
        now = self.now()
        self._codes.put(_digest(code), issued, expires_at=now + CODE_LIFETIME_S, now=now)

    def try_code(self, code: str) -> AuthorizationCode | None:
        """Return a code that was never tried. One that was is refused, and what came of it ends (RFC 6749 4.1.2)."""
        issued = self._codes.get(_digest(code), self.now())
        if issued is None:
            return None
        if issued.was_tried:
            issued.family.is_revoked = True
            return None
        issued.was_tried = True
        return issued

    def keep_token(self, token: str, issued: IssuedToken) -> None:
        """Remember what was given out, until it expires."""
        self._tokens.put(_digest(token), issued, expires_at=issued.expires_at, now=self.now())

    def find_token(self, token: str) -> IssuedToken | None:
        """Return what is known of a token that has not expired; whether it is usable is for the caller to ask."""
        return self._tokens.get(_digest(token), self.now())

    def start_login(self, user: User) -> tuple[str, Login]:
        """Sign `user` in and return the cookie's new value and the login."""
        now = self.now()
        value, login = secrets.token_urlsafe(32), Login(user, int(now))
        self._logins.put(_digest(value), login, expires_at=now + LOGIN_LIFETIME_S, now=now)
        return value, login

    def find_login(self, value: str | None) -> Login | None:
        """Return who is signed in under this cookie value, or None."""
        login = self._logins.get(_digest(value), self.now()) if value else None
        return None if login is None or login.has_ended else login

    def forget_login(self, value: str | None) -> None:
        """Make a cookie value worthless; what was granted under it goes on."""
        if value:
            self._logins.discard(_digest(value))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
