"""What the command and the library under it raise for the user to read."""

from __future__ import annotations


class CommandError(Exception):
    """Something the user asked for can't be had; the text says what, where and the remedy."""


class StackNotFoundError(CommandError):
    """There is no such stack in the cloud that the environment points to."""


class RunNotFoundError(CommandError):
    """No execution of the stack's state machine belongs to that run."""
