"""The demo's call records: a CSV as a French operator hands it over on requisition (a *fadet*).

Windows-1252, semicolons, days before months, decimal commas. The columns are those usual in such
files; no operator's own layout is copied.
"""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from faisceau.demo.people import HOLDER, PEOPLE
from faisceau.demo.script import PARIS

_HEADERS = (
    "Type de communication",
    "Sens",
    "Numéro appelant",
    "Numéro appelé",
    "Date et heure",
    "Durée (s)",
    "IMEI",
    "IMSI",
    "Code cellule",
    "Adresse du relais",
    "Latitude",
    "Longitude",
)
_CELLS = (
    ("MTF-0101-A", "Place de la Halle, Montfaucy", 47.10214, 3.20451),
    ("MTF-0101-C", "Place de la Halle, Montfaucy", 47.10214, 3.20451),
    ("MTF-0204-B", "Résidence des Tanneurs, Montfaucy", 47.11382, 3.21977),
    ("MTF-0305-A", "Gare, Montfaucy", 47.09548, 3.19836),
    ("MTF-0907-B", "Scierie, route du sud", 47.04119, 3.26640),
)
_IMSI = "001010640100100"
_HANDSETS = ("004999010640018", "004999010640034")
_CHANGED = datetime(2026, 3, 18, 9, 0, tzinfo=PARIS)
_FIRST = datetime(2026, 2, 23, 7, 30, tzinfo=PARIS)
_DAYS = 36
_WITH = {
    "mathis": 5,
    "lorenzo": 3,
    "sacha": 3,
    "odile": 1,
    "max": 1,
    "maman": 2,
    "hugo": 1,
    "arthur": 2,
    "jade": 2,
    "lea": 1,
}


def write(path: Path) -> None:
    """Write the records of the holder's line to ``path``."""
    with path.open("w", encoding="cp1252", newline="") as stream:
        rows = csv.writer(stream, delimiter=";", lineterminator="\r\n")
        rows.writerow(_HEADERS)
        rows.writerows(_records())


def _records() -> Iterator[tuple[str, ...]]:
    """Calls and texts by day; once a week a line without a called number, as data sessions are."""
    chance = Random("fadet")
    line = _national(PEOPLE[HOLDER].number)
    for day in range(_DAYS):
        minutes = sorted(chance.randint(0, 16 * 60) for _ in range(chance.randint(3, 8)))
        for minute in minutes:
            at = _FIRST + timedelta(days=day, minutes=minute, seconds=chance.randint(0, 59))
            [key] = chance.choices(list(_WITH), list(_WITH.values()))
            other, out = _national(PEOPLE[key].number), chance.random() < 0.6
            text = chance.random() < 0.45
            away = key == "max"
            cell, address, latitude, longitude = _CELLS[-1] if away else chance.choice(_CELLS[:-1])
            yield (
                "SMS" if text else "Voix",
                "Sortant" if out else "Entrant",
                line if out else other,
                other if out else line,
                f"{at:%d/%m/%Y %H:%M:%S}",
                "0" if text else str(chance.randint(4, 300)),
                _HANDSETS[at >= _CHANGED],
                _IMSI,
                cell,
                address,
                f"{latitude:.5f}".replace(".", ","),
                f"{longitude:.5f}".replace(".", ","),
            )
        if day % 7 == 6:
            session = ("Data", "", line, "", f"{at:%d/%m/%Y %H:%M:%S}", "1800")
            yield (*session, _HANDSETS[at >= _CHANGED], _IMSI, _CELLS[0][0], _CELLS[0][1], "", "")


def _national(number: str) -> str:
    """A French number as operators write it, without the plus."""
    return number.removeprefix("+")
