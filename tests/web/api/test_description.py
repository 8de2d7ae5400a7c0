"""The description of the API, and what a machine finds by it: no server error, ever."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

pytest.importorskip("schemathesis")

from schemathesis import GenerationMode
from schemathesis import openapi as schemas
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    status_code_conformance,
)

from faisceau.case.workspace import Workspace
from faisceau.web.api import PREFIX, openapi
from faisceau.web.server import application
from faisceau.web.settings import Settings

from .conftest import Running, Start
from .test_work import MESSAGES

FEW = 2
MANY = 25


@pytest.fixture
def described(tmp_path: Path) -> dict[str, Any]:
    return openapi(application(Settings(tmp_path), pages=False))


def test_every_operation_is_described_with_an_example(described: dict[str, Any]) -> None:
    assert len(described["paths"]) > 20
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"], where
            good = [a for code, a in operation["responses"].items() if code.startswith("2")]
            assert good, where
            for kind, content in good[0].get("content", {}).items():
                assert "example" in content or kind != "application/json", where
            assert {"401", "403", "404", "409"} <= operation["responses"].keys(), where


def test_no_case_data_goes_into_an_address(described: dict[str, Any]) -> None:
    """What is searched, a condition, a file's name: in bodies alone."""
    asked = {
        parameter["name"]
        for operations in described["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
    }
    assert asked <= {
        *("name", "finding", "exhibit", "seal", "job_id", "upload", "analysis", "status"),
        *("note", "search"),
        *("limit", "offset", "last", "log_only", "entry", "since"),
    }


def fuzzed(running: Running, examples: int) -> None:
    """Ask every operation for what its description allows, and for what it does not."""
    http = running.raw()
    cookie = http.cookies["faisceau"]
    headers = {
        "cookie": f"faisceau={cookie}",
        "x-faisceau-csrf": http.headers["x-faisceau-csrf"],
    }
    assert http.post(f"{PREFIX}/cases/lille/open", json={"reason": "fuzz"}).status_code == 200
    value = http.get(f"{PREFIX}/openapi.json").json()
    del value["paths"][f"{PREFIX}/session"]["delete"]  # the session is needed to the end
    described = schemas.from_dict(value)
    checks = [not_a_server_error, status_code_conformance, content_type_conformance]
    limits = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    session = requests.Session()
    session.trust_env = False  # no proxy stands before the loopback

    def ask(operation: Any, mode: GenerationMode) -> None:
        @limits
        @given(asked=operation.as_strategy(generation_mode=mode))
        def answered(asked: Any) -> None:
            if "{name}" in operation.path:
                asked.path_parameters = {**(asked.path_parameters or {}), "name": "lille"}
            answer = asked.call(base_url=running.url, headers=headers, session=session, timeout=60)
            asked.validate_response(answer, checks=checks)

        with suppress(Unsatisfiable):  # some have nothing to be wrong about
            answered()

    for found in described.get_all_operations():
        for mode in GenerationMode:
            ask(found.ok(), mode)  # type: ignore[union-attr]


@pytest.fixture
def unhurried(case: Path, start: Start, tmp_path: Path) -> Running:
    """A server that lets a session ask as much as it likes, of a case with something in it."""
    (tmp_path / "m.csv").write_text(MESSAGES)
    desk = Workspace.open(case, agent="A1")
    assert [added.error for added in desk.add([tmp_path / "m.csv"], as_table="message")] == [None]
    return start(case.parent, requests=10**6)


def test_no_request_makes_the_server_fail(unhurried: Running) -> None:
    fuzzed(unhurried, FEW)


@pytest.mark.slow
def test_no_request_of_many_makes_the_server_fail(unhurried: Running) -> None:
    fuzzed(unhurried, MANY)
