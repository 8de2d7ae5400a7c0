"""The pictures of one case, as its workspace offers them."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from faisceau.case.door import Door
from faisceau.case.pictures import places as placing
from faisceau.case.pictures import timeline as timing
from faisceau.case.pictures._part import ALL, Part
from faisceau.case.pictures.drawing import graphml
from faisceau.case.pictures.network import Network, Networks
from faisceau.case.pictures.places import Places, Way
from faisceau.case.pictures.timeline import Moments, Timeline
from faisceau.case.pictures.views import Views
from faisceau.mandate.act import Act


class Pictures:
    """Timeline, network and map of a case; may be shared by threads."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.network = Networks(door)
        """Who is in touch with whom: see ``network.Networks``."""
        self.views = Views(door)
        """Views of the network that agents keep: see ``views.Views``."""

    def timeline(
        self, since: datetime | None = None, until: datetime | None = None, **options: Any
    ) -> Timeline:
        """Counts by table and stretch of time: see ``timeline.timeline``."""
        return timing.timeline(self._door, since, until, **options)

    def moments(self, table: str, part: Part, *, limit: int = 200, offset: int = 0) -> Moments:
        """The rows of a table within a part of the case: see ``timeline.moments``."""
        return timing.moments(self._door, table, part, limit=limit, offset=offset)

    def places(self, part: Part = ALL, *, tables: Collection[str] | None = None) -> Places:
        """What happened where, gathered into spots: see ``places.places``."""
        return placing.places(self._door, part, tables=tables)

    def way(self, kind: str, value: str, part: Part = ALL) -> Way:
        """Where one vehicle, device or number was, in order: see ``places.way``."""
        return placing.way(self._door, kind, value, part)

    def exported(self, network: Network) -> bytes:
        """A network that was drawn, as GraphML. It leaves the case: a disclosure, recorded."""
        with self.exporting(network):
            return graphml(network)

    @contextmanager
    def exporting(self, network: Network) -> Iterator[None]:
        """Record that a drawing leaves the case.

        Raises ``Refused``; ``UsageError`` where other things may be seen than when it was drawn,
        for something of it may be sealed since.
        """
        with self._door.gate.passing(Act("export"), data={"format": "network"}) as (_, closing):
            self.network.check(network)
            closing.data["nodes"] = len(network.nodes)
            yield
