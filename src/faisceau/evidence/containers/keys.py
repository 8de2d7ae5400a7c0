"""Keys: what was handed over to open a container, and what is said when it does not.

The contents of a key file are the key. A password is text: one line end after it, which editors
add, is no part of it. Nothing else is derived: no other case, no other encoding, no list.
"""

from collections.abc import Sequence

from faisceau.errors import BadInput
from faisceau.words import N_

LONGEST = 1 << 20
"""Bytes; a larger file is no key of any known container."""
MISSING = N_("it is encrypted and no key was handed over")
WRONG = N_("it is encrypted and the key handed over does not open it")


def passwords(keys: Sequence[bytes]) -> list[bytes]:
    """The passwords among the keys, each without the line end after it."""
    return [line for key in keys if len(key) <= LONGEST and (line := _line(key))]


def texts(keys: Sequence[bytes]) -> list[str]:
    """The passwords that are UTF-8."""
    found = []
    for password in passwords(keys):
        try:
            found.append(password.decode("utf-8"))
        except UnicodeDecodeError:
            continue
    return found


def closed(name: str, keys: Sequence[bytes]) -> BadInput:
    """The error for what the keys do not open, whether none was handed over or a wrong one."""
    if keys:
        return BadInput(
            N_("{name} is encrypted and the key handed over does not open it"),
            hint=N_("Check which key belongs to it, and hand that one over with --key-file"),
            name=name,
        )
    return BadInput(
        N_("{name} is encrypted and no key was handed over"),
        hint=N_("Hand over the file that holds its key or password with --key-file"),
        name=name,
    )


def _line(key: bytes) -> bytes:
    return key.removesuffix(b"\n").removesuffix(b"\r") if key.endswith(b"\n") else key
