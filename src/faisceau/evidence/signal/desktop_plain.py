"""Which messages of Signal Desktop the columns alone tell, and which their JSON has to."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.databases import Cells
from faisceau.evidence.signal.stored_json import loaded
from faisceau.tables.schemas.schema import STRING

_TELLING = (
    r'"(?:attachments|editHistory|reactions|contact)":\s*\[\s*\{'
    r'|"(?:quote|poll|sticker|callHistoryDetails)":\s*\{'
    r'|"deletedForEveryone":\s*true|"editMessageTimestamp":\s*[0-9]'
)
"""JSON that tells more than the columns."""
_ORIGIN = r'"source(?:ServiceId|Uuid)":\s*"'


def told_by_columns(cells: Cells, attached: Sequence[str]) -> pa.Array:
    """Which messages the columns alone tell: those whose JSON holds nothing of what is read."""
    json, kind = cells.texts("json"), cells.texts("type")
    whole = pa.array([bool(loaded(stored)) for stored in cells.raw("json")])
    told = pc.invert(pc.match_substring_regex(json, _TELLING))
    named = pc.or_(
        pc.is_valid(cells.texts("service")),
        pc.and_(
            pc.is_valid(cells.texts("source")),
            pc.invert(pc.match_substring_regex(json, _ORIGIN)),
        ),
    )
    outgoing, incoming = pc.equal(kind, "outgoing"), pc.equal(kind, "incoming")
    found = pc.and_(pc.and_(whole, told), pc.or_(outgoing, pc.and_(incoming, named)))
    for name in ("id", "thread", "body"):
        found = pc.and_(found, pc.is_valid(cells.texts(name)))
    found = pc.and_(found, pc.is_valid(cells.integers("at")))
    if attached:
        beside = pc.is_in(cells.texts("id"), value_set=pa.array(attached, STRING))
        found = pc.and_(found, pc.invert(beside))
    return pc.fill_null(found, False)
