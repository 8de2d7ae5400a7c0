"""Published priors: of each class of coincidence, the share that one network explains.

They are judgements, frozen here, and count as ``STRENGTH`` cases each: with little data they
decide, with much they hardly matter.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

STRENGTH = 12.0
FAINT = 0.06
"""Below this share of true ones a class is part of the scenery: its weight is nothing."""

SHARES: dict[str, tuple[float, float, float]] = {
    # kind and how it is borne: by 2 procedures, by 3 to 8, by more
    "imei+own2": (0.97, 0.97, 0.5),
    "imei": (0.95, 0.95, 0.5),
    "imsi": (0.97, 0.97, 0.5),
    "iccid": (0.97, 0.97, 0.5),
    "booking": (0.98, 0.97, 0.3),
    "luggage": (0.97, 0.9, 0.1),
    "document": (0.97, 0.95, 0.3),
    "email": (0.9, 0.93, 0.2),
    "email+own": (0.95, 0.96, 0.3),
    "email+own2": (0.97, 0.97, 0.3),
    "handle": (0.5, 0.5, 0.05),
    "handle+own": (0.8, 0.8, 0.2),
    "handle+own2": (0.7, 0.7, 0.1),
    "iban": (0.95, 0.95, 0.3),
    "coin_address": (0.95, 0.95, 0.3),
    "plate": (0.9, 0.9, 0.2),
    "phone": (0.75, 0.85, 0.05),
    "phone+own": (0.9, 0.93, 0.2),
    "phone+own2": (0.95, 0.95, 0.3),
    "phone+personal": (0.9, 0.9, 0.1),
    "phone+samename": (0.4, 0.25, 0.01),
    "phone+othername": (0.75, 0.93, 0.1),
    "phone+called": (0.6, 0.8, 0.03),
    "address": (0.85, 0.85, 0.02),
    "payer": (0.9, 0.92, 0.3),
    "payer+usual": (0.5, 0.6, 0.1),
    "payer+common": (0.15, 0.15, 0.03),
    "person+born": (0.97, 0.97, 0.5),
    "person": (0.7, 0.7, 0.1),
    "person+usual": (0.2, 0.2, 0.03),
    "person+common": (0.03, 0.03, 0.01),
    "marking": (0.85, 0.85, 0.1),
    "marking+usual": (0.5, 0.5, 0.05),
    "marking+common": (0.2, 0.2, 0.03),
    "packaging": (0.1, 0.08, 0.01),
    "concealment": (0.05, 0.05, 0.01),
    "agency": (0.05, 0.04, 0.01),
    "journey": (0.05, 0.05, 0.01),
}
NAMED = ("person", "payer", "marking", "packaging", "concealment", "agency", "journey")
NEAR = {"letter": 0.75, "digit": 0.4}
"""What a slip leaves of a share: letters are mistaken; other digits are often other people."""
UNKNOWN = (0.3, 0.3, 0.02)

STATE_STRENGTH = 20.0
# rows: neither, one, both, a third; columns: of the other bearers none, few, some, most are tied
_PAIR, _FEW, _MANY = (
    ((0.38, 0.01, 0.01, 0.01), (0.01,) * 4, (0.01,) * 4, (0.45, 0.01, 0.01, 0.01)),
    ((0.11, 0.005, 0.005, 0.01), (0.005, 0.005, 0.025, 0.15),
     (0.005, 0.005, 0.005, 0.03), (0.045, 0.005, 0.06, 0.53)),
    ((0.01, 0.005, 0.01, 0.02), (0.005, 0.005, 0.02, 0.15),
     (0.005, 0.005, 0.01, 0.05), (0.005, 0.005, 0.05, 0.64)),
)  # fmt: skip
TRUE_STATES = np.array([_PAIR, _PAIR, _FEW, _MANY, _MANY, _MANY]).reshape(6, 16)
"""How often each state of corroboration (``_ties``) is met among true coincidences, by how many
bear the value."""
_PAIR, _FEW, _MANY = (
    ((0.80, 0.01, 0.01, 0.01), (0.01,) * 4, (0.01,) * 4, (0.06, 0.01, 0.01, 0.01)),
    ((0.66, 0.01, 0.02, 0.03), (0.01, 0.01, 0.06, 0.06),
     (0.01, 0.01, 0.01, 0.02), (0.04, 0.01, 0.02, 0.02)),
    ((0.40, 0.15, 0.08, 0.04), (0.01, 0.05, 0.06, 0.06),
     (0.01, 0.01, 0.01, 0.03), (0.02, 0.02, 0.02, 0.03)),
)  # fmt: skip
CHANCE_STATES = np.array([_PAIR, _PAIR, _FEW, _MANY, _MANY, _MANY]).reshape(6, 16)
"""The same among chance ones; how often is measured on values drawn at random."""

JOINED, JOINED_NAME, JOINED_NEAR = 0.2, 0.5, 0.6
"""Of chance coincidences, the share in which a stranger joins the bearers of a network's own
value: seldom with numbers and addresses, often with names and slips."""


def joins(name: str) -> float:
    """How often a chance coincidence of a class is a stranger who joins a network's value."""
    kind, near, _ = parsed(name)
    if near:
        return JOINED_NEAR
    return JOINED_NAME if kind.partition("+")[0] in NAMED else JOINED


def prior_of(name: str) -> float:
    """The prior share of a class."""
    kind, near, borne = parsed(name)
    shares = SHARES.get(kind) or SHARES.get(kind.partition("+")[0]) or UNKNOWN
    share = shares[0 if borne <= 1 else 1 if borne <= 3 else 2]
    return share * NEAR.get(near, 1.0)


def prior_shares(
    names: Sequence[str], slips: Mapping[tuple[str, str, int], float]
) -> npt.NDArray[np.float64]:
    """The prior share of each class, or what is no slip by chance if that is less."""
    shares = []
    for name in names:
        kind, near, borne = parsed(name)
        shares.append(min(prior_of(name), slips.get((kind.partition("+")[0], near, borne), 1.0)))
    return np.array(shares, np.float64)


def parsed(name: str) -> tuple[str, str, int]:
    """Kind and how it is borne; ``letter``, ``digit`` or nothing; the class of how many bear it."""
    parts = name.split(":")
    return parts[0], parts[1] if len(parts) == 3 else "", int(parts[-1])
