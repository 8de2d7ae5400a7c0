"""What a person last searched for in a case: kept here, for it has no place in an address."""

from weakref import WeakKeyDictionary

from faisceau.web.session import Session

_questions: WeakKeyDictionary[Session, dict[str, str]] = WeakKeyDictionary()


def asked(session: Session, case: str) -> str:
    """The last question of the session on that case."""
    return _questions.get(session, {}).get(case, "")


def keep(session: Session, case: str, question: str) -> None:
    """Keep a question."""
    _questions.setdefault(session, {})[case] = question
