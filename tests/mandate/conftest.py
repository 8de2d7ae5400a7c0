"""The mandate of the design, section 6, whole: what the tests of this room start from."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from faisceau.mandate.model import Mandate
from faisceau.mandate.reading import read_mandate

DESIGN = """\
reference = "PR/2026/0417"
regime = "judicial-preliminary"
authority = "Procureur de la République, tribunal judiciaire de Lille"
authorised_on = 2026-09-01
expires_on = 2027-03-01
purposes = ["narcotics-trafficking"]
data = ["message", "call", "contact", "handset"]

[offence]
article = "CP 222-37"
penalty_years = 10
organised = true

[scope]
exhibits = ["E1", "phone of X"]
participants = ["+33612345678"]
from = 2026-01-01
to = 2026-09-01

[authorisations.matching]
reference = "PR/2026/0417-R"
date = 2026-09-02

[[series]]
procedures = ["PV-2026-00012", "PV-2026-01*"]
authorisation = "ORD/7"
date = 2026-09-02
until = 2027-02-01

[[exhibit_access]]
exhibits = ["E1"]
act = "ORD/8"
authority = "Procureur de la République de Lille"
date = 2026-09-01

[[designated]]
name = "Jean Dupont"
account = "FR7630006000011234567890189"

[[agents]]
id = "A1"
name = "Agent A1"
service = "OFAST"
roles = ["investigator", "analyst", "lead"]
until = 2027-06-30

[[interconnections]]
with = "PR/2026/0533"
purposes = ["narcotics-trafficking"]
data = ["mention"]
recipients = ["A1"]
justification = "Same courier in both"
safeguards = ["Hashed identifiers"]
cnil_reference = "CNIL-2026-1"
impact_assessment = "AIPD-2026-1"
expires_on = 2027-01-01
"""


@pytest.fixture
def text() -> str:
    """The design's ``mandate.toml``."""
    return DESIGN


@pytest.fixture
def read() -> Callable[[str], Mandate]:
    """``read_mandate`` on a text, as if it came from ``mandate.toml``."""
    return lambda text: read_mandate(text, "mandate.toml")


@pytest.fixture
def mandate() -> Mandate:
    """The design's mandate, read."""
    return read_mandate(DESIGN, "mandate.toml")


@pytest.fixture
def now() -> datetime:
    """A moment at which that mandate is in force."""
    return datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
