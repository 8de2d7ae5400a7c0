"""Lexicons: vocabulary as data. The nouns, and how a YAML file becomes one.

A lexicon holds *entries* (a concept and the forms under which it is written), *traits* (what
weighs a little by itself), *scenes* (what people do: concepts that come together within a few
messages), *manners* (how people speak: by how often) and *contexts* (what clears a conversation).
It is read by people first: the head of
``analyses/messages/lexicons/stupefiants.yaml`` explains every key. The notation of the forms is
explained in :func:`forms`.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from faisceau.errors import BadInput, NotFound
from faisceau.words import N_

WRITTEN = ("terms", "inflections", "spellings", "verlan", "sms", "emoji")
"""The keys of an entry under which its forms stand, besides ``other`` (by language)."""

OBSERVED = {"night"}
"""Concepts that no form writes: the analysis sees them (sent from 22:00 to 5:00 in its zone)."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a concept, in the notation of the lexicon, and how it is known."""

    text: str
    way: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A concept: its forms, what it belongs to, how ambiguous it is, where it comes from.

    ``ambiguity`` 0 to 1: from 0.5 on, a hit counts only when one of ``confirm`` stands within
    ``near`` messages and none of ``clear`` does.
    """

    concept: str
    kinds: tuple[str, ...]
    meaning: Mapping[str, str]
    forms: tuple[Form, ...]
    ambiguity: float
    confirm: tuple[str, ...]
    clear: tuple[str, ...]
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One part of a scene: any of the concepts, at least ``least`` times.

    ``by``: ``same`` or ``other`` sender than the first slot's, or ``any``.
    """

    any: tuple[str, ...]
    least: int = 1
    by: str = "any"


@dataclass(frozen=True, slots=True)
class Boost:
    """What makes a scene stronger when it stands within the same messages."""

    any: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Scene:
    """What people do: slots filled within ``within`` messages; weights are log-odds.

    ``text`` is an English template with ``{words}``; ``family`` is what contexts clear.
    """

    scene: str
    family: str
    text: str
    weight: float
    slots: tuple[Slot, ...]
    within: int
    ordered: bool
    boosts: tuple[Boost, ...]
    unless: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trait:
    """What weighs a little by itself, wherever it stands in a conversation (log-odds)."""

    trait: str
    text: str
    weight: float
    any: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manner:
    """How people speak to each other, whatever they speak of: weighs by how often it is met.

    ``weight`` (log-odds) is for one time in some 25 words, up to ``most`` times that; counted are
    the distinct ways it is said, or with ``every`` all its times.
    """

    manner: str
    text: str
    weight: float
    most: float
    every: bool
    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """What speaks for the persons: words of another trade, from ``least`` distinct ones on.

    ``weight`` (negative) counts by itself; ``clears`` says which share of each family of scenes
    (``all`` for those not named, ``manner`` for the manners) it explains away.
    """

    context: str
    text: str
    weight: float
    least: int
    clears: Mapping[str, float]
    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """A vocabulary with its name, version and hash; equal when the hash is.

    As a parameter of an analysis it is written by name or path, and recorded as
    ``name version sha256``.
    """

    name: str
    version: str
    sha256: str
    macros: Mapping[str, str]
    entries: tuple[Entry, ...]
    traits: tuple[Trait, ...]
    scenes: tuple[Scene, ...]
    contexts: tuple[Context, ...]
    manners: tuple[Manner, ...] = ()
    near: int = 4

    def __str__(self) -> str:
        return f"{self.name} {self.version} {self.sha256[:16]}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lexicon) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def resolve(value: Any) -> Lexicon:
            return value if isinstance(value, cls) else load_lexicon(str(value))

        return core_schema.no_info_plain_validator_function(
            resolve,
            serialization=core_schema.plain_serializer_function_ser_schema(
                str, return_schema=core_schema.str_schema()
            ),
            json_schema_input_schema=core_schema.str_schema(),
        )


def load_lexicon(name_or_path: str | Path) -> Lexicon:
    """A lexicon by name (those of the house) or by path of a YAML file.

    Raises ``NotFound`` when there is none, ``BadInput`` when the file does not hold together
    (unknown key, concept that no entry defines, form that cannot be read).
    """
    return _parse(*written(name_or_path))


def read_lexicon(name: str, raw: bytes) -> Lexicon:
    """A lexicon from the bytes of its file. Raises ``BadInput``, as ``load_lexicon`` does."""
    return _parse(name, raw)


def house_lexicons() -> list[str]:
    """The names of the lexicons that come with the program."""
    return sorted(path.name.removesuffix(".yaml") for path in _house())


def written(name_or_path: str | Path) -> tuple[str, bytes]:
    """The name of a lexicon and its file, as it is written. Raises ``NotFound``."""
    name = str(name_or_path)
    if name.endswith((".yaml", ".yml")) or "/" in name:
        path = Path(name)
        if not path.is_file():
            raise NotFound(N_("There is no lexicon {name}"), name=name)
        return path.stem, path.read_bytes()
    name = name.split(maxsplit=1)[0] if name.split() else name
    known = {path.name.removesuffix(".yaml"): path for path in _house()}
    if name not in known:
        raise NotFound(
            N_("There is no lexicon {name}"),
            hint=N_("Known: {known}; or give the path of a YAML file"),
            name=name,
            known=sorted(known),
        )
    return name, known[name].read_bytes()


def _house() -> Iterator[Traversable]:
    for capability in sorted(files("faisceau").joinpath("analyses").iterdir(), key=str):
        folder = capability.joinpath("lexicons")
        if folder.is_dir():
            yield from (p for p in folder.iterdir() if p.name.endswith(".yaml"))


def forms(entry: Mapping[str, Any]) -> tuple[Form, ...]:
    """The forms of an entry, in the order written, each once.

    Notation: lower case without accents (every accent and case is found); a blank is one to three
    blanks, hyphens, apostrophes or stops; ``'`` an apostrophe or blank that may be missing;
    ``#`` a number; ``¶`` the end of a sentence or message; ``…`` up to 24 letters of anything in
    one message; ``*`` the rest of a word; ``(a|b)``, ``?`` and ``[abc]`` as in regular
    expressions; ``{name}`` a macro. Semicolons separate forms.
    """
    written = [(way, text) for way in WRITTEN for text in _split(entry.get(way, ""))]
    for tongue, texts in entry.get("other", {}).items():
        written += [(tongue, text) for text in _split(texts)]
    return tuple(Form(text, way) for text, way in {t: w for w, t in written}.items())


def _split(texts: str) -> Iterator[str]:
    """The forms of a list separated by semicolons."""
    return (text for part in texts.split(";") if (text := " ".join(part.split())))


@lru_cache(maxsize=8)
def _parse(name: str, raw: bytes) -> Lexicon:
    try:
        data = yaml.safe_load(raw)
        lexicon = Lexicon(
            name=name,
            version=str(data["version"]),
            sha256=hashlib.sha256(raw).hexdigest(),
            macros=data.get("macros", {}),
            entries=tuple(_entry(e, data) for e in data["entries"]),
            traits=tuple(_trait(t) for t in data["traits"]),
            scenes=tuple(_scene(s) for s in data["scenes"]),
            contexts=tuple(_context(c) for c in data["contexts"]),
            manners=tuple(_manner(m) for m in data.get("manners", ())),
            near=data.get("near", 4),
        )
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadInput(
            N_("The lexicon {name} cannot be read: {error}"), name=name, error=repr(error)
        ) from error
    _check(lexicon)
    return lexicon


def _entry(e: dict[str, Any], data: dict[str, Any]) -> Entry:
    return Entry(
        concept=e["concept"],
        kinds=tuple(e.get("kinds", ())),
        meaning=e["meaning"],
        forms=forms(e),
        ambiguity=float(e.get("ambiguity", 0)),
        confirm=tuple(e.get("confirm", ())),
        clear=tuple(e.get("clear", ())),
        source=data["sources"][e["source"]],
        date=str(e["date"]),
    )


def _trait(t: dict[str, Any]) -> Trait:
    return Trait(t["trait"], t["text"], float(t["weight"]), tuple(t["any"]))


def _manner(m: dict[str, Any]) -> Manner:
    return Manner(
        manner=m["manner"],
        text=m["text"],
        weight=float(m["weight"]),
        most=float(m.get("most", 3)),
        every=bool(m.get("every", False)),
        forms=forms(m),
    )


def _scene(s: dict[str, Any]) -> Scene:
    slots = tuple(
        Slot(tuple(p["any"]), int(p.get("least", 1)), p.get("by", "any")) for p in s["slots"]
    )
    return Scene(
        scene=s["scene"],
        family=s["family"],
        text=s["text"],
        weight=float(s["weight"]),
        slots=slots,
        within=int(s.get("within", 6)),
        ordered=bool(s.get("ordered", False)),
        boosts=tuple(Boost(tuple(b["any"]), float(b["weight"])) for b in s.get("boosts", ())),
        unless=tuple(s.get("unless", ())),
    )


def _context(c: dict[str, Any]) -> Context:
    return Context(
        context=c["context"],
        text=c["text"],
        weight=float(c["weight"]),
        least=int(c.get("least", 1)),
        clears=c.get("clears", {}),
        forms=forms(c),
    )


def _check(lexicon: Lexicon) -> None:
    """Every concept a scene or an entry names is defined; every family cleared exists."""
    known = {e.concept for e in lexicon.entries}.union(*(e.kinds for e in lexicon.entries))
    known |= {c.context for c in lexicon.contexts} | OBSERVED
    named = {c for e in lexicon.entries for c in (*e.confirm, *e.clear)}
    named |= {c for trait in lexicon.traits for c in trait.any}
    for scene in lexicon.scenes:
        named |= {c for slot in scene.slots for c in slot.any}
        named |= {c for boost in scene.boosts for c in boost.any} | set(scene.unless)
    families = {s.family for s in lexicon.scenes} | {"all", "manner"}
    cleared = {f for c in lexicon.contexts for f in c.clears}
    for wrong in (sorted(named - known), sorted(cleared - families)):
        if wrong:
            raise BadInput(
                N_("The lexicon {name} names what it does not define: {wrong}"),
                name=lexicon.name,
                wrong=wrong,
            )
