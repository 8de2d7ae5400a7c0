"""Message types of Signal for Android: a number whose low bits say what, whose high bits how.

Source: ``MessageTypes`` of https://github.com/signalapp/Signal-Android.
"""

BASE = 0x1F
"""The bits that say what a message is."""

INCOMING = (20,)
OUTGOING = (21, 22, 23, 24, 25, 26)
DRAFT = 27
CALLS_IN, CALLS_OUT, CALLS_MISSED = (1, 10), (2, 11), (3, 8)
CALLS = (*CALLS_IN, *CALLS_OUT, *CALLS_MISSED)

_EVENTS = {
    0: "message",
    4: "contact joined Signal",
    5: "unsupported message",
    6: "invalid message",
    7: "profile changed",
    9: "group migrated",
    12: "group call",
    13: "message that could not be decrypted",
    14: "number changed",
    15: "asked to donate",
    16: "conversations merged",
    17: "conversation switched to SMS",
    18: "session switchover",
}
_BITS = (
    (0x20000, "left the group"),
    (0x10000, "group updated"),
    (0x40000, "disappearing messages changed"),
    (0x400000, "secure session reset"),
    (0x200, "safety number changed"),
    (0x4000, "identity verified"),
    (0x2000, "identity no longer verified"),
    (0xFF00, "key exchange"),
)
_SPECIAL = {
    0x300000000: "payment",
    0x400000000: "asked to activate payments",
    0x500000000: "reported as spam",
    0x600000000: "message request accepted",
    0x700000000: "message request accepted",
    0x800000000: "payments activated",
    0x900000000: "payment",
    0xA00000000: "blocked",
    0xB00000000: "unblocked",
    0xC00000000: "poll ended",
    0xD00000000: "message pinned",
}


def event(kind: int) -> str | None:
    """What happened, in brackets, for a type that is no message of a person; else None."""
    base = kind & BASE
    if special := _SPECIAL.get(kind & 0xF00000000):
        return f"[{special}]"
    for bits, what in _BITS:
        if kind & bits:
            return f"[{what}]"
    if base in (*INCOMING, *OUTGOING, DRAFT, *CALLS):
        return None
    return f"[{_EVENTS.get(base, f'event {base}')}]" if base else None
