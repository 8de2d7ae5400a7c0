"""Who takes part in correspondence, whatever the spelling; which rows stand under one key."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faisceau.tables.correspondence import Correspondence, forms
from faisceau.tables.schemas import CALL, CONTACT, MEDIA, MESSAGE

from .conftest import Rows, batch

LAWYER = forms(["+33 6 39 98 00 09", "Maitre@Cabinet.fr", "@maitre_x"])
WRITTEN = [
    "+33639980009",
    "06 39 98 00 09",
    "(0)6.39.98-00 09",
    "0033639980009",
    "33639980009@s.whatsapp.net",
    "maitre@cabinet.fr",
    "MAITRE@cabinet.fr",
    "@Maitre_X",
    "maitre_x",
]
OTHERS = ["+33639980008", "+32639980009", "maitre@cabinet.com", "maitre", "639", "", "é"]


def opened(folder: Path, **tables: Rows) -> Correspondence:
    files: dict[str, list[Path]] = {}
    for schema in (MESSAGE, CALL, CONTACT, MEDIA):
        if schema.name in tables:
            path = folder / f"{schema.name}.parquet"
            first = 100 * (1 + len(files))
            rows = pa.Table.from_batches([batch(schema, tables[schema.name], first)])
            pq.write_table(rows, path)
            files[schema.name] = [path]
    return Correspondence(files, folder)


@pytest.mark.parametrize("written", WRITTEN)
def test_a_participant_is_known_in_any_spelling(tmp_path: Path, written: str) -> None:
    rows: Rows = [{"sender_id": w, "thread_id": f"t{n}"} for n, w in enumerate([written, *OTHERS])]
    with opened(tmp_path, message=rows) as stored:
        spelled = stored.spelled(LAWYER)
        assert set(spelled) == {written}
        assert [talk.thread for talk in stored.talks(spelled, {})] == ["t0"]


@pytest.mark.parametrize("column", ["account", "sender_id", "thread_id"])
def test_every_column_that_names_a_participant_counts(tmp_path: Path, column: str) -> None:
    rows: Rows = [{"thread_id": "t", column: "0639980009"}, {"thread_id": "u"}]
    with opened(tmp_path, message=rows) as stored:
        [talk] = stored.talks(stored.spelled(LAWYER), {})
        assert (talk.exhibit_id, talk.rows) == ("E1", 1)


def test_a_conversation_without_thread_is_that_of_those_who_talk(tmp_path: Path) -> None:
    rows: Rows = [
        {"sender_id": "a", "recipients": ["0639980009", "b"]},
        {"sender_id": "0639980009", "recipients": ["b", "a"]},
        {"sender_id": "a", "recipients": ["b"]},
        {"sender_id": None, "recipients": None},
    ]
    with opened(tmp_path, message=rows) as stored:
        [talk] = stored.talks(stored.spelled(LAWYER), {})
        assert (talk.thread, talk.rows) == ("0639980009, a, b", 2)
        kept = [row for part in stored.of(MESSAGE, "E1", [talk.key]) for row in part.to_pylist()]
        assert [row["row_id"] for row in kept] == [102, 103]


def test_a_card_tells_which_account_is_the_lawyer_s(tmp_path: Path) -> None:
    """A messenger numbers its users; a card of the same exhibit ties number and telephone."""
    messages: Rows = [
        {"thread_id": "t", "sender_id": "123456789"},
        {"thread_id": "u", "sender_id": "123456789", "exhibit_id": "E2"},
    ]
    cards: Rows = [{"name": "X", "identifiers": ["123456789", "0639980009", None]}]
    with opened(tmp_path, message=messages, contact=cards) as stored:
        spelled = stored.spelled(LAWYER)
        talks = stored.talks(spelled, stored.carded(spelled))
        assert [(talk.exhibit_id, talk.thread) for talk in talks] == [("E1", "t")]


def test_rows_are_told_by_the_key_they_stand_under(tmp_path: Path) -> None:
    calls: Rows = [{"caller": "b", "callee": "a"}, {"caller": "a", "callee": "c"}]
    media: Rows = [{"sha256": "ff"}, {"sha256": None}]
    with opened(tmp_path, call=calls, media=media) as stored:
        keys = {"E1\x1fa, b", "E1\x1fff"}
        found = stored.keys_of({100, 101, 200, 201, 999}, keys)
        assert found == {100: "E1\x1fa, b", 200: "E1\x1fff"}
