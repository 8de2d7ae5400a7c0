"""What is written somewhere, byte by byte: for tests that look for what must not be there."""

import zipfile
from pathlib import Path


def everything(path: Path) -> bytes:
    """Every byte that a folder, an archive or a file holds."""
    if path.is_dir():
        return b"".join(f.read_bytes() for f in path.rglob("*") if f.is_file())
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return b"".join(archive.read(name) for name in archive.namelist())
    return path.read_bytes()
