"""``call``, ``contact``, ``handset``: who called whom, who is called what, with which device."""

from faisceau.tables.schemas.schema import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    STRINGS,
    TIME,
    Column,
    Schema,
)

CALL = Schema(
    "call",
    "A call, or a line of a call-detail record.",
    (
        Column(
            "caller",
            STRING,
            "The number or account that called.",
            mention="account",
            headers=("appelant", "numéro appelant", "n° appelant", "calling", "from", "msisdn a"),
        ),
        Column(
            "callee",
            STRING,
            "The number or account called.",
            mention="account",
            headers=("appelé", "numéro appelé", "n° appelé", "called", "to", "msisdn b", "appele"),
        ),
        Column(
            "started_at",
            TIME,
            "When it began.",
            headers=("date", "date et heure", "début", "date début", "horodatage", "date heure"),
        ),
        Column(
            "duration_s",
            NUMBER,
            "Seconds.",
            headers=("durée", "duree", "duration", "durée (s)", "durée en secondes"),
        ),
        Column("count", INTEGER, "How many calls the row stands for; 1 unless aggregated."),
        Column(
            "kind",
            STRING,
            "What was carried.",
            values=("voice", "sms", "data"),
            headers=("type", "type de communication", "nature"),
        ),
        Column(
            "direction",
            STRING,
            "As seen from the handset or line: in, out, missed.",
            headers=("sens", "sens de l'appel"),
        ),
        Column("imei", STRING, "Device number, 15 digits.", mention="imei"),
        Column("imsi", STRING, "Subscriber number on the SIM.", mention="imsi"),
        Column(
            "cell_id",
            STRING,
            "The cell, as the operator names it.",
            headers=("cellule", "cell", "id cellule", "cgi", "code cellule"),
        ),
        Column("latitude", NUMBER, "Of the cell, degrees north, WGS 84."),
        Column("longitude", NUMBER, "Of the cell, degrees east, WGS 84."),
        Column("deleted", BOOLEAN, "It was deleted.", headers=("supprimé",)),
    ),
    anchors=("caller", "callee"),
)

CONTACT = Schema(
    "contact",
    "An entry of an address book.",
    (
        Column("account", STRING, "The account or book it stands in.", mention="account"),
        Column("name", STRING, "The name it is kept under.", identity=True, headers=("nom",)),
        Column(
            "identifiers",
            STRINGS,
            "Numbers, handles, mail addresses.",
            mention="account",
            identity=True,
            headers=("identifiants", "numéros", "numéro", "téléphone", "tel"),
        ),
        Column("deleted", BOOLEAN, "It was deleted.", headers=("supprimé",)),
    ),
)

HANDSET = Schema(
    "handset",
    "A device and the cards in it.",
    (
        Column("imei", STRING, "Device number, 15 digits.", mention="imei", identity=True),
        Column("imsi", STRING, "Subscriber number on the SIM.", mention="imsi"),
        Column("iccid", STRING, "Serial number of the SIM card.", mention="iccid"),
        Column(
            "msisdn",
            STRING,
            "Its telephone number.",
            mention="phone",
            identity=True,
            headers=("numéro", "ligne", "numéro d'appel"),
        ),
        Column("make", STRING, "Manufacturer.", headers=("marque",)),
        Column("model", STRING, "Model.", headers=("modèle",)),
        Column("os", STRING, "Operating system and version.", headers=("système",)),
        Column("apps", STRINGS, "Applications installed."),
        Column("accounts", STRINGS, "Accounts signed in.", mention="account"),
    ),
)
