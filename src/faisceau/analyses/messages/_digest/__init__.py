"""The sections of a device digest, one module each; ``digest.py`` puts them together."""
