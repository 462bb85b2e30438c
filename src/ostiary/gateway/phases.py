"""The states of an exchange, and what moves it from one to the next.

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
