"""The ledger: an append-only Merkle log of all that is done with a case, and its verification."""

from faisceau.ledger.checkpoint import Checkpoint
from faisceau.ledger.entry import Draft, Entry
from faisceau.ledger.keys import KeyRing, home
from faisceau.ledger.log import Ledger
from faisceau.ledger.proofs import Proven, check_proof, prove_consistency, prove_inclusion
from faisceau.ledger.verdict import Problem, Verdict
from faisceau.ledger.verify import verify

__all__ = [
    "Checkpoint",
    "Draft",
    "Entry",
    "KeyRing",
    "Ledger",
    "Problem",
    "Proven",
    "Verdict",
    "check_proof",
    "home",
    "prove_consistency",
    "prove_inclusion",
    "verify",
]
