"""What links cost: procedures with 20 mentions each, invented as arrays, put straight in a lake.

``python benchmarks/links_scale.py N`` prints one line for ``links.concordance`` and one for
``links.network``: seconds, those of the processor, and the peak memory of the process.
``benchmarks/links.py --scale`` runs it in a process of its own for each N.

Half of the procedures are of networks of 3 to 9 and bear one to four traces of theirs, one in
twelve copied wrongly; the others know strangers alone. Every procedure has a line, a device, a
person with a document and an address, and calls and contacts, some of which are those of hubs.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.analyses.links import concordance as concordances
from faisceau.analyses.links import network as networks
from faisceau.case.gate import _mint
from faisceau.demo import courier_names as words
from faisceau.mandate.permit import Permit
from faisceau.tables.engine import DuckEngine
from faisceau.tables.lake import Lake, Segment
from faisceau.tables.schemas import CONTACT, MENTION, PERSON, SEIZURE, TRIP
from faisceau.tables.schemas.schema import Schema

Ints = npt.NDArray[np.int64]
TABLES = (MENTION, CONTACT, TRIP, SEIZURE, PERSON)
CONTACTS, CALLS = 8, 6
WRONG = 1 / 12
HUB = 0.15
"""Share of contacts and calls that go to a hub."""


def permit(operation: str) -> Permit:
    columns = {schema.name: None for schema in TABLES}
    made = Permit(operation, "A1", "benchmark", 1, columns=columns)
    _mint(made, True)
    return made


class Procedures:
    """``n`` procedures: who is of which network (-1: of none), and what each bears."""

    def __init__(self, n: int, seed: int = 7) -> None:
        self.n, self.rng = n, np.random.default_rng(seed)
        sizes = self.rng.integers(3, 10, n // 8)
        sizes = sizes[np.cumsum(sizes) <= n // 2]
        network = np.full(n, -1)
        network[: sizes.sum()] = np.repeat(np.arange(len(sizes)), sizes)
        self.network = self.rng.permutation(network)
        self.count = len(sizes)
        several = self.rng.integers(1, 5, n)
        rank = self.rng.random((n, 5)).argsort(axis=1).argsort(axis=1)
        self.bears = (rank < several[:, None]) & (self.network >= 0)[:, None]

    def names(self) -> pa.Array:
        return pc.cast(pa.array(np.arange(self.n) + 1_000_000), pa.string())

    def phones(self, n: int) -> Ints:
        return 600_000_000 + self.rng.integers(0, 200_000_000, n)

    def trace(self, which: int, make: Ints, other: Ints) -> Ints:
        """``other``, but where a procedure bears the trace that its network makes."""
        of_network = make[np.maximum(self.network, 0)]
        wrong = self.rng.random(self.n) < WRONG
        slip = of_network // 10 * 10 + self.rng.integers(0, 10, self.n)
        return np.where(self.bears[:, which], np.where(wrong, slip, of_network), other)

    def hubs(self, numbers: Ints) -> Ints:
        """Some of the numbers are a hub's: few hubs are known to many, many to few."""
        hubs = self.phones(max(20, self.n // 50))
        at = (len(hubs) * self.rng.random(numbers.shape) ** 3).astype(np.int64)
        return np.where(self.rng.random(numbers.shape) < HUB, hubs[at], numbers)

    def people(self, numbers: Ints) -> pa.Array:
        """Names: each number is a person, two in three with a common family name."""
        pools = [name for some in words.FAMILY.values() for name in some]
        given = sorted({name for some in words.GIVEN.values() for name in some})
        parts = words.RARE_PARTS
        wide = [len(part) for part in parts]
        rare = [pa.array(part).take(pa.array((numbers // w) % len(part)))
                for part, w in zip(parts, np.cumprod([1, *wide]), strict=False)]  # fmt: skip
        families = pc.if_else(
            pa.array(numbers % 3 == 0),
            pc.binary_join_element_wise(*rare, ""),
            pa.array(pools).take(pa.array((numbers // 3) % len(pools))),
        )
        first = pa.array(given).take(pa.array((numbers // 97) % len(given)))
        return pc.utf8_lower(pc.binary_join_element_wise(families, first, " "))

    def addresses(self, numbers: Ints) -> pa.Array:
        towns = pa.array([f"{code} {town}" for code, town in words.TOWNS])
        return pc.utf8_lower(
            pc.binary_join_element_wise(
                pc.cast(pa.array(numbers % 400 + 1), pa.string()),
                pa.array(words.STREETS).take(pa.array((numbers // 400) % len(words.STREETS))),
                towns.take(pa.array((numbers // 50_000) % len(towns))),
                pc.cast(pa.array(numbers // 2_000_000), pa.string()),
                " ",
            )
        )


def written(prefix: str, numbers: Ints) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")


def tables(n: int) -> Iterator[tuple[Schema, dict[str, pa.Array]]]:
    """The columns of each part of each table; ``row_id`` and ``procedure`` are given."""
    made = Procedures(n)
    rng, count = made.rng, max(1, made.count)
    refs = pc.binary_join_element_wise("PV-2024-", made.names(), "")
    row = np.arange(n) + (1 << 32)

    def mention(table: str, role: str, kind: str, values: pa.Array, rows: Ints, who: pa.Array):  # type: ignore[no-untyped-def] # noqa: PLR0917
        size = len(values)
        return MENTION, {
            "row_id": pa.array(rows),
            "procedure": who,
            "kind": pa.repeat(kind, size),
            "value": values,
            "table": pa.repeat(table, size),
            "role": pa.repeat(role, size),
            "n": pa.repeat(1, size),
        }

    own = made.phones(n)
    device = made.trace(0, rng.integers(10**13, 10**14, count), rng.integers(10**13, 10**14, n))
    yield mention("handset", "msisdn", "phone", written("+33", own), row, refs)
    yield mention("handset", "imei", "imei", written("3", device), row, refs)
    card = written("2", rng.integers(10**13, 10**14, n))
    yield mention("handset", "imsi", "imsi", card, row, refs)
    drop = made.trace(1, rng.integers(0, 10**8, count), rng.integers(0, 10**8, n))
    names = made.people(rng.integers(0, 10**7, n))
    yield PERSON, {"row_id": pa.array(row), "procedure": refs, "role": pa.repeat("courier", n)}
    yield mention("person", "last_name", "person", names, row, refs)
    yield mention("person", "address", "address", made.addresses(drop), row, refs)
    paper = written("1CV", rng.integers(10**8, 10**9, n))
    yield mention("person", "document_number", "document", paper, row, refs)
    payer = made.people(made.trace(2, rng.integers(0, 10**7, count), rng.integers(0, 10**7, n)))
    seconds = rng.integers(1_700_000_000, 1_760_000_000, n)
    at = pa.array(seconds * 1_000_000, pa.timestamp("us", "UTC"))
    routes = np.array([r[0] for r in words.ROUTES]), np.array([r[1] for r in words.ROUTES])
    route = rng.integers(0, len(words.ROUTES), n)
    yield (
        TRIP,
        {
            "row_id": pa.array(row),
            "procedure": refs,
            "payer": payer,
            "departed_at": at,
            "number": written("TX", route + 100),
            "origin": pa.array(routes[0][route]),
            "destination": pa.array(routes[1][route]),
            "agency": pa.array(words.AGENCIES).take(
                pa.array(rng.integers(0, len(words.AGENCIES), n))
            ),
        },
    )
    yield (
        SEIZURE,
        {
            "row_id": pa.array(row),
            "procedure": refs,
            "seized_at": at,
            "packaging": pa.array(words.PACKAGING).take(
                pa.array(rng.integers(0, len(words.PACKAGING), n))
            ),
        },
    )
    for i in range(CONTACTS):
        numbers = made.hubs(made.phones(n))
        if not i:
            numbers = made.trace(3, made.phones(count), numbers)
        rows = row + i * n
        name = pa.array(words.NICKNAMES[0]).take(pa.array(numbers % len(words.NICKNAMES[0])))
        yield CONTACT, {"row_id": pa.array(rows), "procedure": refs, "name": name}
        yield mention("contact", "identifiers", "phone", written("+33", numbers), rows, refs)
    for i in range(CALLS):
        numbers = made.hubs(made.phones(n))
        if not i:
            numbers = made.trace(4, made.phones(count), numbers)
        yield mention("call", "callee", "phone", written("+33", numbers), row + i * n, refs)


def filled(n: int, folder: Path) -> tuple[Lake, list[Segment]]:
    lake = Lake(folder)
    with lake.writing(permit("add"), "scale") as writer:
        writer.exhibit(1)
        for schema, known in tables(n):
            size = len(known["procedure"])
            given = {**known, "exhibit_id": pa.repeat("E1", size), "source": pa.repeat("x#1", size)}
            columns = [
                given[f.name].cast(f.type) if f.name in given else pa.nulls(size, f.type)
                for f in schema.arrow
            ]
            table = pa.Table.from_arrays(columns, schema=schema.arrow)
            for batch in table.to_batches(max_chunksize=250_000):
                writer.append(schema, batch)
        return lake, writer.finish()


def main() -> None:
    n = int(sys.argv[1])
    only = sys.argv[2:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lake, segments = filled(n, folder)
        rows = sum(segment.rows for segment in segments if segment.table == "mention")
        begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"  {n} procedures, {rows} mentions (filled with {begun:.1f} GB)", flush=True)
        for module, what in ((concordances, "concordance"), (networks, "network")):
            if only and what not in only:
                continue
            function = getattr(module, what)
            selections = [*function.__faisceau__.reads, *function.__faisceau__.reads_if]
            scratch = folder / "scratch"
            start, used = time.perf_counter(), time.process_time()
            with DuckEngine(permit("run"), lake, segments, selections, scratch=scratch) as engine:
                given = [engine.tables[s.schema.name] for s in selections]
                params = function.__faisceau__.params()
                found = sum(1 for _ in function(*given, params, engine))
            took, used = time.perf_counter() - start, time.process_time() - used
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(
                f"    links.{what:12} {found:9} found {took:8.1f} s ({used:.1f} s of processor) "
                f"{peak:5.1f} GB at most",
                flush=True,
            )


if __name__ == "__main__":
    main()
