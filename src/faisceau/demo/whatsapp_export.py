"""The demo's exported WhatsApp conversation: a zip as an Android telephone in French makes it."""

import zipfile
from pathlib import Path

from faisceau.demo.people import LOOKOUT, PEOPLE
from faisceau.demo.script import Line, conversations, picture

_LEFT_TO_RIGHT = "\u200e"
_NOTICE = (
    "Les messages et les appels sont chiffrés de bout en bout. Seules les personnes qui prennent "
    "part à cette discussion peuvent les lire, les écouter ou les partager. En savoir plus."
)


def write(path: Path) -> None:
    """Write the archive to ``path``: the conversation, and the picture that it names."""
    [chat] = conversations("export")
    first = chat.lines[0]
    lines = [
        f"{first.at:%d/%m/%Y %H:%M} - {_NOTICE}",
        f"{first.at:%d/%m/%Y %H:%M} - Vous avez créé le groupe “{chat.name}”",
    ]
    attached = {}
    for line in chat.lines:
        text = line.text
        if line.picture:
            name = f"IMG-{line.at:%Y%m%d}-WA0001.jpg"
            attached[name] = line
            text = f"{_LEFT_TO_RIGHT}{name} (fichier joint)\n{text}"
        person = PEOPLE[line.sender or LOOKOUT]
        # The holder's own name is the one of his account, without the others' nickname.
        lines.append(f"{line.at:%d/%m/%Y %H:%M} - {person.name.removeprefix('Petit ')}: {text}")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        content = ("\n".join(lines) + "\n").encode("utf-8")
        archive.writestr(_member(f"Discussion WhatsApp avec {chat.name}.txt", first), content)
        for name, line in attached.items():
            archive.writestr(_member(name, line), picture())


def _member(name: str, line: Line) -> zipfile.ZipInfo:
    at = line.at.timetuple()
    info = zipfile.ZipInfo(name, at[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = 0o644 << 16
    return info
