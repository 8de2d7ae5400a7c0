"""Blinded identifiers: two sides find what both hold, and neither learns what the other alone does.

Private set intersection by commuting secrets (Meadows, IEEE S&P 1986; Huberman, Franklin and Hogg,
ACM EC 1999) over Curve25519 (RFC 7748): an identifier is hashed to a point of the curve, and each
side multiplies it by a secret of its own, in either order with the same result. Without the other
side's secret nobody can try values out, however few there are: a hash, even keyed, of a telephone
number would be guessed in minutes by whoever holds the key.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha512
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from faisceau.errors import BadInput
from faisceau.words import N_

FORMAT = "faisceau-match/1"
POINT = 32
_PRIME = 2**255 - 19
_CURVE = 486662
_NONCE = re.compile("[0-9a-f]{32}")

Identified = tuple[str, str]
"""Kind and normal form of an identifier."""
Step = Literal["offer", "answer", "outcome"]


@dataclass(frozen=True)
class Blinder:
    """One side's secret for one comparison."""

    key: X25519PrivateKey

    @classmethod
    def of(cls, secret: bytes, own: str, other: str, nonce: str) -> "Blinder":
        """The secret of the case ``own`` for the comparison ``nonce`` with the case ``other``.

        It can be made anew while files travel, and is never written anywhere.
        """
        told = json.dumps([FORMAT, own, other, nonce], ensure_ascii=False).encode()
        made = HKDF(SHA256(), length=POINT, salt=None, info=told).derive(secret)
        return cls(X25519PrivateKey.from_private_bytes(made))

    def blind(self, identifiers: Iterable[Identified]) -> dict[bytes, Identified]:
        """Each identifier by its point under this secret, in an order that says nothing."""
        made = {self._times(point_of(*one)): one for one in identifiers}
        return {token: made[token] for token in sorted(made)}

    def again(self, tokens: Iterable[bytes]) -> list[bytes]:
        """The other side's points under this secret too, in their order."""
        return [self._times(token) for token in tokens]

    def _times(self, point: bytes) -> bytes:
        return self.key.exchange(X25519PublicKey.from_public_bytes(point))


def point_of(kind: str, value: str) -> bytes:
    """The point of the curve that an identifier is hashed to (its first coordinate).

    Hashes are tried in turn until one lies on the curve: on its twist, a token would tell one bit.
    """
    for attempt in range(256):
        told = json.dumps([FORMAT, kind, value, attempt], ensure_ascii=False).encode("utf-8")
        u = int.from_bytes(sha512(told).digest()[:POINT], "little") % _PRIME
        if pow(u * (u * u + _CURVE * u + 1) % _PRIME, (_PRIME - 1) // 2, _PRIME) == 1:
            return u.to_bytes(POINT, "little")
    raise ValueError(value)  # one in 2^256


# ---- the files that travel ----


@dataclass(frozen=True, slots=True)
class Letter:
    """A file of tokens on its way from one case to another.

    ``offer``: the first side's points. ``answer``: those doubled by the second side, in the same
    order, and the second side's own. ``outcome``: which of the second side's own are shared.
    ``first`` and ``second`` are the comparison's numbers on each side; nothing in a letter is an
    identifier.
    """

    step: Step
    sender: str
    recipient: str
    first: str
    second: str = ""
    own: Sequence[bytes] = ()
    doubled: Sequence[bytes] = ()

    def written(self) -> bytes:
        """The letter as JSON."""
        told = {
            "format": FORMAT,
            "step": self.step,
            "from": self.sender,
            "to": self.recipient,
            "first": self.first,
            "second": self.second,
            "own": _encoded(self.own),
            "doubled": _encoded(self.doubled),
        }
        return json.dumps(told, ensure_ascii=False, indent=0).encode() + b"\n"


def read_letter(content: bytes, name: str) -> Letter:
    """A letter as it was written. Raises ``BadInput`` for anything else."""
    try:
        told = json.loads(content)
        if told["format"] != FORMAT or told["step"] not in ("offer", "answer", "outcome"):
            raise ValueError
        letter = Letter(
            told["step"],
            _string(told, "from"),
            _string(told, "to"),
            _nonce(told["first"]),
            _nonce(told["second"]) if told["second"] else "",
            _decoded(told["own"]),
            _decoded(told["doubled"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise BadInput(
            N_("{name} is no file of tokens that Faisceau wrote"),
            hint=N_("It comes from: faisceau match CASE --with REFERENCE -o FILE"),
            name=name,
        ) from error
    return letter


def _string(told: Mapping[str, Any], name: str) -> str:
    if not isinstance(told[name], str) or not told[name]:
        raise ValueError(name)
    return str(told[name])


def _nonce(value: str) -> str:
    if not _NONCE.fullmatch(value):
        raise ValueError(value)
    return value


def _encoded(tokens: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(token).decode() for token in tokens]


def _decoded(texts: Sequence[str]) -> list[bytes]:
    tokens = [base64.b64decode(text, validate=True) for text in texts]
    if any(len(token) != POINT for token in tokens):
        raise ValueError(len(tokens))
    return tokens
