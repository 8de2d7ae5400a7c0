"""Which header means which column, told by examples."""

import pytest

from faisceau.errors import BadInput, UsageError
from faisceau.evidence.folding import folded
from faisceau.evidence.native.headers import (
    check_wishes,
    chosen_layout,
    guessed,
    layout_of,
)
from faisceau.evidence.reading import Wishes
from faisceau.tables.schemas import CALL, MESSAGE, PLATE_READ, TABLES
from faisceau.tables.schemas.schema import Schema

NONE = Wishes()


def table(*headers: str) -> str | None:
    schema = guessed(headers, NONE)
    return schema.name if schema else None


def test_french_headers_are_known_whatever_their_accents_and_case() -> None:
    headers = ["N° Appelant", "numero_appele", "DATE ET HEURE", "Durée (s)", "Cellule"]
    assert layout_of(CALL, headers, NONE).columns == {
        "caller": "N° Appelant",
        "callee": "numero_appele",
        "started_at": "DATE ET HEURE",
        "duration_s": "Durée (s)",
        "cell_id": "Cellule",
    }


def test_native_names_win_and_the_other_is_unknown() -> None:
    layout = layout_of(MESSAGE, ["date", "sent_at", "row_id", "humeur"], NONE)
    assert layout.columns == {"sent_at": "sent_at"}
    assert layout.left == ("row_id",)
    assert layout.unknown == ("date", "humeur")


def test_a_wish_wins_over_everything() -> None:
    wishes = Wishes(columns={"sent_at": "quand"})
    layout = layout_of(MESSAGE, ["sent_at", "Quand"], wishes)
    assert layout.columns == {"sent_at": "Quand"}


def test_an_hour_beside_its_day() -> None:
    layout = layout_of(CALL, ["appelant", "appelé", "Date", "Heure"], NONE)
    assert layout.hours == {"started_at": "Heure"}
    assert "Heure" in layout.wanted


@pytest.mark.parametrize("schema", TABLES.values(), ids=list(TABLES))
def test_no_header_means_two_columns_of_one_table(schema: Schema) -> None:
    meant: dict[str, str] = {}
    for column in schema.own:
        for header in (column.name, *column.headers):
            assert meant.setdefault(folded(header), column.name) == column.name, header


def test_a_table_is_guessed_by_its_anchors() -> None:
    assert table("read_at", "camera_id", "plate") == "plate_read"
    assert table("caller", "callee") == "call"
    assert table("sent_at") == "message"
    assert table("product", "x") == "seizure"
    assert table("Plaque", "Caméra", "Date") == "plate_read"
    assert table("date", "appelant", "appelé", "durée") == "call"
    assert table("date", "from", "to", "text") == "message"


def test_a_table_without_anchors_is_known_by_its_native_names() -> None:
    assert table("procedure", "name", "identifiers") == "contact"
    assert table("procedure", "imei", "imsi", "msisdn") == "handset"
    assert table("procedure", "person_ref", "number", "departed_at", "payer") == "trip"
    assert table("procedure", "ref", "role", "last_name", "first_names") == "person"
    assert table("procedure", "imei") is None
    assert table("procedure", "name", "identifiers", "mood") is None


def test_and_never_when_unsure() -> None:
    assert table("sent_at", "caller", "callee") is None
    assert table("date", "montant", "libellé") is None
    assert table("last_name", "first_names") is None
    assert table("date", "a", "b", "c", "d") is None
    assert table("date", "from", "to") is None
    assert table() is None


def test_the_wish_for_a_table_is_followed_if_its_anchors_are_there() -> None:
    layout = chosen_layout(["x", "y", "z"], Wishes("plate_read", READ), "reads.csv")
    assert layout.schema is PLATE_READ
    with pytest.raises(
        BadInput, match=r"no header stands for camera_id of plate_read.*plaque"
    ) as e:
        chosen_layout(["plaque", "date"], Wishes("plate_read"), "reads.csv")
    assert "--map camera_id=" in e.value.hint
    with pytest.raises(BadInput, match="do not tell which table"):
        chosen_layout(["a"], NONE, "a.csv")


READ = {"plate": "x", "camera_id": "y", "read_at": "z"}


def test_wishes_that_cannot_be_met_name_what_is_near() -> None:
    with pytest.raises(UsageError, match="no table plate_reads") as e:
        check_wishes(Wishes("plate_reads"))
    assert "plate_read" in e.value.hint
    with pytest.raises(UsageError, match="message has no column sender") as e:
        check_wishes(Wishes("message", {"sender": "x"}))
    assert "sender_id" in e.value.hint
    with pytest.raises(UsageError, match="no table has a column row_id"):
        check_wishes(Wishes(columns={"row_id": "x"}))
    with pytest.raises(UsageError, match="has no header car_idd") as e:
        chosen_layout(["car-id", "t"], Wishes("plate_read", {"plate": "car_idd"}), "reads.csv")
    assert "car-id" in e.value.hint
