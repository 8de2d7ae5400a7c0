"""Rows of a mail: one message, one media row for each attachment, one message for each mail in it.

- ``ref``, ``reply_to``: message ids without angle brackets (RFC 5322, 3.6.4).
- ``thread_id``: the first of ``References``, else what the mail answers, else its own id.
- ``sent_at``: ``Date``; else the earliest ``Received``, and the date is counted unread.
- ``attachment_sha256``: the first file that is no picture of the text itself; each file, that one
  included, is a row of ``media``, whose ``container`` is the message's ``source``.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from faisceau.errors import FieldError
from faisceau.evidence.mail.headers import (
    Address,
    Headers,
    Moment,
    addresses,
    message_id,
    message_ids,
    moment,
    read_headers,
)
from faisceau.evidence.mail.mime import Attached, Body, read_body
from faisceau.evidence.media import media_of, media_type
from faisceau.evidence.reading import Record, Source
from faisceau.tables.schemas import MEDIA, MESSAGE, Row
from faisceau.words import N_

APP = "email"
LONGEST_MAIL = 128 << 20
"""Bytes; of a longer one the rest is rejected unread. Mail servers take less."""
DEEPEST = 8
"""Mails in mails in mails: deeper ones are files."""
_PREFIX = re.compile(
    r"^(?:\s*(?:re|r[ée]p|tr|fwd?|aw|wg|sv|vs|rv|enc|antw|doorst|i|odp)\s?(?:\[\d+\])?\s?:\s*)+",
    re.IGNORECASE,
)
_TAKEN = (
    "date", "received", "resent-date", "delivery-date", "x-received", "from", "sender",
    "return-path", "to", "cc", "bcc", "subject", "message-id", "in-reply-to", "references",
    "content-type", "content-transfer-encoding", "content-disposition", "content-id",
    "x-mozilla-status", "x-status", "apparently-to",
)  # fmt: skip
_LEFT = re.compile(
    r"(?:x-|arc-|authentication-|dkim-|domainkey-|received-spf|list-|resent-|content-|"
    r"autocrypt|feedback-id|ironport-|mime-version$|importance$|priority$|precedence$|"
    r"sensitivity$|reply-to$|delivered-to$|envelope-to$|user-agent$|mailer$|status$|"
    r"thread-(?:index|topic)$|accept-language$|auto-submitted$|comments$|keywords$|"
    r"organi[sz]ation$|errors-to$|disposition-notification|return-receipt|lines$|mail-|"
    r"old-|cancel-|archived-at$|errors-|original-|newsgroups$|path$|xref$|nntp-|sent$|"
    r"bounces-to$|require-recipient|tls-|x_|disposition-|followup-to$|face$|openpgp$|"
    r"expires$|supersedes$|deferred-delivery$|conversation-id$|acceptlanguage$|in-reply-to$)"
)
"""Headers of transport, signatures, lists and mail programs: known, and nothing for a row."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as its source gives it: its header, its body, what stands around it."""

    headers: Headers
    body: Body
    envelope: Moment | None = None
    """When it was put in its mailbox, as the mailbox says."""
    envelope_from: str | None = None
    deleted: bool | None = None
    inside: tuple["Mail", ...] = ()
    """Mails attached to it that are no bytes of their own."""


def read_mail(data: bytes) -> Mail:
    """A mail from its bytes (RFC 5322)."""
    headers, start = read_headers(data)
    return Mail(headers, read_body(data, headers, start))


def mail_rows(source: Source, mail: Mail, locator: str, depth: int = 0) -> Iterator[Row]:
    """The rows of one mail; ``locator`` says where it stands, mails in it add ``/1``, ``/2`` …"""
    files = list(mail.body.files)
    if depth >= DEEPEST:
        files += [Attached(None, "message/rfc822", False, data) for data in mail.body.mails]
    values = {name: found[0] if len(found) == 1 else found for name, found in _shown(mail.headers)}
    with source.record(values, locator) as record:
        record.leave(*_TAKEN, *filter(_LEFT.match, values))
        media = [_media(source, record, file, n) for n, file in enumerate(files, 1)]
        error: FieldError | None = None
        try:
            row = _message(source, mail, media, files)
        except FieldError as found:  # its files are not lost with it
            error = found
        else:
            yield row
        yield from media
        if error is not None:
            raise error
    if depth < DEEPEST:
        for n, inner in enumerate(chain(map(read_mail, mail.body.mails), mail.inside), 1):
            where = f"{locator}/{n}" if locator else f"attached mail {n}"
            yield from mail_rows(source, inner, where, depth + 1)


def _shown(headers: Headers) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Headers as a reject may show them: bytes that are no text replaced."""
    for name, values in headers.values.items():
        yield name, tuple(v.encode("utf-8", "replace").decode() for v in values)


def _message(source: Source, mail: Mail, media: list[Row], files: list[Attached]) -> Row:
    headers = mail.headers
    at = _sent_at(source, mail)
    sender = _sender(headers, mail.envelope_from)
    ref = message_id(headers.raw("message-id"))
    parents = message_ids(headers.raw("in-reply-to"))
    roots = message_ids(headers.raw("references")) or parents
    subject = headers.text("subject")
    topic = _PREFIX.sub("", subject).strip() if subject else None
    first = _first(files)
    return MESSAGE.row(
        app=APP,
        ref=ref,
        thread_id=roots[0] if roots else ref,
        thread_name=topic or subject,
        sender_id=sender.address or None,
        sender_name=sender.name or None,
        recipients=_recipients(headers) or None,
        sent_at=at.at,
        zone=str(source.timezone) if at.bare else at.offset,
        subject=subject,
        text=mail.body.text,
        kind=_kind(mail.body.text, media, first),
        reply_to=parents[0] if parents else None,
        deleted=mail.deleted if mail.deleted is not None else _deleted(headers),
        attachment_sha256=media[first].values["sha256"] if first is not None else None,
    )


def _sent_at(source: Source, mail: Mail) -> Moment:
    """When it was sent. Raises ``FieldError`` where nothing tells."""
    headers, zone = mail.headers, source.timezone
    stated = headers.raw("date")
    found = moment(stated, zone)
    if found is None:
        if stated:
            source.tally.unread["message.sent_at"] += 1
        passed = reversed(headers.values.get("received", ()))  # the first server wrote the last
        places = [received.rpartition(";")[2] for received in passed]
        places += [headers.raw(name) or "" for name in ("resent-date", "delivery-date")]
        found = next((at for text in places if (at := moment(text, zone))), mail.envelope)
    if found is None:
        if stated:
            message = N_("unreadable {field}: {value}")
            raise FieldError(message, field="Date", value=stated.encode("utf-8", "replace")[:80])
        raise FieldError(N_("no {field}"), field="Date")
    if found.bare:
        source.tally.assumed[str(zone)] += 1
    return found


def _sender(headers: Headers, envelope: str | None) -> Address:
    for name in ("from", "sender", "return-path"):
        found = addresses(headers.raw(name) or "")
        if found:
            return found[0]
    return Address("", envelope or "")


def _recipients(headers: Headers) -> list[str]:
    """The addresses of To, Cc and Bcc, each once; a name where there is no address."""
    found: dict[str, None] = {}
    for name in ("to", "cc", "bcc", "apparently-to"):
        for raw in headers.values.get(name, ()):
            for one in addresses(raw):
                if one.address or one.name:
                    found.setdefault(one.address or one.name)
    return list(found)


def _deleted(headers: Headers) -> bool | None:
    """True where the mail program marked it deleted and had not yet removed it."""
    flags = (headers.raw("x-mozilla-status") or "").strip()
    if re.fullmatch(r"[0-9A-Fa-f]{1,4}", flags) and int(flags, 16) & 0x0008:
        return True
    return True if "D" in (headers.raw("x-status") or "") else None


def _first(files: list[Attached]) -> int | None:
    """The attachment that stands for the message: not a picture the text shows, if it can be."""
    if not files:
        return None
    return next((n for n, file in enumerate(files) if not file.inline), 0)


def _kind(text: str | None, media: list[Row], first: int | None) -> str:
    if text or first is None:
        return "text"
    family = media[first].values.get("kind")
    return {"audio": "voice", "image": "image", "video": "video"}.get(str(family), "file")


def _media(source: Source, record: Record, file: Attached, number: int) -> Row:
    name = " ".join((file.name or f"part {number}").replace("/", "_").split())
    what = media_of(file.content[:65_536])
    kinds: dict[str, Any] = {"kind": what.kind} if what is not None else {}
    where = f"{source.name}#{record.locator}" if record.locator else source.name
    return MEDIA.row(
        **kinds,
        path=f"{where}/{name}",
        sha256=hashlib.sha256(file.content).hexdigest(),
        size=len(file.content),
        media_type=what.media_type if what is not None else media_type(file.content[:65_536]),
        container=where,
    )
