"""``person``, ``trip``, ``seizure``: what a courier's procedure file holds."""

from faisceau.tables.schemas.schema import DATE, NUMBER, STRING, TIME, Column, Schema

PERSON = Schema(
    "person",
    "A person named in a procedure.",
    (
        Column(
            "role",
            STRING,
            "Why the person appears.",
            values=(
                "courier",
                "suspect",
                "convicted",
                "sender",
                "recipient",
                "payer",
                "witness",
                "victim",
                "third_party",
            ),
            headers=("rôle", "qualité"),
        ),
        Column(
            "last_name",
            STRING,
            "Family name.",
            identity=True,
            headers=("nom", "nom de famille", "surname"),
        ),
        Column("first_names", STRING, "Given names.", identity=True, headers=("prénom", "prénoms")),
        Column("alias", STRING, "Nickname.", mention="handle", identity=True, headers=("surnom",)),
        Column(
            "birth_date",
            DATE,
            "Date of birth.",
            identity=True,
            headers=("date de naissance", "né le", "ddn"),
        ),
        Column(
            "birth_place",
            STRING,
            "Place of birth.",
            identity=True,
            headers=("lieu de naissance", "né à"),
        ),
        Column("nationality", STRING, "Nationality.", headers=("nationalité",)),
        Column(
            "document_number",
            STRING,
            "Number of passport, card or permit.",
            mention="document",
            identity=True,
            headers=("numéro de document", "passeport", "n° document", "pièce d'identité"),
        ),
        Column(
            "phone",
            STRING,
            "Telephone number.",
            mention="phone",
            identity=True,
            headers=("téléphone", "tel", "numéro de téléphone", "portable"),
        ),
        Column(
            "email",
            STRING,
            "Mail address.",
            mention="email",
            identity=True,
            headers=("courriel", "mail", "adresse mail", "e-mail"),
        ),
        Column(
            "address",
            STRING,
            "Postal address.",
            mention="address",
            identity=True,
            headers=("adresse", "domicile"),
        ),
    ),
)

TRIP = Schema(
    "trip",
    "A journey booked or made.",
    (
        Column("person_ref", STRING, "``ref`` of the traveller.", headers=("voyageur",)),
        Column("carrier", STRING, "Airline, railway, bus.", headers=("compagnie", "transporteur")),
        Column(
            "number",
            STRING,
            "Flight or train number.",
            mention="flight",
            headers=("vol", "numéro de vol", "n° vol", "flight"),
        ),
        Column("departed_at", TIME, "Departure.", headers=("départ", "date de départ")),
        Column("origin", STRING, "From.", headers=("origine", "provenance")),
        Column("destination", STRING, "To.", headers=("arrivée",)),
        Column(
            "booking_ref",
            STRING,
            "Reservation (PNR).",
            mention="document",
            headers=("pnr", "réservation", "dossier"),
        ),
        Column("booked_at", TIME, "When it was booked.", headers=("date de réservation",)),
        Column("agency", STRING, "Agency or site.", headers=("agence",)),
        Column("payer", STRING, "Who paid.", identity=True, headers=("payeur",)),
        Column("ticket_price", NUMBER, "Price paid, in euros.", headers=("prix", "tarif")),
        Column("seat", STRING, "Seat.", headers=("siège",)),
        Column("luggage_tag", STRING, "Luggage tag.", headers=("étiquette bagage",)),
    ),
)

SEIZURE = Schema(
    "seizure",
    "Goods seized.",
    (
        Column("person_ref", STRING, "``ref`` of the person it was seized from."),
        Column("seized_at", TIME, "When.", headers=("date de saisie", "date saisie", "saisi le")),
        Column("place", STRING, "Where.", headers=("lieu", "lieu de saisie")),
        Column("latitude", NUMBER, "Degrees north, WGS 84."),
        Column("longitude", NUMBER, "Degrees east, WGS 84."),
        Column("product", STRING, "What.", headers=("produit", "stupéfiant", "nature")),
        Column(
            "quantity_g",
            NUMBER,
            "Grams.",
            headers=("quantité", "poids", "poids (g)", "quantité (g)"),
        ),
        Column("packaging", STRING, "How it was packed.", headers=("conditionnement",)),
        Column("marking", STRING, "Logo or mark on it.", headers=("marquage", "logo")),
        Column("concealment", STRING, "How it was hidden.", headers=("dissimulation", "cache")),
    ),
    anchors_any=("product", "place"),
)
