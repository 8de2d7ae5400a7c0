"""Everything that can go wrong, as one small tree: a message, a hint, the facts.

``message`` and ``hint`` are templates in English (marked with ``N_``), filled with ``facts`` and
put into the reader's language when shown. The message says what happened and where; the hint
says what to do next.
"""

from typing import Any, ClassVar

from faisceau.words import say


class FaisceauError(Exception):
    """The root of the tree. On the command line: one line, no traceback, ``exit_code``."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint_template = hint
        self.facts = facts

    def __str__(self) -> str:
        return say(self.message, **self.facts)

    @property
    def hint(self) -> str:
        """What to do next, in the current language; empty when there is nothing to add."""
        return say(self.hint_template, **self.facts)


class UsageError(FaisceauError):
    """The call itself is off: an unknown name, a missing or contradictory option."""

    exit_code = 2


class Refused(FaisceauError):
    """The mandate does not allow the act; the message quotes the rule and its legal source."""

    exit_code = 3


class MandateError(FaisceauError):
    """A mandate file cannot stand: unknown key, contradictory dates, an agent without role."""


class BadInput(FaisceauError):
    """A file cannot be read at all: empty, truncated, unreadable, hostile."""


class AmbiguousInput(BadInput):
    """Two readers claim the same file, and nobody is there to decide."""


class NotFound(FaisceauError):
    """The case, exhibit, finding or table named does not exist."""


class CaseError(FaisceauError):
    """The case folder itself is unusable: absent, not a case, of a later version, already there."""


class Damaged(FaisceauError):
    """What is on disk is not what the ledger says: fixity or proof fails."""


class Confined(FaisceauError):
    """An analysis reached for something that it did not declare."""


class PluginError(FaisceauError):
    """A reader or an analysis is not fit to be registered."""


class FieldError(FaisceauError):
    """One field of one record cannot be read; rejects that record, never the file."""
