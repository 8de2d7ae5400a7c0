"""Darija written in Latin letters: no packaged model knows it, written rules do.

Letters that Latin script lacks are written as digits (3 for ayn, 7 for ha, 9 for qaf), and short
words that no other language of these chats has come again and again. Words that French slang has
borrowed (khoya, wallah, inchallah, wesh …) say nothing by themselves.
"""

import re
from collections.abc import Sequence

CODE = "ary"
"""ISO 639-3: Moroccan Arabic."""
ENOUGH = 0.2
"""Share of the words that must be of the language."""

_STRONG_WORDS = """
ana nta nti ntoma 7na hna howa hiya houma dyal diyal dial dyali dyalk dyalo dyalha dyalna
wach wash chno chnou achno ach kifach kifash 3lach 3lash fin fayn fine mnin imta chkoun chhal
bch7al bchhal ch7al bghit bghiti bgha bghina kan kayn kayna makaynch makayn makanch machi mashi
daba db ghda lyoum lbareh bzaf bezaf chwiya chwya walo walou waloo 3ndi 3andi 3ndek 3andek 3ndo
3ando ma3ndi ma3ndich 3la 3lik 3liya 3lih m3a m3ak m3aya fih fiha bih biha lih liha liya lik
had hadchi hadi hada dak dik hadak hadik li lli f7al bhal b7al 7ta hta 7it 7itach hit bach bash
ghadi ghada ghir ghi mazal mazl baqi ba9i wakha waxa iwa mzyan mezyan mzyana zwin zwina khayb
gol goul gouli goulih gal galek galli galiya 3tini 3tih jib jibli jbt sift sifet siftli sir ja
jay jaya jaw mcha mchat mchina mchit dar dir dirha katdir kadir kandir kaydir kat9der kan9der
3raf 3reft 3arf ma3reftch ma3raftch chefti cheft chuf chouf choufo hder hdert khassni khasni
khassek khess khas lflous flous floss lkhedma khdma khdam dari darna drari dlkhedma 3afak 3afek
labas bikhir hamdolah 7amdolah smiya smiytek smiyto wa7ed wahed joj tlata rb3a khmsa chi chi7aja
7aja haja walakin walkin 7sen hsen bra dakhl fo9 ta7t lte7t te7t mora 9bel 9bl 9dam b3d mn men
nhar lil lila sba7 3chiya nmra lbab ddar tomobil tonobil lkamyou lboulis 7bess 7bs khouya dyalek
nchoufek nchofk ntla9aw ntlaqaw nji tji yji ijiw rani raki rah raha rahom kolchi kolshi koulchi
"""
_STRONG = frozenset(_STRONG_WORDS.split())
_BORROWED_WORDS = """
khoya khouya kho wallah wlh walah inchallah nchallah hamdoullah hamdulillah wesh wech
sahbi sa7bi khti zebi hchouma miskine bsahtek starfoullah choukran chokran salam
"""
_BORROWED = frozenset(_BORROWED_WORDS.split())
_SHARED_WORDS = """
ja li fine men had rah dir dari kan ana wash hit chi lil dar mn nji
"""
_SHARED = frozenset(_SHARED_WORDS.split())
"""Words of other languages too: they count only beside others."""
_DIGITS = re.compile(r"(?=.*[379])(?=(?:.*[a-z]){2})[a-z]*[379][a-z0-9]*")
_FRENCH = re.compile(
    r"[0-9]+(?:[hefgmk]|kg|km|gb|go|ans|eme|ème|min|mn|euros?|g)[0-9]*|[a-z][0-9]+|.*[0-9]{3}.*"
    r"|k(?:oi)?[0-9]+.*|9(?:uf)?|7t?e?"
)
"""Hours, quantities, phone models, and digits that French texting reads as syllables."""


def share(words: Sequence[str]) -> float:
    """Share of the (folded) words that are Darija's; 0 unless two different ones are."""
    own = [word for word in words if word in _STRONG or _written_with_digits(word)]
    sure = {word for word in own if word not in _SHARED}
    if len(set(own)) < 2 or not sure:
        return 0.0
    borrowed = sum(word in _BORROWED for word in words)
    return (len(own) + borrowed) / len(words)


def _written_with_digits(word: str) -> bool:
    return bool(_DIGITS.fullmatch(word)) and not _FRENCH.fullmatch(word)
