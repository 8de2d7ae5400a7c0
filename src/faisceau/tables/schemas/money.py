"""``payment``, ``coin_transfer``: money through banks and through chains."""

from faisceau.tables.schemas.schema import COINS, NUMBER, STRING, TIME, Column, Schema

PAYMENT = Schema(
    "payment",
    "One line of an account.",
    (
        Column(
            "account",
            STRING,
            "The account.",
            mention="iban",
            headers=("compte", "iban"),
        ),
        Column("holder", STRING, "Its holder.", identity=True, headers=("titulaire",)),
        Column("counterparty", STRING, "The other side.", headers=("contrepartie", "tiers")),
        Column(
            "counterparty_account",
            STRING,
            "The other account.",
            mention="iban",
            headers=("compte contrepartie", "iban contrepartie"),
        ),
        Column("booked_at", TIME, "When.", headers=("date", "date d'opération")),
        Column("amount", NUMBER, "Signed: credit above zero.", headers=("montant",)),
        Column("currency", STRING, "ISO 4217.", headers=("devise",)),
        Column("label", STRING, "The bank's words.", headers=("libellé", "libelle")),
        Column("kind", STRING, "Kind of operation.", headers=("type",)),
    ),
)

COIN_TRANSFER = Schema(
    "coin_transfer",
    "One transaction on a chain.",
    (
        Column("chain", STRING, "bitcoin, ethereum …"),
        Column("tx_id", STRING, "Transaction id.", headers=("txid", "hash")),
        Column("block_time", TIME, "Time of its block."),
        Column("inputs", COINS, "Addresses it spends from.", mention="coin_address"),
        Column("outputs", COINS, "Addresses it pays to.", mention="coin_address"),
        Column("fee", NUMBER, "Fee, in the chain's unit."),
    ),
)
