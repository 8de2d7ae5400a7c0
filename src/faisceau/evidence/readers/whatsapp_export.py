"""WhatsApp's exported chats (``WhatsApp Chat with X.txt``, ``_chat.txt``), in every date form.

The app writes dates as the phone's language and region do, and publishes no description; the forms
are known from exports and from the tools that read them (whatstk). Two layouts, one a file:
``dd/mm/yyyy, hh:mm - Name: text`` (Android) and ``[dd/mm/yyyy, hh:mm:ss] Name: text`` (iOS; old
ones without brackets). Whether day or month comes first is told by the whole file: by a number
above 12, else by the order in which the days run forward.

- An export names people as the phone's address book does: that name is ``sender_id``.
- A line without a name is a notice of the app (``system``). So is the encryption notice, under
  whatever name it stands, and on iOS what begins with the app's own mark (U+200E); the name it
  stands under stays ``sender_name``.
- ``text`` stays as exported, ``IMG-….jpg (file attached)`` included; when that file lies beside
  the export, ``attachment_sha256`` is its hash.
- Local times are of ``--timezone``, which ``zone`` keeps; in the hour that autumn repeats, the
  first.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from faisceau.evidence.clocks import plausible
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import MESSAGE
from faisceau.tables.schemas.schema import BOOLEAN, NUMBER, STRING, TIME, Batch
from faisceau.words import N_

FILLS = [MESSAGE]
ROWS = 20_000
LONGEST_TEXT = 1 << 20
"""Characters; WhatsApp cuts a message far below. Further lines of one are rejected."""

NOT_DATED = N_("stands before the first dated line")
TOO_LONG = N_("continues a message longer than any")
NO_DATE = N_("its date does not exist")
OUTSIDE = N_("its time is outside 1970 to 2100")

_MARKS = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_APP_MARK = "\u200e"
_M = f"[{_MARKS}]*"
_HALVES = {
    "am": 0, "pm": 12, "a": 0, "p": 12, "ص": 0, "م": 12, "قظ": 0, "بظ": 12, "öö": 0, "ös": 12,
    "vorm": 0, "nachm": 12, "上午": 0, "下午": 12,
}  # fmt: skip
_HALF = r"[AaPp]\.?\s?[Mm]\.?(?!\w)|ص|م|ق\.?ظ\.?|ب\.?ظ\.?|ÖÖ|ÖS|vorm\.|nachm\.|上午|下午"
_HEADER = re.compile(
    rf"{_M}(?P<bracket>\[)?{_M}"
    rf"(?P<a>\d{{1,4}}){_M}(?P<sep>[./-])\s?{_M}(?P<b>\d{{1,2}}){_M}(?P=sep)\s?{_M}"
    rf"(?P<c>\d{{1,4}})\.?{_M}"
    rf"(?P<comma>[,،])?\s{{0,2}}{_M}(?:(?:à|at|um|om|a las|às|alle|ore|kl\.?|klo)\s)?"
    rf"(?:(?P<before>{_HALF})\s?)?"
    r"(?P<hour>\d{1,2})(?:[:.]|\s?h\s?)(?P<minute>\d{2})"
    r"(?:(?:[:.]|\s?min\s)(?P<second>\d{2})(?:\ss)?)?"
    rf"(?:\s?{_M}(?P<after>{_HALF}))?(?:\sUhr)?{_M}"
    r"(?(bracket)\]\s?|(?:\s(?P<dash>[-–])\s|:\s))"
)
_QUOTES = (("“", "”"), ("«", "»"), ("„", "“"), ("‘", "’"))
_QUOTING = frozenset('"“«„‘')
_LOG_LEVEL = re.compile(r"(?i)(?:^|[\W_])(?:debug|info|notice|warn(?:ing)?|error|critical|trace)$")

_THREAD = re.compile(
    r"(?:WhatsApp Chat with|WhatsApp Chat -|WhatsApp-Chat mit|(?:Discussion|Conversation|Chat) "
    r"WhatsApp avec|Chat de WhatsApp con|Conversa do WhatsApp com|WhatsApp-(?:chat|gesprek) met|"
    r"Chat WhatsApp con|(?:دردشة|محادثة) واتساب مع)\s+(.+?)(?: \(\d+\))?$"
)
_NOTICE_STARTS = (
    "Messages ", "Les messages ", "Nachrichten", "Los mensajes ", "As mensagens ", "Berichten ",
    "I messaggi ", "الرسائل", "Your messages ", "Vos messages ",
)  # fmt: skip
_ENCRYPTED = re.compile(
    r"(?i)end-to-end|de bout en bout|Ende-zu-Ende|de extremo a extremo|de ponta a ponta|الطرفين"
)
_ATTACHED = re.compile(
    r"<(?:attached|pièce jointe|Anhang|adjunto|archivo adjunto|anexado|anexo|bijgevoegd|allegato|"
    r"مرفق)\s?:\s?(?P<ios>[^<>/\\\n]+)>"
    r"|^(?P<android>[^/\\\n]+\.\w{1,5}) \((?:file attached|fichier joint|Datei angehängt|"
    r"archivo adjunto|(?:arquivo|ficheiro) anexado|bestand bijgevoegd|file allegato|"
    r"(?:ال)?ملف مرفق)\)"
)
_EXTENSIONS = {
    **dict.fromkeys(("jpg", "jpeg", "png", "webp", "heic", "gif"), "image"),
    **dict.fromkeys(("mp4", "3gp", "mov", "mkv", "avi", "webm"), "video"),
    **dict.fromkeys(("opus", "ogg", "m4a", "mp3", "aac", "amr", "wav"), "voice"),
}
_PLACE = re.compile(
    r"(?:[^\n:]{2,40}:\s?)?https?://maps\.google\.com/(?:maps)?\?q=(-?\d+\.\d+),(-?\d+\.\d+)\s*$"
)
_OMITTED = {
    **dict.fromkeys(
        (
            "media omitted", "médias omis", "média omis", "fichier omis", "medien ausgeschlossen",
            "medien weggelassen", "multimedia omitido", "archivo omitido", "mídia oculta",
            "arquivo de mídia oculto", "ficheiro não revelado", "media weggelaten", "media omessi",
            "media omesso", "تم استبعاد الوسائط", "document omitted", "document absent",
            "dokument weggelassen", "documento omitido", "documento ocultado",
            "document weggelaten", "documento omesso", "contact card omitted",
            "fiche contact absente", "carte de contact omise", "kontaktkarte ausgelassen",
            "tarjeta de contacto omitida", "cartão do contato omitido", "contactkaart weggelaten",
            "scheda contatto omessa",
        ),
        "file",
    ),
    **dict.fromkeys(
        (
            "image omitted", "image absente", "image omise", "bild weggelassen", "imagen omitida",
            "imagem ocultada", "imagem oculta", "afbeelding weggelaten", "immagine omessa",
            "sticker omitted", "sticker absent", "sticker omis", "sticker weggelassen",
            "sticker omitido", "figurinha omitida", "sticker weggelaten", "sticker omesso",
        ),
        "image",
    ),
    **dict.fromkeys(
        (
            "video omitted", "vidéo absente", "vidéo omise", "video weggelassen", "video omitido",
            "vídeo omitido", "vídeo ocultado", "video weggelaten", "video omesso", "gif omitted",
            "gif absent", "gif omis", "gif weggelassen", "gif omitido", "gif weggelaten",
            "gif omessa",
        ),
        "video",
    ),
    **dict.fromkeys(
        (
            "audio omitted", "audio absent", "audio omis", "audio weggelassen", "audio omitido",
            "áudio ocultado", "áudio omitido", "audio weggelaten", "audio omesso",
        ),
        "voice",
    ),
}  # fmt: skip
_DELETED = frozenset(
    {
        "this message was deleted", "you deleted this message", "ce message a été supprimé",
        "vous avez supprimé ce message", "diese nachricht wurde gelöscht",
        "du hast diese nachricht gelöscht", "se eliminó este mensaje",
        "este mensaje fue eliminado", "eliminaste este mensaje", "mensagem apagada",
        "esta mensagem foi apagada", "você apagou esta mensagem", "dit bericht is verwijderd",
        "u hebt dit bericht verwijderd", "questo messaggio è stato eliminato",
        "hai eliminato questo messaggio", "تم حذف هذه الرسالة",
    }
)  # fmt: skip
_LONGEST_PHRASE = 1 + max(map(len, (*_OMITTED, *_DELETED)))


def detect(head: Head) -> bool:
    """True when the first lines are dated as WhatsApp dates them, with names or notices after."""
    if "<" in head.text[:1] or (head.is_json and head.text.lstrip()[:1] == "{"):
        return False
    lines = [line for line in head.lines if line.strip(_MARKS + " ")][:20]
    found = [(m, line[m.end() :]) for line in lines if (m := _HEADER.match(line))]
    if not found or (len(found) == 1 and not _HEADER.match(lines[0])):
        return False
    senders = [who for _, rest in found if (who := _split(rest)[0])]
    if any(_LOG_LEVEL.search(who) for who in senders):
        return False
    first = found[0][0]
    if _layout(first) == ":" or (first["bracket"] and len(first["a"]) > 2):
        # Logs look like these, but for the comma or the app's mark, and for who speaks.
        return bool(senders) and (first["comma"] is not None or _APP_MARK in head.text)
    return True


def read(source: Source) -> Iterator[Batch]:
    """Messages in the order of the file. Lines before the first dated one are rejected."""
    dates = _dates(source)
    name, thread = _thread(source.name)
    stamps = _Stamps(dates.order, source.timezone)
    rows = _Rows(source, name, thread, dates.layout == "[")
    started = False
    match = _HEADER.match
    for number, line in source.lines():
        found = match(line)
        if found is not None and _layout(found) == dates.layout:
            if len(rows.at) >= ROWS:
                rows.close()
                yield rows.batch()
                rows = _Rows(source, name, thread, dates.layout == "[")
            rows.open(number, *stamps.at(found), line[found.end() :])
            started = True
        elif started:
            rows.carry_on(number, line)
        elif line.strip(_MARKS + " \t"):
            source.reject(f"line {number}", NOT_DATED, schema=MESSAGE, raw=line)
    rows.close()
    if rows.at:
        yield rows.batch()


def _layout(found: re.Match[str]) -> str:
    """How a dated line ends its date: ``[``, ``-`` or ``:``."""
    return "[" if found["bracket"] else "-" if found["dash"] else ":"


# Dates.


@dataclass(frozen=True, slots=True)
class _Dates:
    """What the whole file says of its dates."""

    layout: str
    order: str
    """``dmy``, ``mdy`` or ``ymd``."""


def _dates(source: Source) -> _Dates:
    """The layout met most, and the order of day and month.

    Reads until a day above 12 settles it; where none does, the whole file, and the order in which
    the days run forward; where that is no help either, month first only beside AM and PM.
    """
    layouts: Counter[str] = Counter()
    votes: Counter[str] = Counter()
    days: dict[tuple[int, int, int], None] = {}
    half = False
    for _, line in Source(source.member, source.wishes).lines():  # its rejects are counted later
        found = _HEADER.match(line)
        if found is None:
            continue
        layouts[_layout(found)] += 1
        half = half or found["after"] is not None
        a, b, c = (int(found[part]) for part in "abc")
        day = (a, b, c)
        if day not in days:
            days[day] = None
            if len(found["a"]) > 2 or a > 31:
                votes["ymd"] += 1
            elif a > 12:
                votes["dmy"] += 1
            elif b > 12:
                votes["mdy"] += 1
        if sum(layouts.values()) >= 200 and max(votes.values(), default=0) >= 3:
            break
    layout = layouts.most_common(1)[0][0] if layouts else "-"
    if votes:
        return _Dates(layout, votes.most_common(1)[0][0])
    backwards = {
        order: sum(later < earlier for earlier, later in pairwise(run))
        for order, run in (
            ("dmy", [(c, b, a) for a, b, c in days]),
            ("mdy", [(c, a, b) for a, b, c in days]),
        )
    }
    if backwards["dmy"] != backwards["mdy"]:
        return _Dates(layout, min(backwards, key=lambda order: backwards[order]))
    if any(a != b for a, b, _ in days):
        source.leave("order of day and month, which nothing in the file tells")
    return _Dates(layout, "mdy" if half else "dmy")


class _Stamps:
    """Times of dated lines; one calculation for each distinct hour of a file.

    No zone has changed its clocks inside an hour since 1970 but at its start.
    """

    def __init__(self, order: str, zone: ZoneInfo) -> None:
        self._order = order
        self._zone = zone
        self._hours: dict[tuple[str | Any, ...], int | str] = {}

    def at(self, found: re.Match[str]) -> tuple[int | None, str | None]:
        """Microseconds since 1970 in UTC, or the reason why there are none."""
        hour = found.group("a", "b", "c", "hour", "before", "after")
        start = self._hours.get(hour)
        if start is None:
            start = self._hours[hour] = self._reckon(hour)
        if isinstance(start, str):
            return None, start
        minute, second = int(found["minute"]), int(found["second"] or 0)
        if minute > 59 or second > 59:
            return None, NO_DATE
        return start + (minute * 60 + second) * 1_000_000, None

    def _reckon(self, stated: tuple[str | Any, ...]) -> int | str:
        *day, hour, before, after = stated
        parts = dict(zip(self._order, day, strict=True))
        year = int(parts["y"]) + (2000 if len(parts["y"]) < 3 else 0)
        clock = int(hour)
        if half := before or after:
            plain = "".join(half.lower().replace(".", "").split())
            clock = clock % 12 + _HALVES[plain] if clock <= 12 else clock
        try:
            local = datetime(year, int(parts["m"]), int(parts["d"]), clock, tzinfo=self._zone)
        except ValueError:
            return NO_DATE
        try:
            at = plausible(local)
        except (ValueError, OverflowError):
            return OUTSIDE
        return int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1_000_000


# Messages.


def _is_closed(name: str) -> bool:
    """True when every quotation mark opened in ``name`` is closed there."""
    return name.count('"') % 2 == 0 and all(name.count(o) <= name.count(c) for o, c in _QUOTES)


def _split(rest: str) -> tuple[str | None, str]:
    """The name before the first colon, if a name it is, and the words."""
    cut = rest.find(": ")
    if cut < 0:
        cut = len(rest) - 1 if rest.endswith(":") else -1
    if cut <= 0:
        return None, rest
    name = rest[:cut].strip(_MARKS + " ")
    # ``X changed the subject to "a: b"``: a colon inside quotation marks ends no name.
    if not name or len(name) > 128 or not (_QUOTING.isdisjoint(name) or _is_closed(name)):
        return None, rest
    return name, rest[cut + 2 :]


def _is_notice(text: str, bare: str, phrase: str, ios: bool) -> bool:
    """True for words of the app that stand under a name."""
    if bare.startswith(_NOTICE_STARTS) and _ENCRYPTED.search(bare[:160]):
        return True
    if not ios or text[:1] != _APP_MARK or "\n" in text:
        return False
    if phrase in _OMITTED or phrase in _DELETED:
        return False
    return not (_ATTACHED.search(bare) or _PLACE.match(bare))


@dataclass
class _Rows:
    """The columns of a batch being filled, and the message whose lines still come."""

    source: Source
    name: str | None
    thread: str
    ios: bool
    at: list[str] = field(default_factory=list)
    sent_at: list[int | None] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    sender_id: list[str | None] = field(default_factory=list)
    sender_name: list[str | None] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    deleted: list[bool] = field(default_factory=list)
    sha256: dict[int, str] = field(default_factory=dict)
    """By the position of the message; so are the places."""
    places: dict[int, tuple[float, float]] = field(default_factory=dict)
    _lines: list[str] = field(default_factory=list)
    _length: int = 0
    _sender: str | None = None

    def open(self, number: int, sent_at: int | None, reason: str | None, rest: str) -> None:
        """A dated line: the message before it is complete."""
        self.close()
        self.at.append(f"line {number}")
        self.sent_at.append(sent_at)
        self.reasons.append(reason)
        self._sender, words = _split(rest)
        self._lines, self._length = [words], len(words)

    def carry_on(self, number: int, line: str) -> None:
        """A line without a date belongs to the message before it."""
        self._length += len(line) + 1
        if self._length > LONGEST_TEXT:
            self.source.reject(f"line {number}", TOO_LONG, schema=MESSAGE, raw=line)
        else:
            self._lines.append(line)

    def close(self) -> None:
        """Put the message whose lines are complete into the columns."""
        if not self._lines:
            return
        text = "\n".join(self._lines).rstrip("\n") if len(self._lines) > 1 else self._lines[0]
        self._lines = []
        bare = text.lstrip(_MARKS)
        phrase = _phrase(bare) if len(bare) < _LONGEST_PHRASE else ""
        kind = self._kind(text, bare, phrase)
        self.text.append(text)
        self.kind.append(kind)
        self.sender_id.append(None if kind == "system" else self._sender)
        self.sender_name.append(self._sender)
        self.deleted.append(phrase in _DELETED)

    def _kind(self, text: str, bare: str, phrase: str) -> str:
        """What the complete message carries; its attachment and place go to their columns."""
        if self._sender is None or _is_notice(text, bare, phrase, self.ios):
            return "system"
        if (bare[:1] == "<" or ")" in bare or ">" in bare) and (found := _ATTACHED.search(bare)):
            file = (found["ios"] or found["android"]).strip(_MARKS + " ")
            if beside := self.source.sibling(file):
                self.sha256[len(self.kind)] = beside.member.sha256()
            return _EXTENSIONS.get(file.rpartition(".")[2].casefold(), "file")
        if "maps.google" in bare and (place := _PLACE.match(bare)):
            latitude, longitude = float(place[1]), float(place[2])
            if abs(latitude) <= 90 and abs(longitude) <= 180:
                self.places[len(self.kind)] = latitude, longitude
                return "location"
        return _OMITTED.get(phrase, "text")

    def batch(self) -> Batch:
        n = len(self.at)
        places = [self.places.get(i, (None, None)) for i in range(n)]
        self.source.tally.assumed[self.source.timezone.key] += n - self.sent_at.count(None)
        columns = {
            "app": pa.repeat("whatsapp", n),
            "thread_id": pa.repeat(self.thread, n),
            "thread_name": pa.repeat(pa.scalar(self.name, STRING), n),
            "sender_id": pa.array(self.sender_id, STRING),
            "sender_name": pa.array(self.sender_name, STRING),
            "sent_at": pa.array(self.sent_at, pa.int64()).cast(TIME),
            "text": pa.array(self.text, STRING),
            "kind": pa.array(self.kind, STRING),
            "deleted": pa.array(self.deleted, BOOLEAN),
            "attachment_sha256": pa.array([self.sha256.get(i) for i in range(n)], STRING),
            "latitude": pa.array([place[0] for place in places], NUMBER),
            "longitude": pa.array([place[1] for place in places], NUMBER),
            "zone": pa.repeat(self.source.timezone.key, n),
        }
        reasons = pa.array(self.reasons, STRING) if any(self.reasons) else None
        return Batch(
            MESSAGE, pa.RecordBatch.from_pydict(columns), pa.array(self.at, STRING), reasons
        )


def _phrase(bare: str) -> str:
    """One of the app's phrases without its brackets, marks and full stop."""
    return bare.strip("<>. \n" + _MARKS).casefold()


def _thread(path: str) -> tuple[str | None, str]:
    """The name that the file, or the archive it lies in, gives the chat; and its id.

    ``_chat.txt`` says nothing: the archive's or folder's name is the id, where there is one.
    """
    stems = [
        re.sub(r"(?i)\.(txt|zip)!?$", "", part) for part in reversed(PurePosixPath(path).parts)
    ]
    for stem in stems:
        if found := _THREAD.search(stem.strip(_MARKS)):
            return found[1], found[1]
    return None, next((stem for stem in stems if stem != "_chat"), "_chat")
