"""Identifiers: numbers, handles and addresses in their one normal form, and where they occur.

``normalise`` turns one written identifier into its kind and normal form; ``spellings`` lists the
ways it is written; ``Mentions`` collects those of an exhibit while its rows are stored.
"""

from faisceau.tables.identifiers.gathering import FREE_TEXT, Mentions, mentions
from faisceau.tables.identifiers.names import address_key, person_key
from faisceau.tables.identifiers.normal import KINDS, Identifier, normalise
from faisceau.tables.identifiers.scan import found_in
from faisceau.tables.identifiers.spellings import spellings

__all__ = [
    "FREE_TEXT",
    "KINDS",
    "Identifier",
    "Mentions",
    "address_key",
    "found_in",
    "mentions",
    "normalise",
    "person_key",
    "spellings",
]
