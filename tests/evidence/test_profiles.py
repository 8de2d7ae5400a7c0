"""Profiles: what they say, how they are kept, which file is of which kind."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from faisceau.errors import BadInput, NotFound, UsageError
from faisceau.evidence import profiles as of
from faisceau.evidence.profiles import Profile, matching, profiles, read_profile, save_profile
from faisceau.evidence.readers import native_csv, native_jsonl
from faisceau.evidence.reading import Head, Source, Wishes
from faisceau.testing import member

OURS = Profile(
    name="notre-dump",
    table="message",
    columns={"sender_id": ("De qui",), "sent_at": ("Quand", "Le")},
    optional={"text": ("Quoi",)},
    title="Un dump",
    separator="|",
    skip=1,
    fixed={"app": "EncroChat"},
    words={"kind": {"photographie": "image"}},
    dates="%d.%m.%Y %H:%M",
    timezone="UTC",
    ignored=("humeur",),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAISCEAU_HOME", str(tmp_path))
    return tmp_path


def rows(
    content: str, reader: Any = native_csv, **wishes: Any
) -> tuple[list[dict[str, Any]], Source]:
    data = content.encode()
    head = Head.of(member("x", data), Wishes(**wishes))
    assert reader.detect(head)
    source = Source(member("x", data), Wishes(**wishes))
    return [row for batch in reader.read(source) for row in batch.columns.to_pylist()], source


def named(*names: str, of_table: str = "call") -> Profile:
    return Profile(name="p", table=of_table, columns={n: (n,) for n in names})


def test_what_is_saved_is_read_as_it_was(home: Path) -> None:
    path = save_profile(OURS)
    assert path == home / "profiles" / "notre-dump.toml"
    assert read_profile(path) == OURS
    assert profiles()["notre-dump"] == OURS
    with pytest.raises(UsageError, match="already"):
        save_profile(OURS)
    save_profile(replace(OURS, title="autre"), over=True)
    assert of.profile("notre-dump").title == "autre"


def test_every_shipped_profile_can_be_read_and_written(tmp_path: Path) -> None:
    shipped = of.shipped_profiles()
    assert {"encrochat", "sky-ecc", "fadet-line", "fadet-data", "fadet-imei"} <= shipped.keys()
    for profile in shipped.values():
        path = tmp_path / "x.toml"
        path.write_text(of.as_toml(profile), "utf-8")
        assert read_profile(path, shipped=True) == profile


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "is not a readable profile"),
        ('table = "call"', "needs name"),
        ('name = "a"\ntable = "calls"', "there is no table calls"),
        ('name = "a"\ntable = "call"\ncolour = 1', "has no key colour"),
        ('name = "a"\ntable = "call"\nskip = "x"', "skip cannot be x"),
        ('name = "a"\ntable = "call"\n[columns]\nplate = "x"', "call has no column plate"),
        ('name = "a"\ntable = "call"\n[columns]\ncaller = "-"', "is no header"),
        ('name = "A b"\ntable = "call"\n[columns]\ncaller = "x"', "a profile's name is of"),
        ('name = "a"\ntable = "call"', "names at least one header"),
        ('name = "a"\ntable = "call"\ntimezone = "Lune"\n[columns]\ncaller = "x"', "no time zone"),
        ('name = "a"\ntable = "call"\ndates = "dmy"\n[columns]\ncaller = "x"', "dates is"),
        ('name = "a"\ntable = "post"\nturned = true\n[columns]\nurl = "x"', "for calls alone"),
    ],
)
def test_what_is_wrong_in_a_profile_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "faux.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match=said):
        read_profile(path)


def test_a_damaged_one_does_not_hide_the_others(home: Path) -> None:
    save_profile(OURS)
    (home / "profiles" / "faux.toml").write_text("x = [")
    assert "notre-dump" in profiles()
    with pytest.raises(BadInput):
        of.profile("faux")
    with pytest.raises(NotFound, match="There is no profile autre"):
        of.profile("autre")
    with pytest.raises(NotFound):
        of.profile("../faux")


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        (["MSISDN", "Correspondant", "Date", "Heure", "Sens"], "fadet-line"),
        (["numero cible", "NUMERO CORRESPONDANT", "date debut", "IMEI"], "fadet-line"),
        (["Ligne", "Date", "Volume", "CGI"], "fadet-data"),
        (["IMEI", "MSISDN", "Première utilisation"], "fadet-imei"),
        (["sender", "time", "text"], None),  # which service it was, the headers do not tell
        (["humeur"], None),
    ],
)
def test_which_file_is_of_which_kind(headers: Sequence[str], name: str | None) -> None:
    found = matching(headers)
    assert (found.name if found else None) == name


def test_ones_own_go_first_and_the_richest_wins() -> None:
    headers = ["MSISDN", "Correspondant", "Date", "Sens"]
    save_profile(replace(named("caller"), name="petit", columns={"caller": ("MSISDN",)}))
    own = {"caller": ("correspondant",), "callee": ("msisdn",)}
    save_profile(replace(named("caller"), name="grand", columns=own))
    found = matching(headers)
    assert found is not None
    assert found.name == "grand"


def test_a_file_of_a_known_kind_is_read_by_its_profile() -> None:
    save_profile(OURS)
    content = (
        "entete\nDe qui|Quand|Quoi|humeur|x\nloup|01.03.2026 10:00|salut|gaie|1\n"
        "ours|2026-03-01 10:00|oui||\n"
    )
    found, source = rows(content)
    assert [row["sender_id"] for row in found] == ["loup", "ours"]
    assert {row["sent_at"] for row in found} == {datetime(2026, 3, 1, 10, tzinfo=UTC)}
    assert {row["app"] for row in found} == {"EncroChat"}
    assert source.tally.left == {"humeur": 2, "lines before the header": 1}
    assert source.tally.unknown == {"x": 2}
    assert source.tally.assumed == {"UTC": 2}


def test_a_profile_named_is_the_one_used() -> None:
    content = "Sender;Recipient;Time;Text\nloup;ours;2026-03-01 10:00;salut\n"
    [row], _ = rows(content, profile=of.profile("encrochat"))
    assert (row["app"], row["recipients"]) == ("encrochat", ["ours"])
    assert row["sent_at"] == datetime(2026, 3, 1, 10, tzinfo=UTC)
    [row], _ = rows(content)
    assert row["app"] == "native"
    data = b"a;b\n1;2\n"
    wishes = Wishes(profile=of.profile("encrochat"))
    assert not native_csv.detect(Head.of(member("x", data), wishes))
    with pytest.raises(BadInput, match="profile encrochat wants headers for"):
        list(native_csv.read(Source(member("x", data), wishes)))


def test_calls_of_a_line_as_an_operator_answers() -> None:
    content = (
        "Réquisition 2026/0417\n"
        "N° ligne;Correspondant;Type;Date;Heure;Durée;IMEI;Code cellule;Adresse cellule\n"
        "0612345678;0711111111;Appel émis;02/03/2026;10:00:00;00:01:05;004999010640018;208-01-1;x\n"
        "0612345678;0722222222;SMS reçu;02/03/2026;10:05:00;;004999010640018;208-01-1;x\n"
        "0612345678;;Internet mobile;02/03/2026;10:06:00;01:00:00;004999010640018;208-01-2;x\n"
        "0612345678;0733333333;MMS émis;02/03/2026;10:07:00;;;;\n"
        "0612345678;0744444444;Fax;02/03/2026;10:08:00;;;;\n"
        "0612345678;;Appel reçu;02/03/2026;10:09:00;12;;;\n"
    )
    found, source = rows(content)
    assert [(r["caller"], r["callee"], r["kind"], r["direction"]) for r in found] == [
        ("0612345678", "0711111111", "voice", "out"),
        ("0722222222", "0612345678", "sms", "in"),
        ("0612345678", "unknown", "data", None),
        ("0612345678", "0733333333", "sms", "out"),
        ("unknown", "0612345678", "voice", "in"),
    ]
    assert [r["duration_s"] for r in found] == [65.0, None, 3600.0, None, 12.0]
    assert found[0]["started_at"] == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert found[0]["cell_id"] == "208-01-1"
    [reject] = source.tally.rejects
    assert reject.locator == "line 7"
    assert "direction" in reject.reason
    assert source.tally.left["Adresse cellule"] == 6


def test_a_column_of_its_own_for_the_direction() -> None:
    content = (
        "MSISDN,Correspondant,Sens,Type,Date,Durée\n"
        "a,b,Sortant,Voix,01/03/2026 10:00,5\na,c,Entrant,SMS,01/03/2026 11:00,\n"
    )
    found, _ = rows(content)
    assert [(r["caller"], r["callee"]) for r in found] == [("a", "b"), ("c", "a")]


def test_data_sessions_and_devices() -> None:
    [session], _ = rows("MSISDN;Date;APN;CGI\n0612345678;01/03/2026 10:00;internet;208-1\n")
    assert (session["kind"], session["callee"], session["cell_id"]) == ("data", "unknown", "208-1")
    [device], source = rows("IMEI;MSISDN;Première utilisation\n004999010640018;0612345678;x\n")
    assert (device["imei"], device["msisdn"]) == ("004999010640018", "0612345678")
    assert source.tally.left == {"Première utilisation": 1}


def test_hidden_numbers_and_sessions_are_kept_when_the_profile_is_named() -> None:
    content = "Appelant;Appelé;Date;Type\na;;01/03/2026 10:00;Data\n;b;01/03/2026 10:00;Voix\n"
    found, source = rows(content, profile=of.profile("fadet-parties"))
    assert [(r["caller"], r["callee"]) for r in found] == [("a", "unknown"), ("unknown", "b")]
    found, source = rows(content)
    assert not found
    assert len(source.tally.rejects) == 2


def test_json_lines_of_a_known_kind() -> None:
    save_profile(replace(OURS, separator=None, skip=0))
    content = (
        '{"De qui": "loup", "Le": "01.03.2026 10:00"}\n{"De qui": "ours", "Le": null, "Quoi": 1}\n'
    )
    [row], source = rows(content, native_jsonl)
    assert (row["sender_id"], row["app"]) == ("loup", "EncroChat")
    assert len(source.tally.rejects) == 1
