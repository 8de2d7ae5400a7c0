"""For tests, ours and third parties': a desk with a case on it, a clock, the conformance suite.

In a ``conftest.py``: ``pytest_plugins = ["faisceau.testing"]``. Then a test asks for ``desk``, and
may call :func:`check_reader` and :func:`check_analysis` on its own plug-ins.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from faisceau.analyses import Analysis
from faisceau.case import plugins as registry
from faisceau.case.adding import Added
from faisceau.case.workspace import Workspace
from faisceau.evidence.reading import Head, Member, Reader
from faisceau.findings.model import Finding
from faisceau.ledger.entry import Entry
from faisceau.ledger.verdict import Verdict
from faisceau.tables.schemas import TABLES
from faisceau.tables.schemas.schema import Schema

START = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)

EVERYTHING = tuple(TABLES)

MANDATE = """\
reference = "{reference}"
regime = "{regime}"
authority = "Procureur de la République, tribunal judiciaire de Lille"
authorised_on = {authorised_on}
expires_on = {expires_on}
purposes = ["narcotics-trafficking"]
data = [{data}]

[offence]
article = "CP 222-37"
penalty_years = 10
organised = true
{more}
{agents}
"""

AGENT = """
[[agents]]
id = "{id}"
name = "Agent {id}"
service = "OFAST"
roles = [{roles}]
until = {until}
"""


def mandate(
    *,
    reference: str = "PR/2026/0417",
    regime: str = "judicial-preliminary",
    data: Sequence[str] = EVERYTHING,
    roles: Mapping[str, Sequence[str]] | None = None,
    authorised_on: date = date(2026, 9, 1),
    expires_on: date = date(2027, 3, 1),
    until: date = date(2028, 6, 30),
    more: str = "",
) -> bytes:
    """A mandate file; ``roles`` by agent id, ``more`` is TOML that follows ``[offence]``."""
    roles = roles or {"A1": ["investigator", "analyst", "lead"]}
    agents = "".join(
        AGENT.format(id=agent, roles=", ".join(f'"{r}"' for r in given), until=until)
        for agent, given in roles.items()
    )
    return MANDATE.format(
        reference=reference,
        regime=regime,
        authorised_on=authorised_on,
        expires_on=expires_on,
        data=", ".join(f'"{table}"' for table in data),
        more=more,
        agents=agents,
    ).encode()


def in_force(**options: Any) -> bytes:
    """A mandate of today, for commands that run on the machine's own clock."""
    today, year = datetime.now(UTC).date(), timedelta(days=365)
    dates = {"authorised_on": today, "expires_on": today + year, "until": today + 2 * year}
    return mandate(**{**dates, **options})


class Clock:
    """A clock that a test moves."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **duration: float) -> None:
        """Move on: ``forward(days=400)``."""
        self.at += timedelta(**duration)


class Desk:
    """A real case in a temporary folder, and what a test does with it."""

    def __init__(
        self, folder: Path, text: bytes | None = None, *, agent: str | None = None
    ) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.files.mkdir(parents=True)
        self.clock = Clock()
        self.case = folder / "case"
        Workspace.create(self.case, text or mandate(), agent=agent, clock=self.clock)
        self.agent = agent

    def workspace(self, agent: str | None = None, reason: str = "test") -> Workspace:
        """The workspace as one agent opens it."""
        who = agent or self.agent
        return Workspace.open(self.case, agent=who, reason=reason, clock=self.clock)

    def file(self, name: str, content: str | bytes) -> Path:
        """A file outside the case."""
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def add(self, name: str | Path, content: str | bytes | None = None, **options: Any) -> Added:
        """Add one file (written first when ``content`` is given); raises what went wrong."""
        path = self.file(str(name), content) if content is not None else Path(name)
        [added] = self.workspace().add([path], **options)
        if added.error is not None:
            raise added.error
        return added

    def run(self, analysis: str, **params: Any) -> list[Finding]:
        """Run one analysis and give its findings; raises the refusal or failure."""
        desk = self.workspace()
        report = desk.run([analysis], {analysis: params})
        for left in report.not_run:
            if left.error is not None:
                raise left.error
        return desk.findings(analysis)

    def rows(self, table: str, where: str | None = None) -> list[dict[str, Any]]:
        """Rows of a table."""
        return [row for batch in self.workspace().rows(table, where) for row in batch.to_pylist()]

    def cited(self, finding: Finding) -> list[str]:
        """The lines of the original files that a finding's reasons rest on, in file order."""
        lines = set()
        for reason in finding.reasons:
            for table, ids in reason.by_table().items():
                wanted = ", ".join(map(str, ids))
                for row in self.rows(table, f"row_id IN ({wanted})"):
                    path, _, locator = row["source"].partition("#")
                    lines.add((path, int(locator.removeprefix("line "))))
        texts = {path: (self.files / path).read_text().splitlines() for path, _ in lines}
        return [texts[path][number - 1] for path, number in sorted(lines)]

    @property
    def ledger(self) -> list[Entry]:
        """Every entry of the ledger."""
        return list(self.workspace().ledger.entries())

    def verify(self) -> Verdict:
        """Check the whole case, as anyone may."""
        from faisceau.case.proving import verify

        return verify(self.case)


@pytest.fixture(autouse=True)
def _own_keys(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of test cases stay out of the user's own folder."""
    monkeypatch.setenv("FAISCEAU_HOME", str(tmp_path_factory.mktemp("home")))
    for name in ("FAISCEAU_AGENT", "FAISCEAU_REASON", "FAISCEAU_LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with an empty case under a preliminary-inquiry mandate that covers every table."""
    return Desk(tmp_path / "desk")


Register = Callable[[Any], Analysis]


@pytest.fixture
def registering(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Register an analysis for the length of a test: ``registering(function)``."""
    known = registry.plugins()

    def register(function: Any) -> Analysis:
        analysis = registry.registered(function.__faisceau__)
        more = {**known.analyses, analysis.name: analysis}
        patched = registry.Plugins(known.readers, more, known.failed)
        monkeypatch.setattr(registry, "loaded", lambda: patched)
        return analysis

    return register


# ---- conformance: what every reader and analysis holds to ----

NOT_MINE: Mapping[str, bytes] = {
    "empty": b"",
    "random": bytes(range(256)) * 64,
    "text": "Rien qui ressemble à un format.\n".encode() * 50,
    "html": b"<!DOCTYPE html><html><body><p>bonjour</p></body></html>",
    "truncated SQLite": b"SQLite format 3\x00" + bytes(84),
    "zip": b"PK\x05\x06" + bytes(18),
    "nul": bytes(4096),
}
"""Files that no reader may claim by mistake."""


def check_reader(reader: Reader) -> None:
    """A reader says what it reads, fills known tables, and claims nothing that is not its own."""
    assert reader.__doc__, "a reader says what it reads, and where the format is published"
    assert reader.FILLS, "a reader names the tables it fills"
    for schema in reader.FILLS:
        assert isinstance(schema, Schema)
        assert TABLES.get(schema.name) is schema
    for name, content in NOT_MINE.items():
        assert not reader.detect(Head(member(name, content), content)), f"claims {name}"


def check_analysis(analysis: Analysis) -> None:
    """An analysis says what it does, reads known columns, and its parameters explain themselves."""
    assert analysis.meaning
    assert analysis.reads, "an analysis declares what it reads"
    for name, field in analysis.params.model_fields.items():
        assert field.description, f"parameter {name} has no docstring"
        assert not field.is_required(), f"parameter {name} has no default"


def member(name: str, content: bytes) -> Member:
    """Bytes as a member of an exhibit, without a case; ``local`` needs a file and fails."""
    import hashlib
    import io

    def local() -> Path:
        import tempfile

        with tempfile.NamedTemporaryFile(delete=False) as stream:
            stream.write(content)
        return Path(stream.name)

    return Member(
        name, len(content), lambda: io.BytesIO(content), local, hashlib.sha256(content).hexdigest
    )
