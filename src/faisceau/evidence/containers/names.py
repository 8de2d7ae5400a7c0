"""File names as text that every store and ledger can hold."""

import re


def shown_name(raw: bytes) -> str:
    """A file name as text that every store and ledger can hold; ``raw_name`` gives it back.

    Valid UTF-8 stays as it is; other bytes, control characters and backslashes become ``\\xNN``.
    """
    text = raw.replace(b"\\", b"\\x5c").decode("utf-8", "backslashreplace")
    return re.sub(r"[\x00-\x1f\x7f]", lambda m: f"\\x{ord(m[0]):02x}", text)


def raw_name(shown: str) -> bytes:
    """The bytes of a file name that ``shown_name`` made text of."""
    return re.sub(
        rb"\\x([0-9a-f]{2})",
        lambda m: bytes([int(m[1], 16)]),
        shown.encode("utf-8", "surrogatepass"),
    )
