"""HTML made plain: the words a person would see, line by line; links and pictures left out."""

import re
from typing import Any

from lxml import etree

_BLOCKS = """
address article aside blockquote body center dd div dl dt fieldset figcaption figure footer form
h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tr ul
""".split()  # noqa: SIM905 - a list of words is read more easily so
_HIDDEN = """
head script style title noscript template svg object applet map
""".split()  # noqa: SIM905
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_SPACE = re.compile(r"[ \t\r\n\f\v\xa0]+")
_DECLARED = re.compile(r"\A\s*<\?xml[^>]*>")


def plain(html: str) -> str:
    """The text of an HTML document or fragment, damaged or not; empty when there is none."""
    html = _DECLARED.sub("", _CONTROL.sub("", html))
    parser = etree.HTMLParser(
        recover=True, no_network=True, remove_comments=True, remove_pis=True, encoding="utf-8"
    )
    try:
        root = etree.fromstring(html.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError):
        root = None
    if root is None:
        return re.sub(r"<[^>]*+>", " ", html).strip()
    pieces: list[str] = []
    _gather(root, pieces)
    text = "".join(pieces)
    text = re.sub(r" *\n *", "\n", text)
    text = re.sub(r"[ ]{2,}", " ", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _gather(root: Any, pieces: list[str]) -> None:
    hidden = kept = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag
        if not isinstance(tag, str):
            continue
        if event == "start":
            hidden += tag in _HIDDEN
            kept += tag in ("pre", "textarea")
            if tag == "br":
                pieces.append("\n")
            elif tag in _BLOCKS:
                _new_line(pieces)
                if tag == "li":
                    pieces.append("- ")
            if not hidden and element.text:
                pieces.append(_words(element.text, kept))
            continue
        hidden -= tag in _HIDDEN
        kept -= tag in ("pre", "textarea")
        if tag in _BLOCKS:
            _new_line(pieces)
            if tag == "p":
                pieces.append("\n")
        elif tag in ("td", "th"):
            pieces.append("\t")
        if not hidden and element.tail:
            pieces.append(_words(element.tail, kept))


def _words(text: str, kept: int) -> str:
    return text.replace("\xa0", " ").replace("\r\n", "\n") if kept else _SPACE.sub(" ", text)


def _new_line(pieces: list[str]) -> None:
    if pieces and not pieces[-1].endswith("\n"):
        if not pieces[-1].strip(" "):
            pieces.pop()  # spaces between two blocks are no words
            _new_line(pieces)
            return
        pieces.append("\n")
