"""What damage looks like: the failures of the standard library on archives."""

import lzma
import struct
import tarfile
import zipfile
import zlib

BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    ValueError,
    OSError,
)
"""What the standard library raises on archives that are damaged or made to harm."""
