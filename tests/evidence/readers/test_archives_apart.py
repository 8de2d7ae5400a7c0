"""Every file of an archive has one reader, and plain JSON or HTML none of theirs."""

import json
from typing import Any

import pytest

from faisceau.case.plugins import plugins
from faisceau.evidence.reading import Head
from faisceau.testing import member

ARCHIVES: dict[str | None, list[Any]] = {
    "meta_messages": [
        {
            "participants": [{"name": "a"}],
            "messages": [{"sender_name": "a", "timestamp_ms": 1, "content": "b"}],
            "title": "a",
        },
        {
            "participants": ["a"],
            "threadName": "a_1",
            "messages": [{"senderName": "a", "timestamp": 1, "text": "b", "isUnsent": False}],
        },
    ],
    "meta_html": [
        '<html><head><style></style></head><body><div class="pam _3-95 uiBoxWhite noborder">'
        '<div class="_2ph_ _a6-h">a</div><div class="_2ph_ _a6-p"><div><div></div><div>b</div>'
        '<div></div></div></div><div class="_3-94 _a6-o">1 juin 2024 à 12:00</div></div></body>'
    ],
    "meta_profile": [
        {"friends_v2": [{"name": "a", "timestamp": 1}]},
        [{"title": "", "string_list_data": [{"href": "x", "value": "a", "timestamp": 1}]}],
        {"contacts_contact_info": [{"title": "", "string_map_data": {"Name": {"value": "a"}}}]},
    ],
    "snapchat": [
        {"a": [{"From": "a", "Media Type": "TEXT", "Created": "2024-06-01 10:00:00 UTC"}]},
        {"Friends": [{"Username": "a", "Display Name": "b"}], "Blocked Users": []},
        "<html><body><table><tr><th>From</th><th>Media Type</th><th>Created</th></tr></table>",
    ],
    "google_takeout": [
        {"messages": [{"creator": {"name": "a"}, "message_id": "a/b/c", "text": "d"}]},
        {"locations": [{"latitudeE7": 1, "longitudeE7": 2, "timestamp": "2024-06-01T10:00:00Z"}]},
        {"timelineObjects": [{"placeVisit": {"location": {}, "duration": {}}}]},
        {"semanticSegments": [{"startTime": "2024-06-01T12:00:00Z", "endTime": "x", "visit": {}}]},
        [{"startTime": "a", "endTime": "b", "timelinePath": [{"point": "geo:1,2"}]}],
        '<html><body><div class="hChatLog hfeed"><div class="message"><abbr class="dt" title="x">'
        '</abbr><cite class="sender vcard"><a class="tel" href="tel:+33">a</a></cite></div></div>',
    ],
    "telegram_html": [
        "<!DOCTYPE html><html><head><title>Exported Data</title></head><body>"
        '<div class="message default clearfix" id="message1"></div></body></html>'
    ],
    "telegram_desktop": [{"name": "a", "type": "personal_chat", "id": 1, "messages": []}],
    None: [
        {"users": [{"name": "a", "email": "b"}]},
        {"title": "a", "items": [{"id": 1}]},
        "<!DOCTYPE html><html><body><table><tr><th>Nom</th></tr></table></body></html>",
        '<html><body><div class="message">a</div><div class="history">b</div></body></html>',
    ],
}


@pytest.mark.parametrize(
    ("name", "document"), [(name, one) for name, files in ARCHIVES.items() for one in files]
)
def test_a_file_has_one_reader(name: str | None, document: Any) -> None:
    content = document if isinstance(document, str) else json.dumps(document)
    claims = [
        reader
        for reader, module in plugins().readers.items()
        if module.detect(Head.of(member("x", content.encode())))
    ]
    assert claims == ([name] if name else [])


def test_messages_as_plain_objects_stay_with_the_native_reader() -> None:
    lines = b'{"sent_at": "2024-06-01T10:00:00Z", "text": "a", "sender_id": "b"}\n' * 3
    head = Head.of(member("x", lines))
    assert [n for n, m in plugins().readers.items() if m.detect(head)] == ["native_jsonl"]
