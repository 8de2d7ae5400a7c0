"""What every test finds: the desk, and where the real files are."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["faisceau.testing"]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files that nobody here wrote; skips where it is absent."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FAISCEAU_SHARED", beside))
    if not folder.is_dir():
        pytest.skip("the real files (../shared/data) are not on this machine")
    return folder
