"""Who is who in the fictional case. Nobody here exists."""

from dataclasses import dataclass

HOLDER = "nolan"
"""Whose telephone, line and Telegram account most of the files come from."""
COURIER = "mathis"
LOOKOUT = "sacha"


@dataclass(frozen=True, slots=True)
class Person:
    """``name`` as others keep it, ``number`` in E.164, ``user`` the number of a Telegram user."""

    name: str
    number: str
    user: int = 0

    @property
    def jid(self) -> str:
        """The account in WhatsApp's form."""
        return f"{self.number.removeprefix('+')}@s.whatsapp.net"


def _mobile(last: str) -> str:
    return f"+3363998{last}"


PEOPLE = {
    "nolan": Person("Nolan", _mobile("0100"), 99000000100),
    "mathis": Person("Mathis", _mobile("0212")),
    "odile": Person("Tata Odile", _mobile("0340")),
    "sacha": Person("Petit Sacha", _mobile("0417")),
    "theo": Person("Théo", _mobile("0418")),
    "jordan": Person("Jordan", _mobile("0419")),
    "max": Person("Grand M", _mobile("0505")),
    "lorenzo": Person("Lorenzo", _mobile("0661")),
    "nico": Person("Nico répa", _mobile("0777")),
    "jade": Person("jade_gare", _mobile("1010")),
    "arthur": Person("Arthur promo", _mobile("1011")),
    "clement": Person("Clem 2", _mobile("1012")),
    "manon": Person("Manon fac", _mobile("1013")),
    "tonio": Person("Tonio chantier", _mobile("1014")),
    "inconnu": Person("", _mobile("1041")),
    "lea": Person("Léa 5e etage", _mobile("1016")),
    "camille": Person("Camille cousine", _mobile("0770")),
    "remi": Person("Rémi", _mobile("0771")),
    "karim": Person("Karim resto", _mobile("0772")),
    "mamie": Person("Mamie Jo", _mobile("2001")),
    "maman": Person("Maman", _mobile("2002")),
    "mere": Person("Mam", _mobile("2003")),
    "hugo": Person("Hugo", _mobile("2010")),
    "baptiste": Person("Baptiste", _mobile("2011")),
    "samir": Person("Samir", _mobile("2012")),
    "samir2": Person("Samir rando", _mobile("2013")),
    "celine": Person("Céline", _mobile("2020")),
    "amelie": Person("Amélie", _mobile("2021")),
    "oumar": Person("Oumar", _mobile("2022")),
    "lea2": Person("Léa", _mobile("2030")),
    "quentin": Person("Quentin baskets", _mobile("2031")),
    "ines": Person("Inès concert", _mobile("2032")),
    "ines2": Person("Inès cousine", _mobile("2033")),
    "voisin": Person("Voisin Roger", _mobile("2034")),
    "coiffeur": Person("Coiffeur Milo", _mobile("2035")),
    "kevin": Person("Kev manette", _mobile("2036")),
    "plombier": Person("Plombier Garnier", _mobile("2040")),
    "proprio": Person("M. Delage appart", _mobile("2041")),
    "livreurpizza": Person("Livreur pizza", _mobile("2042")),
    "boulanger": Person("Four du Lavoir", _mobile("2043")),
    "pharmacie": Person("Pharmacie de la Halle", "+33199003344"),
    "garage": Person("Garage Perrot", "+33199005566"),
    "veto": Person("Clinique vétérinaire", "+33199007788"),
    "mission": Person("Mission locale", "+33199001122"),
    "tg_zoe": Person("Zoé", "", 99000000201),
    "tg_ludo": Person("Ludo", "", 99000000202),
    "tg_pseudo": Person("vague_bleue", "", 99000000203),
    "tg_m": Person("M.", "", 99000000204),
    "tg_paul": Person("Paul", "", 99000000205),
    "tg_ana": Person("Ana", "", 99000000206),
    "tg_marc": Person("Marc", "", 99000000207),
    "tg_elise": Person("Élise", "", 99000000208),
    "tg_emile": Person("Émile guitare", "", 99000000209),
}
