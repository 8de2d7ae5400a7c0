"""How alike two persons are: the comparisons of ``links.identity`` and their frozen weights.

After Fellegi and Sunter (JASA 64, 1969): each level of a comparison has two published rates, how
often it is met among records of one person, and among records of two. They are judgements, the
same for every case; what names add follows from how rare they are in the data at hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faisceau.words import N_


@dataclass(frozen=True, slots=True)
class Level:
    """One level: a condition in SQL, what it says in words, and its two rates.

    ``rarity``: the column whose rarity replaces the rate among two persons."""

    when: str
    says: str
    one: float
    two: float
    rarity: str = ""


COMPARISONS: Mapping[str, tuple[Level, ...]] = {
    "whole": (
        Level("whole_l = whole_r", N_("the same names"), 0.60, 4e-4, "whole"),
        Level("sound_l = sound_r", N_("names that sound the same"), 0.14, 3e-4, "sound"),
        Level(
            "least(len(words_l), len(words_r)) >= 2 and "
            "(list_has_all(words_l, words_r) or list_has_all(words_r, words_l))",
            N_("all names of the one are among those of the other, as after a marriage"),
            0.10,
            5e-4,
        ),
        Level(
            "consonants_l = consonants_r or jaro_winkler_similarity(sound_l, sound_r) >= 0.95 or "
            "damerau_levenshtein(sound_l, sound_r) <= 1",
            N_("names that differ by a slip or by vowels"),
            0.10,
            2e-3,
        ),
        Level("list_has_any(words_l, words_r)", N_("one name in common"), 0.04, 5e-2),
        Level("else", N_("other names"), 0.02, 0.947),
    ),
    "born": (
        Level("born_l = born_r", N_("born on the same day"), 0.80, 7e-5),
        Level("turned_l = born_r", N_("birth dates with day and month swapped"), 0.04, 3e-5),
        Level(
            "year_l = year_r and (born_l like '%-01-01' or born_r like '%-01-01')",
            N_("born in the same year, the day of one unknown"),
            0.04,
            2e-3,
        ),
        Level(
            "(year_l = year_r)::int + (born_l[6:7] = born_r[6:7])::int"
            " + (born_l[9:10] = born_r[9:10])::int = 2",
            N_("birth dates that differ in day, month or year alone"),
            0.07,
            6e-3,
        ),
        Level("else", N_("other birth dates"), 0.05, 0.99),
    ),
    "document": (
        Level("document_l = document_r", N_("the same document number"), 0.65, 2e-7),
        Level(
            "length(document_l) >= 6 and damerau_levenshtein(document_l, document_r) <= 1",
            N_("document numbers that differ by one sign"),
            0.05,
            4e-6,
        ),
        Level(
            "length(document_l) >= 7 and damerau_levenshtein(document_l, document_r) <= 2",
            N_("document numbers that differ by two signs"),
            0.02,
            4e-5,
        ),
        Level("else", N_("other document numbers"), 0.28, 0.99995),
    ),
    "phone": (
        Level("phone_l = phone_r", N_("the same telephone number"), 0.40, 4e-4),
        Level("else", N_("other telephone numbers"), 0.60, 0.9996),
    ),
    "email": (
        Level("email_l = email_r", N_("the same mail address"), 0.50, 1e-4),
        Level("else", N_("other mail addresses"), 0.50, 0.9999),
    ),
    "alias": (
        Level("alias_l = alias_r", N_("the same nickname"), 0.40, 5e-3),
        Level("else", N_("other nicknames"), 0.60, 0.995),
    ),
    "place": (
        Level("place_l = place_r", N_("the same birth place"), 0.80, 8e-2),
        Level(
            "jaro_winkler_similarity(place_l, place_r) >= 0.9",
            N_("birth places that differ by a slip"),
            0.10,
            1e-2,
        ),
        Level("else", N_("other birth places"), 0.10, 0.91),
    ),
    "address": (
        Level("address_l = address_r", N_("the same address"), 0.35, 4e-3),
        Level(
            "jaro_winkler_similarity(address_l, address_r) >= 0.92 or"
            " damerau_levenshtein(address_l, address_r) <= 2",
            N_("addresses that differ by a slip"),
            0.10,
            2e-3,
        ),
        Level(
            "len(list_intersect(string_split(address_l, ' '), string_split(address_r, ' '))) >= 3"
            " and len(list_intersect(string_split(address_l, ' '), string_split(address_r, ' ')))"
            " >= 0.6 * least(len(string_split(address_l, ' ')), len(string_split(address_r, ' ')))",
            N_("addresses that have most of their words in common"),
            0.15,
            1e-3,
        ),
        Level("else", N_("other addresses"), 0.40, 0.993),
    ),
}
"""By the column that must be known on both sides; the first level that fits counts."""

BLOCKS = (
    "l.document = r.document",
    "l.phone = r.phone",
    "l.email = r.email",
    "l.sound = r.sound",
    "l.born = r.born",
    "l.turned = r.born",
    "l.consonants = r.consonants",
    "l.first_word = r.first_word and l.year = r.year",
    "l.alias = r.alias and l.year = r.year",
    "l.address[1:14] = r.address[1:14] and l.year = r.year",
    "l.whole[1:4] = r.whole[1:4] and l.year = r.year",
)
"""Pairs that are compared: those that agree on one of these."""

REPEATED = 0.2
"""Records that have another of the same person, expected: with what to begin, before any trait."""


def prior(records: int) -> float:
    """The chance that two records taken at random are of one person."""
    return min(0.01, REPEATED / max(1, records - 1))


def settings(records: int) -> dict[str, Any]:
    """The settings of a Splink linker: nothing is estimated, everything stands above."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "row_id",
        "probability_two_random_records_match": prior(records),
        "blocking_rules_to_generate_predictions": list(BLOCKS),
        "comparisons": [_comparison(name, levels) for name, levels in COMPARISONS.items()],
        "retain_intermediate_calculation_columns": True,
        "retain_matching_columns": True,
        "additional_columns_to_retain": ["origin"],
    }


def _comparison(name: str, levels: tuple[Level, ...]) -> dict[str, Any]:
    unknown = f"{name}_l is null or {name}_r is null"
    described: list[dict[str, Any]] = [
        {"sql_condition": unknown, "label_for_charts": "unknown", "is_null_level": True}
    ]
    for level in levels:
        one: dict[str, Any] = {
            "sql_condition": level.when,
            "label_for_charts": level.says,
            "m_probability": level.one,
            "u_probability": level.two,
        }
        if level.rarity:
            one |= {
                "tf_adjustment_column": level.rarity,
                "tf_adjustment_weight": 1.0,
                "tf_minimum_u_value": 1e-6,
            }
        described.append(one)
    return {"output_column_name": name, "comparison_levels": described}
