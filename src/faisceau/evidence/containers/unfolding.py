"""Unfolding: an exhibit's files, every container among them replaced by what it holds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from faisceau.errors import BadInput
from faisceau.evidence.containers import ios_backup
from faisceau.evidence.containers.compressed import list_compressed
from faisceau.evidence.containers.contents import Contents, Room
from faisceau.evidence.containers.scratch import Scratch
from faisceau.evidence.containers.sqlcipher import list_database, looks_encrypted
from faisceau.evidence.containers.tars import is_tar_header, list_tar
from faisceau.evidence.containers.whatsapp_crypt import header_of, list_backup
from faisceau.evidence.reading import Member, Reject
from faisceau.evidence.sqlite import JOURNALS, with_journals
from faisceau.words import N_

SNIFFED = 512
"""Bytes from which a container is recognised: a tar header is as long."""

NOTHING: Mapping[str, Member] = MappingProxyType({})

Form = Literal["zip", "7z", "tar", "gzip", "bzip2", "xz"]

_BEGINS: dict[Form, re.Pattern[bytes]] = {
    "zip": re.compile(rb"PK(\x03\x04|\x05\x06)"),
    "7z": re.compile(rb"7z\xbc\xaf\x27\x1c"),
    "gzip": re.compile(rb"\x1f\x8b\x08"),
    "bzip2": re.compile(rb"BZh[1-9](1AY&SY|\x17\x72\x45\x38\x50\x90)"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
}


def form_of(start: bytes) -> Form | None:
    """The form of container a file has, from its first ``SNIFFED`` bytes; None when it is none."""
    for form, begins in _BEGINS.items():
        if begins.match(start):
            return form
    if len(start) >= SNIFFED and start[0] and is_tar_header(start[:SNIFFED]):
        return "tar"
    return None


def unfold_file(file: Member, scratch: Scratch, *, keys: Sequence[bytes] = ()) -> Contents:
    """What an exhibit that is one file holds: itself, or the members of the container it is.

    ``keys``: what the key files hold that were handed over. Raises ``BadInput`` when it is a
    container that is damaged, hostile, over the limits, or closed to these keys.
    """
    room = Room(scratch.limits.granted(file.size), scratch.limits.members)
    unfolded = _Unfolding(scratch, keys, alone=True).one(file, "", 1, room)
    return _ready(unfolded if unfolded is not None else Contents([file], []), scratch)


def unfold_folder(
    files: Sequence[Member], scratch: Scratch, *, keys: Sequence[bytes] = ()
) -> Contents:
    """What an exhibit that is a folder holds: its files, and the members of its containers.

    ``keys``: as for ``unfold_file``. A container that cannot be opened is a reject; the other
    files are given all the same.
    """
    room = Room(scratch.limits.total, scratch.limits.members)
    return _ready(_Unfolding(scratch, keys).each(files, 1, room), scratch)


def _ready(contents: Contents, scratch: Scratch) -> Contents:
    """The contents, their databases with the logs that lie beside them."""
    beside = {one.name: one for one in contents.members if one.name.endswith(JOURNALS)}
    members = [replace(one, scratch=scratch.folder) for one in contents.members]
    if beside:
        members = [with_journals(one, beside, scratch.folder) for one in members]
    return Contents(members, contents.rejects)


@dataclass(frozen=True, slots=True)
class _Unfolding:
    """One exhibit being unfolded."""

    scratch: Scratch
    keys: Sequence[bytes]
    alone: bool = False

    def one(
        self,
        file: Member,
        prefix: str,
        depth: int,
        room: Room,
        beside: Mapping[str, Member] = NOTHING,
    ) -> Contents | None:
        """The members of a container, at all depths; None when ``file`` is to be kept whole."""
        with file.open() as stream:
            start = stream.read(SNIFFED)
        direct: Contents | None
        form = form_of(start)
        if form is None:
            direct = self.locked(file, start, prefix, room, beside)
            # it counts for no depth: who has the key has asked for it
            return None if direct is None else self.inside(direct, depth, room)
        if depth > self.scratch.limits.depth:
            raise BadInput(
                N_("{name} is a container inside {depth} others: not opened"),
                name=file.name,
                depth=self.scratch.limits.depth,
            )
        if form == "zip":
            from faisceau.evidence.containers.zips import list_zip  # slow to import

            direct = list_zip(file, prefix, room, self.scratch, self.keys)
        elif form == "7z":
            from faisceau.evidence.containers.sevenzip import list_7z  # slow to import

            direct = list_7z(file, prefix, room, self.scratch, self.keys)
        elif form == "tar":
            direct = list_tar(file.name, file.local(), prefix, room, self.scratch)
        else:
            direct = list_compressed(file, form, prefix, room, self.scratch)
        return None if direct is None else self.inside(direct, depth + 1, room)

    def locked(
        self, file: Member, start: bytes, prefix: str, room: Room, beside: Mapping[str, Member]
    ) -> Contents | None:
        """What lies under an encryption that is no archive's; None when there is none."""
        if (header := header_of(file.name, start)) is not None:
            return list_backup(
                file, header, prefix, room=room, scratch=self.scratch, keys=self.keys
            )
        alone = self.alone and not prefix and bool(self.keys)
        if looks_encrypted(file, start, alone=alone):
            wal = beside.get(f"{file.name}-wal")
            return list_database(file, wal, prefix, room=room, scratch=self.scratch, keys=self.keys)
        return None

    def named(self, files: Sequence[Member]) -> tuple[Sequence[Member], list[Reject]]:
        """The files, those of the backups of iPhones among them called as they were there.

        A backup that stays closed is a reject, unless it is all that the exhibit is.
        """
        rejects: list[Reject] = []
        for manifest in ios_backup.manifests(files):
            try:
                contents = ios_backup.named(files, manifest, self.scratch, self.keys)
            except BadInput as error:
                folder = manifest.name.removesuffix(ios_backup.MANIFEST)
                if "!/" not in folder and all(file.name.startswith(folder) for file in files):
                    raise
                rejects.append(Reject(manifest.name, error.message, error.facts))
            else:
                files = contents.members
                rejects += contents.rejects
        return files, rejects

    def inside(self, direct: Contents, depth: int, room: Room) -> Contents:
        """What a container holds, the containers in it unfolded."""
        inner = self.each(direct.members, depth, room)
        return Contents(inner.members, direct.rejects + inner.rejects)

    def each(self, files: Sequence[Member], depth: int, room: Room) -> Contents:
        """The files, each container among them replaced by its members or by a reject.

        The work that a hostile one costs counts: when the room is used up, no other is opened.
        """
        members: list[Member] = []
        files, rejects = self.named(files)
        beside = {file.name: file for file in files if file.name.endswith("-wal")}
        for file in files:
            granted = min(self.scratch.limits.granted(file.size), room.bytes)
            own = Room(max(granted, 0), max(room.files, 0))
            before = (own.bytes, own.files)
            try:
                unfolded = self.one(file, f"{file.name}!/", depth, own, beside)
            except BadInput as error:
                rejects.append(Reject(file.name, error.message, error.facts))
                unfolded = Contents([], [])
            if unfolded is None:
                members.append(file)
            else:
                members += unfolded.members
                rejects += unfolded.rejects
            room.bytes -= before[0] - max(own.bytes, 0)
            room.files -= before[1] - max(own.files, 0)
        return Contents(members, rejects)
