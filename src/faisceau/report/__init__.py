"""The report room: nouns in, bytes out. Nothing here opens a case or writes to disk."""
