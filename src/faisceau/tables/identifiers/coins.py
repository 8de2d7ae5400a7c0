"""Addresses of crypto-assets and their checksums: Bitcoin, Ethereum, Tron.

Base58Check and Bech32 through python-stdnum; Bech32m after BIP 350; mixed-case Ethereum after
EIP-55, whose Keccak-256 is not the SHA-3 of the standard library.
"""

import re
from hashlib import sha256

from stdnum import bitcoin
from stdnum.exceptions import ValidationError

_ETHEREUM = re.compile(r"0[xX][0-9A-Fa-f]{40}")
_SEGWIT = re.compile(r"bc1[02-9ac-hj-np-z]{11,71}", re.IGNORECASE)
_BASE58 = re.compile(r"[13T][1-9A-HJ-NP-Za-km-z]{24,34}")
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32M = 0x2BC830A3
_TRON = 0x41
_ROUNDS = 24
_WORD = (1 << 64) - 1


def coin_address(raw: str) -> tuple[str, bool] | None:
    """An address in its normal form, and whether its checksum holds; None for what is none."""
    if _ETHEREUM.fullmatch(raw):
        return "0x" + raw[2:].lower(), _eip55(raw[2:])
    if _SEGWIT.fullmatch(raw):
        one_case = raw in (raw.lower(), raw.upper())
        return raw.lower(), one_case and _segwit(raw.lower())
    if _BASE58.fullmatch(raw):
        return raw, _tron(raw) if raw[0] == "T" else bool(bitcoin.is_valid(raw))
    return None


def _tron(raw: str) -> bool:
    decoded = bitcoin.b58decode(raw)
    payload, check = decoded[:-4], decoded[-4:]
    right = sha256(sha256(payload).digest()).digest()[:4] == check
    return len(decoded) == 25 and payload[0] == _TRON and right


def _segwit(raw: str) -> bool:
    data = [_BECH32.index(c) for c in raw[3:]]
    if data[0] == 0:
        return bool(bitcoin.is_valid(raw))
    try:
        program = bitcoin.b32decode(data[1:-6])
    except ValidationError:
        return False
    expanded = [ord(c) >> 5 for c in "bc"] + [0] + [ord(c) & 31 for c in "bc"]
    checked = bitcoin.bech32_checksum(expanded + data) == _BECH32M
    return checked and data[0] <= 16 and 2 <= len(program) <= 40


def _eip55(digits: str) -> bool:
    """EIP-55: a letter is a capital where the hash of the address has a high digit."""
    if digits in (digits.lower(), digits.upper()):
        return True  # written without a checksum
    marks = keccak_256(digits.lower().encode()).hex()
    cased = zip(digits.lower(), marks, strict=False)
    return digits == "".join(c.upper() if int(mark, 16) > 7 else c for c, mark in cased)


def keccak_256(message: bytes) -> bytes:
    """Keccak-256, with the padding it had before it became SHA-3 (32 bytes).

    The Keccak reference, version 3.0 (2011): rate 1088, capacity 512.
    """
    rate = 136
    padded = bytearray(message + b"\x01" + bytes(-(len(message) + 1) % rate))
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), rate):
        for n in range(rate // 8):
            word = int.from_bytes(padded[start + 8 * n : start + 8 * n + 8], "little")
            lanes[n % 5][n // 5] ^= word
        _permute(lanes)
    return b"".join(lanes[n % 5][n // 5].to_bytes(8, "little") for n in range(4))


def _turned(word: int, by: int) -> int:
    by %= 64
    return ((word << by) | (word >> (64 - by))) & _WORD


def _permute(a: list[list[int]]) -> None:
    """Keccak-f[1600] in place."""
    register = 1
    for _ in range(_ROUNDS):
        parity = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        for x in range(5):  # theta
            d = parity[x - 1] ^ _turned(parity[(x + 1) % 5], 1)
            a[x] = [lane ^ d for lane in a[x]]
        x, y, moved = 1, 0, a[1][0]  # rho and pi
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            moved, a[x][y] = a[x][y], _turned(moved, (t + 1) * (t + 2) // 2)
        for y in range(5):  # chi
            row = [a[x][y] for x in range(5)]
            for x in range(5):
                a[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5] & _WORD)
        for j in range(7):  # iota
            register = ((register << 1) ^ ((register >> 7) * 0x71)) % 256
            if register & 2:
                a[0][0] ^= 1 << ((1 << j) - 1)
