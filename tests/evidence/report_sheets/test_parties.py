"""Who stands in a cell of a report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence.report_sheets.parties import Party, parties


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("+33611223344 Bob Martin", Party("+33611223344", "Bob Martin")),
        ("+33 6 11 22 33 44", Party("+33 6 11 22 33 44", None)),
        ("33611@s.whatsapp.net Bob", Party("33611@s.whatsapp.net", "Bob")),
        ("33611@s.whatsapp.net Moi (owner)", Party("33611@s.whatsapp.net", "Moi", owner=True)),
        ("Bob <33611@s.whatsapp.net>", Party("33611@s.whatsapp.net", "Bob")),
        ("<131>", Party("131", None)),
        ("Bob (+33611223344)", Party("+33611223344", "Bob")),
        ("To: +33611223344 Bob", Party("+33611223344", "Bob", role="to")),
        ("From: Bob", Party(None, "Bob", role="from")),
        ("momo.75", Party("momo.75", None)),
        ("System Message System Message", Party(None, "System Message System Message")),
    ],
)
def test_an_end_has_an_identifier_a_name_or_both(cell: str, found: Party) -> None:
    assert parties(cell) == [found]


def test_several_stand_on_lines_or_between_semicolons() -> None:
    found = parties("+33611223344 Bob\r\n+33622334455; momo@x.fr\nN/A\n")
    assert [party.known_as for party in found] == ["+33611223344", "+33622334455", "momo@x.fr"]
    assert parties(None) == []


@given(st.text(max_size=40))
def test_every_text_gives_parties(text: str) -> None:
    for party in parties(text):
        assert party.known_as or party.owner or party.role
