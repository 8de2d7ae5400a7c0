"""The numbers of Android's messages: what a type carries, what a notice says."""

from collections.abc import Mapping

NOTICE = 7
LOCATIONS = (5, 16)  # a place; one that moves for a while
TITLED = (4, 7, 9, 14)  # contacts, notices, documents: their title is words
REVOKED = (15, 64)  # by its sender; by an administrator of the group
KINDS: Mapping[int, str] = {
    0: "text", 1: "image", 2: "voice", 3: "video", 4: "text", 5: "location", 7: "system",
    8: "system", 9: "file", 10: "system", 11: "system", 13: "video", 14: "text", 15: "text",
    16: "location", 20: "image", 23: "text", 24: "text", 25: "text", 26: "text", 27: "text",
    28: "text", 32: "text", 36: "system", 42: "image", 43: "video", 44: "text", 45: "text",
    46: "text", 49: "text", 55: "text", 56: "system", 57: "text", 64: "text", 66: "text",
    82: "voice", 90: "system", 106: "text",
}  # fmt: skip
BY_MIME = frozenset({81, 99, 103})
"""Known types that say what they carry by their media type alone."""
LABELS: Mapping[int, str] = {
    8: "[call]", 10: "[missed call]", 11: "[waiting for this message]", 90: "[call]",
    36: "[disappearing messages changed]", 56: "[disappearing messages changed]",
    64: "[deleted by an administrator]",
}  # fmt: skip
NOTICES: Mapping[int, str] = {
    1: "subject changed", 4: "participant added", 5: "participant left",
    6: "group picture changed", 7: "participant removed", 10: "number changed",
    11: "group created", 12: "participant added", 13: "participant left",
    14: "participant removed", 15: "became administrator", 16: "no longer administrator",
    18: "security code changed", 19: "messages are end-to-end encrypted",
    20: "participant joined by link", 21: "group link reset", 27: "group description changed",
    28: "number changed", 29: "only administrators edit the group",
    30: "all members edit the group", 31: "only administrators send messages",
    32: "all members send messages", 33: "only administrators send messages",
    46: "business account", 47: "official business account", 50: "no longer a business account",
    52: "participant joined by invitation", 56: "disappearing messages changed",
    57: "device changed", 58: "contact blocked or unblocked",
    59: "disappearing messages changed", 60: "disappearing messages not changed",
    63: "security notifications no longer available", 67: "messages are end-to-end encrypted",
    68: "disappearing messages by default", 69: "messages are end-to-end encrypted", 70: "call",
    75: "group added to a community", 76: "contacted to find businesses",
    78: "group removed from a community", 79: "participant joined from the community",
    80: "message kept", 81: "community administrator",
    84: "new participants need an administrator", 85: "new participants need no administrator",
    87: "community changed", 88: "community changed", 90: "participant added to the community",
    91: "all members add participants", 92: "only administrators add participants",
    95: "community changed", 99: "privacy of the chat changed",
    102: "any member of the community may join", 107: "community renamed",
    108: "group added to a community", 110: "community changed", 115: "community changed",
    118: "message pinned", 120: "asked to add a participant", 123: "welcome to the community",
    124: "welcome to the community", 125: "welcome to the community",
    129: "sender is in the contacts", 131: "welcome to the community", 132: "channel created",
    134: "privacy of the channel changed", 136: "contact joined WhatsApp",
    142: "over 256 members: only administrators edit the group", 155: "artificial intelligence",
    158: "chat started from an advertisement",
}  # fmt: skip
