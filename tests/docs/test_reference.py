"""The reference is what the code says: generated pages are compared with those committed."""

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pages: dict[str, str] = module.pages()
    return pages


@pytest.mark.parametrize(("name", "text"), generated().items(), ids=generated())
def test_page_is_as_generated(name: str, text: str) -> None:
    assert (DOCS / "reference" / name).read_text("utf-8") == text, "run: make docs"
