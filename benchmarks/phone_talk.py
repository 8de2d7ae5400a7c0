"""What the files of ``phones.py`` say: texts, persons and moments, the same each time."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

TALK = (
    "ok oui non demain ce soir je suis là tu viens quand à la maison merci bisous on se voit vers "
    "le train est en retard mdr t'inquiète j'arrive dans dix minutes appelle moi 18h30 2 places"
)
START = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = 200


def texts(n: int) -> Iterator[tuple[int, int, datetime, str]]:
    """Number, person, moment and words of n messages."""
    chance, words = random.Random(7), TALK.split()
    for k in range(n):
        at = START + timedelta(seconds=37 * k)
        yield k, chance.randrange(PEOPLE), at, " ".join(chance.choices(words, k=8))


def ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return int(at.timestamp() * 1000)


def number(person: int) -> str:
    """A telephone number of nobody."""
    return f"+3363998{person:04}"
