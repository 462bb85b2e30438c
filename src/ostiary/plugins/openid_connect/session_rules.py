"""What of a configuration of sessions cannot go together, and what the operator should read about it at start.

Rules between fields only; what a single field may be stands with the field.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError

from ostiary.config.section import refuse
from ostiary.http.cookies import is_sent_to
from ostiary.plugins.openid_connect.values import read_switch

if TYPE_CHECKING:
    from ostiary.plugins.openid_connect.config import OpenIdConnectConfig

# What has to be kept for what is typed: attribute, member of session_contents, what it is.
_NEEDS = (
    ("set_refresh_token_header", "access_token", "the refresh token is kept with the access token"),
    ("set_raw_id_token_header", "enc_id_token", "the encoded ID token is not kept"),
    ("revoke_tokens_on_logout", "access_token", "no token is kept that could be revoked"),
)


def find_contents_faults(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """Yield what `session_contents` leaves out although something that is typed needs it."""
    contents = written.get("session_contents")
    if not isinstance(contents, Mapping):
        return
    for name, member, reason in _NEEDS:
        if read_switch(written.get(name)) is True and read_switch(contents.get(member)) is not True:
            yield name, refuse(f"needs session_contents.{member}: {reason}", f"write session_contents.{member}: true")


def find_path_faults(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """Yield a logout path that the session's cookie is never sent to."""
    session, path = written.get("session"), written.get("logout_path")
    place = session.get("cookie_path") if isinstance(session, Mapping) else None
    if isinstance(place, str) and isinstance(path, str) and not is_sent_to(path, place):
        remedy = f"write a path below {place}"
        yield "logout_path", refuse(f"lies outside session.cookie_path {place}, so it could end no session", remedy)


def find_session_notices(config: "OpenIdConnectConfig") -> tuple[str, ...]:
    """Return what the operator should read about sessions; nothing where there are none."""
    session = config.session
    if config.is_bearer_only or session is None:
        return ()
    notices = {
        "session.cookie_http_only is false: whatever script runs in a page can read the session": (
            not session.cookie_http_only
        ),
        "session.cookie_secure is false: the session goes over plain http, where anybody can read it": (
            session.cookie_secure is False
        ),
        "session.cookie_domain is set: every host below it is sent the session and can replace it": (
            session.cookie_domain is not None
        ),
        "session.cookie.lifetime does nothing: session.absolute_timeout goes before it": (
            bool(session.absolute_timeout) and "lifetime" in session.cookie.model_fields_set
        ),
        "logout_path lies outside session.cookie_path: browsers do not send the session's cookie there, so it does not "
        "end the session": (
            "logout_path" not in config.model_fields_set and not is_sent_to(config.logout_path, session.cookie_path)
        ),
        "force_reauthorize does nothing: with this unauth_action nobody is sent to the provider": (
            config.force_reauthorize and config.unauth_action != "auth"
        ),
    }
    of_store = () if session.redis is None else tuple(f"session.redis.{notice}" for notice in session.redis.notices)
    return tuple(notice for notice, applies in notices.items() if applies) + of_store
