"""Every observation table holds together, and says what each of its columns means."""

import re

import pyarrow as pa
import pytest

from faisceau.tables.lake import STORED
from faisceau.tables.schemas import CALL, MESSAGE, PLATE_READ, TABLES
from faisceau.tables.schemas.schema import DESK_COLUMNS, PROCEDURE, REF, ZONE, Schema

DESIGN = {
    "message": "app account thread_id thread_name sender_id sender_name recipients sent_at text"
    " kind subject forwarded edited_at deleted reply_to attachment_sha256 latitude longitude",
    "call": "caller callee started_at duration_s count kind direction imei imsi cell_id latitude"
    " longitude",
    "contact": "account name identifiers",
    "handset": "imei imsi iccid msisdn make model os apps accounts",
    "person": "role last_name first_names alias birth_date birth_place nationality document_number"
    " phone email address",
    "trip": "person_ref carrier number departed_at origin destination booking_ref booked_at agency"
    " payer ticket_price seat luggage_tag",
    "seizure": "person_ref seized_at place latitude longitude product quantity_g packaging marking"
    " concealment",
    "plate_read": "plate country camera_id service read_at latitude longitude direction lane"
    " confidence vehicle_kind sensor_kind",
    "payment": "account holder counterparty counterparty_account booked_at amount currency label"
    " kind",
    "coin_transfer": "chain tx_id block_time inputs outputs fee",
    "declaration": "declaration_id lodged_at kind sender sender_address sender_country recipient"
    " recipient_address goods hs_code value currency weight_kg carrier tracking",
    "scan": "scan_id tracking scanned_at scanner modality image_sha256 label inspected outcome",
    "post": "platform account url posted_at collected_at text image_sha256 access capture_sha256",
    "sim_sale": "sold_at retailer buyer_name buyer_birth_date buyer_document msisdn iccid imei",
    "media": "kind path sha256 size media_type recorded_at duration_s latitude longitude container",
    "position": "device at latitude longitude accuracy_m kind observed",
    "mention": "kind value table role n",
}
"""The columns other programs rely on."""
BEYOND = {"call": " deleted", "contact": " deleted"}
"""Columns that came after, at the end: rows of calls and contacts are recovered too."""
every_table = pytest.mark.parametrize("schema", STORED.values(), ids=STORED)


@pytest.mark.parametrize("name", DESIGN)
def test_a_table_has_the_columns_of_the_design_in_their_order(name: str) -> None:
    schema = STORED[name]
    assert [column.name for column in schema.own] == f"{DESIGN[name]}{BEYOND.get(name, '')}".split()
    ends = ["row_id", "exhibit_id", "source", "procedure", "ref"], ["zone"]
    assert schema.arrow.names == [
        *ends[0],
        *f"{DESIGN[name]}{BEYOND.get(name, '')}".split(),
        *ends[1],
    ]


def test_every_table_a_mandate_can_cover_is_stored_under_its_name() -> None:
    assert {*TABLES, "mention", "reject"} == {*STORED}
    assert all(name == schema.name for name, schema in STORED.items())


@every_table
def test_each_column_says_what_it_means(schema: Schema) -> None:
    assert schema.meaning.endswith(".")
    for column in schema:
        assert column.meaning.endswith((".", "…", ";")) or len(column.meaning) > 10, column.name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)


@every_table
def test_a_name_is_used_once(schema: Schema) -> None:
    names = [c.name for c in (*DESK_COLUMNS, PROCEDURE, REF, *schema.own, ZONE)]
    assert len(names) == len(set(names)) == len(schema.columns)


@every_table
def test_times_are_utc_microseconds(schema: Schema) -> None:
    for field in schema.arrow:
        if pa.types.is_timestamp(field.type):
            assert field.type == pa.timestamp("us", tz="UTC")
        assert pa.types.is_timestamp(field.type) == (
            field.name.endswith("_at") or field.name in {"at", "block_time"}
        )


@every_table
def test_anchors_are_columns_a_reader_may_fill(schema: Schema) -> None:
    assert {*schema.anchors, *schema.anchors_any} <= schema.fillable.keys()


@every_table
def test_a_header_names_one_column(schema: Schema) -> None:
    headers = [h.casefold() for c in schema for h in (c.name, *c.headers)]
    assert sorted(headers) == sorted(set(headers))


def test_the_anchors_of_the_design() -> None:
    assert MESSAGE.anchors == ("sent_at",)
    assert CALL.anchors == ("caller", "callee")
    assert PLATE_READ.anchors == ("plate", "camera_id", "read_at")
    assert STORED["seizure"].anchors_any == ("product", "place")


def test_a_selection_is_row_id_and_the_columns_chosen() -> None:
    chosen = PLATE_READ["plate", "read_at"]
    assert chosen.arrow.names == ["row_id", "plate", "read_at"]
    assert PLATE_READ["row_id", "plate"].names == ("plate",)
    assert PLATE_READ["plate"].arrow.field("plate").type == pa.string()


def test_a_column_that_does_not_exist_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(KeyError, match="plate_read has no column colour"):
        PLATE_READ["colour"]
    with pytest.raises(TypeError, match=r"plate_read has no column \['colour'\]"):
        PLATE_READ.row(colour="red")


def test_a_reader_fills_everything_but_what_the_desk_gives() -> None:
    assert PLATE_READ.columns.keys() - PLATE_READ.fillable.keys() == {
        "row_id",
        "exhibit_id",
        "source",
    }
    with pytest.raises(TypeError, match="exhibit_id"):
        PLATE_READ.row(exhibit_id="E1")
    row = PLATE_READ.row(plate="AB-123-CD", procedure="PV-1", zone="Europe/Paris")
    assert row.values == {"plate": "AB-123-CD", "procedure": "PV-1", "zone": "Europe/Paris"}
