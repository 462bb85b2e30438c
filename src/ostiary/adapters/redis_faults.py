"""What went wrong with Redis, in words that an operator can act on, and without a secret.

Redis quotes arguments in some of its errors (a renamed AUTH quotes the password), so of an error reply only its code
word is told. Error replies are `store_refused`, everything else is `store_unavailable`.
"""

import re
import ssl
from errno import ECONNREFUSED

from redis import exceptions

from ostiary.errors import StoreFault


class TooFewReplicasError(exceptions.RedisError):
    """A write was taken by fewer replicas than `wait_replicas` wants."""

    def __init__(self, wanted: int) -> None:
        """Remember how many were `wanted`."""
        super().__init__()
        self.wanted = wanted


_CODE_WORD = re.compile(r"[A-Z]{2,32}\b")
_MEANINGS = {
    "LOADING": "it is still reading its data from disk",
    "READONLY": "it is a replica, or takes no writes: name the primary",
    "OOM": "its memory is full: raise `maxmemory`",
    "MISCONF": "it cannot write its data to disk, and so takes no writes",
    "WRONGTYPE": "something else is kept under a key of ours: give it a `prefix` of its own",
    "NOPERM": "this user may not run a command or reach a key that is needed",
    "NOAUTH": "it wants a password: set `password`",
    "WRONGPASS": "AUTH was refused: user name or password is wrong",
    "MASTERDOWN": "it is a replica that has lost its primary",
    "BUSY": "it is busy with a script",
    "CLUSTERDOWN": "a part of the cluster has no primary",
    "MOVED": "it is part of a cluster: write `cluster_nodes`",
    "CROSSSLOT": "it is part of a cluster: write `cluster_nodes`",
}


def explain_failure(error: Exception, place: str) -> StoreFault:
    """Make a fault of what redis-py or the socket raised; `place` is host and port."""
    match error:
        case TooFewReplicasError():
            detail = f"fewer than {error.wanted} replicas took a write in time (wait_replicas)"
            return StoreFault("store_unavailable", f"redis at {place}: {detail}")
        case exceptions.AuthenticationError():
            word = "NOAUTH" if _find_code_word(error) == "NOAUTH" else "WRONGPASS"
            return StoreFault("store_refused", f"redis at {place}: {_MEANINGS[word]}")
        case exceptions.ResponseError() | exceptions.BusyLoadingError():
            word = _find_code_word(error)
            meaning = f": {_MEANINGS[word]}" if word in _MEANINGS else ""
            return StoreFault("store_refused", f"redis at {place} answered {word}{meaning}")
        case exceptions.ConnectionError():
            return StoreFault("store_unavailable", f"redis at {place} closed the connection")
        case _:
            return StoreFault("store_unavailable", f"redis at {place}: {_name_cause(error)}")


def _find_code_word(error: exceptions.RedisError | Exception) -> str:
    word = getattr(error, "status_code", None) or ""
    found = _CODE_WORD.match(word) or _CODE_WORD.match(str(error))
    if isinstance(error, exceptions.AuthenticationError) and found is None:
        return "WRONGPASS"
    return found.group() if found else "ERR"


def _name_cause(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not accepted: {error.verify_message}"
        case ssl.SSLError():
            return "TLS failed: does it speak TLS on this port?"
        case OSError() if error.errno == ECONNREFUSED:
            return "the connection is refused: nothing listens there"
        case OSError():
            return f"the connection failed ({error.strerror or type(error).__name__})"
        case _:
            return "it does not speak Redis's protocol"
