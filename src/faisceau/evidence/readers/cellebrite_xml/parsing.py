"""A Cellebrite report as a stream of plain dicts, one model at a time, whatever its size.

Expat calls back without building a tree: a report of gigabytes, or a chat of 100,000 messages,
passes in the memory of one model. What is damaged is jumped over to the next model.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from faisceau.errors import BadInput
from faisceau.evidence.readers.cellebrite_xml.blocks import blocks
from faisceau.evidence.reading import Source
from faisceau.evidence.report_sheets.secrets import CREDENTIALS, is_secret
from faisceau.words import N_

Said = dict[str, Any]
"""A model: text by name of a field, a list of dicts by name of a field of models; ``@id``,
``@type``, ``@deleted_state``, ``@file_id``, ``@targets`` (jump targets), ``@line`` and
``@carries`` (it holds models other than people) beside."""

DEEPEST, DEEPEST_ELEMENT = 16, 10_000
"""Levels of models within models, of elements within elements; deeper ones are no report's."""
RESTARTS = 1000
"""Damaged places jumped over, at most."""

_NEXT = re.compile(rb"<(?:\w+:)?(?:model|modelType|taggedFiles|file)[ >]")
_FIELDS = frozenset(["field", "multiField"])
_QUIET = frozenset(["field", "empty", "multiField", "modelField", "multiModelField"])
"""Elements at whose end nothing happens."""
_USUAL = ["type", "id", "deleted_state"]
"""The attributes that a model begins with, as a rule."""
_PEOPLE = frozenset(["From", "To", "ActivityLog"])
"""Fields of models that the plainest message has."""
_TEXTS = frozenset(["targetid", "item", "timestamp"])
"""Elements whose own text counts."""
_MISMATCH = expat.errors.codes[expat.errors.XML_ERROR_TAG_MISMATCH]
_NAMES = 10_000
"""Names of fields remembered."""
_ENOUGH = 64
"""Bytes kept from one block to the next, so that ``_NEXT`` is not torn apart."""


@dataclass(slots=True)
class Part:
    """One piece of a report, or the next messages of one chat; ``kind`` says which.

    ``model`` (at the top of the report), ``file`` (tagged), ``item`` (of the report's metadata)
    and ``left`` (a model of a type nobody asked for) stand in ``said``. ``messages`` are complete,
    and ``said`` is their chat, as far as it has been read.
    """

    kind: str
    said: Said
    messages: list[Said] = field(default_factory=list)


def parts(source: Source, wanted: frozenset[str]) -> Iterator[Part]:
    """The pieces of a report in their order; top models of types not in ``wanted`` are ``left``.

    Raises ``BadInput`` at once for a document that declares entities, and at the end for a damaged
    one, after all that could be read.
    """
    feed = blocks(source)
    damage: str | None = None
    rest = b""
    for _ in range(RESTARTS):
        machine = _Machine(source, wanted, resumed=damage is not None)
        try:
            yield from machine.run(rest, feed)
        except expat.ExpatError as error:
            if damage is None:
                damage = str(error)
            elif error.code != _MISMATCH:  # an end whose start was lost is no further damage
                source.reject("", N_("damaged XML: {why}"), why=error)
            rest = _resumed(machine.unread(), feed)
            if rest:
                continue
        break
    if damage is not None:
        raise BadInput(N_("{name} is damaged XML: {why}"), name=source.name, why=damage)


def tagged_files(source: Source) -> Iterator[Said]:
    """The tagged files of a report alone, wherever they stand in it; none where they are cut."""
    opening = re.compile(rb"<taggedFiles[ >]")
    machine: _Machine | None = None
    held = b""
    try:
        for block in blocks(source):
            held = block if machine else held[-_ENOUGH:] + block
            if machine is None:
                if (found := opening.search(held)) is None:
                    continue
                machine, held = _Machine(source, frozenset()), held[found.start() :]
            end = held.find(b"</taggedFiles>")
            for part in machine.fed_with(held if end < 0 else held[:end]):
                if part.kind == "file":
                    yield part.said
            if end >= 0:
                return
    except expat.ExpatError:
        return


def _resumed(unread: bytes, feed: Iterator[bytes]) -> bytes:
    """The bytes from the next model on; none when the report holds no other."""
    unread = unread[1:]
    while True:
        if found := _NEXT.search(unread):
            return unread[found.start() :]
        more = next(feed, b"")
        if not more:
            return b""
        unread = unread[-_ENOUGH:] + more


@dataclass
class _Machine:
    """Expat with the calls that turn elements into dicts."""

    source: Source
    wanted: frozenset[str]
    resumed: bool = False
    found: list[Part] = field(default_factory=list)
    _open: list[Said] = field(default_factory=list)
    """The models that are open, outermost first."""
    _fields: list[str] = field(default_factory=list)
    """Of each of them, the field of models that is open."""
    _said: Said | None = None
    """The innermost of them."""
    _chat: Said | None = None
    """The chat that the last part of ``found`` holds messages of."""
    _words: list[str] = field(default_factory=list)
    _name: str = ""
    _file: Said | None = None
    _fed: int = 0
    _block: bytes = b""
    _plain: set[str] = field(default_factory=set)
    """Names of fields met that hold no passwords."""

    def __post_init__(self) -> None:
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.EntityDeclHandler = self._hostile
        self._hot()
        parser.StartElementHandler, parser.EndElementHandler = self._calls

    def run(self, rest: bytes, feed: Iterator[bytes]) -> Iterator[Part]:
        """Feed ``rest`` and then ``feed``; the parts found, each as soon as it is complete."""
        if self.resumed:
            self._feed(b"<r>")  # what was open before the damage is not known
        if rest:
            yield from self.fed_with(rest)
        for block in feed:
            yield from self.fed_with(block)
        yield from self.fed_with(b"</r>" if self.resumed else b"", last=True)

    def unread(self) -> bytes:
        """What was fed and stands after the damage."""
        return self._block[max(self._parser.ErrorByteIndex - self._fed, 0) :]

    def fed_with(self, block: bytes, *, last: bool = False) -> Iterator[Part]:
        """Feed one block; the parts that it completes."""
        try:
            self._feed(block, last=last)
        finally:
            found, self.found, self._chat = self.found, [], None
            yield from found

    def _feed(self, block: bytes, *, last: bool = False) -> None:
        self._fed += len(self._block)
        self._block = block
        self._parser.Parse(block, last)

    def _hostile(self, *_: Any) -> None:
        raise BadInput(
            N_("{name} declares XML entities: refused as hostile"), name=self.source.name
        )

    def _hot(self) -> None:
        """The calls for fields and their values: nearly all there are, so nothing is looked up.

        ``field`` and ``value`` live in the names ``name``, ``single`` and ``words``.
        """
        parser, words, plain = self._parser, self._words, self._plain
        more, start_other, end_other, keep = words.append, self._start, self._end, self._keep
        name, single, wrapped, depth = "", True, False, 0

        def start(tag: str, given: list[str]) -> None:
            nonlocal name, single, wrapped, depth
            depth += 1
            if tag == "value":
                words.clear()
                parser.CharacterDataHandler = more
                wrapped = bool(given) and "Base64String" in given
            elif tag in _FIELDS:
                name = given[1] if given and given[0] == "name" else _attribute(given, "name")
                single = tag == "field"
            elif ":" in tag:  # of a namespace with a prefix
                depth -= 1
                start(tag.rpartition(":")[2], given)
            elif tag != "empty":
                start_other(tag, given)
            if depth > DEEPEST_ELEMENT:
                self._too_deep()

        def end(tag: str) -> None:
            nonlocal depth
            depth -= 1
            if tag == "value":
                parser.CharacterDataHandler = None
                if words and (said := self._said) is not None:
                    text = words[0] if len(words) == 1 else "".join(words)
                    if single and name in plain and not wrapped:
                        said[name] = text
                    else:
                        keep(said, name, text, single, wrapped)
            elif ":" in tag:
                depth += 1
                end(tag.rpartition(":")[2])
            elif tag not in _QUIET:
                end_other(tag)

        self._calls = start, end

    def _keep(self, said: Said, name: str, text: str, single: bool, wrapped: bool) -> None:
        """The value of a field goes to the model that is open, unless it is a password."""
        if is_secret(name):
            self.source.leave(CREDENTIALS)
            return
        if len(self._plain) < _NAMES:
            self._plain.add(name)
        if wrapped:
            text = _decoded(text)
        before = None if single else said.get(name)
        said[name] = f"{before} {text}" if isinstance(before, str) else text

    def _too_deep(self) -> None:
        raise BadInput(
            N_("{name} nests elements more than {n} deep: refused as hostile"),
            name=self.source.name,
            n=DEEPEST_ELEMENT,
        )

    def _start(self, tag: str, given: list[str]) -> None:
        """The start of anything but a field or a value."""
        if tag == "model":
            self._model(given)
        elif tag in ("modelField", "multiModelField"):
            if self._fields:
                self._fields[-1] = _attribute(given, "name")
        elif tag in _TEXTS:
            self._name = _attribute(given, "ismodel" if tag == "targetid" else "name")
            self._words.clear()
            self._parser.CharacterDataHandler = self._words.append
        elif tag == "file":
            pairs = zip(given[::2], given[1::2], strict=True)
            self._file = {f"@{name}": value for name, value in pairs}

    def _end(self, tag: str) -> None:
        """The end of anything but a field or a value."""
        if tag == "model":
            self._model_done()
        elif tag in _TEXTS:
            self._parser.CharacterDataHandler = None
            if text := "".join(self._words).strip():
                self._text(tag, text)
        elif tag == "file" and self._file is not None:
            self.found.append(Part("file", self._file))
            self._file = None

    def _text(self, tag: str, text: str) -> None:
        if tag == "targetid":
            if self._said is not None:
                self._said.setdefault("@targets", []).append((text, self._name == "true"))
        elif self._file is not None:
            self._file.setdefault(self._name, text)
        elif not self._open:
            self.found.append(Part("item", {self._name: text}))

    def _model(self, given: list[str]) -> None:
        depth = len(self._open)
        if given[0:5:2] == _USUAL:
            kind = given[1]
            said: Said = {"@id": given[3], "@type": kind, "@deleted_state": given[5]}
            if "file_id" in given:
                said["@file_id"] = _attribute(given, "file_id")
        else:
            attributes = dict(zip(given[::2], given[1::2], strict=True))
            kind = attributes.get("type", "")
            said = {"@id": attributes.get("id", ""), "@type": kind}
            for name in ("deleted_state", "file_id"):
                if value := attributes.get(name):
                    said[f"@{name}"] = value
        if depth < 2 and not said["@id"]:
            said["@line"] = self._parser.CurrentLineNumber
        if depth >= DEEPEST:
            self._skip()
        elif not depth and kind not in self.wanted:
            self.found.append(Part("left", said))
            self._skip()
        else:
            self._open.append(said)
            self._fields.append("")
            self._said = said

    def _model_done(self) -> None:
        if not self._open:
            return
        said = self._open.pop()
        self._fields.pop()
        if not self._open:
            self._said = None
            self._chat = None
            self.found.append(Part("model", said))
            return
        self._said = owner = self._open[-1]
        name = self._fields[-1]
        if len(self._open) == 1 and name == "Messages" and owner["@type"] == "Chat":
            if self._chat is not owner:
                owner["@messages"] = True
                self._chat = owner
                self.found.append(Part("messages", owner))
            self.found[-1].messages.append(said)
            return
        if name not in _PEOPLE:
            owner["@carries"] = True
        before = owner.get(name)
        if isinstance(before, list):
            before.append(said)
        else:
            owner[name] = [said]

    def _skip(self) -> None:
        """Pass over everything up to the end of the model that has just begun."""
        depth = 1
        parser = self._parser

        def start(_: str, __: list[str]) -> None:
            nonlocal depth
            depth += 1
            if depth > DEEPEST_ELEMENT:
                self._too_deep()

        def done(_: str) -> None:
            nonlocal depth
            depth -= 1
            if not depth:
                parser.StartElementHandler, parser.EndElementHandler = self._calls
                self._calls[1]("empty")  # the start of that model was counted

        parser.StartElementHandler, parser.EndElementHandler = start, done


def _attribute(given: list[str], name: str) -> str:
    """The value of an attribute in Expat's flat list; empty when it is not there."""
    if given and given[0] == name:
        return given[1]
    return next((v for n, v in zip(given[::2], given[1::2], strict=True) if n == name), "")


def _decoded(text: str) -> str:
    """A text that the report wrapped in Base64; itself where it is none."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return text
