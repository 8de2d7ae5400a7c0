"""``faisceau demo``: a fictional case from its files to its report, by the same doors as any other.

An earlier demo in the same folder is replaced, its keys too. Nothing that is not recognisably a
demo is ever touched.
"""

import shlex
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from faisceau.case import folder
from faisceau.case.adding import Added
from faisceau.case.proving import verify
from faisceau.case.running import RunReport
from faisceau.case.values import added_json, run_json
from faisceau.case.workspace import Workspace, utc_now
from faisceau.cli.base import call, one_line, out, print_json
from faisceau.cli.views import (
    print_added,
    print_findings,
    print_run,
    print_verdict,
    progress,
    verdict_json,
)
from faisceau.demo import AGENT, REFERENCE, write_files
from faisceau.errors import CaseError, FaisceauError, Refused, UsageError
from faisceau.mandate.model import today
from faisceau.words import N_, say

MARK = "DEMO.txt"
_MADE_BY = "Made by: faisceau demo"
_MARK_TEXT = f"""\
{_MADE_BY}
A fictional case: everybody in it is invented. The next "faisceau demo" replaces files/, case/ and
the reports here. Un dossier fictif : personne n'y existe. « faisceau demo » le remplacera.
"""
_MADE = ("files", "case", "report.pdf", "report.html")
_TOP = 10
_STRANGER = "A9"
"""An agent whom the mandate does not name, to show a refusal."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What the demo makes in the folder given."""

    into: Path

    @property
    def case(self) -> Path:
        return self.into / "case"

    @property
    def reports(self) -> tuple[Path, ...]:
        return self.into / "report.pdf", self.into / "report.html"


def demonstrate(into: Path) -> None:
    """Build the fictional case in ``into`` and run the whole job on it, telling each step.

    Raises ``UsageError`` when ``into`` holds something else than an earlier demo; ends with exit
    code 1 when the ledger does not verify.
    """
    place, quiet = _Place(into), call().as_json
    _make_room(into)
    files = write_files(into / "files", today(utc_now()))
    _tell(N_("A fictional case in {into}: everybody in it is invented"), into=into)
    desk = Workspace.create(
        place.case, files.mandate.read_bytes(), origin=str(files.mandate), agent=AGENT
    )
    added = _add(desk, files.exhibits)
    ran = _run(desk, place.case)
    findings = desk.findings(top=_TOP)
    if not quiet:
        out().print()
        print_findings(findings, place.case)
        out().print()
    refusal = _refusal(place.case)
    _tell(N_("What a refusal looks like: {refusal}"), refusal=refusal)
    for path in place.reports:
        desk.report(path, lang=call().lang)
        _tell(N_("Report: {path}"), path=path)
    verdict = verify(place.case)
    if quiet:
        print_json(
            {
                "into": into,
                "case": place.case,
                "exhibits": [added_json(one) for one in added],
                "run": run_json(ran),
                "findings": desk.findings_json(top=_TOP),
                "refused": refusal,
                "reports": list(place.reports),
                "ledger": verdict_json(verdict),
            }
        )
    else:
        print_verdict(verdict)
        _what_next(place, findings[0].finding_id[:8] if findings else "ID")
    if not verdict.ok:
        raise click.exceptions.Exit(1)


def _add(desk: Workspace, exhibits: Sequence[Path]) -> list[Added]:
    """Add every file; one that cannot be read ends the demo, for it would show nothing true."""
    done = []
    with progress() as told:
        for added in desk.add(exhibits, progress=told):
            if added.error is not None:
                raise added.error
            done.append(added)
            if not call().as_json:
                print_added(added)
    return done


def _run(desk: Workspace, case: Path) -> RunReport:
    """Run what the mandate allows; an analysis that fails ends the demo."""
    with progress() as told:
        report = desk.run(progress=lambda name: told(name, 0))
    failed = [n.error for n in report.not_run if n.error and not isinstance(n.error, Refused)]
    if failed:
        raise failed[0]
    if not call().as_json:
        print_run(report, case)
    return report


def _refusal(case: Path) -> str:
    """What the case answers to an agent whom its mandate does not designate."""
    stranger = Workspace.open(case, agent=_STRANGER)
    try:
        list(stranger.rows("message", limit=1))
    except Refused as refused:
        return one_line(str(refused))
    raise CaseError(N_("Agent {agent} is not designated and was let in"), agent=_STRANGER)


def _what_next(place: _Place, finding: str) -> None:
    case = shlex.quote(str(place.case))
    lines: tuple[tuple[str, str], ...] = (
        (N_("one finding, with its messages"), f"faisceau show {case} {finding}"),
        (N_("your verdict on it"), f"faisceau review {case} {finding} confirmed --note ..."),
        (N_("what the mandate allows, and why"), f"faisceau mandate explain {case}"),
        (N_("who did what"), f"faisceau ledger show {case}"),
    )
    out().print()
    _tell(N_("Next:"))
    width = max(len(command) for _, command in lines)
    for text, command in lines:
        out().print(f"  {command:<{width}}  # {say(text)}")


def _tell(template: str, /, **facts: Any) -> None:
    if not call().as_json:
        out().print(say(template, **facts))


# ---- the folder ----


def _make_room(into: Path) -> None:
    """An empty place for the demo, marked as one; an earlier demo there is taken away."""
    if into.exists() and not _is_free_or_ours(into):
        raise UsageError(
            N_("{into} holds something that is not a demo: nothing was touched"),
            hint=N_("Choose another folder: faisceau demo --into FOLDER"),
            into=into,
        )
    try:
        _take_away(into)
        into.mkdir(parents=True, exist_ok=True)
        (into / MARK).write_text(_MARK_TEXT, "utf-8")
    except OSError as error:
        raise FaisceauError(
            N_("The demo cannot be made in {into}: {why}"), into=into, why=error.strerror
        ) from error


def _is_free_or_ours(into: Path) -> bool:
    if not into.is_dir():
        return False
    if not any(into.iterdir()):
        return True
    try:
        marked = (into / MARK).read_text("utf-8").startswith(_MADE_BY)
        terms = into / "case" / "evidence" / "mandates" / "001.toml"
        # A person may have put a case of their own in the place of ours.
        ours = REFERENCE in terms.read_text("utf-8") if terms.exists() else True
    except (OSError, UnicodeDecodeError):
        return False
    return marked and ours


def _take_away(into: Path) -> None:
    """Delete what an earlier demo made, and the keys of its case; whatever else is there stays."""
    with suppress(CaseError):  # no case was finished there: there are no keys either
        folder.discard(into / "case")
    for name in _MADE:
        path = into / name
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)
