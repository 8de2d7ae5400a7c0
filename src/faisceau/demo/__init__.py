"""The demo: a fictional case, written in the real formats in which such files reach a service.

Everything is invented: the town of Montfaucy, the persons, their numbers (from the ranges that the
French regulator keeps for fiction, 06 39 98 xx xx and 01 99 00 xx xx). What they write stands in
``conversations/*.txt``, where a person reads and corrects it; each module writes one format. The
files are the same to the byte each time; only the mandate's dates follow the day.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from faisceau.demo import (
    call_records,
    cellebrite,
    mandate,
    telegram,
    whatsapp_android,
    whatsapp_export,
)

REFERENCE = mandate.REFERENCE
"""The procedure of the fictional case."""
AGENT = mandate.AGENT
"""The one agent that its mandate designates."""


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Where the files of the case are; ``exhibits`` in the order of their numbers, E1 first."""

    mandate: Path
    exhibits: tuple[Path, ...]


def write_files(folder: Path, day: date) -> DemoFiles:
    """Write the files of the fictional case into ``folder``, its mandate in force on ``day``."""
    writers = {
        "nolan/msgstore.db": whatsapp_android.write,
        "sacha/whatsapp-tour-b.zip": whatsapp_export.write,
        "nolan/telegram/result.json": telegram.write,
        "mathis/report.xml": cellebrite.write,
        "operateur/fadet-0639980100.csv": call_records.write,
    }
    exhibits = []
    for name, write in writers.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
        exhibits.append(path)
    terms = folder / "mandate.toml"
    terms.write_text(mandate.text(day), "utf-8")
    return DemoFiles(terms, tuple(exhibits))
