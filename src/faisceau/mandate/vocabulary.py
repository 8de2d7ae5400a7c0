"""The words that a mandate may use: regimes, roles, qualities, authorisations, tables.

Contract: the design, sections 5 and 6. They are plain names here; what they allow is said by the
Cedar policies alone.
"""

REGIMES = (
    "judicial-flagrance",
    "judicial-preliminary",
    "judicial-instruction",
    "intelligence",
    "customs",
    "fiscal",
)

ROLES = (
    "investigator",
    "analyst",
    "lead",
    "auditor",
    "administrator",
    "defence",
    "authority",
    "control-magistrate",
)

QUALITIES = ("lawyer", "journalist", "doctor", "magistrate", "member-of-parliament")
"""Whose correspondence may be sealed (``[[protected]]``)."""

AUTHORISATIONS = ("matching", "purchase", "pseudonym", "cnctr", "processing", "lapi_scan")

KINDS = ("query", "assist", "matching", "ai")

TABLES = (
    "message",
    "call",
    "contact",
    "handset",
    "person",
    "trip",
    "seizure",
    "plate_read",
    "payment",
    "coin_transfer",
    "declaration",
    "scan",
    "post",
    "sim_sale",
    "media",
    "position",
)
"""The observation tables, as a mandate's ``data`` names them."""

DERIVED = ("mention", "review", "reject")
"""Tables made from the others or from people's work: never listed in ``data``."""

KEYS: dict[str, tuple[str, ...]] = {
    "": (
        "reference",
        "regime",
        "authority",
        "authorised_on",
        "expires_on",
        "purposes",
        "data",
        "offence",
        "scope",
        "authorisations",
        "series",
        "exhibit_access",
        "designated",
        "protected",
        "agents",
        "interconnections",
    ),
    "offence": ("article", "penalty_years", "organised"),
    "scope": ("exhibits", "participants", "from", "to"),
    "authorisations": AUTHORISATIONS,
    **{f"authorisations.{name}": ("reference", "date") for name in AUTHORISATIONS},
    "series": ("procedures", "authorisation", "date", "until"),
    "exhibit_access": ("exhibits", "act", "authority", "date"),
    "designated": ("name", "account"),
    "protected": ("name", "quality", "identifiers"),
    "agents": ("id", "name", "service", "roles", "until"),
    "interconnections": (
        "with",
        "purposes",
        "data",
        "recipients",
        "justification",
        "safeguards",
        "cnil_reference",
        "impact_assessment",
        "expires_on",
    ),
}
"""The keys of each section of ``mandate.toml``, and no others."""
