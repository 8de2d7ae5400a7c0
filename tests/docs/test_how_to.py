"""The how-to pages are followed as written: their files are put in place and their tests run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
BLOCK = re.compile(r"^`([\w/.]+\.py)`:\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

CONFTEST = """\
import {package}

{package}.__path__.append({folder!r})
pytest_plugins = ["faisceau.testing"]
"""


@pytest.mark.parametrize("page", ["add-a-reader.md", "add-an-analysis.md"])
def test_page_works_as_written(page: str, tmp_path: Path) -> None:
    blocks = dict(BLOCK.findall((HOW_TO / page).read_text("utf-8")))
    [plugin] = [path for path in blocks if path.startswith("src/")]
    [test] = [path for path in blocks if path.startswith("tests/")]
    folder = tmp_path / "plugin"
    folder.mkdir()
    (folder / Path(plugin).name).write_text(blocks[plugin], "utf-8")
    (tmp_path / Path(test).name).write_text(blocks[test], "utf-8")
    package = ".".join(Path(plugin).parent.parts[1:])
    (tmp_path / "conftest.py").write_text(CONFTEST.format(package=package, folder=str(folder)))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "COVERAGE_PROCESS_START": ""},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
