"""The account, contacts and devices of Meta's archives, told by the files Meta writes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence.readers import meta_profile
from faisceau.evidence.reading import Head, Source, read_rows
from faisceau.tables.schemas import Row
from faisceau.testing import Desk, check_reader, member

PROFILE = {
    "profile_v2": {
        "name": {"full_name": "Léa Bé", "first_name": "Léa", "last_name": "Bé"},
        "emails": {"emails": ["lea@example.org"], "previous_emails": ["old@example.org"]},
        "birthday": {"year": 1990, "month": 1, "day": 1},
        "phone_numbers": [{"phone_type": "Mobile", "phone_number": "+33612", "verified": True}],
        "username": "lea.be",
        "registration_timestamp": 1262304000,
        "profile_uri": "https://www.facebook.com/lea.be",
    }
}


def as_meta(value: Any) -> bytes:
    """The bytes Meta writes: each byte of the UTF-8 text as an escaped character of its own."""
    text = json.dumps(value, ensure_ascii=False)
    return json.dumps(json.loads(text.encode().decode("latin-1")), indent=2).encode()


class Read:
    """A file of an archive, and what reading it gave."""

    def __init__(self, document: Any) -> None:
        self.source = Source(member("x.json", as_meta(document)))
        self.rows = [r for r, _ in read_rows(meta_profile, self.source) if isinstance(r, Row)]

    def of(self, table: str) -> list[dict[str, Any]]:
        return [dict(r.values) for r in self.rows if r.schema.name == table]

    @property
    def contacts(self) -> list[tuple[str | None, list[str] | None]]:
        return [(c.get("name"), c.get("identifiers")) for c in self.of("contact")]


def mapped(**fields: str) -> dict[str, Any]:
    said = {name.replace("_", " "): {"href": "", "value": v} for name, v in fields.items()}
    return {"title": "", "media_map_data": {}, "string_map_data": said}


def linked(name: str) -> dict[str, Any]:
    one = {"href": f"https://www.instagram.com/{name}", "value": name, "timestamp": 1}
    return {"title": "", "media_list_data": [], "string_list_data": [one]}


def test_the_holder_of_a_facebook_account() -> None:
    found = Read(PROFILE)
    [lea] = found.of("contact")
    assert lea["name"] == "Léa Bé"
    assert lea["account"] == "lea.be"
    assert lea["identifiers"] == [
        "lea.be",
        "https://www.facebook.com/lea.be",
        "lea@example.org",
        "old@example.org",
        "+33612",
    ]
    assert found.source.tally.left == {"fields of the profile without a column": 3}


def test_the_holder_of_an_instagram_account_in_any_language() -> None:
    english = mapped(
        Email="lea@example.org", Phone_Number="+33 6 12 34 56 78", Username="lea_b", Name="Léa"
    )
    french = mapped(
        **{"Nom_d’utilisateur": "lea_b", "Nom": "Léa", "Date_de_naissance": "1990-01-01"}
    )
    assert Read({"profile_user": [english]}).contacts == [
        ("Léa", ["lea_b", "lea@example.org", "+33 6 12 34 56 78"])
    ]
    assert Read({"profile_user": [french]}).contacts == [("Léa", ["lea_b"])]


def test_friends_and_those_who_asked_to_be() -> None:
    friend = {"name": "Jérôme", "timestamp": 1700000000}
    assert Read({"friends_v2": [friend]}).contacts == [("Jérôme", None)]
    assert Read({"received_friend_requests_v2": [friend]}).contacts == [("Jérôme", None)]


def test_an_address_book_that_was_uploaded() -> None:
    entry = {
        "name": "Gros Bill",
        "details": [{"contact_point": "+33699"}, {"contact_point": "bill@example.org"}],
        "created_timestamp": 1,
        "updated_timestamp": 2,
    }
    for document in (
        {"address_book_v2": {"address_book": [entry]}},
        {"address_book": {"address_book_v2": [entry]}},
        {"contacts_v2": [entry]},
    ):
        found = Read(document)
        assert found.contacts == [("Gros Bill", ["+33699", "bill@example.org"])]
        assert not found.source.tally.unknown
    synced = mapped(First_Name="Gros", Last_Name="Bill", Contact_Information="+33 6 99 00 00 00")
    found = Read({"contacts_contact_info": [synced]})
    assert found.contacts == [("Gros Bill", ["+33 6 99 00 00 00"])]


def test_who_follows_and_is_followed() -> None:
    assert Read({"relationships_following": [linked("momo")]}).contacts == [(None, ["momo"])]
    assert Read([linked("momo"), linked("bill")]).contacts == [(None, ["momo"]), (None, ["bill"])]
    newer = {"title": "momo", "string_list_data": [{"href": "https://x/_u/momo", "timestamp": 1}]}
    assert Read({"relationships_following": [newer]}).contacts == [(None, ["momo"])]


@pytest.mark.parametrize(
    ("document", "make", "model", "os"),
    [
        (
            {"mobile_devices_v2": [{"type": "SM-A32", "os": "Android 11"}]},
            None,
            "SM-A32",
            "Android 11",
        ),
        (
            {
                "devices_devices": [
                    mapped(
                        User_Agent="Instagram 1.2 Android (33/13; 420dpi; 1080x2400; "
                        "samsung; SM-A32; a32; mt6768; fr_FR; 3)"
                    )
                ]
            },
            "samsung",
            "SM-A32",
            "Android 13",
        ),
        (
            {"devices_devices": [mapped(User_Agent="Instagram 1.2 (iPhone14,5; iOS 17_5; fr_FR)")]},
            "Apple",
            "iPhone14,5",
            "iOS 17.5",
        ),
        (
            {
                "ig_secret_conversations": {
                    "armadillo_devices": [
                        {
                            "device_manufacturer": "Google",
                            "device_model": "Pixel 7",
                            "device_os_version": "14",
                            "last_connected_ip": "2001:db8::1",
                        }
                    ]
                }
            },
            "Google",
            "Pixel 7",
            "14",
        ),
    ],
)
def test_devices(document: Any, make: str | None, model: str, os: str) -> None:
    found = Read(document)
    [device] = found.of("handset")
    assert (device["make"], device["model"], device["os"]) == (make, model, os)
    assert not found.source.tally.unknown


def test_other_lists_beside_are_counted_and_so_are_unknown_fields() -> None:
    found = Read(
        {"friends_v2": [{"name": "a", "timestamp": 1, "nickname": "b"}, "?"], "more": [1, 2]}
    )
    assert found.source.tally.left == {"more": 2}
    assert found.source.tally.unknown == {"nickname": 1}
    assert len(found.source.tally.rejects) == 1


def test_the_desk_reads_them(desk: Desk) -> None:
    added = desk.add("profile_information.json", as_meta(PROFILE))
    assert added.exhibit is not None
    assert added.exhibit.readers == ("meta_profile",)
    assert added.exhibit.tables == {"contact": {"rows": 1, "rejected": 0}}


@pytest.mark.parametrize(
    ("document", "ours"),
    [
        (PROFILE, True),
        ({"friends_v2": [{"name": "a", "timestamp": 1}]}, True),
        ([linked("a")], True),
        ({"friends": [{"name": "a", "phone": "+33"}]}, False),
        ({"profile": {"name": "a"}}, False),
        ({"contacts": [{"name": "a"}]}, False),
        ({"likes_media_likes": [linked("a")]}, False),
        ({"Friends": [{"Username": "a", "Display Name": "b"}]}, False),
        ([{"title": "a", "media": []}], False),
    ],
)
def test_it_is_recognised_by_its_content(document: Any, ours: bool) -> None:
    assert meta_profile.detect(Head.of(member("x", as_meta(document)))) is ours


def test_it_conforms() -> None:
    check_reader(meta_profile)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
LISTS = ("friends_v2", "relationships_following", "contacts_contact_info", "profile_user")
KEYS = ("name", "details", "string_list_data", "string_map_data", "title", "os", "user_agent")
STRANGE = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5)


@given(st.sampled_from((*LISTS, "devices_devices")), st.lists(STRANGE | JSON, max_size=4))
def test_no_record_however_strange_stops_the_reading(key: str, items: list[Any]) -> None:
    found = Read({key: items})
    assert found.source.tally.records == len(items)
    assert len(found.rows) + len(found.source.tally.rejects) == len(items)


@given(JSON.filter(lambda value: isinstance(value, dict)))
def test_no_profile_however_strange_stops_the_reading(said: dict[str, Any]) -> None:
    Read({"profile_v2": {**said, "name": said}})
