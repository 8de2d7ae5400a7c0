"""The law as data: Cedar policies with their annotations, from the package or from a service.

Language: https://docs.cedarpolicy.com/. Annotations of a policy: ``@id``, ``@source``,
``@message``, ``@message_fr``, ``@valid_from``, ``@verified_on``; where it helps ``@source_fr``,
``@valid_to``, ``@successor`` and ``@level("warning")``: a ``forbid`` that warns and forbids
nothing. Messages and sources may hold placeholders such as ``{agent}`` or ``{ends}``.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import cedarpy

from faisceau.errors import MandateError
from faisceau.words import N_

EXAMPLES = frozenset({"strict.cedar"})
"""Files that the package ships and does not load by itself."""

STALE_AFTER = timedelta(days=365)
"""A policy that nobody compared with its source for twelve months warns."""

FOLDER_VARIABLE = "FAISCEAU_POLICIES"

_REQUIRED = ("id", "source", "message", "message_fr", "valid_from", "verified_on")
_OPTIONAL = ("source_fr", "valid_to", "successor", "level")


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy: its annotations, and its Cedar form (JSON, without annotations)."""

    id: str
    file: str
    effect: str
    source: str
    message: str
    message_fr: str
    valid_from: date
    verified_on: date
    body: str
    source_fr: str = ""
    valid_to: date | None = None
    successor: str = ""
    warns: bool = False

    def counts(self, day: date) -> bool:
        """True from ``valid_from`` to ``valid_to``, both included."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def stale(self, day: date) -> bool:
        """True when it was last verified more than twelve months before ``day``."""
        return day - self.verified_on > STALE_AFTER


@dataclass(frozen=True, slots=True, eq=False)
class Policies:
    """A set of policies; ``digest`` (sha256 of their files) is its version."""

    policies: tuple[Policy, ...]
    digest: str = ""

    def __iter__(self) -> Iterator[Policy]:
        return iter(self.policies)

    def __getitem__(self, policy_id: str) -> Policy:
        return {policy.id: policy for policy in self.policies}[policy_id]

    def without(self, policy_id: str) -> "Policies":
        """The same set less one policy: what would it decide?"""
        left = tuple(policy for policy in self.policies if policy.id != policy_id)
        return replace(self, policies=left, digest="")

    def stale(self, day: date) -> list[Policy]:
        """Those in force on ``day`` that nobody verified for twelve months."""
        return [policy for policy in self.policies if policy.counts(day) and policy.stale(day)]


def load_policies(folders: Iterable[Path | str] | None = None) -> Policies:
    """The package's policies and those of ``folders`` (folders or ``.cedar`` files).

    ``None`` takes the folders from ``$FAISCEAU_POLICIES`` (several as in ``$PATH``). A file
    replaces the one of the same name that came before it; other files add. Raises
    ``MandateError`` for a policy that is not Cedar, lacks an annotation, bears an id twice, or
    does not fit the schema.
    """
    texts: dict[str, str] = {}
    for entry in (files("faisceau.mandate") / "policies").iterdir():
        if entry.name.endswith(".cedar") and entry.name not in EXAMPLES:
            texts[entry.name] = entry.read_text("utf-8")
    if folders is None:
        folders = [part for part in os.environ.get(FOLDER_VARIABLE, "").split(os.pathsep) if part]
    extra = [path for folder in folders for path in _cedar_files(Path(folder))]
    for path in extra:
        texts[path.name] = _text(path)
    found = [policy for name, text in sorted(texts.items()) for policy in _read(name, text)]
    _no_double(found)
    if extra:
        _fit_schema(texts)
    digest = hashlib.sha256()
    for name, text in sorted(texts.items()):
        digest.update(f"{name}\0{len(text)}\0{text}".encode())
    return Policies(tuple(found), digest.hexdigest())


def default_policies() -> Policies:
    """The package's policies and those of ``$FAISCEAU_POLICIES``, read once for each value."""
    return _default(os.environ.get(FOLDER_VARIABLE, ""))


@lru_cache(maxsize=8)
def _default(folders: str) -> Policies:
    return load_policies([part for part in folders.split(os.pathsep) if part])


@lru_cache(maxsize=1)
def schema_text() -> str:
    """The Cedar schema that every policy must fit."""
    return (files("faisceau.mandate") / "policies" / "faisceau.cedarschema").read_text("utf-8")


@lru_cache(maxsize=1)
def schema() -> Any:
    """The same, parsed."""
    return cedarpy.Schema.from_str(schema_text())


@lru_cache(maxsize=32)
def compiled(policies: Policies, day: date, *, warnings: bool) -> Any:
    """The policies that count on ``day``, parsed; ``warnings`` picks those that only warn."""
    counted = [p for p in policies if p.warns is warnings and p.counts(day)]
    static = {policy.id: json.loads(policy.body) for policy in counted}
    whole = {"templates": {}, "staticPolicies": static, "templateLinks": []}
    return cedarpy.PolicySet.from_json_str(json.dumps(whole))


def _cedar_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise MandateError(
            N_("No policies at {path}"),
            hint=N_("Point {variable} to a folder of .cedar files"),
            path=path,
            variable=FOLDER_VARIABLE,
        )
    return sorted(path.glob("*.cedar"))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MandateError(
            N_("{path} cannot be read: {reason}"),
            hint=N_("Save the policies as UTF-8 text that you may read"),
            path=path,
            reason=error,
        ) from error


def _read(name: str, text: str) -> Iterator[Policy]:
    try:
        whole = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        raise MandateError(
            N_("{file} is not Cedar: {reason}"),
            hint=N_("Mend the policy; https://docs.cedarpolicy.com/ has the grammar"),
            file=name,
            reason=str(error).partition("\n")[0],
        ) from error
    if whole["templates"] or whole["templateLinks"]:
        raise MandateError(
            N_("{file} holds a policy template"),
            hint=N_("Write policies without ?principal and ?resource"),
            file=name,
        )
    # Cedar numbers policies; what counts here is the id that people gave them.
    for body in whole["staticPolicies"].values():
        yield _policy(name, body)


def _policy(file: str, body: dict[str, Any]) -> Policy:
    said = body.pop("annotations", {})
    for key in _REQUIRED:
        if not said.get(key):
            raise MandateError(
                N_("{file}: a policy ({name}) lacks @{key}"),
                hint=N_("Every policy bears {required}"),
                file=file,
                name=said.get("id") or body["effect"],
                key=key,
                required=[f"@{key}" for key in _REQUIRED],
            )
    warns = said.get("level") == "warning"
    known = {*_REQUIRED, *_OPTIONAL}
    if not said.keys() <= known or (warns and body["effect"] != "forbid"):
        raise MandateError(
            N_("{file}: policy {name} has an annotation that says nothing: {unknown}"),
            hint=N_("Annotations known: {known}; only a forbid may have @level"),
            file=file,
            name=said["id"],
            unknown=sorted(said.keys() - known) or ["level"],
            known=sorted(known),
        )
    return Policy(
        id=said["id"],
        file=file,
        effect=body["effect"],
        source=said["source"],
        message=said["message"],
        message_fr=said["message_fr"],
        valid_from=_day(file, said, "valid_from"),
        verified_on=_day(file, said, "verified_on"),
        body=json.dumps(body),
        source_fr=said.get("source_fr") or "",
        valid_to=_day(file, said, "valid_to") if said.get("valid_to") else None,
        successor=said.get("successor") or "",
        warns=warns,
    )


def _day(file: str, said: dict[str, str], key: str) -> date:
    try:
        return date.fromisoformat(said[key])
    except ValueError as error:
        raise MandateError(
            N_("{file}: policy {name} has @{key} {value}, which is no day"),
            hint=N_('Write it as @{key}("2026-09-01")'),
            file=file,
            name=said["id"],
            key=key,
            value=said[key],
        ) from error


def _no_double(policies: list[Policy]) -> None:
    seen: dict[str, str] = {}
    for policy in policies:
        if policy.id in seen:
            raise MandateError(
                N_("Policy {name} stands in {first} and in {second}"),
                hint=N_("Give each policy its own @id, or replace the whole file by its name"),
                name=policy.id,
                first=seen[policy.id],
                second=policy.file,
            )
        seen[policy.id] = policy.file


def _fit_schema(texts: dict[str, str]) -> None:
    """Refuse a policy that the schema does not bear: Cedar would skip it, even a forbid."""
    for name, text in texts.items():
        result = cedarpy.validate_policies(text, schema_text())
        if not result.validation_passed:
            raise MandateError(
                N_("{file} does not fit the schema: {reason}"),
                hint=N_("The schema is faisceau.cedarschema, beside the policies of the package"),
                file=name,
                reason=str(result.errors[0]),
            )
