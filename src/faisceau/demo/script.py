"""The conversations as they are written in ``conversations/*.txt``, with their times.

A conversation opens with ``== story | who | name``. ``@`` sets the clock (Paris time), which then
runs on by itself, always alike. ``>`` is the holder of the telephone, ``<`` the other side, and in
a group ``key: words``; ``!`` is the holder sending the picture. Other lines go on with the words
before them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.resources import files
from random import Random
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
_SAID = re.compile(r"([a-z0-9_]+): (.*)")


@dataclass(slots=True)
class Line:
    """One message: when (Paris time), who (``""``: the holder), the words; with the picture?"""

    at: datetime
    sender: str
    text: str
    picture: bool = False


@dataclass(slots=True)
class Conversation:
    """``kind`` is chat, group, channel, saved, bot, or an application's name; ``who`` the other
    side, a key of ``PEOPLE``, a number or a title. ``story`` says what it is, for the tests alone.
    """

    story: str
    kind: str
    who: str
    name: str
    members: tuple[str, ...] = ()
    lines: list[Line] = field(default_factory=list)


def conversations(name: str) -> list[Conversation]:
    """The conversations of ``conversations/{name}.txt``, each in the order of its times."""
    text = (files("faisceau.demo") / "conversations" / f"{name}.txt").read_text("utf-8")
    return list(_parse(text, name))


def picture() -> bytes:
    """The one picture of the case, a JPEG: a door code, drawn."""
    return (files("faisceau.demo") / "photo.jpg").read_bytes()


def _parse(text: str, name: str) -> Iterator[Conversation]:
    chance, clock = Random(name), datetime(2026, 1, 1, tzinfo=PARIS)
    found: Conversation | None = None
    for line in text.splitlines():
        if line.startswith("== "):
            if found is not None:
                yield found
            found = _opened(line)
        elif found is None or not line.strip():
            continue
        elif line.startswith("@ "):
            clock = datetime.fromisoformat(line[2:]).replace(tzinfo=PARIS)
        elif said := _said(line, found):
            found.lines.append(Line(clock, *said))
            clock += timedelta(seconds=chance.randint(15, 150))
        else:
            found.lines[-1].text += "\n" + line
    if found is not None:
        yield found


def _opened(line: str) -> Conversation:
    story, who, name = (part.strip() for part in line[3:].split("|"))
    kind, colon, rest = who.partition(":")
    if not colon:
        return Conversation(story, "chat", who, name)
    title, _, members = rest.partition(":")
    return Conversation(story, kind, title, name, tuple(members.split(",")) if members else ())


def _said(line: str, found: Conversation) -> tuple[str, str, bool] | None:
    if line[:2] in ("> ", "! "):
        return "", line[2:], line[0] == "!"
    if line[:2] == "< ":
        return found.who, line[2:], False
    match = _SAID.fullmatch(line)
    if match and match[1] in found.members:
        return match[1], match[2], False
    return None
