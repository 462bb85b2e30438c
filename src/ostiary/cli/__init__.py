"""The `ostiary` command: what a person types. Heavy imports wait until a command needs them."""

from ostiary.cli.application import main

__all__ = ["main"]
