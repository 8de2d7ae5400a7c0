"""HTML pages as a stream of blocks: what archives made for a browser repeat once a record.

Parsed by libxml2, which mends what browsers mend; each block is freed once it was read.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from faisceau.errors import BadInput
from faisceau.evidence.mending import mended_xml
from faisceau.evidence.reading import Source
from faisceau.words import N_

Wanted = Callable[[Any], bool]
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LISTS = ("ul", "ol", "li", "table", "tr")
_BLOCKS = frozenset(
    (*_HEADINGS, *_LISTS, "p", "div", "section", "header", "footer", "blockquote", "pre")
)
_UNSEEN = frozenset(("script", "style", "head"))
_EDGE, _LINE = "\x00", "\x01"
"""Stand for the edge of a block and for a line break: no page holds these characters."""
_SPACES = re.compile(r"[ \t\r\n]+")  # a no-break space stays
_LINES = re.compile(rf" ?{_LINE} ?")
_EDGES = re.compile(rf"[ {_EDGE}]*{_EDGE}[ {_EDGE}]*")


def html_blocks(source: Source, wanted: Wanted) -> Iterator[Any]:
    """The outermost elements that ``wanted`` asks for, in order, each complete when yielded.

    ``wanted`` sees an element when it opens: its tag and attributes, nothing inside. What stands
    before a block, beside it, is gone when the next one comes.
    """
    try:
        with source.open() as stream:
            events = etree.iterparse(
                mended_xml(stream, source.head.start),
                events=("start", "end"),
                html=True,
                encoding="utf-8",
                no_network=True,
                remove_comments=True,
                remove_pis=True,
                huge_tree=True,
            )
            inside: Any = None
            for event, element in events:
                if event == "start":
                    if inside is None and wanted(element):
                        inside = element
                elif element is inside:
                    inside = None
                    yield element
                    _free(element)
    except etree.XMLSyntaxError as error:
        raise BadInput(
            N_("{name} is damaged HTML: {why}"), name=source.name, why=error.msg
        ) from error


def classes(element: Any) -> frozenset[str]:
    """The CSS classes of an element."""
    return frozenset((element.get("class") or "").split())


def having(element: Any, *names: str) -> Any:
    """The first element at or below this one with all these CSS classes; None without."""
    wanted = frozenset(names)
    return next((e for e in element.iter("*") if wanted <= classes(e)), None)


def text_in(element: Any, leave_out: Wanted | None = None) -> str:
    """The words of an element as a browser shows them, a line a block; empty for None.

    Parts that ``leave_out`` names are skipped; what follows them is not.
    """
    if element is None:
        return ""
    said = [element.text or ""]
    stack = [(child, False) for child in reversed(element)]
    while stack:
        node, done = stack.pop()
        if done:
            said += (_EDGE if node.tag in _BLOCKS else "", node.tail or "")
            continue
        if node.tag == "br":
            said += (_LINE, node.tail or "")
        elif node.tag in _UNSEEN or (leave_out is not None and leave_out(node)):
            said.append(node.tail or "")
        else:
            said += (_EDGE if node.tag in _BLOCKS else "", node.text or "")
            stack.append((node, True))
            stack += [(child, False) for child in reversed(node)]
    shown = _SPACES.sub(" ", "".join(said))
    return _EDGES.sub("\n", _LINES.sub("\n", shown)).strip("\n ")


def _free(element: Any) -> None:
    element.clear(keep_tail=True)
    parent = element.getparent()
    if parent is None:
        return
    while element.getprevious() is not None:
        del parent[0]
