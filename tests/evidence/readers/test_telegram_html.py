"""What a Telegram Desktop export in HTML gives, told by pages as the exporter writes them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence.readers import telegram_html
from faisceau.evidence.reading import Head, Source, read_rows
from faisceau.tables.schemas import Row
from faisceau.testing import Desk, check_reader, member

AT = datetime(2024, 6, 1, 10, 0, tzinfo=UTC)
WHEN = "01.06.2024 12:00:00 UTC+02:00"
PICTURE = (
    '<div class="pull_left userpic_wrap"><div class="userpic userpic1" style="width: 42px">'
    '<div class="initials" style="line-height: 42px">K</div></div></div>'
)


def page(*blocks: str, title: str = "Karim") -> bytes:
    return (
        '<!DOCTYPE html>\n<html>\n <head>\n  <meta charset="utf-8"/>\n'
        "<title>Exported Data</title>\n"
        '  <meta content="width=device-width, initial-scale=1.0" name="viewport"/>\n\n'
        '  <link href="css/style.css" rel="stylesheet"/>\n </head>\n\n'
        ' <body onload="CheckLocation();">\n  <div class="page_wrap">\n'
        f'   <div class="page_header">\n    <div class="content">\n     <div class="text bold">\n'
        f"{title}\n     </div>\n    </div>\n   </div>\n"
        f'   <div class="page_body chat_page">\n    <div class="history">\n{"".join(blocks)}'
        "    </div>\n   </div>\n  </div>\n </body>\n</html>\n"
    ).encode()


def day(words: str, number: int = 1) -> str:
    return service(words, -number)


def service(words: str, ref: int = 5) -> str:
    return (
        f'     <div class="message service" id="message{ref}">\n'
        f'      <div class="body details">\n{words}\n      </div>\n     </div>\n'
    )


def said(inside: str, *, ref: int = 7, name: str | None = "Karim ", when: str = WHEN) -> str:
    joined = " joined" if name is None else ""
    who = "" if name is None else f'       <div class="from_name">\n{name}\n       </div>\n'
    return (
        f'     <div class="message default clearfix{joined}" id="message{ref}">\n'
        f"{'' if name is None else PICTURE}"
        f'      <div class="body">\n       <div class="pull_right date details" title="{when}">\n'
        f"12:00\n       </div>\n{who}{inside}      </div>\n     </div>\n"
    )


def text(words: str) -> str:
    return f'       <div class="text">\n{words}\n       </div>\n'


def media(
    names: str, title: str, *, href: str = "", status: str = "", description: str = ""
) -> str:
    tag = "a" if href else "div"
    link = f' href="{href}"' if href else ""
    more = f'<div class="description">\n{description}\n</div>' if description else ""
    return (
        '<div class="media_wrap clearfix">\n'
        f'<{tag} class="media clearfix pull_left {names}"{link}>\n'
        f'<div class="fill pull_left">\n</div>\n<div class="body">\n'
        f'<div class="title bold">\n{title}\n</div>\n{more}'
        f'<div class="status details">\n{status}\n</div>\n</div>\n</{tag}>\n</div>\n'
    )


class Read:
    """A page, and what reading it gave."""

    def __init__(self, content: bytes, name: str = "messages.html", **beside: Any) -> None:
        siblings = {path: member(path, data) for path, data in beside.items()}
        self.source = Source(member(name, content), siblings=siblings)
        self.rows = [r for r, _ in read_rows(telegram_html, self.source) if isinstance(r, Row)]

    def of(self, table: str) -> list[dict[str, Any]]:
        return [dict(r.values) for r in self.rows if r.schema.name == table]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.of("message")


def test_a_message_keeps_its_words_its_sender_and_its_time() -> None:
    words = 'Appelle le <a href="tel:0611">0611</a><br>stp &amp; vite'
    found = Read(page(said(text(words))))
    [message] = found.messages
    assert message["text"] == "Appelle le 0611\nstp & vite"
    assert (message["sender_id"], message["sender_name"]) == ("Karim", "Karim")
    assert (message["sent_at"], message["zone"]) == (AT, "+02:00")
    assert (message["thread_id"], message["thread_name"]) == ("Karim", "Karim")
    assert (message["ref"], message["kind"], message["app"]) == ("7", "text", "telegram")
    assert not found.source.tally.unknown


def test_a_message_that_repeats_no_name_is_of_the_one_before() -> None:
    second = said(text("b"), ref=8, name=None, when="01.06.2024 12:01:00 UTC+02:00")
    found = Read(page(said(text("a"), name="Léa via @bot"), second, said(text("c"), name="Momo")))
    assert [m["sender_name"] for m in found.messages] == ["Léa", "Léa", "Momo"]


def test_an_account_tells_chats_of_one_name_apart_by_folder() -> None:
    content = page(said(text("a")))
    [message] = Read(content, "chats/chat_012/messages2.html").messages
    assert (message["thread_id"], message["thread_name"]) == ("chat_012", "Karim")


def test_a_time_of_before_2021_is_read_in_the_zone_of_the_case() -> None:
    found = Read(page(said(text("a"), when="01.06.2024 12:00:00")))
    assert (found.messages[0]["sent_at"], found.messages[0]["zone"]) == (AT, "Europe/Paris")
    assert found.source.tally.assumed == {"Europe/Paris": 1}


def test_service_lines_stand_between_the_messages_at_their_time() -> None:
    blocks = (day("1 June 2024"), service("Léa created group «Four»"), said(text("a")))
    found = Read(page(*blocks, service("Léa invited Momo", 9)))
    created, _, invited = found.messages
    assert (created["kind"], created["text"]) == ("system", "Léa created group «Four»")
    assert created["sent_at"] == datetime(2024, 5, 31, 22, 0, tzinfo=UTC)  # the day's beginning
    assert (invited["sent_at"], invited["text"]) == (AT, "Léa invited Momo")
    assert found.source.tally.left == {
        "lines that name a day": 1,
        "service lines that state no time: given that of the message before": 2,
    }


def test_a_forward_keeps_who_sent_it_on_and_an_answer_what_it_answers() -> None:
    forwarded = (
        f'<div class="pull_left forwarded userpic_wrap">{PICTURE}</div><div class="forwarded body">'
        '<div class="from_name">\nSource <span class="date details" title="x"> 31.05.2024</span>'
        f"\n</div>{text('info')}</div>"
    )
    reply = (
        '<div class="reply_to details">\nIn reply to <a href="messages.html#go_to_message3" '
        'onclick="return GoToMessage(3)">this message</a>\n</div>'
    )
    onward, answer = Read(page(said(forwarded), said(reply + text("oui")))).messages
    assert (onward["forwarded"], onward["text"], onward["sender_name"]) == (True, "info", "Karim")
    assert (answer["reply_to"], answer["text"], answer["forwarded"]) == ("3", "oui", False)


@pytest.mark.parametrize(
    ("block", "kind", "words"),
    [
        (media("block_link media_voice_message", "Voice message", href="v/1.ogg"), "voice", None),
        (media("block_link media_video", "Video message", href="v/1.mp4"), "video", None),
        (media("media_photo", "Photo", description="Not included"), "image", None),
        (media("block_link media_file", "plan.pdf", href="files/plan.pdf"), "file", "plan.pdf"),
        (media("media_game", "Lumberjack", description="Chop"), "text", "Lumberjack\nChop"),
    ],
)
def test_the_kind_follows_the_media_block(block: str, kind: str, words: str | None) -> None:
    [message] = Read(page(said(block))).messages
    assert (message["kind"], message["text"]) == (kind, words)


@pytest.mark.parametrize("name", ["photo_wrap", "video_file_wrap", "animated_wrap", "sticker_wrap"])
def test_a_file_beside_the_page_is_named_by_its_hash(name: str) -> None:
    block = (
        f'<div class="media_wrap clearfix"><a class="{name} clearfix pull_left" '
        'href="photos/photo_1@01-06-2024.jpg"><img class="photo" src="photos/t.jpg"/></a></div>'
    )
    beside: dict[str, Any] = {"photos/photo_1@01-06-2024.jpg": b"jpeg"}
    [message] = Read(page(said(block)), **beside).messages
    assert message["kind"] in ("image", "video")
    assert message["attachment_sha256"] == member("", b"jpeg").sha256()


def test_places_cards_and_polls_are_told_in_words() -> None:
    where = "https://maps.google.com/maps?q=48.85,2.35&amp;ll=48.85,2.35&amp;z=16"
    poll = (
        '<div class="media_wrap clearfix"><div class="media_poll"><div class="question bold">\n'
        'Quand ?\n</div><div class="details">\nAnonymous poll\n</div><div class="answer">\n- Lundi '
        '<span class="details">2 votes</span>\n</div><div class="answer">\n- Mardi\n</div>'
        '<div class="total details\t">\n2 votes\n</div></div></div>'
    )
    found = Read(
        page(
            said(media("block_link media_location", "Location", href=where, status="48.85, 2.35")),
            said(media("media_contact", "Gros Bill", status="+33 6 99 - vCard")),
            said(poll),
        )
    )
    place, card, question = found.messages
    assert (place["kind"], place["latitude"], place["longitude"]) == ("location", 48.85, 2.35)
    assert card["text"] == "Gros Bill +33 6 99"
    assert question["text"] == "Quand ?\nLundi 2 votes\nMardi"
    [contact] = found.of("contact")
    assert (contact["name"], contact["identifiers"]) == ("Gros Bill", ["+33 6 99"])


@pytest.mark.parametrize(
    ("status", "direction", "seconds"),
    [
        ("Outgoing (95 seconds)", "out", 95.0),
        ("Cancelled", "out", 0.0),
        ("Incoming (3 seconds)", "in", 3.0),
        ("Missed", "missed", 0.0),
        ("Declined", "missed", 0.0),
    ],
)
def test_a_call_has_two_ends_and_a_duration(status: str, direction: str, seconds: float) -> None:
    found = Read(page(said(media("media_call success", "Léa", status=status))))
    assert not found.messages
    [call] = found.of("call")
    assert (call["caller"], call["callee"], call["started_at"]) == ("Karim", "Léa", AT)
    assert (call["direction"], call["duration_s"]) == (direction, seconds)


def test_reactions_are_counted_and_unknown_parts_too() -> None:
    reactions = (
        '<span class="reactions"><span class="reaction"><span class="emoji">👍</span>'
        '<span class="userpics"><div class="userpic userpic1"></div><div class="userpic"></div>'
        '</span></span><span class="reaction"><span class="emoji">🔥</span>'
        '<span class="count">14</span></span></span>'
    )
    found = Read(page(said(text("a") + reactions + '<div class="stars bold">x</div>')))
    assert found.source.tally.left == {"reactions to messages": 16}
    assert found.source.tally.unknown == {"bold stars": 1}


def test_the_owner_and_the_contacts_of_an_account() -> None:
    row = (
        '<div class="row"><div class="label details">\n{}\n</div>'
        '<div class="value bold">\n{}\n</div></div>'
    )
    info = '<div class="personal_info clearfix"><div class="rows names">{}</div></div>'.format(
        row.format("First name", "Léa")
        + row.format("Phone number", "+33 6 12")
        + row.format("Username", "@lea")
    )
    found = Read(page(info, title="Exported Data"), "export_results.html")
    [owner] = found.of("contact")
    assert (owner["name"], owner["identifiers"]) == ("Léa", ["+33 6 12", "@lea"])
    entry = (
        f'<div class="entry clearfix">{PICTURE}<div class="body"><div class="pull_right info '
        'details">\n01.06.2024 12:00:00\n</div><div class="name bold">\nMomo \n</div>'
        '<div class="details_entry details">\n+33 6 99\n</div></div></div>'
    )
    [momo] = Read(page(entry, title="Contacts"), "lists/contacts.html").of("contact")
    assert (momo["name"], momo["identifiers"]) == ("Momo", ["+33 6 99"])


def test_the_desk_keeps_every_message_as_row_or_reject(desk: Desk) -> None:
    blocks = [said(text(f"m{n}"), ref=n) for n in range(30)]
    unsupported = service(
        "This message is not supported by this version of Telegram Desktop. "
        "Please update the application.",
        99,
    )
    added = desk.add("messages.html", page(*blocks, unsupported))
    assert added.exhibit is not None
    assert added.exhibit.readers == ("telegram_html",)
    assert added.exhibit.tables == {"message": {"rows": 30, "rejected": 1}}


@pytest.mark.parametrize(
    ("content", "ours"),
    [
        (page(said(text("a"))), True),
        (page(service("History cleared")), True),
        (page(title="Sessions").replace(b"chat_page", b"list_page"), False),
        (page(said(text("a"))).replace(b"Exported Data", b"Autre"), False),
    ],
)
def test_it_is_recognised_by_its_content(content: bytes, ours: bool) -> None:
    assert telegram_html.detect(Head.of(member("x", content))) is ours


def test_it_conforms() -> None:
    check_reader(telegram_html)


@given(st.binary(max_size=60), st.integers(500, 2500))
def test_damage_stops_nothing(noise: bytes, place: int) -> None:
    raw = page(*[said(text("mot"), ref=n) for n in range(4)])
    found = Read(raw[:place] + noise + raw[place:])
    tally = found.source.tally
    assert tally.records <= len(found.messages) + len(tally.rejects) + tally.left.total()
