"""Why somebody is sent to the provider. It decides what becomes of the session meanwhile, and what they are asked.

`force_reauthorize` and `refresh_session_interval` send people there who have a session: it goes on until the callback.
"""

from enum import Enum


class Occasion(Enum):
    """Why a login starts."""

    NOBODY = "nobody is signed in: what is left of a session goes"
    FORCED = "somebody is, and has to sign in all the same"
    SILENT = "somebody is, and the provider should confirm it without asking them anything"
