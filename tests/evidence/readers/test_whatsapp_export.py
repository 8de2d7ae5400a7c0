"""What an exported WhatsApp chat says, in the date forms met on phones."""

import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence.readers import whatsapp_export
from faisceau.evidence.readers.whatsapp_export import (
    LONGEST_TEXT,
    NOT_DATED,
    TOO_LONG,
    detect,
)
from faisceau.evidence.reading import Head, Member, Source, Wishes, read_rows
from faisceau.evidence.whatsapp.export_dates import NO_DATE, OUTSIDE
from faisceau.tables.schemas import Batch
from faisceau.testing import Desk

SHARED = Path(
    os.environ.get("FAISCEAU_SHARED", Path(__file__).parents[3].parent / "shared" / "data")
)
PARIS, LISBON = ZoneInfo("Europe/Paris"), ZoneInfo("Europe/Lisbon")


def member(name: str, raw: bytes) -> Member:
    def opened() -> BinaryIO:
        return BytesIO(raw)

    return Member(name, len(raw), opened, partial(Path, name), lambda: sha256(raw).hexdigest())


def export(
    text: str | bytes,
    name: str = "_chat.txt",
    zone: ZoneInfo = PARIS,
    beside: dict[str, bytes] | None = None,
) -> Source:
    raw = text.encode() if isinstance(text, str) else text
    siblings = {path: member(path, content) for path, content in (beside or {}).items()}
    return Source(member(name, raw), Wishes(timezone=zone), siblings)


def batches(source: Source) -> Iterator[Batch]:
    for batch, _ in read_rows(whatsapp_export, source):
        assert isinstance(batch, Batch)
        yield batch


def rows(source: Source) -> list[dict[str, Any]]:
    return [row for batch in batches(source) for row in batch.columns.to_pylist()]


def one(text: str) -> dict[str, Any]:
    [row] = rows(export(text))
    return row


def paris(*when: int) -> datetime:
    return datetime(*when, tzinfo=PARIS).astimezone(UTC)  # type: ignore[arg-type,misc]


def claimed(source: Source) -> bool:
    return detect(Head.of(source.member))


# The published export.


def test_the_published_export_reads_completely() -> None:
    path = SHARED / "phones" / "whatsapp-export-pokemon.txt"
    if not path.exists():
        pytest.skip("the published WhatsApp export is not beside the checkout")
    source = export(path.read_bytes(), path.name)
    assert claimed(source)
    said = rows(source)
    assert len(said) == 20  # and an empty line at the end makes 21
    assert source.tally.rejects == []
    assert [row["kind"] for row in said] == ["system"] * 2 + ["text"] * 18
    assert said[2]["sender_id"] == said[2]["sender_name"] == "Ash Ketchum"
    assert (said[2]["text"], said[2]["sent_at"]) == ("Hey guys!", paris(2016, 8, 6, 13, 23))
    assert said[-1]["sent_at"] == paris(2016, 10, 31, 12, 23)
    assert said[-1]["text"] == "Wo-bbu-ffet"
    # The first notice stands under the group's name, which sent nothing.
    assert (said[0]["sender_id"], said[0]["sender_name"]) == (None, "Pokemon Chat")


# Dates.


@pytest.mark.parametrize(
    "line",
    [
        "23/05/2020, 14:33 - Max: salut",
        "23/05/2020 à 14:33 - Max: salut",
        "23/05/20, 14:33 - Max: salut",
        "23.05.20, 14:33 - Max: salut",
        "23-05-2020 14:33 - Max: salut",
        "5/23/20, 2:33 PM - Max: salut",
        "5/23/20, 2:33\u202fPM - Max: salut",
        "23/5/2020, 2:33 p.\xa0m. - Max: salut",
        "23/5/20 14.33 - Max: salut",
        "2020-05-23, 14:33 - Max: salut",
        "2020/05/23 14:33 - Max: salut",
        "23. 05. 2020 14:33 - Max: salut",
        "23/05/2020 às 14:33 - Max: salut",
        "\u200f٢٣\u200f/٥\u200f/٢٠٢٠، ٢:٣٣ م - Max: salut",
        "23/5/2020, 2:33 μ.μ. - Max: salut",
        "2020. 5. 23. 오후 2:33 - Max: salut",
        "\u200f23/5/2563، \u200f2:33\u202fم - Max: salut",
        "۲۳/۵/۲۰۲۰،\u200f ۱۴:۳۳ - Max: salut",
        "۱۳۹۹/۳/۳،\u200f ۱۴:۳۳ - Max: salut",
        "[۱۳۹۹/۳/۳،\u200f ۱۴:۳۳:۰۰] Max: salut",
        "[23/05/2563, 14:33:00] Max: salut",
        "[23/05/2020, 14:33:00] Max: salut",
        "[23/05/2020 à 14:33:00] Max: salut",
        "[23.05.20, 14:33:00] Max: salut",
        "[5/23/20, 2:33:00 PM] Max: salut",
        "[5/23/20, 2:33:00\u202fPM] Max: salut",
        "\u200e[23/05/2020, 14:33:00] Max: salut",
        "[2020-05-23, 14:33:00] Max: salut",
        "[2020-05-23, 14 h 33 min 00 s] Max: salut",
        "23/05/2020, 14:33:00: Max: salut",
    ],
)
def test_date_forms(line: str) -> None:
    source = export(line + "\n")
    assert claimed(source)
    [row] = rows(source)
    assert row["sent_at"] == paris(2020, 5, 23, 14, 33)
    assert (row["sender_id"], row["text"], row["kind"]) == ("Max", "salut", "text")
    assert (row["zone"], source.tally.assumed) == ("Europe/Paris", {"Europe/Paris": 1})


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (["04/05/2020", "23/05/2020"], (2020, 5, 4)),  # there is no month 23
        (["04/05/2020", "05/23/2020"], (2020, 4, 5)),
        (["05/04/2020", "06/04/2020", "01/05/2020"], (2020, 4, 5)),  # else May comes before April
        (["04/05/2020", "04/06/2020", "05/01/2020"], (2020, 4, 5)),
    ],
)
def test_the_whole_file_tells_day_from_month(dates: list[str], first: tuple[int, ...]) -> None:
    said = rows(export("".join(f"{date}, 10:00 - Max: salut\n" for date in dates)))
    assert said[0]["sent_at"] == paris(*first, 10)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("10:00", (2020, 5, 4, 10)),
        ("10:00 AM", (2020, 4, 5, 10)),  # as Americans write it
        ("10:00 am", (2020, 5, 4, 10)),  # as the British and Indians do
    ],
)
def test_what_nothing_tells_is_read_by_custom_and_said(
    time: str, expected: tuple[int, ...]
) -> None:
    source = export(f"04/05/2020, {time} - Max: salut\n")
    assert rows(source)[0]["sent_at"] == paris(*expected)
    assert source.tally.left == {"order of day and month, which nothing in the file tells": 1}


@pytest.mark.parametrize(
    ("hour", "expected"), [("12:05 AM", 0), ("1:05 AM", 1), ("12:05 PM", 12), ("11:05 p. m.", 23)]
)
def test_twelve_hours(hour: str, expected: int) -> None:
    assert one(f"23/5/2020, {hour} - Max: a\n")["sent_at"] == paris(2020, 5, 23, expected, 5)


def test_times_are_of_the_zone_that_was_named() -> None:
    [row] = rows(export("23/05/2020, 14:33 - Max: salut\n", zone=LISBON))
    assert row["sent_at"] == datetime(2020, 5, 23, 13, 33, tzinfo=UTC)
    assert row["zone"] == "Europe/Lisbon"


def test_winter_and_summer_each_have_their_hour() -> None:
    text = "28/03/2020, 23:30 - A: a\n29/03/2020, 03:30 - A: b\n25/10/2020, 02:30 - A: c\n"
    assert [row["sent_at"].strftime("%H:%M") for row in rows(export(text))] == [
        "22:30", "01:30", "00:30",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("1399/12/30", (2021, 3, 20)),  # a leap year of the Persian calendar
        ("1400/1/1", (2021, 3, 21)),
        ("1402/7/1", (2023, 9, 23)),
        ("1395/10/11", (2016, 12, 31)),
        ("1388/1/1", (2009, 3, 21)),
    ],
)
def test_the_persian_calendar(written: str, day: tuple[int, int, int]) -> None:
    assert one(f"{written}, 10:00 - Max: salut\n")["sent_at"] == paris(*day, 10)


def test_a_day_that_the_persian_calendar_lacks_is_rejected() -> None:
    [batch] = batches(export("1400/12/30, 10:00 - Max: salut\n"))
    assert batch.reasons is not None
    assert batch.reasons.to_pylist() == [NO_DATE]


# Who, and what.


def test_lines_without_a_date_belong_to_the_message_before() -> None:
    text = "23/05/2020, 14:33 - Max: un\n\ndeux: trois\n23/05/2020, 14:34 - Léa: quatre\n\n"
    first, second = batches_rows = rows(export(text))
    assert len(batches_rows) == 2
    assert (first["text"], second["text"]) == ("un\n\ndeux: trois", "quatre")


def test_rows_say_where_they_stand() -> None:
    [batch] = batches(export("23/05/2020, 14:33 - Max: un\ndeux\n23/05/2020, 14:34 - Léa: trois\n"))
    assert batch.locators.to_pylist() == ["line 1", "line 3"]


@pytest.mark.parametrize(
    "notice",
    [
        "Messages and calls are end-to-end encrypted. No one outside of this chat can read them.",
        "Max a créé le groupe « Lundi »",
        'Max changed the subject from "a" to "b: c"',
        "Max a changé le nom du groupe de « a » en « b: c »",
        "Your security code with Max changed. Tap to learn more.",
        "+33 6 12 00 00 01 left",
    ],
)
def test_a_line_without_a_name_is_a_notice(notice: str) -> None:
    row = one(f"23/05/2020, 14:33 - {notice}\n")
    assert (row["kind"], row["sender_id"], row["text"]) == ("system", None, notice)


def test_on_ios_the_apps_own_words_stand_under_a_name() -> None:
    text = (
        "[23/05/2020, 14:33:00] Lundi: \u200eLes messages et les appels sont chiffrés de bout en"
        " bout.\n"
        "[23/05/2020, 14:33:01] Lundi: \u200eMax a ajouté Léa\n"
        "[23/05/2020, 14:33:02] Max: \u200eimage absente\n"
        "[23/05/2020, 14:33:03] Max: Les messages, j'efface tout\n"
    )
    added = rows(export(text))
    assert [row["kind"] for row in added] == ["system", "system", "image", "text"]
    assert (added[1]["sender_id"], added[1]["sender_name"]) == (None, "Lundi")


def test_marks_around_a_number_are_no_part_of_it() -> None:
    row = one("23/05/2020, 14:33 - \u202a+33 6 12 00 00 01\u202c: salut\n")
    assert row["sender_id"] == "+33 6 12 00 00 01"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("<Media omitted>", "file"),
        ("<Médias omis>", "file"),
        ("<Medien ausgeschlossen>", "file"),
        ("<Multimedia omitido>", "file"),
        ("<Mídia oculta>", "file"),
        ("<Media weggelaten>", "file"),
        ("<Media omessi>", "file"),
        ("image omitted", "image"),
        ("vidéo absente", "video"),
        ("audio weggelassen", "voice"),
        ("IMG-20200523-WA0001.jpg (fichier joint)", "image"),
        ("PTT-20200523-WA0001.opus (Datei angehängt)", "voice"),
        ("VID-20200523-WA0001.mp4 (archivo adjunto)\nregarde", "video"),
        ("\u200etarifs.pdf (file attached)", "file"),
        ("<Media omitted>\nregarde", "file"),
        ("<تم استبعاد الوسائط>", "file"),
        ("\u200eimagem omitida", "image"),
        ("tarifs.pdf • \u200e4 pages \u200edocument omitted", "file"),
        ("\u200e<مرفق: 00000012-PHOTO.jpg>", "image"),
        ("<attached: 00000012-PHOTO-2020-05-23-14-33-00.jpg>", "image"),
        ("<pièce jointe : 00000013-AUDIO-2020-05-23-14-33-00.opus>", "voice"),
        ("<Anhang: 00000014-VIDEO.mp4>", "video"),
        ("je mets <3 et (file attached)", "text"),
        ("media omitted, he said, and went on for a good while about it", "text"),
    ],
)
def test_kinds(words: str, kind: str) -> None:
    row = one(f"23/05/2020, 14:33 - Max: {words}\n")
    assert (row["kind"], row["text"]) == (kind, words)


def test_a_file_beside_the_export_gives_its_hash() -> None:
    text = (
        "23/05/2020, 14:33 - Max: IMG-1.jpg (fichier joint)\n"
        "23/05/2020, 14:34 - Max: IMG-2.jpg (fichier joint)\n"
        "23/05/2020, 14:35 - Max: ../secret.jpg (fichier joint)\n"
    )
    beside = {"phone/img-1.JPG": b"picture", "secret.jpg": b"elsewhere"}
    found = rows(export(text, "phone/chat.txt", beside=beside))
    assert [row["attachment_sha256"] for row in found] == [
        sha256(b"picture").hexdigest(), None, None,
    ]  # fmt: skip


def test_a_shared_place_has_its_coordinates() -> None:
    row = one("23/05/2020, 14:33 - Max: location: https://maps.google.com/?q=50.6330,3.0586\n")
    assert (row["kind"], row["latitude"], row["longitude"]) == ("location", 50.633, 3.0586)
    row = one("23/05/2020, 14:33 - Max: location: https://maps.google.com/?q=95.0,3.0\n")
    assert (row["kind"], row["latitude"]) == ("text", None)


@pytest.mark.parametrize(
    "words",
    [
        "This message was deleted",
        "<Ce message a été supprimé.>",
        "Mensagem apagada",
        "\u200eHas eliminado este mensaje.",
        "تم حذف هذه الرسالة",
        "This message was deleted by admin Max.",
    ],
)
def test_deleted_messages(words: str) -> None:
    row = one(f"23/05/2020, 14:33 - Max: {words}\n")
    assert (row["deleted"], row["kind"]) == (True, "text")


@pytest.mark.parametrize(
    ("path", "name", "thread"),
    [
        ("WhatsApp Chat with Max.txt", "Max", "Max"),
        ("Discussion WhatsApp avec Les Amis (2).txt", "Les Amis", "Les Amis"),
        ("phone/WhatsApp-Chat mit Max.txt", "Max", "Max"),
        ("WhatsApp Chat - Max.zip!/_chat.txt", "Max", "Max"),
        ("E1/_chat.txt", None, "E1"),
        ("_chat.txt", None, "_chat"),
        ("lundi.txt", None, "lundi"),
    ],
)
def test_the_files_name_names_the_chat(path: str, name: str | None, thread: str) -> None:
    [row] = rows(export("23/05/2020, 14:33 - Max: salut\n", path))
    assert (row["thread_name"], row["thread_id"]) == (name, thread)


def test_the_name_over_the_encryption_notice_names_the_chat_where_no_file_does() -> None:
    notice = "[23/05/2020, 14:33:00] Lundi: \u200eMessages and calls are end-to-end encrypted.\n"
    said = rows(export(notice + "[23/05/2020, 14:33:05] Max: salut\n"))
    assert [row["thread_name"] for row in said] == ["Lundi", "Lundi"]
    [named, _] = rows(export(notice * 2, "WhatsApp Chat - Mardi.zip!/_chat.txt"))
    assert named["thread_name"] == "Mardi"


def test_what_the_app_says_of_an_edit_stays_in_the_text() -> None:
    row = one("[23/05/2020, 14:33:00] Max: demain 18h \u200e<This message was edited>\n")
    assert (row["kind"], row["text"]) == ("text", "demain 18h \u200e<This message was edited>")


def test_the_desk_links_a_zip_of_chat_and_pictures(desk: Desk) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr(
            "_chat.txt",
            "[23/05/2020, 14:33:00] Max: \u200e<attached: 00000001-PHOTO.jpg>\n"
            "[23/05/2020, 14:33:05] Léa: joli\n",
        )
        zipped.writestr("00000001-PHOTO.jpg", b"picture")
    added = desk.add("WhatsApp Chat - Max.zip", packed.getvalue())
    assert added.exhibit is not None
    assert added.exhibit.tables["message"] == {"rows": 2, "rejected": 0}
    picture, _ = desk.rows("message")
    assert picture["attachment_sha256"] == sha256(b"picture").hexdigest()


# What is not a chat, and what is broken.


@pytest.mark.parametrize(
    "text",
    [
        "",
        "salut\nça va\n",
        "date,text\n23/05/2020,salut\n",
        "[2020-05-23 14:33:00] production.ERROR: no such table\n" * 3,
        "[2020-05-23 14:33:00] server: started\n" * 3,
        "2020-05-23 14:33:00: server: started\n" * 3,
        "2020-05-23 14:33:00,123 - root - INFO - started\n" * 3,
        '{"a": "23/05/2020, 14:33 - Max: salut"}',
        "<html>\n23/05/2020, 14:33 - Max: salut\n</html>",
    ],
)
def test_other_texts_are_not_claimed(text: str) -> None:
    assert not claimed(export(text))


@given(st.binary(max_size=2000))
def test_random_bytes_are_not_claimed(raw: bytes) -> None:
    assert not claimed(export(raw))


def test_lines_before_the_first_date_are_rejected() -> None:
    source = export("exporté le 24\n\n23/05/2020, 14:33 - Max: salut\n")
    assert len(rows(source)) == 1
    assert [(r.locator, r.reason) for r in source.tally.rejects] == [("line 1", NOT_DATED)]


@pytest.mark.parametrize(
    ("date", "reason"),
    [
        ("31/02/2020, 10:00", NO_DATE),
        ("23/05/2020, 25:00", NO_DATE),
        ("23/05/2020, 10:75", NO_DATE),
        ("23/05/1601, 10:00", OUTSIDE),
        ("31/12/9999, 23:59", OUTSIDE),
        ("01/01/0001, 00:00", OUTSIDE),
    ],
)
def test_an_impossible_date_is_rejected_alone(date: str, reason: str) -> None:
    [batch] = batches(export(f"23/05/2020, 14:33 - A: a\n{date} - B: b\n24/05/2020, 1:00 - C: c\n"))
    assert batch.reasons is not None
    assert batch.reasons.to_pylist() == [None, reason, None]


def test_a_file_cut_short_keeps_what_it_has() -> None:
    raw = "23/05/2020, 14:33 - Max: salut\n23/05/2020, 14:34 - Léa: été".encode()[:-1]
    first, second = rows(export(raw))
    assert first["text"] == "salut"
    assert second["kind"] == "text"


def test_bytes_that_are_no_unicode_do_not_stop_the_reading() -> None:
    good = "23/05/2020, 14:33 - Léa: été\n".encode() * 4000
    surrogate = b"23/05/2020, 14:34 - Max: a\xed\xa0\x80b\n"
    last = rows(export(good + surrogate))[-1]
    assert last["text"].startswith("a�")
    assert last["text"].endswith("b")


def test_a_line_of_50_mb_is_rejected_and_the_rest_is_read() -> None:
    head, tail = b"23/05/2020, 14:33 - Max: salut\n", b"23/05/2020, 14:34 - Max: fin\n"
    source = export(head + b"x" * 50_000_000 + b"\n" + tail)
    assert [row["text"] for row in rows(source)] == ["salut", "fin"]
    assert [r.locator for r in source.tally.rejects] == ["line 2"]


def test_a_message_without_end_is_cut() -> None:
    line = "x" * 1000 + "\n"
    source = export("23/05/2020, 14:33 - Max: salut\n" + line * 1100)
    [row] = rows(source)
    assert len(row["text"]) < LONGEST_TEXT
    assert {r.reason for r in source.tally.rejects} == {TOO_LONG}
    assert row["text"].count("\n") + len(source.tally.rejects) == 1100


def test_long_files_come_in_batches() -> None:
    text = "".join(f"23/05/2020, 14:{n % 60:02} - Max: {n}\n" for n in range(45_000))
    sizes = [batch.columns.num_rows for batch in batches(export(text))]
    assert sizes == [20_000, 20_000, 5_000]


# Written, then read.

_WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1
).filter(lambda text: text.strip("\ufeff") == text)
_NAMES = st.from_regex(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ 0-9&.'-]{0,20}[A-Za-z]", fullmatch=True)
_TIMES = st.datetimes(datetime(1971, 1, 1), datetime(2069, 12, 31))  # noqa: DTZ001 - local
_FORMS = [
    "%d/%m/%Y, %H:%M - ",
    "%m/%d/%Y, %I:%M %p - ",
    "[%d.%m.%Y, %H:%M:%S] ",
    "%Y-%m-%d, %H:%M - ",
]


@given(st.sampled_from(_FORMS), st.lists(st.tuples(_TIMES, _NAMES, _WORDS), min_size=1, max_size=9))
def test_what_is_written_is_what_is_read(form: str, said: list[tuple[datetime, str, str]]) -> None:
    # Three days above 12 settle the order of day and month whatever the others are.
    certain = [datetime(2020, 5, day, 10) for day in (13, 14, 15)]  # noqa: DTZ001 - local
    every = [*((when, "Max", "salut") for when in certain), *said]
    text = "".join(f"{when.strftime(form)}{name}: {words}\n" for when, name, words in every)
    source = export(text)
    assert [(row["sender_name"], row["text"]) for row in rows(source)] == [
        (name, words) for _, name, words in every
    ]
    precision = {"second": 0} if "%S" not in form else {}
    assert [row["sent_at"] for row in rows(source)] == [
        when.replace(microsecond=0, tzinfo=PARIS, **precision).astimezone(UTC)
        for when, _, _ in every
    ]
