"""Containers: archives, compressed and encrypted files, opened by content, within limits.

Zip, 7z, tar (also under gzip, bzip2, xz) and single compressed files are unfolded; office
documents, applications and the like, which are zips inside, are kept whole. A name that an
archive gives is a label and never a path on this machine: what must lie on disk lies in the
scratch folder under a number. A container is listed before anything is extracted, what the list
promises is held against the limits, and a member gives no more bytes than promised.

``outer.zip!/folder/inner.txt`` is how a member of a container is called that is itself a member
or a file of a folder; an exhibit that is a container gives its members under their own paths.
The files of a Finder or iTunes backup are called as they were on the telephone.

What is encrypted opens with a key handed over for this act, or not at all: each is tried as it
was handed over, and nothing is guessed or derived from it (``keys``).

Attacks considered: zip bombs, nested or overlapping (Fifield, WOOT 2019); endless and overlong
tar headers (CVE-2024-6232, CVE-2025-8194: the interpreter in use may not be mended); paths that
leave the archive, links, devices; sizes that lie; dictionaries that eat the memory; key
derivations without end.
"""

from faisceau.evidence.containers.contents import Contents
from faisceau.evidence.containers.names import raw_name, shown_name
from faisceau.evidence.containers.scratch import (
    BLOCK,
    PART,
    Limits,
    Scratch,
    part_folder,
    scratch_in,
    sweep_parts,
)
from faisceau.evidence.containers.unfolding import SNIFFED, form_of, unfold_file, unfold_folder

__all__ = [
    "BLOCK",
    "PART",
    "SNIFFED",
    "Contents",
    "Limits",
    "Scratch",
    "form_of",
    "part_folder",
    "raw_name",
    "scratch_in",
    "shown_name",
    "sweep_parts",
    "unfold_file",
    "unfold_folder",
]
