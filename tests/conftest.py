"""What every test finds: the desk, where the real files are, a real Spark Connect server."""

import os
import sys
from collections.abc import Iterator
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


@pytest.fixture(scope="session")
def sail() -> Iterator[str]:
    """The address of a Sail server that runs as long as the tests do."""
    from pysail.spark import SparkConnectServer

    main = sys.modules["__main__"]
    if main.__spec__ is None and not hasattr(main, "__file__"):
        main.__file__ = __file__  # pyspark would take a worker of xdist for its doctests
    server = SparkConnectServer("127.0.0.1", 0)  # port 0: a free one
    server.start(background=True)
    address = server.listening_address
    assert address is not None
    yield "sc://{}:{}".format(*address)
    server.stop()
