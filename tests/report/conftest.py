"""What the report's tests share: the invented case, as a fixture."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    """``sample.py`` beside this file."""
    spec = importlib.util.spec_from_file_location(
        "report_sample", Path(__file__).with_name("sample.py")
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
