"""docs/explanation/ledger.md tells enough to check a ledger without Faisceau: done here."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

FOLDER = Path(__file__).parent / "released" / "0.1.0" / "ledger"


def root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + root(leaves[:k]) + root(leaves[k:])).digest()


def without(value: dict[str, Any], name: str) -> bytes:
    rest = {key: item for key, item in value.items() if key != name}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def test_a_program_of_ones_own_checks_a_ledger() -> None:
    entries = (FOLDER / "entries.jsonl").read_bytes().split(b"\n")[:-1]
    marks = (FOLDER / "checkpoints.jsonl").read_bytes().split(b"\n")[:-1]
    ed25519 = load_pem_public_key((FOLDER / "keys" / "ed25519.pem").read_bytes())
    ml_dsa = load_pem_public_key((FOLDER / "keys" / "ml-dsa-65.pem").read_bytes())
    assert isinstance(ed25519, Ed25519PublicKey)
    assert isinstance(ml_dsa, MLDSA65PublicKey)

    before, covered = b"", 0
    for line in marks:
        mark = json.loads(line)
        assert mark["previous"] == (sha256(before).hexdigest() if before else "0" * 64)
        message = b"faisceau ledger checkpoint v1\n" + without(mark, "signatures")
        ed25519.verify(b64decode(mark["signatures"]["ed25519"]), message)  # raises when it fails
        ml_dsa.verify(b64decode(mark["signatures"]["ml-dsa-65"]), message)
        leaves = [sha256(b"\x00" + entry).digest() for entry in entries[: mark["size"]]]
        assert mark["root"] == (root(leaves) if leaves else sha256(b"").digest()).hex()
        assert mark["length"] == sum(len(entry) + 1 for entry in entries[: mark["size"]])
        for sealed in map(json.loads, entries[covered : mark["size"]]):
            seal = b"faisceau ledger entry v1\n" + sha256(before).digest() + without(sealed, "seal")
            ed25519.verify(b64decode(sealed["seal"]), seal)
        before, covered = line, mark["size"]
    assert covered == len(entries) == 11
