"""Telegram's own way to write objects (TL), as far as its published schema tells it."""
