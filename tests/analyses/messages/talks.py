"""Conversations made by chance, few of them relevant: what an active review is tried on.

Each is a few dozen lines of everyday talk; a relevant one has some lines of a trade among them,
in words that the everyday uses too (a benign one has lines of work, cooking, tickets or games).
"""

import random
from dataclasses import dataclass

EVERYDAY = """
t'es où ?|j'arrive dans {n} min|ok ça marche|je suis en bas|tu viens ce soir ?|oui vers {h}h|bonne
nuit|t'as mangé ?|je passe te prendre à {h}h|mdr|j'suis au taf|appelle moi|on se retrouve devant la
gare|prends du pain|désolé je dormais|tkt|merci|ok à demain|le prof est absent|j'ai raté le bus|t'es
dispo samedi ?|bon anniversaire|on mange quoi|rdv chez le médecin à {h}h|ça va et toi ?|laisse la
clé sous le paillasson|le colis est arrivé|c'est quoi l'adresse ?|{n} rue des lilas|t'as vu le match
?|je t'envoie la photo|prends la voiture|on part à {h}h|garde moi une place|je paye en cash|tu peux
me déposer ?|{n} euros chacun|fais moi un virement|y'a les flics sur le périph|efface la photo stp
""".replace("\n", " ").split("|")
BENIGN = (
    "il reste {n} places pour le concert|je te les fais à {n} euros|envoie le virement avant {h}h",
    "la pâte doit reposer {n} min|pas trop de farine, {n} g|goûte avant de servir",
    "la réunion est à {h}h|le client veut {n} pièces|prépare la commande pour demain",
    "les baskets taille {n} sont arrivées|toutes neuves, en boîte|{n} euros, main propre",
    "le petit a de la fièvre|prends le sirop à la pharmacie|{n} gouttes toutes les {h}h",
    "entrainement à {h}h|coupe le match en deux|le coach veut {n} joueurs",
    "il manque {n} pièces d'or|on attaque le boss à {h}h|prends ta potion",
)
TRADE = (
    "wsh t dispo ?|mets m'en {n} comme samedi|{n} les deux, jsuis en bas du bât {n}",
    "arah ça passe côté école|ferme tout, tlm rentre|ils sont {n}, clio grise|dis aux clients {h}h",
    "garde le sac chez toi jusqu'à vendredi|y'a quoi dedans|ouvre pas, {n} pour toi|sous le lit",
    "si on te demande t'es en vacances|et la valise ?|un gars te la donne, tu l'ouvres pas",
    "t'as fait combien ?|{n}40, il reste {n}|le grand passe prendre l'argent à {h}h",
    "change de puce ce soir|et l'ancienne|casse la, parle plus au tel|le ravitailleur arrive",
    "la frappe est là|{n} le demi, {n} le complet|je livre jusqu'à {h}h|menu du jour en story",
    "le chouf a pas tenu|qui garde le plan demain ?|recrute un petit pour {n} la journée",
)


@dataclass(frozen=True, slots=True)
class Made:
    """Texts, and which of them are relevant."""

    texts: list[str]
    relevant: list[bool]


def made(count: int, relevant: int, seed: int) -> Made:
    """``count`` conversations of which ``relevant`` are."""
    chance = random.Random(seed)
    chosen = set(chance.sample(range(count), relevant))
    texts = [_talk(chance, n in chosen) for n in range(count)]
    return Made(texts, [n in chosen for n in range(count)])


def _talk(chance: random.Random, relevant: bool) -> str:
    lines = chance.choices(EVERYDAY, k=chance.randint(5, 40))
    scenes = [chance.choice(TRADE) for _ in range(chance.randint(1, 3))] if relevant else []
    if chance.random() < 0.6:
        scenes.append(chance.choice(BENIGN))
    for scene in scenes:
        at = chance.randint(0, len(lines))
        said = [line for line in scene.split("|") if chance.random() < 0.75]
        lines[at:at] = said
    text = "\n".join(line.strip() for line in lines)
    for _ in range(text.count("{")):
        text = text.replace("{n}", str(chance.randint(2, 90)), 1)
        text = text.replace("{h}", str(chance.randint(8, 23)), 1)
    return text
