"""Exporting: findings and the rows they rest on, handed to other programs, masked as everywhere.

What goes: findings that stand, those of kind ``ai`` once a person confirmed them, with their
reasons and reviews, and the rows cited, in batches. The file is written beside its place and moved
there whole; the ledger keeps its format, hash and recipient.
"""

import hashlib
import hmac
import json
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import ibis
import pyarrow as pa

from faisceau.case import reporting
from faisceau.case.masking import Mask
from faisceau.errors import FaisceauError, UsageError
from faisceau.evidence.exhibit import Exhibit
from faisceau.findings.model import Finding, Kind, Reason, Review, Status, Subject
from faisceau.mandate.model import Mandate
from faisceau.report.exports import FORMATS
from faisceau.report.exports.model import ExportData, Members, Observation
from faisceau.report.model import FindingCard, Proof
from faisceau.tables.engines import LakeEngine
from faisceau.tables.identifiers import normalise
from faisceau.tables.lake import STORED
from faisceau.tables.schemas import MENTION, TABLES
from faisceau.tables.schemas.schema import Schema
from faisceau.words import N_

ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""The time of every file in an archive: the same case gives the same bytes."""
SHORTEST = 3
"""Characters below which a hidden value is not sought inside a sentence: it would hit words."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What one export wrote: ``sha256`` of the file (of a folder: of its sorted manifest)."""

    path: Path
    format: str
    sha256: str
    findings: int
    rows: int
    held_back: int


def format_named(name: str) -> str:
    """The format, when there is one of that name. Raises ``UsageError``."""
    if name not in FORMATS:
        raise UsageError(
            N_("There is no export format {format}"),
            hint=N_("There are: {known}"),
            format=name,
            known=list(FORMATS),
        )
    return name


def export(
    engine: LakeEngine,
    output: Path,
    to: str,
    *,
    findings: Sequence[Finding],
    reviews: Iterable[Review],
    exhibits: Sequence[Exhibit],
    mandate: Mandate,
    proof: Proof,
    mask: Mask,
    secret: bytes,
) -> tuple[Exported, list[str]]:
    """Write the export; returns what was written and the ids of the findings in it.

    Raises ``FaisceauError`` when ``output`` cannot be written: nothing is left there then.
    """
    stand = [f for f in findings if f.status not in (Status.SUPERSEDED, Status.WITHDRAWN)]
    going = [f for f in stand if established(f)]
    rows = _Rows(engine, mask, going)
    by_finding: dict[str, list[Review]] = {}
    for review in reviews:
        by_finding.setdefault(review.finding_id, []).append(review)
    veil = rows.veil()
    data = ExportData(
        software=reporting.software(),
        reference=mandate.reference,
        proof=proof,
        exhibits=tuple(reporting.exhibit_card(e, mandate) for e in exhibits),
        findings=tuple(
            FindingCard(veil.finding(f), reviews=tuple(by_finding.get(f.finding_id, ())))
            for f in going
        ),
        rows=rows,
        key=_keyed(secret),
        held_back=len(stand) - len(going),
    )
    sha256 = write(FORMATS[to](data), output)
    ids = [finding.finding_id for finding in going]
    return Exported(output, to, sha256, len(ids), rows.count, data.held_back), ids


def established(finding: Finding) -> bool:
    """False for a finding of kind ``ai`` that no person confirmed (design, section 4)."""
    return finding.kind is not Kind.AI or finding.status is Status.CONFIRMED


def _keyed(secret: bytes) -> Any:
    def key(*parts: str) -> str:
        message = json.dumps(["export", *parts], ensure_ascii=False).encode("utf-8", "replace")
        return hmac.new(secret, message, hashlib.sha256).hexdigest()

    return key


class _Rows:
    """The rows that findings cite, masked, streamed anew at each call."""

    def __init__(self, engine: LakeEngine, mask: Mask, findings: Iterable[Finding]) -> None:
        self._engine = engine
        self._mask = mask
        cited: dict[str, set[int]] = {}
        for finding in findings:
            for reason in finding.reasons:
                for table, ids in reason.by_table().items():
                    cited.setdefault(table, set()).update(ids)
        self._cited = {t: sorted(cited[t]) for t in sorted(cited) if t in engine.tables}
        self.count = 0

    def __call__(self) -> Iterator[Observation]:
        count = 0
        for table in self._cited:
            for _, batch in self._batches(table):
                for values in batch.to_pylist():
                    count += 1
                    yield Observation(
                        table, values["row_id"], values["exhibit_id"], values["source"], values
                    )
        self.count = count

    def _batches(self, table: str) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
        """Each batch as it is, and masked."""
        ids = self._cited[table]
        wanted = ibis.memtable({"row_id": ids}, schema={"row_id": "int64"})
        stored = self._engine.tables[table].semi_join(wanted, "row_id").order_by("row_id")
        for batch in self._engine.batches(stored):
            yield batch, masked(self._mask, STORED[table], batch)

    def veil(self) -> "Veil":
        """What hides in sentences the identities that the mask hides in the rows cited."""
        hidden: dict[str, str] = {}
        seen: set[str] = set()
        for table in self._cited:
            names = _identities(STORED[table])
            for batch, shown in self._batches(table):
                if shown is batch:
                    for name in names:
                        seen.update(_texts(STORED[table], name, batch[name]))
                    continue
                for name in names:
                    for raw, kept in zip(batch[name], shown[name], strict=True):
                        texts = _texts(STORED[table], name, [raw])
                        if raw.as_py() == kept.as_py():
                            seen.update(texts)
                        else:
                            hidden.update((text, self._mask.of(text)) for text in texts)
        return Veil({text: by for text, by in hidden.items() if text not in seen})


def masked(mask: Mask, schema: Schema, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch masked; a mention is masked where the column it was found in is."""
    if schema is not MENTION:
        return mask.batch(schema, batch)
    values = [
        mask.values(
            TABLES[row["table"]], {"procedure": row["procedure"], row["role"]: row["value"]}
        ).get(row["role"], row["value"])
        if row["table"] in TABLES
        else row["value"]
        for row in batch.to_pylist()
    ]
    if values == batch["value"].to_pylist():
        return batch
    place = batch.schema.get_field_index("value")
    return batch.set_column(place, batch.schema.field(place), pa.array(values, pa.string()))


def _identities(schema: Schema) -> list[str]:
    if schema is MENTION:
        return ["value"]
    return [column.name for column in schema if column.identity]


def _texts(schema: Schema, name: str, cells: Iterable[Any]) -> Iterator[str]:
    """The values of a column as sentences may have them: as written, and in normal form."""
    kind = schema.columns[name].mention
    for cell in cells:
        value = cell.as_py()
        for one in value if isinstance(value, list) else [value]:
            if one in (None, ""):
                continue
            yield str(one)
            found = normalise(kind, str(one)) if kind else None
            if found is not None:
                yield found.value


class Veil:
    """Hides, in what findings say, the identities hidden in the rows they rest on."""

    def __init__(self, hidden: Mapping[str, str]) -> None:
        self._hidden = hidden
        sought = sorted((t for t in hidden if len(t) >= SHORTEST), key=lambda t: (-len(t), t))
        words = "|".join(map(re.escape, sought))
        self._words = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if sought else None

    def finding(self, finding: Finding) -> Finding:
        """The finding, the same when nothing in it is hidden."""
        if not self._hidden:
            return finding
        lead = replace(
            finding.lead,
            subjects=[
                Subject(s.type, self._of(s.value), self._of(s.label)) for s in finding.subjects
            ],
            facts=self._of(finding.lead.facts),
            reasons=[self._reason(reason) for reason in finding.reasons],
        )
        return replace(finding, lead=lead)

    def _reason(self, reason: Reason) -> Reason:
        return replace(reason, facts=self._of(reason.facts))

    def _of(self, value: Any) -> Any:
        if isinstance(value, str):
            if value in self._hidden:
                return self._hidden[value]
            return self._words.sub(lambda m: self._hidden[m[0]], value) if self._words else value
        if isinstance(value, Mapping):
            return {name: self._of(one) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._of(one) for one in value]
        return value


# ---- the file ----


def write(members: Members, output: Path) -> str:
    """Write the files of an export to ``output``, whole or not at all; returns its SHA-256.

    One file goes there as it is; several go into a zip archive when ``output`` ends in ``.zip``,
    else into a new folder of that name. Raises ``UsageError`` for a folder that is not empty,
    ``FaisceauError`` when it cannot be written.
    """
    if output.is_dir() and any(output.iterdir()):
        raise UsageError(N_("The folder {path} is not empty"), path=output)
    part = output.with_name(f".{output.name}.part")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            digest = _write(members, output, part)
            if output.is_dir():
                output.rmdir()
            part.replace(output)
        finally:
            if part.is_dir():
                shutil.rmtree(part, ignore_errors=True)
            else:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise FaisceauError(
            N_("{path} cannot be written: {why}"), path=output, why=error.strerror or str(error)
        ) from error
    return digest


def _write(members: Members, output: Path, part: Path) -> str:
    if output.suffix.casefold() == ".zip":
        with part.open("wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, pieces in members:
                info = zipfile.ZipInfo(f"export{name}" if _alone(name) else name, ZIP_TIME)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = 0o644 << 16
                info.create_system = 3
                with archive.open(info, "w", force_zip64=True) as member:
                    _pour(pieces, member)
        return _sha256(part)
    manifest: list[str] = []
    for name, pieces in members:
        if _alone(name):
            with part.open("wb") as file:
                return _pour(pieces, file)
        part.mkdir(exist_ok=True)
        with (part / name).open("wb") as file:
            manifest.append(f"{_pour(pieces, file)}  {name}\n")
    return hashlib.sha256("".join(sorted(manifest)).encode()).hexdigest()


def _alone(name: str) -> bool:
    """True when the file is the whole export, which then takes the name it was asked under."""
    return name.startswith(".")


def _pour(pieces: Iterator[bytes], file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        file.write(piece)
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
