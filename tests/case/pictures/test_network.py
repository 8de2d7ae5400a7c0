"""Who is in touch with whom: neighbours, weights, kinds, communities, masks."""

from pathlib import Path

import igraph
import pytest

from faisceau.case.masking import MARK
from faisceau.case.pictures.drawing import laid_out
from faisceau.case.pictures.network import Network
from faisceau.errors import NotFound, UsageError
from faisceau.testing import Desk, mandate

TALK = """\
app,account,thread_id,sender_id,sender_name,recipients,sent_at,text
sms,,,0611111111,Momo,06 22 22 22 22,2026-09-01T10:00:00Z,a
sms,,,+33622222222,,+33611111111,2026-09-02T10:00:00Z,b
sms,,,+33611111111,Momo,+33633333333,2026-09-02T11:00:00Z,c
signal,,G1,+33644444444,,,2026-09-02T11:00:00Z,in a group
"""
CALLS = "caller,callee,started_at,count\n+33611111111,+33622222222,2026-09-05T08:00:00Z,7\n"


def ties(network: Network) -> dict[tuple[str, str], dict[str, int]]:
    """The ties drawn, by the ends' values."""
    return {(e.a.partition(":")[2], e.b.partition(":")[2]): dict(e.kinds) for e in network.edges}


def test_the_neighbours_of_a_number_are_those_it_wrote_to_and_called(desk: Desk) -> None:
    desk.add("talk.csv", TALK)
    desk.add("calls.csv", CALLS)
    network = desk.workspace().pictures.network
    [momo] = network.find("momo").nodes
    assert momo.label == "Momo (+33611111111)"
    around = network.around([momo.key])
    assert ties(around) == {
        ("+33611111111", "+33622222222"): {"message": 2, "call": 7},
        ("+33611111111", "+33633333333"): {"message": 1},
    }
    assert str(around.edges[0].last)[:10] == "2026-09-05"


def test_ties_are_chosen_by_kind_and_weight(desk: Desk) -> None:
    desk.add("talk.csv", TALK)
    desk.add("calls.csv", CALLS)
    network = desk.workspace().pictures.network
    key = "phone:+33611111111"
    assert len(network.around([key], kinds=["call"]).nodes) == 2
    assert len(network.around([key], least=3).nodes) == 2
    nearest = network.around([key], most=1)
    assert (len(nearest.nodes), nearest.hidden) == (2, 1)
    with pytest.raises(UsageError, match="telepathy"):
        network.around([key], kinds=["telepathy"])


def test_who_writes_to_nobody_named_is_tied_to_the_conversation(desk: Desk) -> None:
    desk.add("talk.csv", TALK)
    around = desk.workspace().pictures.network.around(["phone:+33644444444"])
    assert [node.kind for node in around.nodes] == ["phone", "thread"]


def test_contacts_name_numbers_and_the_mask_of_other_procedures_stays(desk: Desk) -> None:
    desk.add(
        "book.csv",
        "account,name,identifiers,procedure\n"
        "+33611111111,Le Grand,0622222222,\n"
        "+33611111111,Jean Caché,0655555555,PV-OTHER\n",
        as_table="contact",
    )
    around = desk.workspace().pictures.network.around(["phone:+33611111111"])
    labels = sorted(node.label for node in around.nodes)
    assert "Le Grand (+33622222222)" in labels
    assert not any("Caché" in label or "655555555" in label for label in labels)
    assert sum(MARK in label for label in labels) == 1


def test_exhibits_that_hold_the_same_number_are_tied_where_matching_is_allowed(
    desk: Desk,
) -> None:
    desk.add("one.csv", CALLS)
    desk.add("two.csv", CALLS.replace("+33622222222", "+33677777777"))
    untold = desk.workspace().pictures.network.whole().untold
    assert [u.table for u in untold] == ["mention"]  # no authorisation yet
    given = 'authorisations.matching = { reference = "R", date = 2026-09-02 }\n'
    text = mandate().decode()
    where = text.index("[offence]")
    desk.workspace().replace_mandate((text[:where] + given + text[where:]).encode())
    shown = desk.workspace().pictures.network.around(["phone:+33611111111"], kinds=["mention"])
    assert [node.key for node in shown.nodes][1:] == ["exhibit:E1", "exhibit:E2"]
    assert "combination" in {entry.operation for entry in desk.ledger}


def test_a_large_network_is_gathered_by_community_and_each_opens(desk: Desk) -> None:
    lines = []
    for team in range(3):
        names = [f"+3361{team}0000{n:02}" for n in range(12)]
        lines += [f"{a},{b},2026-09-01T10:00:00Z,5" for a in names for b in names if a < b]
    lines.append("+33610000000,+33611000000,2026-09-01T10:00:00Z,1")
    desk.add("calls.csv", "caller,callee,started_at,count\n" + "\n".join(lines) + "\n")
    network = desk.workspace().pictures.network
    assert len(network.whole().nodes) == 36
    summed = network.whole(most=20)
    assert [node.members for node in summed.nodes] == [12, 12, 12]
    assert len(summed.edges) == 1
    inside = network.whole(most=20, within=[1])
    assert len(inside.nodes) == 12
    assert inside.of == 36
    with pytest.raises(NotFound):
        network.whole(most=20, within=[9])


def test_what_was_read_is_kept_until_rows_change(desk: Desk) -> None:
    desk.add("calls.csv", CALLS)
    workspace = desk.workspace()
    network = workspace.pictures.network
    before = network._asked()[0]
    assert network._asked()[0] is before
    desk.add("talk.csv", TALK)
    assert len(network.whole().nodes) > 2


def test_a_drawing_is_the_same_each_time_and_pinned_nodes_stay(desk: Desk) -> None:
    desk.add("talk.csv", TALK)
    whole = desk.workspace().pictures.network.whole()
    places = laid_out(whole)
    assert places == laid_out(whole)
    key = "phone:+33611111111"
    assert laid_out(whole, {key: (250.0, 750.0)})[key] == (250.0, 750.0)


def test_a_view_is_kept_replaced_and_taken_away(desk: Desk) -> None:
    views = desk.workspace().pictures.views
    assert views.listed() == []
    views.save("  first  look ", {"nodes": ["phone:+33611111111"]})
    views.save("first look", {"nodes": []})
    [view] = desk.workspace().pictures.views.listed()
    assert (view.name, view.agent, view.content) == ("first look", "A1", {"nodes": []})
    with pytest.raises(UsageError):
        views.save(" ", {})
    views.remove("first look")
    assert views.listed() == []
    with pytest.raises(NotFound):
        views.remove("first look")
    assert desk.verify().ok


def test_graphml_is_read_by_others_and_its_leaving_is_recorded(desk: Desk, tmp_path: Path) -> None:
    desk.add("talk.csv", TALK.replace("Momo", "<b>Momo & co</b>"))
    pictures = desk.workspace().pictures
    path = tmp_path / "network.graphml"
    path.write_bytes(pictures.exported(pictures.network.whole()))
    graph = igraph.Graph.Read_GraphML(str(path))
    assert "<b>Momo & co</b> (+33611111111)" in graph.vs["label"]
    assert desk.ledger[-1].operation == "disclosure"
