"""The peers of ``plates.py``: the same questions to plain DuckDB, pandas, MovingPandas, PostgreSQL.

Each is asked on the same reads, and says why where it cannot be.
"""

import csv
import io
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np

FRAME_READS = 2_500_000
"""Reads beyond which pandas is not asked: its table of pairs would not fit."""
SELF_JOIN = """
WITH t AS (SELECT plate, camera_id, epoch(read_at)::BIGINT AS s FROM read_parquet({files})),
     r AS (SELECT *, s // 180 AS slot FROM t),
     b AS (SELECT plate, camera_id, s, unnest([slot - 1, slot, slot + 1]) AS slot FROM r)
SELECT a.plate, b.plate, count(DISTINCT a.camera_id) AS n
FROM r a JOIN b USING (camera_id, slot)
WHERE a.plate < b.plate AND abs(a.s - b.s) <= 180
GROUP BY ALL HAVING n >= 4
"""


def self_join(files: Sequence[Path], limit_s: float, scratch: Path) -> float | None:
    """Seconds of the plain self-join by time buckets (pairs that share four cameras) in DuckDB;
    None when it was stopped after ``limit_s``, or found no room."""
    with duckdb.connect() as connection:
        connection.execute(
            "SET threads=2; SET memory_limit='6GB'; SET max_temp_directory_size='60GB'"
        )
        connection.execute(f"SET temp_directory='{scratch}'")
        timer = threading.Timer(limit_s, connection.interrupt)
        timer.start()
        begin = time.perf_counter()
        try:
            connection.execute(SELF_JOIN.format(files=[str(f) for f in files])).to_arrow_table()
        except duckdb.Error as error:
            after = time.perf_counter() - begin
            why = str(error).splitlines()[0][:60]
            print(f"    plain self-join: stopped after {after:.0f} s ({why})", flush=True)
            return None
        finally:
            timer.cancel()
        return time.perf_counter() - begin


def frames(files: Sequence[Path], plates: Sequence[str]) -> None:
    """The self-join (within a time bucket alone, so an easier one) and one plate, in pandas."""
    with duckdb.connect() as connection:
        chosen = "SELECT plate, camera_id, read_at, latitude, longitude FROM read_parquet({})"
        frame = connection.execute(chosen.format([str(f) for f in files])).df()
    took = []
    for plate in plates:
        begin = time.perf_counter()
        frame[frame["plate"] == plate]
        took.append(time.perf_counter() - begin)
    print(f"    pandas, one plate (p50): {np.median(took) * 1000:.1f} ms", flush=True)
    begin = time.perf_counter()
    frame["slot"] = frame["read_at"].astype("int64") // 180_000_000
    near = frame.merge(frame, on=["camera_id", "slot"], suffixes=("", "2"))
    near = near[near["plate"] < near["plate2"]]
    near.groupby(["plate", "plate2"])["camera_id"].nunique()
    print(f"    pandas, pairs of one bucket: {time.perf_counter() - begin:.1f} s", flush=True)
    try:
        import movingpandas
    except ImportError:
        print("    MovingPandas: not installed here", flush=True)
        return
    begin = time.perf_counter()
    movingpandas.TrajectoryCollection(frame, "plate", t="read_at", x="longitude", y="latitude")
    print(f"    MovingPandas, trajectories alone: {time.perf_counter() - begin:.1f} s", flush=True)


@contextmanager
def _server(folder: Path) -> Iterator[list[str]]:
    """A PostgreSQL server of its own on a socket in ``folder``; the words that start a client."""
    pg_ctl, initdb = shutil.which("pg_ctl"), shutil.which("initdb")
    if not (pg_ctl and initdb and shutil.which("psql")):
        raise FileNotFoundError("pg_ctl, initdb or psql is not on the path")
    user = "nobody" if os.geteuid() == 0 else None  # the server refuses to be root
    folder.chmod(0o777)
    data = folder / "data"
    data.mkdir()
    if user is not None:
        os.chown(data, pwd.getpwnam(user).pw_uid, -1)
    settings = (
        f"-k {folder} -c listen_addresses='' -c shared_buffers=1GB -c maintenance_work_mem=1GB "
        "-c fsync=off -c max_wal_size=8GB"
    )

    def run(*words: str) -> None:
        subprocess.run(
            words, user=user, cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL
        )

    run(initdb, "-D", str(data), "-U", "bench", "--auth=trust", "--no-sync", "-E", "UTF8")
    log = str(folder / "log")
    run(pg_ctl, "-D", str(data), "-l", log, "-w", "-o", settings, "start")
    try:
        yield ["psql", "-h", str(folder), "-U", "bench", "-d", "postgres", "-X", "-q"]
    finally:
        run(pg_ctl, "-D", str(data), "-m", "immediate", "stop")


def postgresql(files: Sequence[Path], plates: Sequence[str]) -> None:
    """Load and index the reads, then one plate's history, as its own client times it."""
    with tempfile.TemporaryDirectory() as name:
        try:
            with _server(Path(name)) as psql:
                _postgresql(psql, files, plates)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"    PostgreSQL: does not start here ({str(error)[:100]})", flush=True)


def _postgresql(psql: list[str], files: Sequence[Path], plates: Sequence[str]) -> None:
    begin = time.perf_counter()
    table = "CREATE UNLOGGED TABLE r (plate text, camera_id text, read_at timestamptz)"
    subprocess.run([*psql, "-c", table], check=True)
    rows = 0
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone='UTC'; SET threads=1")
        client = subprocess.Popen(
            [*psql, "-c", "COPY r FROM STDIN (FORMAT csv)"], stdin=subprocess.PIPE
        )
        assert client.stdin is not None
        for file in files:
            reader = connection.execute(
                f"SELECT plate, camera_id, read_at::VARCHAR FROM read_parquet('{file}')"
            )
            while some := reader.fetchmany(50_000):
                text = io.StringIO()
                csv.writer(text).writerows(some)
                client.stdin.write(text.getvalue().encode())
                rows += len(some)
        client.stdin.close()
        if client.wait():
            raise OSError("COPY failed")
    copied = time.perf_counter() - begin
    subprocess.run([*psql, "-c", "CREATE INDEX ON r (plate, read_at); ANALYZE r"], check=True)
    indexed = time.perf_counter() - begin - copied
    print(f"    PostgreSQL: {rows / copied:.0f} reads/s, index {indexed:.1f} s", flush=True)
    asked = "".join(f"SELECT * FROM r WHERE plate = '{p}' ORDER BY read_at;\n" for p in plates)
    said = subprocess.run(
        [*psql, "-o", os.devnull],
        input="\\timing on\n" + asked,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    took = [float(line.split()[1]) for line in said.splitlines() if line.startswith("Time:")]
    print(f"    PostgreSQL, one plate by its index (p50): {np.median(took):.2f} ms", flush=True)
