"""Proofs: self-contained, checked without the case, worth nothing once altered."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from faisceau.errors import Damaged, NotFound
from faisceau.ledger import (
    Draft,
    Ledger,
    check_proof,
    prove_consistency,
    prove_inclusion,
    verify,
)


def handed_over(proof: Mapping[str, Any], case: Path) -> dict[str, Any]:
    """The proof as another person gets it: as text, without the case."""
    text = json.dumps(proof)
    shutil.rmtree(case)
    copy: dict[str, Any] = json.loads(text)
    return copy


@pytest.mark.parametrize("number", range(7))
def test_an_entry_is_proven_to_stand_in_the_log(busy: Ledger, case: Path, number: int) -> None:
    entry = list(busy.entries())[number]
    fingerprint = verify(case).fingerprint
    proven = check_proof(handed_over(prove_inclusion(case, number), case))
    assert proven.entry == entry
    assert proven.checkpoint.size == 7
    assert proven.fingerprint == fingerprint


@pytest.mark.parametrize(("old", "new"), [(1, 3), (1, 7), (3, 7), (7, 7)])
def test_the_log_is_proven_to_have_only_grown(busy: Ledger, case: Path, old: int, new: int) -> None:
    proven = check_proof(handed_over(prove_consistency(case, old, new), case))
    assert proven.old is not None
    assert (proven.old.size, proven.checkpoint.size) == (old, new)


def test_a_proof_stays_good_when_the_log_goes_on(busy: Ledger, case: Path) -> None:
    proof = prove_inclusion(case, 2)
    busy.append(Draft("review", "only", "confirm", "A1"))
    assert check_proof(proof).checkpoint.size == 7
    assert check_proof(prove_inclusion(case, 7)).checkpoint.size == 8


def test_there_is_no_proof_of_what_was_not_signed(busy: Ledger, case: Path) -> None:
    with pytest.raises(NotFound, match="no signed entry 7"):
        prove_inclusion(case, 7)
    with pytest.raises(NotFound, match="No checkpoint was signed at 5"):
        prove_consistency(case, 5, 7)
    with pytest.raises(NotFound, match="nothing to prove"):
        prove_consistency(case, 0, 7)
    with pytest.raises(NotFound, match="nothing to prove"):
        prove_consistency(case, 7, 3)


def test_an_altered_proof_fails(busy: Ledger, case: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Ledger.create(tmp_path / "other", "case-2")
    other.append(Draft("review", "only", "confirm", "A1"))
    theirs = prove_inclusion(tmp_path / "other", 0)
    for proof in (prove_inclusion(case, 2), prove_consistency(case, 3, 7)):
        check_proof(proof)
        altered: list[dict[str, Any]] = [
            proof | {"path": proof["path"][1:]},
            proof | {"path": [*proof["path"], "00" * 32]},
            proof | {"path": ["00" * 32, *proof["path"][1:]]},
            proof | {"path": ["not hex"]},
            proof | {"keys": theirs["keys"]},
            proof | {"keys": {}},
            proof | {"checkpoint": theirs["checkpoint"]},
            proof | {"checkpoint": proof["checkpoint"].replace('"size":7', '"size":8')},
            proof | {"format": "another"},
            {"format": proof["format"]},
            {},
        ]
        for bad in altered:
            with pytest.raises(Damaged):
                check_proof(bad)
    inclusion = prove_inclusion(case, 2)
    for change in (('"A1"', '"A2"'), ('"number":2', '"number":3')):
        with pytest.raises(Damaged, match="does not lead to the signed root"):
            check_proof(inclusion | {"entry": inclusion["entry"].replace(*change)})
