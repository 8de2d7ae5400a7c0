"""GraphML and CSV: the same entities and links, read back by other programs."""

import csv
import io
import re
import tempfile
from pathlib import Path
from typing import Any

import igraph
import pytest

from faisceau.case.masking import MARK
from faisceau.report.exports import FORMATS
from faisceau.report.exports.parties import PSEUDONYM


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.fixture
def graph(exports: Any) -> igraph.Graph:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.graphml"
        path.write_bytes(exports.file("graphml"))
        return igraph.Graph.Read_GraphML(str(path))


def test_igraph_reads_the_graph_back_as_the_tables_have_it(
    exports: Any, graph: igraph.Graph
) -> None:
    files = exports.files("csv")
    entities, links = read(files["entities.csv"]), read(files["links.csv"])
    assert set(graph.vs["id"]) == {f"n{e['entity_id']}" for e in entities}
    assert (graph.vcount(), graph.ecount()) == (len(entities), len(links))
    assert graph.is_directed()
    assert graph["checkpoint_root"] == "ab" * 32
    strengths = {e["link_id"]: e["strength"] for e in links}
    for edge in graph.es:
        strength = strengths[edge["link_id"]]
        assert strength == "" or float(strength) == pytest.approx(edge["strength"])


def test_every_link_has_both_ends_and_every_id_is_its_own(exports: Any) -> None:
    files = exports.files("csv")
    entities, links = read(files["entities.csv"]), read(files["links.csv"])
    ids = [e["entity_id"] for e in entities]
    assert len(ids) == len(set(ids))
    assert len(links) == len({link["link_id"] for link in links})
    assert {link[end] for link in links for end in ("from", "to")} <= set(ids)


def test_a_number_is_one_entity_however_it_is_written(exports: Any) -> None:
    files = exports.files("csv")
    entities, links = read(files["entities.csv"]), read(files["links.csv"])
    [caller] = [e for e in entities if (e["type"], e["value"]) == ("phone", "+33612345679")]
    assert "Kamel V." in caller["names"]
    roles = {link["type"] for link in links if caller["entity_id"] in (link["from"], link["to"])}
    assert {"sender_id", "caller", "identifiers", "phone", "about", "message", "call"} <= roles
    [call] = [link for link in links if link["type"] == "call"]
    assert (call["from"], call["strength"]) == (caller["entity_id"], "3")
    assert call["date"] == "2026-03-04T20:14:05.250000Z"


def test_a_row_says_where_it_stands(exports: Any) -> None:
    [read_] = [e for e in read(exports.files("csv")["entities.csv"]) if e["type"] == "plate_read"]
    assert (read_["exhibit"], read_["sha256"]) == ("E1", "ef" * 32)
    assert read_["source"].startswith("export.csv#line ")
    assert int(read_["row_id"]) >> 32 == 1
    assert (read_["plate"], read_["camera_id"]) == ("AB-123-CD", "A6")
    assert read_["findings"] == "0f" * 10


def test_money_goes_from_the_payer_s_account_to_the_other(exports: Any) -> None:
    files = exports.files("csv")
    value = {e["entity_id"]: e["value"] for e in read(files["entities.csv"])}
    [paid] = [link for link in read(files["links.csv"]) if link["type"] == "payment"]
    assert value[paid["from"]].startswith("FR14")
    assert value[paid["to"]].startswith("DE89")


def test_a_finding_carries_its_reasons_even_those_that_speak_against(exports: Any) -> None:
    files = exports.files("csv")
    [finding] = [e for e in read(files["entities.csv"]) if e["type"] == "finding"]
    assert "Talk of a restaurant [-0.80]" in finding["reasons"]
    assert "A1 confirmed lu" in finding["reviews"]
    weights = {r["strength"] for r in read(files["links.csv"]) if r["type"] == "rests on"}
    assert weights == {"2.5", "-0.8"}


def test_a_pseudonym_is_no_number_whatever_its_digits_look_like(exports: Any) -> None:
    assert PSEUDONYM == MARK
    entities = read(exports.files("csv")["entities.csv"])
    assert [e["type"] for e in entities if e["value"] == "⁂0612345679"] == ["phone"]


@pytest.mark.parametrize("to", sorted(FORMATS))
def test_the_same_case_gives_the_same_bytes(exports: Any, to: str) -> None:
    assert exports.files(to) == exports.files(to)


@pytest.mark.parametrize("to", sorted(FORMATS))
def test_ids_link_no_two_cases(exports: Any, to: str) -> None:
    made = re.compile(rb"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12,}")
    here, there = (
        {one for content in exports.files(to, secret).values() for one in made.findall(content)}
        for secret in (b"one", b"two")
    )
    given = {b"ab" * 32, b"cd" * 32, b"ef" * 32, b"01" * 32, b"0f" * 10}
    assert len(here) > 50
    shared = {one for one in here & there if not any(one in known for known in given)}
    assert shared <= {b"f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"}
