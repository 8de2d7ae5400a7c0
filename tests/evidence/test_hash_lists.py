"""Lists of hashes: what they look like, and what they know."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.errors import BadInput
from faisceau.evidence.hash_lists import digests, read_hash_list
from faisceau.evidence.reading import Member

HELLO = b"hello"


def member(path: Path, content: bytes = HELLO) -> Member:
    path.write_bytes(content)
    return Member(
        path.name,
        len(content),
        lambda: path.open("rb"),
        lambda: path,
        lambda: hashlib.sha256(content).hexdigest(),
    )


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


LISTS = {
    "NSRL, RDS 2": '"SHA-1","MD5","CRC32","FileName","FileSize","ProductCode","OpSystemCode",'
    '"SpecialCode"\n"{sha1}","{md5}","3610A686","a.txt",5,1,"358",""\n',
    "a column sha256": "name;sha256\na;{sha256}\nb;\n",
    "bare hashes": "{md5}\n" + "0" * 32 + "\n",
    "tabs, capital letters": "SHA256\tcategory\n{sha256}\tknown\n",
}


@pytest.mark.parametrize("form", LISTS)
def test_a_list_knows_its_files_and_no_other(tmp_path: Path, form: str) -> None:
    names = {n: hashlib.new(n, HELLO).hexdigest().upper() for n in ("sha1", "md5", "sha256")}
    known = read_hash_list(written(tmp_path / "list.csv", LISTS[form].format(**names)), "ignore")
    wanted = frozenset(known.algorithms)
    assert known.knows(digests(member(tmp_path / "a"), wanted))
    assert not known.knows(digests(member(tmp_path / "b", b"other"), wanted))
    assert known.sha256 == hashlib.sha256((tmp_path / "list.csv").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "text", ["", "name,size\na,1\n", "sha256\nnot a hash\n", "sha1\n" + "0" * 64 + "\n"]
)
def test_what_is_no_list_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput):
        read_hash_list(written(tmp_path / "list.csv", text), "flag")


@given(st.sets(st.binary(min_size=16, max_size=16), min_size=1, max_size=40), st.data())
def test_membership_is_that_of_a_set(
    tmp_path_factory: pytest.TempPathFactory, hashes: set[bytes], data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "list.csv"
    path.write_text("md5\n" + "".join(f"{one.hex()}\n" for one in hashes))
    known = read_hash_list(path, "flag")
    wanted = data.draw(st.sampled_from(sorted(hashes)) | st.binary(min_size=16, max_size=16))
    assert known.knows({"md5": wanted}) == (wanted in hashes)
    assert len(known) == len(hashes)
