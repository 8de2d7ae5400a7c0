"""FollowTheMoney: valid against the package's own model, nothing dropped by it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from faisceau.report.exports.parties import PSEUDONYM

ACTORS = {"LegalEntity", "Person"}


@pytest.fixture
def entities(exports: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exports.file("ftm").splitlines()]


def validator(name: str) -> str:
    """The package's command, in this environment or in ``FAISCEAU_VALIDATORS``; skips without."""
    folders = os.pathsep.join(filter(None, (os.environ.get("FAISCEAU_VALIDATORS"), os.defpath)))
    found = shutil.which(name) or shutil.which(name, path=folders)
    if found is None:
        pytest.skip(f"{name} is not installed (pip install followthemoney case-utils)")
    return found


@pytest.mark.slow
def test_the_model_s_own_program_keeps_every_value(
    exports: Any, entities: list[dict[str, Any]], tmp_path: Path
) -> None:
    program = validator("ftm")
    path, out = tmp_path / "case.ftm.json", tmp_path / "validated.json"
    path.write_bytes(exports.file("ftm"))
    done = subprocess.run(
        [program, "validate", "-i", str(path), "-o", str(out)],
        capture_output=True,
        text=True,
        check=False,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stderr
    kept = {e["id"]: e for e in map(json.loads, out.read_text("utf-8").splitlines())}
    for entity in entities:
        found = kept[entity["id"]]
        assert found["schema"] == entity["schema"]
        mine = {name: sorted(values) for name, values in entity["properties"].items()}
        assert {name: sorted(values) for name, values in found["properties"].items()} == mine


def test_every_entity_is_there_once_and_every_reference_leads_to_one(
    entities: list[dict[str, Any]],
) -> None:
    by_id = {entity["id"]: entity for entity in entities}
    assert len(by_id) == len(entities)
    pointing = {"Message": ("sender", "recipients"), "Call": ("caller", "receiver")}
    for entity in entities:
        properties = entity["properties"]
        for name in pointing.get(entity["schema"], ()):
            assert {by_id[i]["schema"] for i in properties.get(name, [])} <= ACTORS
        for name in ("subject", "object", "proof", "entity"):
            if entity["schema"] != "Message":
                assert all(i in by_id for i in properties.get(name, []))
        assert all(by_id[i]["schema"] == "Document" for i in properties.get("proof", []))


def test_what_the_model_cannot_do_without_is_there(entities: list[dict[str, Any]]) -> None:
    required = {
        "Message": {"sender", "bodyText"},
        "Document": {"fileName"},
        "LegalEntity": {"name"},
        "Person": {"name"},
        "Event": {"name"},
        "CourtCase": {"name"},
        "UnknownLink": {"subject", "object"},
    }
    for entity in entities:
        assert required.get(entity["schema"], set()) <= set(entity["properties"]), entity


def test_a_message_and_its_sender(entities: list[dict[str, Any]]) -> None:
    [message] = [
        e for e in entities if e["schema"] == "Message" and "vite" in e["properties"]["bodyText"][0]
    ]
    by_id = {entity["id"]: entity for entity in entities}
    [sender] = message["properties"]["sender"]
    assert by_id[sender]["properties"]["phone"] == ["+33612345679"]
    assert message["properties"]["date"] == ["2026-03-04T20:14:05"]
    [proof] = message["properties"]["proof"]
    assert by_id[proof]["schema"] == "Document"


def test_a_pseudonym_is_no_number_and_no_date(entities: list[dict[str, Any]]) -> None:
    hidden = [e for e in entities if PSEUDONYM in json.dumps(e, ensure_ascii=False)]
    assert hidden
    for entity in hidden:
        for name in ("phone", "email", "birthDate"):
            assert PSEUDONYM not in str(entity["properties"].get(name, ""))
