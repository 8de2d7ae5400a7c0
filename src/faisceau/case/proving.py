"""Proving: what anyone may do with a case's ledger, without keys and without a mandate."""

import json
from pathlib import Path

from faisceau.case.folder import find
from faisceau.errors import BadInput
from faisceau.ledger.proofs import Proven, check_proof
from faisceau.ledger.verdict import Verdict
from faisceau.ledger.verify import verify as verify_folder
from faisceau.words import N_


def verify(case: Path, *, log_only: bool = False) -> Verdict:
    """Check every byte under ``ledger/``, ``tables/`` and ``evidence/``. Writes nothing."""
    found = find(case)
    return verify_folder(found.folder, log_only=log_only)


def check(proof: bytes, origin: str) -> Proven:
    """Check an exported proof by itself; returns what it proves. Raises ``Damaged``."""
    try:
        content = json.loads(proof)
    except ValueError as error:
        raise BadInput(N_("{path} is not a proof: {why}"), path=origin, why=error) from error
    return check_proof(content)
