"""How long things are kept, as data."""

from datetime import UTC, datetime

from faisceau.mandate.retention import periods
from faisceau.mandate.vocabulary import TABLES


def test_plate_reads_of_no_procedure_are_kept_fifteen_days() -> None:
    period = periods()["plates-no-hit"]
    assert period.table == "plate_read"
    assert period.over(datetime(2026, 11, 24, 12, tzinfo=UTC)) == datetime(
        2026, 11, 9, 12, tzinfo=UTC
    )
    assert "CSI L. 233-1" in period.rule.text()
    assert "--procedure" in period.rule.text()


def test_three_years_before_a_29_february_is_a_28() -> None:
    revealed = periods()["matching-revealed"]
    assert revealed.over(datetime(2028, 2, 29, tzinfo=UTC)) == datetime(2025, 2, 28, tzinfo=UTC)


def test_every_period_is_about_a_known_table_and_bears_its_source() -> None:
    for period in periods().values():
        assert period.table in {"", *TABLES}
        assert bool(period.days) is not bool(period.years)
        assert period.rule.source
        assert period.rule.message != period.rule.message_fr
