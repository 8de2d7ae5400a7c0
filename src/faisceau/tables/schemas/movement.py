"""``plate_read``, ``position``: where vehicles and devices were, and when."""

from faisceau.tables.schemas.schema import NUMBER, STRING, STRINGS, TIME, Column, Schema

PLATE_READ = Schema(
    "plate_read",
    "One read of a number plate by one sensor.",
    (
        Column(
            "plate",
            STRING,
            "The plate as read.",
            mention="plate",
            headers=("plaque", "immatriculation", "immat", "car-id", "plaque lue"),
        ),
        Column("country", STRING, "Country of the plate.", headers=("pays",)),
        Column(
            "camera_id",
            STRING,
            "The sensor.",
            headers=("caméra", "camera", "capteur", "gate-name", "id caméra", "site"),
        ),
        Column("service", STRING, "Service that holds the sensor."),
        Column(
            "read_at",
            TIME,
            "When.",
            headers=("date", "horodatage", "date et heure", "timestamp", "date lecture"),
        ),
        Column("latitude", NUMBER, "Degrees north, WGS 84."),
        Column("longitude", NUMBER, "Degrees east, WGS 84."),
        Column("direction", STRING, "Heading.", headers=("sens", "sens de circulation")),
        Column("lane", STRING, "Lane.", headers=("voie",)),
        Column("confidence", NUMBER, "The reader's own, 0 to 1.", headers=("confiance",)),
        Column(
            "vehicle_kind",
            STRING,
            "Kind of vehicle.",
            headers=("type de véhicule", "genre", "car-type", "type véhicule"),
        ),
        Column(
            "sensor_kind",
            STRING,
            "How the sensor is mounted.",
            values=("fixed", "mobile", "on_board"),
            headers=("type de capteur",),
        ),
    ),
    anchors=("plate", "camera_id", "read_at"),
    never=("photo", "image", "picture", "occupant", "visage", "portrait", "cliche", "thumbnail"),
)

POSITION = Schema(
    "position",
    "Where a device was.",
    (
        Column("device", STRING, "The device.", headers=("appareil", "balise")),
        Column("at", TIME, "When.", headers=("date", "horodatage")),
        Column("latitude", NUMBER, "Degrees north, WGS 84.", headers=("lat",)),
        Column("longitude", NUMBER, "Degrees east, WGS 84.", headers=("lon", "lng")),
        Column("accuracy_m", NUMBER, "Metres.", headers=("précision",)),
        Column("kind", STRING, "How it was found.", values=("gps", "cell", "wifi", "ble")),
        Column("observed", STRINGS, "Beacons seen: base stations, access points, tags."),
    ),
)
