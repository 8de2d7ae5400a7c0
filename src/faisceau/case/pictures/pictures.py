"""The pictures of one case, as its workspace offers them."""

from datetime import datetime
from typing import Any

from faisceau.case.pictures import timeline as timing
from faisceau.case.pictures._door import Door
from faisceau.case.pictures.timeline import Moments, Timeline


class Pictures:
    """Timeline, network and map of a case; may be shared by threads."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def timeline(
        self, since: datetime | None = None, until: datetime | None = None, **options: Any
    ) -> Timeline:
        """Counts by table and stretch of time: see ``timeline.timeline``."""
        return timing.timeline(self._door, since, until, **options)

    def moments(self, table: str, since: datetime, until: datetime, **options: Any) -> Moments:
        """The rows of a table within a stretch of time: see ``timeline.moments``."""
        return timing.moments(self._door, table, since, until, **options)
