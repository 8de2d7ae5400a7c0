"""Blinded identifiers: both find what both hold; nobody can try values out."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.case.blinding import FORMAT, Blinder, Letter, point_of, read_letter
from faisceau.errors import BadInput

ONE = Blinder.of(b"a" * 32, "PR/1", "PR/2", "0" * 32)
TWO = Blinder.of(b"b" * 32, "PR/2", "PR/1", "1" * 32)
IDENTIFIED = st.tuples(st.sampled_from(["phone", "email"]), st.text(min_size=1, max_size=8))


@given(st.sets(IDENTIFIED, max_size=5), st.sets(IDENTIFIED, max_size=5))
@settings(max_examples=20, deadline=None)
def test_doubled_points_meet_where_identifiers_do(
    mine: set[tuple[str, str]], theirs: set[tuple[str, str]]
) -> None:
    one, two = ONE.blind(mine), TWO.blind(theirs)
    from_one = dict(zip(TWO.again(one), one.values(), strict=True))
    from_two = dict(zip(ONE.again(two), two.values(), strict=True))
    shared = from_one.keys() & from_two.keys()
    assert {from_one[token] for token in shared} == mine & theirs
    assert {from_two[token] for token in shared} == mine & theirs


def test_a_point_lies_on_the_curve_and_not_on_its_twist() -> None:
    prime = 2**255 - 19
    for n in range(50):
        u = int.from_bytes(point_of("phone", f"+336123456{n:02d}"), "little")
        v2 = (u**3 + 486662 * u * u + u) % prime
        assert pow(v2, (prime - 1) // 2, prime) == 1


def test_tokens_differ_from_one_comparison_to_the_next_and_tell_nothing_by_their_order() -> None:
    listed = [("phone", f"+3361234567{n}") for n in range(9)]
    again = Blinder.of(b"a" * 32, "PR/1", "PR/2", "2" * 32)
    tokens = ONE.blind(listed)
    assert not tokens.keys() & again.blind(listed).keys()
    assert list(tokens) == sorted(tokens) == list(ONE.blind(reversed(listed)))
    assert list(tokens.values()) != listed


def test_who_has_the_tokens_cannot_try_a_number_out() -> None:
    kind, value = "phone", "+33612345678"
    [token] = ONE.blind([(kind, value)])
    assert token not in (point_of(kind, value), hashlib.sha256(value.encode()).digest())
    assert token not in TWO.blind([(kind, value)])


def test_a_letter_is_read_as_it_was_written() -> None:
    letter = Letter("answer", "PR/1", "PR/é", "a" * 32, "b" * 32, [b"x" * 32], [b"y" * 32])
    assert read_letter(letter.written(), "letter") == letter


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        f'{{"format": "{FORMAT}", "step": "steal"}}'.encode(),
        Letter("offer", "PR/1", "PR/2", "../../etc/passwd").written(),
        Letter("offer", "PR/1", "PR/2", "a" * 32, own=[b"short"]).written(),
        Letter("offer", "", "PR/2", "a" * 32).written(),
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="no file of tokens"):
        read_letter(content, "letter")
