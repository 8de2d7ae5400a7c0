"""WhatsApp's address book on Android: ``wa.db``.

Every row of ``wa_contacts`` is one contact, groups, lists and people without a name included:
whoever the telephone knew of. So is a business of ``wa_vnames`` (names verified by WhatsApp) that
has no row there.

- ``name`` is the one in the address book, else the verified name, else the one the person chose.
- ``identifiers``: the number of a person's jid as ``+`` and digits, any other jid (group, hidden
  identifier) as stored; then the number as the address book writes it, where it is another.
- ``account`` is null: ``wa.db`` does not name its own.

WhatsApp publishes no description; see IPED's parser and ALEAPP's for what the columns mean.
"""

from collections.abc import Iterator
from contextlib import closing

from faisceau.errors import BadInput
from faisceau.evidence.reading import Head, Source
from faisceau.evidence.whatsapp.android_book import android_book, is_android_book
from faisceau.evidence.whatsapp.database import Database
from faisceau.tables.schemas import CONTACT
from faisceau.tables.schemas.schema import Batch
from faisceau.words import N_

FILLS = [CONTACT]

_READ = frozenset(
    {
        "_id", "jid", "number", "display_name", "given_name", "family_name", "wa_name",
        "nickname", "sort_name",
    }
)  # fmt: skip
_LEFT = frozenset(
    {
        "is_whatsapp_user", "status", "status_timestamp", "raw_contact_id", "phone_type",
        "phone_label", "unseen_msg_count", "photo_ts", "thumb_ts", "photo_id_timestamp", "company",
        "title", "status_autodownload_disabled", "keep_timestamp", "is_spam_reported",
        "is_sidelist_synced", "is_business_synced", "disappearing_mode_duration",
        "disappearing_mode_timestamp", "history_sync_initial_phash", "is_starred",
        "is_wa_created_contact", "sync_policy", "status_emoji", "is_contact_synced",
        "is_reachable", "external_user_state", "disappearing_mode_support_disabled",
    }
)  # fmt: skip


def detect(head: Head) -> bool:
    """True for a SQLite file with WhatsApp's ``wa_contacts``."""
    return is_android_book(head.sqlite_tables)


def read(source: Source) -> Iterator[Batch]:
    """One contact a row. Raises ``BadInput`` at the end when pages are damaged."""
    if not detect(source.head):
        raise BadInput(N_("{name} is no address book of WhatsApp"), name=source.name)
    with closing(source.sqlite()) as connection:
        db = Database(source, connection, source.head.sqlite_tables)
        yield from android_book(db, source.owner)
        for column in sorted(db.tables["wa_contacts"] - _READ):
            counter = source.tally.left if column in _LEFT else source.tally.unknown
            counter[f"wa_contacts.{column}"] += 1
    db.raise_damage()
