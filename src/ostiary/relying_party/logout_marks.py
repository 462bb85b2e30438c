"""Marks: what a provider says is over (Back-Channel and Front-Channel Logout 1.0), and the sessions that it ends.

There is no index of sessions. A mark names the provider's session (`sid`) or a person (`sub`) by a digest, and ends
what was issued until then, by the `iat` of the provider's own tokens, so that its clock is compared with itself: a
logout that comes late or twice does nothing more. A sign-in that was started here after the logout was noted lives
whatever the provider's clocks say: it would otherwise be sent round in circles for as long as their second lasts.
Where marks stand and who reads them is `ostiary.relying_party.revocations`'.
"""

from hashlib import sha256
from typing import NamedTuple

from ostiary.identity.logout_token import VerifiedLogoutToken
from ostiary.identity.sealing import bind
from ostiary.identity.session import Session

_DIGEST_CHARACTERS = 32
# A session begins when its tokens arrive, a little after they were issued, and the clocks of nodes differ a little.
_SPARE_S = 300.0


class Handles(NamedTuple):
    """By what a provider can end a session: two keys that a mark may have, and two times.

    `issued_at` is when its ID token was issued, by the provider's clock; `started_at` when its login began, by ours.
    """

    session_key: str
    subject_key: str
    issued_at: float
    started_at: float


class Mark(NamedTuple):
    """What was issued until `issued_at`, in a login begun until `noted_at`, is over.

    Nobody has to know after `until`.
    """

    issued_at: float
    noted_at: float
    until: float

    def ends(self, handles: Handles) -> bool:
        """Say whether a session is over that has this mark's key."""
        return handles.issued_at <= self.issued_at and handles.started_at <= self.noted_at


def find_handles(record: Session) -> Handles:
    """Return a session's handles; one whose ID token had no `sid` goes when its person signs out anywhere."""
    session_id = record.provider_session_id
    session_key = (
        _digest("bare", record.issuer, record.subject)
        if session_id is None
        else digest_session(record.issuer, session_id)
    )
    subject_key = _digest("sub", record.issuer, record.subject)
    return Handles(session_key, subject_key, record.id_token_issued_at, record.login_started_at)


def digest_session(issuer: str, session_id: str) -> str:
    """Return the key of the provider's session."""
    return _digest("sid", issuer, session_id)


def plan_marks(token: VerifiedLogoutToken) -> tuple[str, ...]:
    """Return the keys that a logout token marks (Back-Channel Logout §2.7).

    Without `sid` that is the person, everywhere. With both, it is that session, and those of the person of which
    nobody can say whether they belong to it.
    """
    if token.session_id is None:
        return (_digest("sub", token.issuer, token.subject or ""),)
    marked = digest_session(token.issuer, token.session_id)
    return (marked,) if token.subject is None else (marked, _digest("bare", token.issuer, token.subject))


def make_mark(longest_s: float, issued_at: float, now: float) -> Mark:
    """Return the mark of a logout that is noted now: it is known for as long as a session can come that it ends.

    `longest_s` is the longest that a session of the client can last, on whichever route it began.
    """
    return Mark(float(issued_at), now, find_mark_end(longest_s, now))


def write_mark(key: str, mark: Mark) -> str:
    """Return the member of the series that stands for a mark; the series itself knows until when."""
    return f"{key}:{mark.issued_at!r}:{mark.noted_at!r}"


def read_mark(member: str, until: float) -> tuple[str, Mark] | None:
    """Return key and mark; None for a member that is no mark. Raises ValueError for what nobody wrote."""
    if ":" not in member:
        return None
    key, issued_at, noted_at = member.rsplit(":", 2)
    return key, Mark(float(issued_at), float(noted_at), until)


def find_mark_end(longest_s: float, now: float) -> float:
    """Return until when a session can come that began until now, and lasts so many seconds at most."""
    return now + longest_s + _SPARE_S


def _digest(kind: str, issuer: str, name: str) -> str:
    return f"{kind}:{sha256(bind(issuer, name)).hexdigest()[:_DIGEST_CHARACTERS]}"
