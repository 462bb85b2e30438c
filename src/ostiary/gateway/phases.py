"""The states of an exchange, and what moves it from one to the next; and what a connection's deadline is about.

DECIDING ──Pending with a body──▶ COLLECTING ─┐
   │  ▲───────────── settled ─────────────────┘
   ├──────── Reply or fault ───────────────────────────────▶ DONE
   └─ let through ─▶ DIALLING (no idle line) ─▶ FORWARDING ─▶ DONE
"""

from enum import IntEnum


class Phase(IntEnum):
    """Where an exchange stands."""

    DECIDING = 0
    COLLECTING = 1
    DIALLING = 2
    FORWARDING = 3
    DONE = 4


class Watch(IntEnum):
    """What the deadline of a client connection is about; there is one at a time."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    UPSTREAM = 3
    CLIENT = 4
    LINGER = 5
    NONE = 6
