"""What the operator should read of an `oauth2` rule at start: what weakens, and what cannot work as written.

Nothing is refused here: the document's own example has a notice, for it recommends the query for secrets.
"""

from collections.abc import Iterable

from ostiary.plugin import Place
from ostiary.plugins.oauth2.config import ConsumerConfig, OAuth2Config

MIN_SECRET_BYTES = 32  # RFC 7518 §3.2: as long as the hash
_MAX_NAMED = 5


def find_notices(config: OAuth2Config, place: Place) -> tuple[str, ...]:
    """Return the sentences that apply to a rule with consumers."""
    consumers = config.consumers or ()
    short = [] if config.signing_keys else [consumer.name for consumer in consumers if _has_short_secret(consumer)]
    notices = {
        f"a secret of {_list(short)} is shorter than {MIN_SECRET_BYTES} bytes: whoever sees one of its tokens "
        "can guess it at home, and then make tokens (RFC 7518 §3.2)": bool(short),
        "a client secret may come in the query of a GET, where histories, proxies and logs on the way keep it: write "
        "allow_query_credentials: false once every client posts a form or uses HTTP Basic": (
            config.allow_query_credentials
        ),
        f"no path of this route ends with {config.auth_path}, so nobody can ask for a token here: add such a path to "
        "`uris`, or write auth_path as the end of one that is there": _is_out_of_reach(config.auth_path, place),
        f"auth_path is {config.auth_path}: every path that ends with a slash is a token endpoint, and not forwarded": (
            config.auth_path == "/"
        ),
        "token_ttl is 0: tokens work for clock_skew_seconds only": config.token_ttl == 0,
    }
    return tuple(notice for notice, applies in notices.items() if applies)


def _has_short_secret(consumer: ConsumerConfig) -> bool:
    """Say whether one of the secrets that verify its tokens can be guessed from one; the one before counts, too."""
    live = (consumer.client_secret, consumer.previous_client_secret)
    return any(
        len(secret.get_secret_value().encode("utf-8")) < MIN_SECRET_BYTES for secret in live if secret is not None
    )


def _list(names: Iterable[str]) -> str:
    listed = list(names)
    rest = len(listed) - _MAX_NAMED
    shown = ", ".join(listed[:_MAX_NAMED])
    return f"{shown} and {rest} more" if rest > 0 else shown


def _is_out_of_reach(auth_path: str, place: Place) -> bool:
    """Say whether none of a route's own paths can end with `auth_path`; a prefix pattern always can."""
    if place.level != "route" or not place.uris:
        return False
    return not any(uri.endswith(("*", auth_path)) for uri in place.uris)
