"""Recognised files: what no reader reads and yet is known, with the reason it is set aside.

Each rule looks at content; a name helps only where content cannot tell. Sources: the Android
Open Source Project's ``SharedPreferences`` form, Apple's property lists, the file headers of
the applications named.
"""

import plistlib
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lxml import etree

from faisceau.evidence.reading import Head
from faisceau.words import N_

Test = Callable[[Head], bool]


@dataclass(frozen=True, slots=True)
class Known:
    """A kind of file: what it is, and why no row comes of it (templates)."""

    what: str
    why: str
    test: Test


SETTINGS = N_("settings of an application: no record of a communication")
SECRETS = N_("keys and credentials: kept with the exhibit, never used")
PROGRAM = N_("a program or a part of one")
CACHE = N_("made by the system from other files: what it was made from is read")
PLUMBING = N_("the inner workings of an application or of the system")
LOCKED = N_("encrypted: it opens with the key handed over (--key-file)")


def recognise(head: Head) -> Known | None:
    """What kind of file this is, when it is one that is set aside; None when it is unknown."""
    return next((known for known in KNOWN if known.test(head)), None)


def why_aside(what: str) -> str:
    """Why files of this kind (``Known.what``) are set aside: a template, empty for no such kind."""
    return next((known.why for known in KNOWN if known.what == what), "")


def _preferences(*names: str) -> Test:
    """Android shared preferences (root ``map``) that hold one of these entries."""

    def test(head: Head) -> bool:
        if head.xml_root != "map":
            return False
        found = _entries(head)
        return not names or any(fnmatchcase(entry, name) for entry in found for name in names)

    return test


def _entries(head: Head) -> list[str]:
    """The names of the entries of a shared preferences file, as far as its beginning goes."""
    parser = etree.XMLPullParser(
        events=("start",), resolve_entities=False, no_network=True, load_dtd=False, recover=True
    )
    parser.feed(head.start)
    return [name for _, element in parser.read_events() if (name := element.get("name"))]


def _tables(*names: str) -> Test:
    """A SQLite database with all these tables."""
    return lambda head: set(names) <= head.sqlite_tables.keys()


def _starts(*starts: bytes) -> Test:
    return lambda head: head.start.startswith(starts)


def _named(*patterns: str) -> Test:
    """By name alone: for what has no form of its own."""
    return lambda head: any(fnmatchcase(head.name.lower(), pattern) for pattern in patterns)


def _property_list(*keys: str) -> Test:
    """An Apple property list, binary or XML, with one of these keys (none: any)."""

    def test(head: Head) -> bool:
        if not head.start.startswith(b"bplist00") and head.xml_root != "plist":
            return False
        if not keys:
            return True
        try:
            values = plistlib.loads(head.start)
        except Exception:  # plistlib lets many kinds of error through; a damaged one is no match
            return False
        return isinstance(values, dict) and not values.keys().isdisjoint(keys)

    return test


def _empty(head: Head) -> bool:
    return head.member.size == 0


KNOWN = (
    Known(
        N_("the journal of a SQLite database"),
        N_("read with its database"),
        _named("*-wal", "*-journal"),
    ),
    Known(
        N_("the journal of a SQLite database"),
        N_("read with its database"),
        _starts(b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"),
    ),
    Known(N_("an empty file"), N_("it holds nothing"), _empty),
    Known(
        N_("WhatsApp preferences"),
        SETTINGS,
        _preferences(
            "registration_jid",
            "self_lid",
            "push_name",
            "com.whatsapp.registration.*",
            "my_current_status",
            "registration_state",
            "c2dm_reg_id",
            "client_static_keypair*",
        ),
    ),
    Known(
        N_("Telegram preferences"),
        SETTINGS,
        _preferences(
            "selectedAccount",
            "registeredForPush",
            "passcodeHash1",
            "lastSendMessageId",
            "sharingMyLocationUntil",
            "loginTime",
            "syncContacts",
            "pushString*",
        ),
    ),
    Known(N_("Signal preferences"), SETTINGS, _preferences("pref_identity_*", "pref_local_uuid")),
    Known(N_("preferences of an Android application"), SETTINGS, _preferences()),
    Known(N_("WhatsApp encryption keys"), SECRETS, _tables("identities", "prekeys", "sessions")),
    Known(N_("an Android account database"), SECRETS, _tables("accounts", "authtokens")),
    Known(N_("an iOS keychain"), SECRETS, _tables("genp", "inet", "keys")),
    Known(N_("a WhatsApp key"), SECRETS, _starts(b"\xac\xed\x00\x05ur\x00\x02[B")),
    Known(N_("an encrypted WhatsApp backup"), LOCKED, _named("*.crypt1[245]")),
    Known(N_("an index of media of the system"), CACHE, _tables("files", "thumbnails")),
    Known(N_("thumbnails"), CACHE, _named(".thumbdata*", "thumbs.db", "*.thumb", "*.thumb2")),
    Known(N_("the list of files of an iTunes backup"), PLUMBING, _tables("Files", "Properties")),
    Known(
        N_("the description of an iTunes backup"),
        PLUMBING,
        _property_list("BackupKeyBag", "IsFullBackup", "Installed Applications"),
    ),
    Known(N_("a property list"), SETTINGS, _property_list()),
    Known(N_("the work list of an application's tasks"), PLUMBING, _tables("WorkSpec")),
    Known(N_("an application"), PROGRAM, _starts(b"\x7fELF", b"dex\n", b"MZ", b"\xca\xfe\xba\xbe")),
    Known(N_("an application"), PROGRAM, _named("*.apk", "*.ipa", "*.odex", "*.vdex", "*.oat")),
    Known(N_("Telegram's connection data"), PLUMBING, _named("tgnet.dat", "cache4.db-*")),
    Known(N_("the index of a SQLite journal"), PLUMBING, _named("*-shm")),
    Known(N_("fonts and styles"), PROGRAM, _starts(b"wOFF", b"wOF2", b"\x00\x01\x00\x00\x00")),
    Known(N_("fonts and styles"), PROGRAM, _named("*.css", "*.js", "*.ttf", "*.otf")),
    Known(
        N_("a mark left by the system"), PLUMBING, _named(".nomedia", ".ds_store", "desktop.ini")
    ),
)
"""In order: the first that fits names the file."""
