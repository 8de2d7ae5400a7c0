"""Published priors: of each class of coincidence, the share that one network explains.

They are judgements, frozen here, and count as ``STRENGTH`` cases each: with little data they
decide, with much they hardly matter.
"""

STRENGTH = 12.0

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
NEAR = {"letter": 0.75, "digit": 0.4}
"""What a slip leaves of a share: letters are mistaken; other digits are often other people."""
UNKNOWN = (0.3, 0.3, 0.02)

TRUSTED = (
    "imei+own2", "imei", "imsi", "iccid", "booking", "document", "email+own2", "email+own",
    "payer", "phone+othername", "address", "marking", "phone+own2",
)  # fmt: skip
"""Exact coincidences that hardly err when few bear them, from which corroboration is learnt."""


def prior_of(name: str) -> float:
    """The prior share of a class."""
    kind, near, borne = parsed(name)
    shares = SHARES.get(kind) or SHARES.get(kind.partition("+")[0]) or UNKNOWN
    share = shares[0 if borne <= 1 else 1 if borne <= 3 else 2]
    return share * NEAR.get(near, 1.0)


def trusted(name: str) -> bool:
    """True for a class that hardly errs."""
    kind, near, borne = parsed(name)
    strict = kind in ("imei+own2", "imei", "imsi", "iccid", "booking", "email+own2", "document")
    return strict and not near and borne <= 3


def parsed(name: str) -> tuple[str, str, int]:
    """Kind and how it is borne; ``letter``, ``digit`` or nothing; the class of how many bear it."""
    parts = name.split(":")
    return parts[0], parts[1] if len(parts) == 3 else "", int(parts[-1])
