"""Wanted plates against arriving reads: who was just read, where, and where it may go next.

A library for the command ``watch``, which gives it reads as they arrive and acts on its alerts.
"""

from faisceau.analyses.plates._wanted import Hit, WantedIndex
from faisceau.analyses.plates.watch._next import NextCameras
from faisceau.analyses.plates.watch._watcher import Alert, Watcher

__all__ = ["Alert", "Hit", "NextCameras", "WantedIndex", "Watcher"]
