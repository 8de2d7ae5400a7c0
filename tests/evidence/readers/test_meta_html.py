"""Messenger and Instagram archives in HTML, told by cards of each generation."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence.readers import meta_html
from faisceau.evidence.reading import Head, Source, read_rows
from faisceau.evidence.worded_dates import worded_date
from faisceau.tables.schemas import Row
from faisceau.testing import Desk, check_reader, member

PATH = "messages/inbox/karim_10203/message_1.html"
BOXES = "<div><div></div><div>{}</div><div></div><div></div></div>"


def card_2019(sender: str, body: str, date: str) -> str:
    return (
        '<div class="pam _3-95 _2pi0 _2lej uiBoxWhite noborder">'
        f'<div class="_3-96 _2pio _2lek _2lel">{sender}</div>'
        f'<div class="_3-96 _2let">{BOXES.format(body)}</div>'
        f'<div class="_3-94 _2lem">{date}</div></div>'
    )


def card_2022(sender: str, body: str, date: str) -> str:
    return (
        '<div class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder">'
        f'<div class="_2ph_ _a6-h _a6-i">{sender}</div>'
        f'<div class="_2ph_ _a6-p">{BOXES.format(body)}</div>'
        f'<div class="_3-94 _a6-o"><div class="_a72d">{date}</div></div></div>'
    )


def card_2024(sender: str, body: str, date: str) -> str:
    return (
        '<section class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder">'
        f'<h2 class="_3-95 _2pim _a6-h _a6-i">{sender}</h2>'
        f'<div class="_3-95 _a6-p">{BOXES.format(body)}</div>'
        f'<footer class="_3-94 _a6-o"><div class="_a72d">{date}</div></footer></section>'
    )


PEOPLE = (
    '<div class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder">'
    '<div class="_2ph_ _a6-h _a6-i">Participants : Karim et Léa B</div></div>'
)


def page(*cards: str, title: str = "Karim", style: str = "") -> bytes:
    return (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8" />'
        f'<base href="../../../" /><title>{title}</title><style type="text/css">{style}</style>'
        '</head><body class="_5vb_ _2yq _a705"><div class="clearfix _ikh"><div role="main">'
        f'<div class="_3-8y _3-95">{"".join(cards)}</div></div></div></body></html>'
    ).encode()


class Read:
    """A page, and what reading it gave."""

    def __init__(self, content: bytes, name: str = PATH, **beside: Any) -> None:
        siblings = {path: member(path, data) for path, data in beside.items()}
        self.source = Source(member(name, content), siblings=siblings)
        found = [row for row, _ in read_rows(meta_html, self.source)]
        self.messages: list[dict[str, Any]] = [dict(r.values) for r in found if isinstance(r, Row)]


@pytest.mark.parametrize("card", [card_2019, card_2022, card_2024])
def test_a_card_of_any_generation_is_a_message(card: Any) -> None:
    found = Read(page(PEOPLE, card("Léa B", "Rdv à 18&nbsp;h<br>au marché", "1 juin 2024 à 12:00")))
    [said] = found.messages
    assert said["text"] == "Rdv à 18\u00a0h\nau marché"
    assert (said["sender_id"], said["recipients"]) == ("Léa B", ["Karim"])
    assert said["sent_at"] == datetime(2024, 6, 1, 10, 0, tzinfo=UTC)
    assert said["zone"] == "Europe/Paris"
    assert (said["thread_id"], said["thread_name"]) == ("inbox/karim_10203", "Karim")
    assert (said["app"], said["kind"]) == ("messenger", "text")
    assert found.source.tally.left == {"cards that name the participants": 1}
    assert not found.source.tally.unknown


@pytest.mark.parametrize(
    ("said", "hour"),
    [
        ("Jun 1, 2024, 12:00 PM", 12),
        ("Jun 01, 2024 12:00 am", 0),
        ("juin 01, 2024 9:05 PM", 21),
        ("1er juin 2024, 07:00", 7),
        ("samedi 1 juin 2024 à 23 h 00", 23),
    ],
)
def test_dates_in_french_and_english(said: str, hour: int) -> None:
    at, stated = worded_date(said, UTC)
    assert (at.year, at.month, at.day, at.hour, stated) == (2024, 6, 1, hour, False)


def test_a_date_that_names_its_offset_is_not_read_in_the_zone_of_the_case() -> None:
    said = "Saturday, 1 June 2024 at 12:00 UTC+02"
    [message] = Read(page(card_2022("a", "b", said))).messages
    assert (message["sent_at"].hour, message["zone"]) == (10, None)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('<a href="{}"><img src="{}" class="_a6_o _3-96" /></a>', "image"),
        (
            '<video src="{}" controls="1"><a href="{}"><div>Click for video</div></a></video>',
            "video",
        ),
        ('<audio src="{}" controls="1"><a href="{}"><div>Click</div></a></audio>', "voice"),
    ],
)
def test_a_file_in_the_exhibit_is_named_by_its_hash(body: str, kind: str) -> None:
    path = "messages/inbox/karim_10203/photos/1.jpg"
    card = card_2022("Karim", body.format(path, path), "1 juin 2024 à 12:00")
    beside: dict[str, Any] = {path: b"bytes"}
    [said] = Read(page(card), **beside).messages
    assert (said["kind"], said["text"]) == (kind, None)
    assert said["attachment_sha256"] == member("", b"bytes").sha256()


def test_a_link_keeps_its_words_and_reactions_are_counted() -> None:
    body = (
        'voir <a href="https://maps.example/1">https://maps.example/1</a></div><div>'
        '<ul class="_a6-q"><li><span>👍Karim</span></li><li><span>❤Momo</span></li></ul>'
    )
    found = Read(page(card_2024("Léa B", body, "1 juin 2024 à 12:00")))
    assert found.messages[0]["text"] == "voir https://maps.example/1"
    assert found.source.tally.left == {"reactions to messages": 2}


def test_the_desk_keeps_every_card_as_row_or_reject(desk: Desk) -> None:
    cards = [card_2022("Karim", f"m{n}", "1 juin 2024 à 12:00") for n in range(30)]
    added = desk.add("message_1.html", page(*cards, card_2022("Karim", "sans date", "hier")))
    assert added.exhibit is not None
    assert added.exhibit.readers == ("meta_html",)
    assert added.exhibit.tables == {"message": {"rows": 30, "rejected": 1}}
    assert added.exhibit.unread == {"date": 1}


def test_a_cut_page_gives_its_whole_cards() -> None:
    raw = page(*[card_2022("Karim", f"m{n}", "1 juin 2024 à 12:00") for n in range(40)])
    texts = [said["text"] for said in Read(raw[: len(raw) // 2]).messages]
    assert texts[:15] == [f"m{n}" for n in range(15)]


def test_a_page_with_a_long_style_sheet_is_recognised() -> None:
    card = card_2022("a", "b", "1 juin 2024 à 12:00")
    content = page(card, style="._3-95 {color: red}" * 10_000)
    assert meta_html.detect(Head.of(member("x", content)))


def test_posts_and_other_pages_are_not_its_own() -> None:
    post = (
        '<div class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder"><div class="_2ph_ _a6-p">'
        '<div class="_2pin"><div>Une publication</div></div></div></div>'
    )
    for content in (page(post), page(), b"<html><body><p>pam uiBoxWhite noborder</p></html>"):
        assert not meta_html.detect(Head.of(member("x", content)))


def test_it_conforms() -> None:
    check_reader(meta_html)


@given(st.binary(max_size=60), st.integers(0, 900))
def test_damage_stops_nothing(noise: bytes, place: int) -> None:
    raw = page(*[card_2022("Karim", "mot", "1 juin 2024 à 12:00")] * 3)
    found = Read(raw[:place] + noise + raw[place:])
    tally = found.source.tally
    assert tally.records == len(found.messages) + len(tally.rejects) + tally.left.total()
