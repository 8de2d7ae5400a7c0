"""How long things are kept: periods as data (``retention.toml``), each with its source.

The rooms that hold rows apply them; here is only what the texts say.
"""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files

from faisceau.mandate.act import Rule


@dataclass(frozen=True, slots=True)
class Period:
    """A period and the rule it restates: ``days`` or ``years``, the other being 0; ``table`` is
    empty when it is not about one; ``since`` names the event it is counted from."""

    rule: Rule
    since: str
    table: str = ""
    days: int = 0
    years: int = 0

    def over(self, now: datetime) -> datetime:
        """What began before this moment (UTC) is past the period."""
        now = now.astimezone(UTC)
        if self.years:
            day = 28 if (now.month, now.day) == (2, 29) else now.day
            now = now.replace(year=now.year - self.years, day=day)
        return now - timedelta(days=self.days)


@lru_cache(maxsize=1)
def periods() -> dict[str, Period]:
    """Every period, by the id of its rule."""
    text = (files("faisceau.mandate") / "retention.toml").read_text("utf-8")
    return {
        name: Period(
            rule=Rule(
                id=name,
                source=said["source"],
                message=said["message"],
                message_fr=said["message_fr"],
                verified_on=said["verified_on"],
                source_fr=said["source_fr"],
            ),
            since=said["since"],
            table=said["table"],
            days=said.get("days", 0),
            years=said.get("years", 0),
        )
        for name, said in tomllib.loads(text).items()
    }
