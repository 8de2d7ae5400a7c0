"""CASE/UCO: conforms to the ontology's shapes, under the community's own validator."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from faisceau.report.exports.parties import PSEUDONYM


@pytest.fixture
def graph(exports: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(exports.file("case"))["@graph"]
    return found


def of_type(graph: list[dict[str, Any]], type_: str) -> list[dict[str, Any]]:
    return [made for made in graph if made["@type"] == type_]


@pytest.mark.slow
def test_it_conforms_to_the_shapes(exports: Any, tmp_path: Path) -> None:
    folders = os.pathsep.join(filter(None, (os.environ.get("FAISCEAU_VALIDATORS"), os.defpath)))
    program = shutil.which("case_validate") or shutil.which("case_validate", path=folders)
    if program is None:
        pytest.skip("case_validate is not installed (pip install case-utils)")
    path = tmp_path / "case.jsonld"
    path.write_bytes(exports.file("case"))
    done = subprocess.run(
        [program, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stdout[:3000] + done.stderr[-1000:]
    assert "Conforms: True" in done.stdout
    assert "unknown" not in done.stderr.casefold(), done.stderr  # no type that CASE does not have


def test_every_object_is_there_once_and_every_reference_leads_to_one(
    graph: list[dict[str, Any]],
) -> None:
    names: list[str] = []
    used: set[str] = set()

    def walk(value: Any, top: bool = False) -> None:
        if isinstance(value, dict):
            if set(value) == {"@id"}:
                used.add(value["@id"])
            elif "@id" in value:
                names.append(value["@id"])
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(graph)
    assert len(names) == len(set(names))
    assert used <= set(names)


def test_an_exhibit_has_its_hash_and_its_number(graph: list[dict[str, Any]]) -> None:
    [first, _second] = of_type(graph, "uco-observable:File")
    [content] = [f for f in first["uco-core:hasFacet"] if "uco-observable:hash" in f]
    value = content["uco-observable:hash"]["uco-types:hashValue"]
    assert value == {"@type": "xsd:hexBinary", "@value": "ef" * 32}
    records = of_type(graph, "case-investigation:ProvenanceRecord")
    assert [r["case-investigation:exhibitNumber"] for r in records] == ["E1", "E2"]


def test_a_message_goes_from_one_account_to_another(graph: list[dict[str, Any]]) -> None:
    by_id = {made["@id"]: made for made in graph}
    [facet] = [
        facet
        for message in of_type(graph, "uco-observable:Message")
        for facet in message["uco-core:hasFacet"]
        if "vite" in facet.get("uco-observable:messageText", "")
    ]
    [sender], [recipient] = facet["uco-observable:from"], facet["uco-observable:to"]
    assert by_id[sender["@id"]]["uco-core:name"] == "+33612345679"
    assert by_id[recipient["@id"]]["uco-core:name"] == "+33612345678"
    assert facet["uco-observable:sentTime"]["@value"] == "2026-03-04T20:14:05.250000Z"


def test_a_finding_states_its_reasons_on_its_rows(graph: list[dict[str, Any]]) -> None:
    [finding] = of_type(graph, "uco-core:Annotation")
    assert finding["uco-core:name"] == "Talk of deliveries"
    assert len(finding["uco-core:statement"]) == 2
    rows = {made["@id"] for made in graph if made["@id"].startswith("kb:row-")}
    assert rows <= {about["@id"] for about in finding["uco-core:object"]}


def test_a_pseudonym_is_no_birth_date(graph: list[dict[str, Any]]) -> None:
    text = json.dumps(graph, ensure_ascii=False)
    assert PSEUDONYM in text
    assert f'"xsd:dateTime", "@value": "{PSEUDONYM}' not in text
