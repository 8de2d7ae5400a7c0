"""The numbers of iOS's messages: what a type carries, what an event says.

Known from databases and from IPED's parser; an event that is not listed keeps its numbers.
"""

from collections.abc import Mapping

CONTACT, LOCATION, DELETED, POLL = 4, 5, 14, 46
KINDS: Mapping[int, str] = {
    0: "text", 1: "image", 2: "video", 3: "voice", 4: "text", 5: "location", 6: "system",
    7: "text", 8: "file", 10: "system", 11: "video", 12: "system", 14: "text", 15: "image",
    19: "text", 20: "text", 23: "text", 24: "text", 25: "text", 26: "text", 27: "text",
    28: "system", 30: "text", 31: "text", 32: "text", 34: "text", 38: "image", 39: "video",
    41: "text", 42: "text", 46: "text", 53: "voice", 54: "video", 55: "system", 59: "system",
}  # fmt: skip
BY_MIME = frozenset({66})
HASHED = (1, 2, 3, 8, 11, 15, 38, 39, 53, 54, 66)
"""Types whose ``ZVCARDNAME`` is the hash of the file."""
NOTICES = frozenset({6, 10, 12, 28, 55, 59})
ADDED, REMOVED, CREATED = frozenset({2, 50}), frozenset({7}), frozenset({12})
"""Events of type 6 whose text is who did it, then after ``;`` to whom."""
LABELS: Mapping[tuple[int, int], str] = {
    (6, 1): "subject changed", (6, 2): "participant added", (6, 3): "participant left",
    (6, 4): "group picture changed", (6, 5): "group picture deleted",
    (6, 7): "participant removed", (6, 9): "number changed", (6, 10): "became administrator",
    (6, 11): "no longer administrator", (6, 12): "group created",
    (6, 13): "community not available", (6, 15): "participant joined by link",
    (6, 17): "group description changed", (6, 18): "only administrators edit the group",
    (6, 19): "all members edit the group", (6, 20): "only administrators send messages",
    (6, 21): "all members send messages", (6, 22): "group description deleted",
    (6, 23): "participant joined by invitation", (6, 26): "disappearing messages changed",
    (6, 30): "participant joined from the community", (6, 31): "group added to a community",
    (6, 33): "group removed from a community", (6, 39): "became administrator",
    (6, 42): "only administrators add participants", (6, 43): "group left the community",
    (6, 50): "participant added", (6, 51): "community changed", (6, 56): "subject changed",
    (6, 57): "community description changed", (6, 60): "welcome to the community",
    (6, 61): "group added to a community", (6, 64): "who adds participants changed",
    (10, 1): "missed voice call", (10, 2): "messages are end-to-end encrypted",
    (10, 3): "security code changed", (10, 4): "missed video call", (10, 5): "number changed",
    (10, 6): "number changed", (10, 21): "missed group voice call",
    (10, 22): "missed group video call", (10, 25): "official business account",
    (10, 26): "business account", (10, 29): "business name changed",
    (10, 30): "no longer a business account", (10, 34): "contact blocked",
    (10, 35): "contact unblocked", (10, 36): "security code changed",
    (10, 38): "official business account", (10, 40): "group video call",
    (10, 41): "group video call", (10, 45): "missed voice call", (10, 46): "missed video call",
    (10, 47): "message kept", (10, 51): "privacy of the chat changed",
    (10, 56): "sender added to the contacts", (55, 1): "channel created",
    (55, 4): "privacy of the channel changed",
}  # fmt: skip
TYPE_LABELS: Mapping[int, str] = {
    12: "waiting for this message", 28: "disappearing messages by default", 59: "call",
}  # fmt: skip


def label(kind: int, event: int) -> str:
    """What a notice says, in brackets."""
    known = LABELS.get((kind, event)) or TYPE_LABELS.get(kind)
    return f"[{known}]" if known else f"[notice {kind}/{event}]"
