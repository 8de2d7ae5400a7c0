"""What the tests of containers share: a scratch folder with small limits."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from faisceau.evidence.containers import Limits, Scratch, scratch_in


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    limits = Limits(depth=3, ratio=20, floor=300_000, total=10_000_000, members=50)
    with scratch_in(tmp_path / "scratch", limits) as opened:
        yield opened
