"""What an identifier's normal form is, what a text holds, and what a mention counts."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.tables.identifiers import (
    KINDS,
    Mentions,
    found_in,
    mentions,
    normalise,
    person_key,
    spellings,
)
from faisceau.tables.identifiers.coins import keccak_256
from faisceau.tables.identifiers.scan import candidates
from faisceau.tables.schemas import COIN_TRANSFER, MENTION, MESSAGE, PERSON, POST, Schema

FRENCH = [
    "06 12 34 56 78",
    "0612345678",
    "06.12.34.56.78",
    "06-12-34-56-78",
    "0033612345678",
    "00 33 6 12 34 56 78",
    "+33612345678",
    "+33 6 12 34 56 78",
    "+33(0)6 12 34 56 78",
    "+33 (0) 6.12.34.56.78",
    "(+33) 6 12 34 56 78",
    "33612345678",
    "33612345678@s.whatsapp.net",
    "33612345678:12@s.whatsapp.net",
    "06\u00a012\u00a034\u00a056\u00a078",
    "\u202a+33 6 12 34 56 78\u202c",
    "tel:+33612345678",
]
BITCOIN = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"
SEGWIT = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
TAPROOT = "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"
ETHEREUM = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
MISTYPED = ETHEREUM.replace("aA", "aa")
TRON = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"


@pytest.mark.parametrize("written", FRENCH)
@pytest.mark.parametrize("kind", ["phone", "account"])
def test_a_french_number_has_one_normal_form_however_written(kind: str, written: str) -> None:
    assert normalise(kind, written) == ("phone", "+33612345678")


@pytest.mark.parametrize(
    ("kind", "written", "expected"),
    [
        ("account", "Momo75@Example.FR", ("email", "momo75@example.fr")),
        ("account", "@Momo_75", ("handle", "momo_75")),
        ("account", "user4556443922", ("handle", "user4556443922")),
        ("account", "5600023546", ("handle", "5600023546")),  # a Telegram user, not a number
        ("account", "120363041@g.us", None),
        ("account", "33612345678-1500000000@g.us", None),
        ("account", "status@broadcast", None),
        ("account", "owner", None),  # the readers' word for a holder without account
        ("account", "System message", None),
        ("account", "+212 6 61 23 45 67", ("phone", "+212661234567")),
        ("account", "556183125151@s.whatsapp.net", ("phone", "+5561983125151")),  # before 2016
        ("phone", "0694 42 12 34", ("phone", "+594694421234")),  # Guyane, dialled as in France
        ("account", "5215512345678@s.whatsapp.net", ("phone", "+525512345678")),  # before 2019
        ("account", "36105", ("phone", "?36105")),
        ("phone", "612345678", ("phone", "+33612345678")),  # a spreadsheet ate the zero
        ("phone", "06 12", ("phone", "?0612")),
        ("email", "not a mail", ("email", "?not a mail")),
        ("imei", "490154203237518", ("imei", "490154203237518")),
        ("imei", "49-015420-323751-8", ("imei", "490154203237518")),
        ("imei", "49015420323751", ("imei", "490154203237518")),  # no check digit
        ("imei", "490154203237510", ("imei", "490154203237518")),  # spare digit 0
        ("imei", "4901542032375134", ("imei", "490154203237518")),  # with software version
        ("imei", "490154203237519", ("imei", "?490154203237519")),
        ("imsi", "208 01 1234567890", ("imsi", "208011234567890")),
        ("iccid", "8933150319060000009F", ("iccid", "?8933150319060000009")),
        ("iban", "fr14 2004 1010 0505 0001 3m02 606", ("iban", "FR1420041010050500013M02606")),
        ("iban", "FR1420041010050500013M02607", ("iban", "?FR1420041010050500013M02607")),
        ("plate", "ab-123 cd", ("plate", "AB123CD")),
        ("plate", "1234 AB 59", ("plate", "1234AB59")),
        ("plate", "B-MW 1234", ("plate", "BMW1234")),
        ("coin_address", BITCOIN, ("coin_address", BITCOIN)),
        ("coin_address", BITCOIN[:-1] + "3", ("coin_address", "?" + BITCOIN[:-1] + "3")),
        ("coin_address", SEGWIT.upper(), ("coin_address", SEGWIT)),
        ("coin_address", SEGWIT[:-1] + "5", ("coin_address", "?" + SEGWIT[:-1] + "5")),
        ("coin_address", TAPROOT, ("coin_address", TAPROOT)),
        ("coin_address", ETHEREUM, ("coin_address", ETHEREUM.lower())),
        ("coin_address", MISTYPED, ("coin_address", "?" + MISTYPED)),
        ("coin_address", TRON, ("coin_address", TRON)),
        ("document", "12 ab-34567", ("document", "12AB34567")),
        ("person", "DUPONT Jean-Éric", ("person", "dupont eric jean")),
        ("person", "Jean Dupont|1990-02-01", ("person", "dupont jean|1990-02-01")),
        ("address", "12, av. de l'Opéra", ("address", "12 avenue de l opera")),
        ("url", "HTTPS://Exemple.FR:443/a/?q=1#x", ("url", "https://exemple.fr/a?q=1")),
        ("url", "t.me/momo75", ("url", "https://t.me/momo75")),
        ("flight", "af 0652", ("flight", "AF652")),
        ("flight", "demain", ("flight", "?demain")),
    ],
)
def test_a_value_has_a_normal_form_by_its_kind(
    kind: str, written: str, expected: tuple[str, str] | None
) -> None:
    assert normalise(kind, written) == expected


def test_an_unknown_kind_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        normalise("face", "x")


@pytest.mark.parametrize("kind", [*KINDS, "account"])
@given(raw=st.one_of(st.text(), st.text("+0123456789 ().-@abcFR:/|?"), st.sampled_from(FRENCH)))
def test_any_text_has_a_normal_form_that_is_its_own(kind: str, raw: str) -> None:
    found = normalise(kind, raw)
    if found is not None:
        assert found.kind in KINDS
        assert normalise(found.kind, found.value) == found


@given(st.lists(st.text(min_size=1), max_size=4))
def test_the_order_and_case_of_names_do_not_matter(names: list[str]) -> None:
    assert person_key(*names) == person_key(*reversed(names))
    assert person_key("Dupont", "Zoé") == person_key("ZOE DUPONT")


def test_keccak_is_not_sha_3() -> None:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak_256(b"").hex() == empty


@pytest.mark.parametrize(
    "stored",
    ["06 12 34 56 78", "0612345678", "+33612345678", "33612345678@s.whatsapp.net", "0033612345678"],
)
def test_a_number_is_looked_for_as_it_may_be_stored(stored: str) -> None:
    assert stored in spellings("+33 6 12 34 56 78")


def test_other_spellings() -> None:
    assert set(spellings("@Momo")) == {"@Momo", "momo", "Momo", "@momo"}
    assert spellings("Jean Dupont") == ("Jean Dupont",)
    assert spellings("") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("appelle au 06 12 34 56 78 stp", {("phone", "+33612345678")}),
        ("c le 0612345678!", {("phone", "+33612345678")}),
        ("+33(0)6 12 34 56 78", {("phone", "+33612345678")}),
        ("@33612345678 t ou", {("phone", "+33612345678")}),
        ("rdv le 01.02.2024 18h", set()),
        ("01-02-2024 18:30", set()),
        ("code 1234 5678 9012 3456", set()),
        ("ca fait 1 200 000 000", set()),
        ("écris à momo@x.fr ou @momo.75.", {("email", "momo@x.fr"), ("handle", "momo.75")}),
        ("dispo @18h30 @tous", set()),
        ("ajoute t.me/momo75", {("url", "https://t.me/momo75"), ("handle", "momo75")}),
        ("wa.me/33612345678", {("url", "https://wa.me/33612345678"), ("phone", "+33612345678")}),
        ("(voir https://ex.fr/a).", {("url", "https://ex.fr/a")}),
        ("la Clio AB-123-CD", {("plate", "AB123CD")}),
        ("ab123cd", {("plate", "AB123CD")}),
        ("j'ai pris de 200 en plus", set()),
        ("golf 1234-AB-59", {("plate", "1234AB59")}),
        ("250KG20 100EUR50", set()),
        (f"envoie sur {BITCOIN}", {("coin_address", BITCOIN)}),
        (ETHEREUM, {("coin_address", ETHEREUM.lower())}),
        (f"{TRON}, vite", {("coin_address", TRON)}),
        (BITCOIN[:-1] + "3", {("coin_address", "?" + BITCOIN[:-1] + "3")}),
        ("FR14 2004 1010 0505 0001 3M02 606", {("iban", "FR1420041010050500013M02606")}),
        ("imei 490154203237518", {("imei", "490154203237518")}),
        ("imei 490154203237519", set()),
        ("vol AF 652 ou TX541", {("flight", "AF652"), ("flight", "TX541")}),
        ("salut ça va ?", set()),
    ],
)
def test_a_text_holds_its_identifiers_and_no_other(text: str, expected: set[Any]) -> None:
    assert set(found_in(text)) == expected
    if expected:
        assert candidates(pa.array([text])).to_pylist() == [0]


WRITTEN = (BITCOIN, SEGWIT, TAPROOT, ETHEREUM, TRON, "@momo", "a@b.fr", "www.x.fr/é", "AB-123-CD")
BITS = ("12AB75", "TX541", "vol ", "FR14", "20041010", "é", " ", "-", ".", "@élo", "٠٦١٢", "+", "0")
PIECES = st.sampled_from([*FRENCH, *WRITTEN, *BITS])


@given(st.lists(PIECES | st.text(max_size=3), max_size=6).map("".join))
def test_the_scan_misses_no_text_that_the_look_finds_something_in(text: str) -> None:
    if found_in(text):
        assert candidates(pa.array([None, text])).to_pylist() == [1]


@pytest.mark.parametrize("bad", ["a" * 200_000, "a." * 100_000, "0 " * 100_000, "@" * 200_000])
def test_a_hostile_text_is_no_hang(bad: str) -> None:
    assert found_in(bad) == []


def stored(schema: Schema, *rows: dict[str, Any], first: int = 0) -> pa.RecordBatch:
    """Rows as the lake holds them."""
    given = [
        {"row_id": first + n, "exhibit_id": "E1", "source": f"f#{first + n}", **row}
        for n, row in enumerate(rows)
    ]
    return pa.RecordBatch.from_pylist(given, schema=schema.arrow)


def counted(table: pa.Table, role: str) -> dict[str, tuple[int, int]]:
    return {m["value"]: (m["row_id"], m["n"]) for m in table.to_pylist() if m["role"] == role}


def test_a_mention_counts_rows_and_names_the_first() -> None:
    at = datetime(2024, 6, 1, tzinfo=UTC)
    bob, rows = "33611111111@s.whatsapp.net", []
    for sender in (bob, "06 11 11 11 11", "+33622222222", None):
        rows.append({"sender_id": sender, "sent_at": at, "text": "06 33 33 33 33 / 0633333333"})
    batches = [stored(MESSAGE, *rows[:2], first=7), stored(MESSAGE, *rows[2:], first=9)]
    found = mentions(MESSAGE, batches, "E1")
    assert found.schema == MENTION.arrow
    assert counted(found, "sender_id") == {"+33611111111": (7, 2), "+33622222222": (9, 1)}
    assert counted(found, "text") == {"+33633333333": (7, 4)}
    [first] = [m for m in found.to_pylist() if m["value"] == "+33611111111"]
    assert (first["table"], first["kind"], first["source"]) == ("message", "phone", "f#7")
    assert (first["exhibit_id"], first["procedure"]) == ("E1", None)


def test_each_procedure_has_its_own_mentions() -> None:
    rows = [{"sender_id": "@a1", "procedure": p} for p in ("PV1", None, "PV1")]
    found = mentions(MESSAGE, [stored(MESSAGE, *rows)], "E1")
    assert {(m["procedure"], m["n"]) for m in found.to_pylist()} == {("PV1", 2), (None, 1)}


def test_a_list_gives_a_mention_for_each_of_its_values() -> None:
    lists = (["@a1", "@b2", "@A1"], None, ["@b2"])
    batch = stored(MESSAGE, *({"recipients": each} for each in lists))
    found = mentions(MESSAGE, [batch], "E1")
    assert counted(found, "recipients") == {"a1": (0, 1), "b2": (0, 2)}


def test_the_addresses_of_a_transfer_are_mentioned() -> None:
    sent = {"inputs": [{"address": BITCOIN, "value": 1.0}], "outputs": None}
    found = mentions(COIN_TRANSFER, [stored(COIN_TRANSFER, sent)], "E1")
    assert counted(found, "inputs") == {BITCOIN: (0, 1)}


def test_a_person_is_a_name_and_a_birth_date() -> None:
    one = {"last_name": "DUPONT", "first_names": "Zoé", "birth_date": date(1990, 2, 1)}
    two = {"last_name": "Dupont", "first_names": "zoe"}
    found = mentions(PERSON, [stored(PERSON, one, two, {})], "E1")
    assert counted(found, "last_name") == {"dupont zoe|1990-02-01": (0, 1), "dupont zoe": (1, 1)}


def test_the_text_of_a_post_is_scanned() -> None:
    found = mentions(POST, [stored(POST, {"text": "snap @vendeur59", "account": "V59"})], "E1")
    assert counted(found, "text") == {"vendeur59": (0, 1)}
    assert counted(found, "account") == {"v59": (0, 1)}


def test_merging_on_the_way_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[dict[str, Any]] = [
        {"sender_id": f"@u{n % 7}x", "text": f"@t{n}x"} for n in range(20)
    ]
    batches = [stored(MESSAGE, *rows, first=first) for first in (0, 20, 40)]
    at_once = mentions(MESSAGE, batches, "E1")
    monkeypatch.setattr("faisceau.tables.identifiers.gathering.MERGE_AT", 3)
    monkeypatch.setattr("faisceau.tables.identifiers.gathering.KNOWN_AT_MOST", 2)
    assert mentions(MESSAGE, batches, "E1").equals(at_once)
    assert counted(at_once, "sender_id")["u0x"] == (0, 9)


def test_no_rows_no_mentions() -> None:
    gathered = Mentions("E1")
    gathered.add(MESSAGE, stored(MESSAGE))
    assert list(gathered.batches()) == []
