"""Jids, WhatsApp's identifiers: ``33612000001@s.whatsapp.net`` and what else stands before ``@``.

``@s.whatsapp.net`` (once ``@c.us``) follows a telephone number, ``@lid`` a hidden identifier,
``@g.us`` a group, ``@broadcast`` a list or the statuses, ``@newsletter`` a channel.
"""

import re

PHONE = r"\+?([0-9]{5,20})(?:[.:][0-9]+)*@(?:s\.whatsapp\.net|c\.us)"
"""The jid of a person; its group is the number."""
_PHONE = re.compile(PHONE)
JID = re.compile(r"[0-9][0-9.:-]{3,40}@(?:s\.whatsapp\.net|c\.us|lid|g\.us)")


def phone(jid: str) -> str | None:
    """The telephone number of a person's jid, as ``+`` and digits; None for any other jid."""
    found = _PHONE.fullmatch(jid)
    return f"+{found[1]}" if found else None


def is_shared(jid: str) -> bool:
    """True for a group, a broadcast, the statuses or a channel: a jid that is no one person."""
    return jid.endswith(("@g.us", "@broadcast", "@newsletter", "@status"))


def plain(jid: str) -> str:
    """The jid of a person without the number of the device: ``336…:12@…`` is ``336…@…``."""
    user, at, server = jid.partition("@")
    return re.split(r"[.:]", user, maxsplit=1)[0] + at + server if at else jid
