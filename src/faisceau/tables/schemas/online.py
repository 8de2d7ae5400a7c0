"""``post``, ``sim_sale``, ``media``: public posts, SIM cards sold, files found."""

from faisceau.tables.schemas.schema import DATE, INTEGER, NUMBER, STRING, TIME, Column, Schema

POST = Schema(
    "post",
    "A public post.",
    (
        Column("platform", STRING, "Where.", headers=("plateforme",)),
        Column("account", STRING, "Who.", mention="handle", headers=("compte",)),
        Column("url", STRING, "Its address.", mention="url", headers=("lien",)),
        Column("posted_at", TIME, "When it was posted.", headers=("publié le",)),
        Column("collected_at", TIME, "When it was collected.", headers=("collecté le",)),
        Column("text", STRING, "The words.", headers=("texte",)),
        Column("image_sha256", STRING, "Hash of its image."),
        Column("access", STRING, "Who could see it.", values=("public", "account")),
        Column("capture_sha256", STRING, "Hash of the capture kept as proof."),
    ),
)

SIM_SALE = Schema(
    "sim_sale",
    "A prepaid SIM card sold.",
    (
        Column("sold_at", TIME, "When.", headers=("date de vente", "vendu le")),
        Column("retailer", STRING, "Who sold it.", headers=("revendeur", "point de vente")),
        Column("buyer_name", STRING, "Name given.", identity=True, headers=("acheteur",)),
        Column("buyer_birth_date", DATE, "Birth date given.", identity=True),
        Column(
            "buyer_document",
            STRING,
            "Document shown.",
            mention="document",
            identity=True,
            headers=("pièce",),
        ),
        Column(
            "msisdn",
            STRING,
            "Telephone number.",
            mention="phone",
            identity=True,
            headers=("numéro",),
        ),
        Column("iccid", STRING, "Serial number of the card.", mention="iccid"),
        Column("imei", STRING, "Device it was first used in.", mention="imei", identity=True),
    ),
)

MEDIA = Schema(
    "media",
    "A file found in an exhibit: member of a folder or archive, or attachment.",
    (
        Column("kind", STRING, "What it is.", values=("audio", "video", "image", "document")),
        Column("path", STRING, "Its path inside the exhibit."),
        Column("sha256", STRING, "Hash of its bytes."),
        Column("size", INTEGER, "Bytes."),
        Column("media_type", STRING, "Media type (RFC 6838), by content."),
        Column("recorded_at", TIME, "When it was recorded, by its own account."),
        Column("duration_s", NUMBER, "Seconds."),
        Column("latitude", NUMBER, "Degrees north, WGS 84."),
        Column("longitude", NUMBER, "Degrees east, WGS 84."),
        Column("container", STRING, "The archive or message that holds it."),
    ),
)
