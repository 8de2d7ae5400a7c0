"""Which message belongs to which conversation (design, section 5).

A conversation is (exhibit, account, thread); without a thread, the sorted set of participants.
Its key is one string, made for whole Arrow batches.
"""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PART, LOOSE, JOIN = "\x1f", "\x1d", ", "
"""Between the parts of a key; before participants that stand for a thread; between them."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a key says."""

    exhibit_id: str
    account: str
    thread: str

    @property
    def label(self) -> str:
        """The thread with the exhibit and the account it was found in."""
        return f"{self.thread} ({', '.join(p for p in (self.exhibit_id, self.account) if p)})"


def parsed(key: str) -> Conversation:
    """The parts of a key; a conversation without thread is called by its participants."""
    exhibit_id, account, thread = key.split(PART, 2)
    return Conversation(exhibit_id, account, thread.removeprefix(LOOSE))


def keys(batch: pa.RecordBatch) -> pa.Array:
    """One key a row, from exhibit_id, account, thread_id, sender_id and recipients."""
    thread = batch["thread_id"]
    if thread.null_count:
        thread = pc.if_else(pc.is_valid(thread), thread, participants(batch, LOOSE))
    parts = (pc.fill_null(part, "") for part in (batch["exhibit_id"], batch["account"], thread))
    return pc.binary_join_element_wise(*parts, PART)


def numbers(keys: pa.Array) -> pa.Array:
    """A number for each key, the same in every process; two keys may share one, very seldom."""
    coded = keys.dictionary_encode()
    made = [blake2b(key.encode(), digest_size=8).digest() for key in coded.dictionary.to_pylist()]
    return pa.array(np.frombuffer(b"".join(made), np.int64)).take(coded.indices)


def participants(batch: pa.RecordBatch, before: str = "") -> pa.Array:
    """Sender and recipients of each row, each once, sorted, joined; ``before`` stands first."""
    to = batch["recipients"]
    rows = np.arange(len(batch))
    who = pa.concat_arrays([pc.list_flatten(to), batch["sender_id"]])
    row = np.concatenate([pc.list_parent_indices(to).to_numpy().astype(np.int64), rows])
    table = pa.table({"row": row, "who": who}).filter(pc.is_valid(who))
    table = table.group_by(["row", "who"]).aggregate([])
    table = table.sort_by([("row", "ascending"), ("who", "ascending")])
    counts = np.bincount(table["row"].to_numpy(), minlength=len(batch))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    lists = pa.ListArray.from_arrays(offsets, table["who"].combine_chunks())
    return pc.binary_join_element_wise(before, pc.binary_join(lists, JOIN), "")
