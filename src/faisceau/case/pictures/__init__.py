"""What the pages draw: the timeline, the network and the map of a case.

Each picture is a question put through the desk's gate: the mandate is asked, the ledger written,
foreign identities masked, before a point is drawn. What it gives is plain values, no drawing.
"""

from faisceau.case.door import Untold
from faisceau.case.pictures._part import ALL, Box, Part
from faisceau.case.pictures.pictures import Pictures

__all__ = ["ALL", "Box", "Part", "Pictures", "Untold"]
