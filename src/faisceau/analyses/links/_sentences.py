"""What coincidences are called, in sentences that name nobody: identities stay in the rows."""

from faisceau.analyses.links._priors import parsed
from faisceau.words import N_, Term

TRAITS: dict[str, str] = {
    "phone": N_("one telephone number in both address books"),
    "phone+samename": N_("one telephone number in both address books, under the same name"),
    "phone+othername": N_("one telephone number in both address books, under two names"),
    "phone+called": N_("both were in contact with one telephone number"),
    "phone+own": N_("the own line of one is known to the other"),
    "phone+own2": N_("both used the same line"),
    "phone+personal": N_("one telephone number given by a person of one procedure"),
    "email": N_("one mail address known to both"),
    "email+own": N_("the own mail address of one is known to the other"),
    "email+own2": N_("both used the same mail address"),
    "handle": N_("one account known to both"),
    "handle+own": N_("the own account of one is known to the other"),
    "handle+own2": N_("both used the same account or nickname"),
    "imei": N_("one device (IMEI) seen by both"),
    "imei+own2": N_("both used the same device (IMEI)"),
    "imsi": N_("both used the same card (IMSI)"),
    "iccid": N_("both used the same card (ICCID)"),
    "document": N_("one document number in both"),
    "booking": N_("both travelled on the same booking"),
    "luggage": N_("the same luggage tag"),
    "iban": N_("one bank account in both"),
    "coin_address": N_("one crypto-asset address in both"),
    "plate": N_("one number plate in both"),
    "address": N_("one address in both"),
    "payer": N_("tickets paid by the same person"),
    "person": N_("a person of the same name in both"),
    "person+born": N_("a person of the same name and birth date in both"),
    "marking": N_("the same marking on the goods"),
    "packaging": N_("the same packaging"),
    "concealment": N_("hidden in the same way"),
    "agency": N_("tickets bought at the same agency"),
    "journey": N_("the same flight on the same day"),
}
OTHER = N_("the same {kind} in both")
OPEN = ("marking", "packaging", "concealment", "agency", "journey", "booking", "luggage", "plate")
"""Kinds that name nobody, whose value a sentence may say."""

EXACT = N_(
    "{trait}; {borne} of {procedures} procedures bear it; of such coincidences {share} % are more "
    "than chance"
)
EXACT_SAID = N_(
    "{trait} ({value}); {borne} of {procedures} procedures bear it; of such coincidences {share} % "
    "are more than chance"
)
NEAR = N_(
    "{trait}, but spelt otherwise or with one slip; {borne} of {procedures} procedures bear one of "
    "the two; of such coincidences {share} % are more than chance"
)
NEAR_SAID = N_(
    "{trait} ({value}), but spelt otherwise or with one slip; {borne} of {procedures} procedures "
    "bear one of the two; of such coincidences {share} % are more than chance"
)
SCENERY = N_("{trait}; {borne} of {procedures} procedures bear it: this weighs nothing")
TOLD = N_("{trait}; told by rows that count already, so not counted again")
THIRD = N_("a third procedure, {third}, shares other traces with each of the two")
VOUCHED = N_("other procedures that bear the same trace are tied to one another otherwise")
OUTSIDE = N_(
    "other procedures that bear the same trace are tied to one another otherwise, but not to both "
    "of these"
)
ALONE = N_("nothing else ties the two, nor the others that bear the same trace")
AROUND = (
    N_("both on the route {route}, {days} days apart"),
    N_("on other routes, {days} days apart"),
    N_("{days} days apart"),
)
AROUND_UNDATED = (
    N_("both on the route {route}, at dates unknown"),
    N_("on other routes, at dates unknown"),
    N_("route and dates are not known of both"),
)
IN_ALL = N_("weight of evidence {weight} in all; of links of this weight {rate} % are false")


def trait(name: str) -> Term:
    """What a class of coincidence is called."""
    kind = parsed(name)[0]
    text = TRAITS.get(kind) or TRAITS.get(kind.partition("+")[0])
    return Term(text or OTHER.replace("{kind}", kind.partition("+")[0]))


def code(name: str) -> str:
    """The reason's code: the kind of trait, ``near`` when spelt otherwise."""
    kind, near, _ = parsed(name)
    return kind.replace("+", "_") + ("_near" if near else "")


def may_say(name: str) -> bool:
    """True when the value names nobody."""
    return parsed(name)[0].partition("+")[0] in OPEN
