"""The mandate of the fictional case. Its dates follow the day, so that it is always in force."""

from datetime import date, timedelta

REFERENCE = "PR/2026/0931"
AGENT = "A1"

_TEXT = """\
# Mandat d'un dossier FICTIF : personnes, ville, numéros et magistrat sont inventés.

reference = "{reference}"
regime = "judicial-preliminary"
authority = "Procureur de la République, tribunal judiciaire de Montfaucy (fictif)"
authorised_on = {first}
expires_on = {last}
purposes = ["narcotics-trafficking"]
data = ["message", "call", "contact", "handset", "media"]

[offence]
article = "CP 222-37"
penalty_years = 10

# Qui a autorisé l'ouverture des téléphones de Nolan (E1, E3), de Sacha (E2) et de Mathis (E4).
[[exhibit_access]]
exhibits = ["E1", "E2", "E3", "E4"]
act = "{reference}-AC1"
authority = "Juge des libertés et de la détention, tribunal judiciaire de Montfaucy (fictif)"
date = {opened}

[[agents]]
id = "{agent}"
name = "Camille Durand (fictive)"
service = "Groupe stupéfiants de Montfaucy"
roles = ["investigator", "lead"]
until = {until}
"""


def text(day: date) -> str:
    """``mandate.toml`` as of ``day``: given 60 days before, in force for 120 more."""
    return _TEXT.format(
        reference=REFERENCE,
        agent=AGENT,
        first=day - timedelta(days=60),
        opened=day - timedelta(days=59),
        last=day + timedelta(days=120),
        until=day + timedelta(days=365),
    )
