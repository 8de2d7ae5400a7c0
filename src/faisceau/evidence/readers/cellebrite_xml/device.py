"""What a report says of the handset: items of its metadata, lines of cards, applications."""

from faisceau.evidence.readers.cellebrite_xml.model import word
from faisceau.evidence.readers.cellebrite_xml.parsing import Said
from faisceau.evidence.reading import Source
from faisceau.evidence.report_sheets.handset import Handset


def line(handset: Handset, source: Source, said: Said) -> None:
    """Take a line about the device or one of its SIM cards."""
    name = word(said, "Name") or word(said, "EntryName") or ""
    value = word(said, "Value") or word(said, "EntryValue") or ""
    handset.item(source, name, value, among=str(said["@type"]))


def application(handset: Handset, said: Said) -> None:
    """Take an installed application."""
    handset.add("apps", word(said, "Identifier") or word(said, "Name"))
