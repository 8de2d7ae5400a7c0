"""Coincidences: every pair of procedures that share a value, and the class of each coincidence.

Arrays run in parallel, one entry per (pair, value). The class says what kind of trait it is, how
each side bears it, and how many procedures bear the value: coincidences of one class are weighed
alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import igraph
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.analyses.links._near import BORNE_BY, Near, near_values
from faisceau.analyses.links._priors import FAINT, prior_shares
from faisceau.analyses.links._spelling import named, nameless, words_in
from faisceau.analyses.links._traits import BOOK, CALLED, OWN, PERSONAL, Bools, Floats, Ints, Traits

LINES = ("phone", "handle", "email", "imei", "imsi", "iccid", "document", "iban", "plate")

NAMED = ("person", "payer", "marking")
UNSEEN = 30
"""Values beside those at hand, as if none of their words were met: in a small set, two that share
a word make it look common."""
LIKELY = ("", "+usual", "+common", "+born")


@dataclass(frozen=True, slots=True)
class Coincidences:
    """``a`` < ``b``: the procedures; ``left``, ``right``: the traits (positions in ``Traits``).

    ``family``: values that are spellings of one another have one; ``source``: coincidences of a
    pair with one source are told by the same rows, and counted once; ``near``: across spellings;
    ``borne``: how many procedures bear the value, or the more common of the two; ``slips``: by
    kind, letter or digit and class of how many bear it, the share of near values beyond what lies
    near by chance.
    """

    a: Ints
    b: Ints
    left: Ints
    right: Ints
    family: Ints
    source: Ints
    near: Bools
    borne: Ints
    slips: Mapping[tuple[str, str, int], float]
    classes: Ints
    class_names: list[str]

    def __len__(self) -> int:
        return len(self.a)


def coincidences(traits: Traits, most: int) -> Coincidences:
    """All of them, for values that at most ``most`` procedures bear."""
    left, right = _exact(traits, most)
    near = near_values(traits, most)
    near_left, near_right, which = _crossed(traits, near)
    left, right = np.append(left, near_left), np.append(right, near_right)
    is_near = np.arange(len(left)) >= len(left) - len(near_left)
    slip = np.zeros(len(left), np.int64)
    slip[is_near] = 1 + near.digit[which]
    turned = traits.proc[left] > traits.proc[right]
    left, right = np.where(turned, right, left), np.where(turned, left, right)
    kept = traits.proc[left] != traits.proc[right]
    left, right, is_near, slip = left[kept], right[kept], is_near[kept], slip[kept]
    order = np.lexsort((right, left, traits.proc[right], traits.proc[left]))
    left, right, is_near, slip = left[order], right[order], is_near[order], slip[order]
    family = _families(traits, near)
    classes, names = _classes(traits, left, right, slip)
    kept = _telling(traits, left, right, family, prior_shares(names, near.beyond)[classes])
    left, right, is_near, classes = left[kept], right[kept], is_near[kept], classes[kept]
    return Coincidences(
        a=traits.proc[left],
        b=traits.proc[right],
        left=left,
        right=right,
        family=family[traits.value[left]],
        source=_sources(traits, left, right, family),
        near=is_near,
        borne=np.maximum(traits.held[traits.value[left]], traits.held[traits.value[right]]),
        slips=near.beyond,
        classes=classes,
        class_names=names,
    )


def _telling(traits: Traits, left: Ints, right: Ints, family: Ints, shares: Floats) -> Bools:
    """False for what is scenery alone: a coincidence of a pair that nothing else ties, in a value
    that weighs for nobody."""
    heavy, of_value = shares >= FAINT, family[traits.value[left]]
    pair = traits.proc[left] * len(traits.procedures) + traits.proc[right]
    weighs: Bools = np.bincount(of_value[heavy], minlength=len(family)) > 0
    return weighs[of_value] | np.isin(pair, pair[heavy])


def _exact(traits: Traits, most: int) -> tuple[Ints, Ints]:
    """Pairs of traits of one value, each once."""
    fit = np.flatnonzero((traits.held[traits.value] > 1) & (traits.held[traits.value] <= most))
    value = traits.value[fit]
    lefts, rights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for apart in range(1, most):
        same = np.flatnonzero(value[apart:] == value[:-apart])
        if not len(same):
            break
        lefts.append(fit[same])
        rights.append(fit[same + apart])
    return np.concatenate(lefts), np.concatenate(rights)


def _crossed(traits: Traits, near: Near) -> tuple[Ints, Ints, Ints]:
    """Pairs of traits across two near values, and which of ``near`` each comes from."""
    begin = np.append(0, np.cumsum(traits.held))
    x, y = near.rare, near.other
    sizes = traits.held[x] * traits.held[y]
    which = np.repeat(np.arange(len(x)), sizes)
    inside = np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    wide = traits.held[y][which]
    return begin[x][which] + inside // wide, begin[y][which] + inside % wide, which


def _families(traits: Traits, near: Near) -> Ints:
    """The family of each value: the smallest value it is near to, directly or through others."""
    family = np.arange(len(traits.kinds))
    met, ends = np.unique(np.concatenate([near.rare, near.other]), return_inverse=True)
    graph = igraph.Graph(n=len(met), edges=ends.reshape(2, -1).T)
    group = np.array(graph.connected_components().membership, np.int64)
    smallest = np.full(len(met), len(family))
    np.minimum.at(smallest, group, met)
    family[met] = smallest[group]
    return family


def _sources(traits: Traits, left: Ints, right: Ints, family: Ints) -> Ints:
    """What tells each coincidence: the journey, the goods, the device, a person; else its value.

    One booking gives the same flight, date, payer and agency; one device its cards and line.
    """
    source = family[traits.value[left]].copy()
    names = traits.tables
    both_own = (traits.side[left] == OWN) & (traits.side[right] == OWN)
    place = len(traits.kinds)
    for at, table in enumerate(("trip", "seizure", "handset")):
        if table in names:
            code = names.index(table)
            there = (traits.table[left] == code) & (traits.table[right] == code)
            source[there & both_own if table == "handset" else there] = place + at
    if "person" in names:
        code = names.index("person")
        there = np.flatnonzero((traits.table[left] == code) & (traits.table[right] == code))
        one, two = (
            np.unique(traits.row[at[there]], return_inverse=True)[1] for at in (left, right)
        )
        _, which = np.unique(one * (int(two.max(initial=0)) + 1) + two, return_inverse=True)
        source[there] = place + 3 + which.ravel()
    return source


def _classes(traits: Traits, left: Ints, right: Ints, slip: Ints) -> tuple[Ints, list[str]]:
    """The class of each coincidence, and the names of the classes in use."""
    names, likely = _name_codes(traits.name), _likely(traits)
    x, y = names[left], names[right]
    values = traits.value[left], traits.value[right]
    borne = np.maximum(traits.held[values[0]], traits.held[values[1]])
    parts: dict[str, tuple[Ints, int]] = {
        "kind": (traits.kinds[values[0]], max(1, len(traits.kind_names))),
        "low": (np.minimum(traits.side[left], traits.side[right]), 6),
        "high": (np.maximum(traits.side[left], traits.side[right]), 6),
        "called": (np.where((x < 0) | (y < 0), 0, np.where(x == y, 1, 2)), 3),
        "slip": (slip, 3),
        "likely": (np.maximum(likely[values[0]], likely[values[1]]), 4),
        "borne": (np.searchsorted(BORNE_BY, borne, "right").astype(np.int64), 6),
    }
    code = np.zeros(len(left), np.int64)
    for part, width in parts.values():
        code = code * width + part
    _, first, classes = np.unique(code, return_index=True, return_inverse=True)
    tokens = [
        _token(traits, {name: int(part[at]) for name, (part, _) in parts.items()})
        for at in first.tolist()
    ]
    known = sorted(set(tokens))
    number = {name: i for i, name in enumerate(known)}
    return np.array([number[t] for t in tokens], np.int64)[classes.ravel()], known


def _token(traits: Traits, part: Mapping[str, int]) -> str:
    """The name of a class: kind and how it is borne, spelling, how many bear it."""
    kind = traits.kind_names[part["kind"]]
    how = _how(kind, part["low"], part["high"], part["called"], part["likely"])
    return f"{kind}{how}{('', ':letter', ':digit')[part['slip']]}:{part['borne']}"


def _how(kind: str, low: int, high: int, called: int, likely: int) -> str:
    if kind in NAMED:
        return LIKELY[likely]
    if kind not in LINES or kind in ("imsi", "iccid", "document"):
        return ""
    if low == OWN:
        return "+own2" if high == OWN else "+own"
    if kind == "phone" and high == BOOK and low == BOOK:
        return ("", "+samename", "+othername")[called]
    return "+personal" if low == PERSONAL else "+called" if high == CALLED else ""


def _name_codes(names: pa.Array) -> Ints:
    """A number for the skeleton of each contact's name; -1 without one."""
    coded = names.dictionary_encode()
    forms = words_in(coded.dictionary).joined().dictionary_encode()
    known = np.append(forms.indices.to_numpy(), -1).astype(np.int64)
    if "" in (texts := forms.dictionary.to_pylist()):
        known[known == texts.index("")] = -1
    codes: Ints = known[coded.indices.fill_null(len(forms)).to_numpy().astype(np.int64)]
    return codes


def _likely(traits: Traits) -> Ints:
    """How likely chance gives two procedures the same words (``LIKELY``): from how common each
    word is among values of its kind; a birth date makes it unlikely."""
    likely = np.zeros(len(traits.kinds), np.int64)
    for kind in NAMED:
        if kind not in traits.kind_names:
            continue
        at = np.flatnonzero(traits.kinds == traits.kind_names.index(kind))
        texts, held = traits.texts.take(pa.array(at)), traits.held[at]
        words = words_in(named(texts))
        counts = np.bincount(words.code, held[words.owner], len(words.known))
        total = held.sum()
        rare = np.log(counts / (total + UNSEEN))[words.code] if len(words.code) else words.code
        expected = total * np.exp(np.bincount(words.owner, rare, len(at)))
        born = pc.not_equal(nameless(texts), "").to_numpy(zero_copy_only=False)
        likely[at] = np.where(born, 3, np.searchsorted((0.1, 1.0), expected, "right"))
    return likely
