"""A Cellebrite report as a stream of plain dicts, one model at a time, whatever its size.

Expat calls back without building a tree: a report of gigabytes, or a chat of 100,000 messages,
passes in the memory of one model. What is damaged is jumped over to the next model.
"""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from xml.parsers import expat

from faisceau.errors import BadInput
from faisceau.evidence.mending import mended_xml, xml_encoding
from faisceau.evidence.reading import Source
from faisceau.evidence.report_sheets.secrets import CREDENTIALS, is_secret
from faisceau.words import N_

Said = dict[str, Any]
"""A model: text by name of a field, a list of dicts by name of a field of models; ``@id``,
``@type``, ``@deleted_state``, ``@file_id``, ``@targets`` (jump targets) and ``@line`` beside."""

BLOCK = 1 << 18
"""Bytes read at a time."""
DEEPEST = 16
"""Levels of models within models; deeper ones are no report's."""
RESTARTS = 1000
"""Damaged places jumped over, at most."""

_FORBIDDEN = bytes(set(range(32)) - {9, 10, 13})
_NO_CHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_NEXT = re.compile(rb"<(?:\w+:)?(?:model|modelType|taggedFiles|file)[ >]")
_FIELDS = frozenset(["field", "multiField"])
_QUIET = frozenset(["field", "empty", "multiField", "modelField", "multiModelField"])
"""Elements at whose end nothing happens."""
_TEXTS = frozenset(["targetid", "item", "timestamp"])
"""Elements whose own text counts."""
_MISMATCH = expat.errors.codes[expat.errors.XML_ERROR_TAG_MISMATCH]
_ENOUGH = 64
"""Bytes kept from one block to the next, so that ``_NEXT`` is not torn apart."""


@dataclass(slots=True)
class Part:
    """One piece of a report: what it is, what it says, and the chat it stands in.

    ``kind`` is ``model`` (at the top of the report), ``message`` (of a chat, as soon as it is
    complete), ``file`` (tagged), ``item`` (of the report's metadata), or ``left`` (a model of a
    type nobody asked for, which alone stands in ``said``).
    """

    kind: str
    said: Said
    chat: Said | None = None


def parts(source: Source, wanted: frozenset[str]) -> Iterator[Part]:
    """The pieces of a report in their order; top models of types not in ``wanted`` are ``left``.

    Raises ``BadInput`` at once for a document that declares entities, and at the end for a damaged
    one, after all that could be read.
    """
    blocks = _blocks(source)
    damage: str | None = None
    rest = b""
    for _ in range(RESTARTS):
        machine = _Machine(source, wanted, resumed=damage is not None)
        try:
            yield from machine.run(rest, blocks)
        except expat.ExpatError as error:
            if damage is None:
                damage = str(error)
            elif error.code != _MISMATCH:  # an end whose start was lost is no further damage
                source.reject("", N_("damaged XML: {why}"), why=error)
            rest = _resumed(machine.unread(), blocks)
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
        for block in _blocks(source):
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


def _resumed(unread: bytes, blocks: Iterator[bytes]) -> bytes:
    """The bytes from the next model on; none when the report holds no other."""
    unread = unread[1:]
    while True:
        if found := _NEXT.search(unread):
            return unread[found.start() :]
        more = next(blocks, b"")
        if not more:
            return b""
        unread = unread[-_ENOUGH:] + more


def _blocks(source: Source) -> Iterator[bytes]:
    """The file as valid UTF-8 for a strict parser, in blocks that end before a ``<``."""
    start = source.head.start
    if xml_encoding(start) not in ("utf-8", "utf-8-sig", "ascii"):
        with source.open() as stream:
            mended = mended_xml(stream, start)
            while block := mended.read(BLOCK):
                yield block
        return
    with source.open() as stream:
        held, size = b"", BLOCK
        mark = stream.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
        while block := mark + stream.read(size):
            block, mark = held + block, b""
            cut = block.rfind(b"<")
            if cut <= 0:  # within one long text
                held, size = block, min(2 * size, 64 * BLOCK)
                continue
            yield _mended(block[:cut])
            held, size = block[cut:], BLOCK
        yield _mended(held)


def _mended(block: bytes) -> bytes:
    """The block itself where it is sound, as nearly all are: mending costs more than parsing."""
    if len(block.translate(None, _FORBIDDEN)) == len(block) and b"&#" not in block:
        if block.isascii():
            return block
        if not any(sign in block for sign in _NO_CHARACTERS) and _is_utf8(block):
            return block
    stream = mended_xml(BytesIO(block), b"<")
    return b"".join(iter(lambda: stream.read(BLOCK), b""))


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(slots=True)
class _Level:
    """A model that is open, and the field of it that is open."""

    said: Said
    name: str = ""


@dataclass
class _Machine:
    """Expat with the calls that turn elements into dicts."""

    source: Source
    wanted: frozenset[str]
    resumed: bool = False
    found: list[Part] = field(default_factory=list)
    _open: list[_Level] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)
    _name: str = ""
    _said: Said | None = None
    _file: Said | None = None
    _fed: int = 0
    _block: bytes = b""

    def __post_init__(self) -> None:
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.EntityDeclHandler = self._hostile
        self._hot()
        parser.StartElementHandler, parser.EndElementHandler = self._calls

    def run(self, rest: bytes, blocks: Iterator[bytes]) -> Iterator[Part]:
        """Feed ``rest`` and then ``blocks``; the parts found, each as soon as it is complete."""
        if self.resumed:
            self._feed(b"<r>")  # what was open before the damage is not known
        if rest:
            yield from self.fed_with(rest)
        for block in blocks:
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
            found, self.found = self.found, []
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

        ``field`` and ``value`` live in the names ``name``, ``several`` and ``words``.
        """
        parser, words = self._parser, self._words
        start_other, end_other, keep = self._start, self._end, self._keep
        name, several, wrapped = "", False, False

        def start(tag: str, given: list[str]) -> None:
            nonlocal name, several, wrapped
            if tag == "value":
                words.clear()
                parser.CharacterDataHandler = words.append
                wrapped = "Base64String" in given
            elif tag in _FIELDS:
                name = given[1] if given and given[0] == "name" else _attribute(given, "name")
                several = tag == "multiField"
            elif tag != "empty":
                start_other(tag, given)

        def end(tag: str) -> None:
            if tag == "value":
                parser.CharacterDataHandler = None
                if words:
                    keep(name, words[0] if len(words) == 1 else "".join(words), several, wrapped)
            elif tag not in _QUIET:
                end_other(tag)

        self._calls = start, end

    def _keep(self, name: str, text: str, several: bool, wrapped: bool) -> None:
        """The value of a field goes to the model that is open."""
        said = self._said
        if said is None:
            return
        if is_secret(name):
            self.source.leave(CREDENTIALS)
            return
        if wrapped:
            text = _decoded(text)
        before = said.get(name) if several else None
        said[name] = f"{before} {text}" if isinstance(before, str) else text

    def _start(self, tag: str, given: list[str]) -> None:
        """The start of anything but a field or a value."""
        if tag == "model":
            self._model(given)
        elif tag in ("modelField", "multiModelField"):
            if self._open:
                self._open[-1].name = _attribute(given, "name")
        elif tag in _TEXTS:
            self._name = _attribute(given, "ismodel" if tag == "targetid" else "name")
            self._words.clear()
            self._parser.CharacterDataHandler = self._words.append
        elif tag == "file":
            pairs = zip(given[::2], given[1::2], strict=True)
            self._file = {f"@{name}": value for name, value in pairs}
        elif ":" in tag:
            self._calls[0](tag.rpartition(":")[2], given)

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
        elif ":" in tag:
            self._calls[1](tag.rpartition(":")[2])

    def _text(self, tag: str, text: str) -> None:
        if tag == "targetid":
            if self._said is not None:
                self._said.setdefault("@targets", []).append((text, self._name == "true"))
        elif self._file is not None:
            self._file.setdefault(self._name, text)
        elif not self._open:
            self.found.append(Part("item", {self._name: text}))

    def _model(self, given: list[str]) -> None:
        attributes = dict(zip(given[::2], given[1::2], strict=True))
        kind = attributes.get("type", "")
        said: Said = {"@id": attributes.get("id", ""), "@type": kind}
        if not said["@id"]:
            said["@line"] = self._parser.CurrentLineNumber
        for name in ("deleted_state", "file_id"):
            if value := attributes.get(name):
                said[f"@{name}"] = value
        if not self._open and kind not in self.wanted:
            self.found.append(Part("left", said))
            self._skip()
        elif len(self._open) >= DEEPEST:
            self._skip()
        else:
            self._open.append(_Level(said))
            self._said = said

    def _model_done(self) -> None:
        if not self._open:
            return
        said = self._open.pop().said
        if not self._open:
            self._said = None
            self.found.append(Part("model", said))
            return
        owner = self._open[-1]
        self._said = owner.said
        if owner.name == "Messages" and owner.said["@type"] == "Chat" and len(self._open) == 1:
            owner.said["@messages"] = True
            self.found.append(Part("message", said, owner.said))
            return
        before = owner.said.get(owner.name)
        if isinstance(before, list):
            before.append(said)
        else:
            owner.said[owner.name] = [said]

    def _skip(self) -> None:
        """Pass over everything up to the end of the model that has just begun."""
        depth = 1
        parser = self._parser

        def start(tag: str, _: list[str]) -> None:
            nonlocal depth
            depth += tag.endswith("model")

        def done(tag: str) -> None:
            nonlocal depth
            depth -= tag.endswith("model")
            if not depth:
                parser.StartElementHandler, parser.EndElementHandler = self._calls

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
