"""Sets of procedures that differ in kind from those the links were tuned on (``demo.couriers``).

Three worlds, each with networks of 3 to 9 couriers among as many again who are isolated, one to
four traces each, one trace in twelve copied wrongly, and coincidences everywhere:

- ``harbour``: telephones. Recruiters in address books, devices passed on, taxis and a hotel's desk
  known to many, strangers who know one person. Errors: a digit swapped or lost, a prefix lost.
- ``counter``: papers. Few telephones; payers, recipients, addresses, booking references, mail
  addresses and documents. Errors: a letter dropped, names in another order, accents.
- ``airwaves``: calls alone. Numbers met in calls, short books, marks on goods, call centres that
  call everybody, relatives of two who are strangers to one another.

``python benchmarks/links_worlds.py [--sizes 100 400 2000] [--seeds N]`` prints, for each, links and
networks beside exact matching of identifiers with connected components.
"""

import argparse
import itertools
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))  # this folder is a package, run as a script or not

from faisceau.demo import courier_names as words
from faisceau.demo.couriers import Cells, Couriers

T = TypeVar("T")
START = datetime(2025, 1, 1, tzinfo=UTC)
WRONG = 1 / 12
RATE = 0.03
"""The rate of false links up to which one is reported."""
TABLES = ("person", "trip", "seizure", "handset", "contact", "call")
LABELS = ("Ti Jo", "Le Grand", "Chef", "Kapitein", "Patrão", "Vye", "Oncle", "Zed", "Nena", "Blada",
          "Gros Louis", "Boss Pari", "Tonton Fred", "M. Paul", "La Dame", "Kito")  # fmt: skip
KIN = ("Maman", "Papa", "Mi lobi", "Frè mwen", "Tata", "Mãe", "Bébé", "Sissi")


class World:
    """One set of procedures in the making."""

    def __init__(self, n: int, seed: int) -> None:
        self.n, self.rng = n, np.random.default_rng(seed)
        self.tables: dict[str, list[Cells]] = {name: [] for name in TABLES}
        self.truth: dict[str, int | None] = {}

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def upto(self, low: int, high: int) -> int:
        """From ``low`` to ``high``, both included."""
        return int(self.rng.integers(low, high + 1))

    def one(self, items: Sequence[T]) -> T:
        return items[int(self.rng.integers(len(items)))]

    def digits(self, n: int) -> str:
        return "".join(map(str, self.rng.integers(0, 10, n)))

    def phone(self) -> str:
        start = self.one(["+3361", "+3362", "+3375", "+5946942", "+5946944", "+59785", "+55919"])
        return start + self.digits({5: 7, 6: 6, 8: 5}[len(start)] if start != "+55919" else 8)

    def imei(self) -> str:
        body = self.one(["35693803", "86891104", "35407115"]) + self.digits(6)
        total = sum(sum(divmod(int(d) * (2 if i % 2 else 1), 10)) for i, d in enumerate(body))
        return body + str(-total % 10)

    def mail(self) -> str:
        return f"{self.letters(7)}{self.digits(2)}@{self.one(['mail.com', 'post.fr', 'inbox.sr'])}"

    def letters(self, n: int) -> str:
        return "".join(self.one("abcdeghiklmnoprstuvz") for _ in range(n))

    def person(self) -> tuple[str, str]:
        community = self.one([*words.FAMILY])
        family = self.one(words.FAMILY[community])
        if self.chance(0.5):
            family = self.letters(3).capitalize() + self.one(
                ["ville", "son", "adou", "eira", "ier"]
            )
        return family, self.one(words.GIVEN[community])

    def address(self) -> str:
        code, town = self.one(words.TOWNS)
        street = f"{self.one(words.STREET_KINDS)} {self.one(words.STREETS)}"
        return f"{self.upto(1, 140)} {street}, {code} {town}"

    def reference(self) -> str:
        return "".join(self.one("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(6))

    # ---- copied wrongly ----

    def copied(self, text: str) -> str:
        """One in twelve is wrong."""
        if not self.chance(WRONG):
            return text
        if sum(c.isdigit() for c in text) > len(text) / 2:
            return self.one([self._swapped, self._lost_digit, self._without_prefix])(text)
        return self.one([self._dropped, self._dropped, self._turned])(text)

    def _swapped(self, text: str) -> str:
        i = self.upto(len(text) // 2, len(text) - 2)
        return text[:i] + text[i + 1] + text[i] + text[i + 2 :]

    def _lost_digit(self, text: str) -> str:
        i = self.upto(len(text) // 2, len(text) - 1)
        return text[:i] + text[i + 1 :]

    def _without_prefix(self, text: str) -> str:
        for prefix in ("+33", "+594", "+597", "+55"):
            if text.startswith(prefix):
                return text[len(prefix) :]
        return self._swapped(text)

    def _dropped(self, text: str) -> str:
        i = self.one([i for i, c in enumerate(text) if c.isalpha() and i > 0] or [0])
        return text[:i] + text[i + 1 :]

    def _turned(self, text: str) -> str:
        parts = text.split(" ")
        return " ".join(reversed(parts)) if len(parts) == 2 else self._dropped(text)

    # ---- rows ----

    def row(self, table: str, procedure: str, **cells: object) -> None:
        self.tables[table].append({"procedure": procedure, **cells})

    def call(self, ref: str, own: str, other: str, at: datetime) -> None:
        ends = (own, other) if self.chance(0.5) else (other, own)
        when = at - timedelta(minutes=self.upto(30, 30_000))
        self.row("call", ref, caller=ends[0], callee=ends[1], started_at=when.isoformat(),
                 duration_s=self.upto(1, 900), kind="voice")  # fmt: skip

    def journey(self, ref: str, at: datetime, route: int, **cells: object) -> None:
        origin, destination, carrier, number = words.ROUTES[route % len(words.ROUTES)]
        self.row("trip", ref, person_ref=f"{ref}-1", carrier=carrier, number=number,
                 departed_at=at.replace(hour=17, minute=40).isoformat(), origin=origin,
                 destination=destination, **cells)  # fmt: skip

    def goods(self, ref: str, at: datetime, marking: str = "") -> None:
        self.row("seizure", ref, person_ref=f"{ref}-1", product="cocaïne", marking=marking,
                 seized_at=(at + timedelta(hours=8)).isoformat(),
                 quantity_g=self.upto(200, 3000), packaging=self.one(words.PACKAGING),
                 concealment=self.one(words.CONCEALMENT))  # fmt: skip

    def courier(self, ref: str, own: str, **cells: object) -> None:
        family, given = self.person()
        born = START - timedelta(days=self.upto(18 * 365, 50 * 365))
        self.row("person", ref, ref=f"{ref}-1", role="courier", last_name=family,
                 first_names=given, birth_date=born.date().isoformat(), phone=own,
                 **cells)  # fmt: skip

    def fill(
        self,
        makers: dict[str, Callable[[], str]],
        own: tuple[int, int],
        tell: Callable[[str, datetime, int, dict[str, str], int], None],
    ) -> Couriers:
        """Networks with some traces each; every procedure told by ``tell``: its reference, day,
        route, what it bears of its network, its number."""
        networks: list[int | None] = []
        traces: list[dict[str, str]] = []
        while len(networks) < self.n // 2:
            networks += [len(traces)] * self.upto(3, 9)
            kinds = self.rng.permutation(list(makers))[: self.upto(*own)]
            traces.append({str(kind): makers[kind]() for kind in kinds})
        networks += [None] * (self.n - len(networks))
        season = [(self.upto(0, 500), self.upto(0, 99)) for _ in traces]
        for number, i in enumerate(self.rng.permutation(len(networks)).tolist()):
            ref, network = f"PV-2025-{number:05d}", networks[i]
            self.truth[ref] = network
            day, route, borne = self.upto(0, 650), self.upto(0, 99), {}
            if network is not None:
                first, way = season[network]
                day, route = first + self.upto(0, 150), way if self.chance(0.7) else route
                had = traces[network]
                some = self.rng.permutation([*had])[: min(self.upto(1, 4), len(had))]
                borne = {str(kind): self.copied(had[kind]) for kind in sorted(some)}
            tell(ref, START + timedelta(days=day, hours=12), route, borne, number)
        return Couriers(self.tables, self.truth)

    def acquaintances(self, share: float, make: Callable[[], str]) -> dict[int, list[str]]:
        """Whom two strangers know: by number of procedure."""
        known: dict[int, list[str]] = {}
        for _ in range(round(self.n * share / 2)):
            value = make()
            for i in self.rng.choice(self.n, 2 if self.chance(0.75) else 3, replace=False).tolist():
                known.setdefault(i, []).append(value)
        return known


def harbour(n: int, seed: int) -> Couriers:
    """Telephones."""
    world = World(n, seed)
    taxis = [(f"Taxi {world.one(LABELS)}", world.phone()) for _ in range(6)]
    desks = [("Hotel Ket Tai", world.phone()), ("Réception", world.phone())]
    hotels = [world.address() for _ in range(5)]
    friends = world.acquaintances(0.08, world.phone)
    label = {phone: world.one(LABELS) for some in friends.values() for phone in some}

    def tell(ref: str, at: datetime, route: int, borne: dict[str, str], number: int) -> None:
        own = world.phone()
        where = world.one(hotels) if world.chance(0.25) else world.address()
        world.courier(ref, own, address=where, document_number=world.reference() + world.digits(3))
        world.journey(ref, at, route, booking_ref=world.reference())
        world.goods(ref, at)
        world.row("handset", ref, msisdn=own, imei=borne.get("device") or world.imei(),
                  imsi="20801" + world.digits(10))  # fmt: skip
        book = [(world.one(LABELS), borne[k]) for k in ("recruiter", "second") if k in borne]
        for phone in friends.get(number, []):
            book.append((label[phone] if world.chance(0.6) else world.one(LABELS), phone))
        book += [world.one(taxis) for _ in range(world.upto(0, 2))]
        book += [world.one(desks)] if world.chance(0.2) else []
        book += [(world.one(KIN), world.phone()) for _ in range(world.upto(3, 9))]
        for name, phone in dict.fromkeys(book):
            world.row("contact", ref, account=own, name=name, identifiers=phone)
        called = [world.one(book)[1] for _ in range(world.upto(2, 8))] + [world.phone()]
        if "driver" in borne:
            called += [borne["driver"]] * world.upto(1, 3)
        for other in called:
            world.call(ref, own, other, at)

    makers = {"recruiter": world.phone, "second": world.phone, "driver": world.phone,
              "device": world.imei}  # fmt: skip
    return world.fill(makers, (2, 4), tell)


def counter(n: int, seed: int) -> Couriers:
    """Papers."""
    world = World(n, seed)
    hotels = [world.address() for _ in range(8)]
    landlords = world.acquaintances(0.07, world.address)

    def name() -> str:
        return " ".join(world.person())

    def paper() -> str:
        return world.digits(2) + world.reference()

    def tell(ref: str, at: datetime, route: int, borne: dict[str, str], number: int) -> None:
        own = world.phone()
        where = world.one(hotels) if world.chance(0.2) else world.address()
        where = landlords.get(number, [where])[0]
        world.courier(ref, own, address=where, email=borne.get("mail", world.mail()),
                      document_number=borne.get("paper") or paper())  # fmt: skip
        if "drop" in borne or "recipient" in borne or world.chance(0.4):
            family, _, given = borne.get("recipient", name()).rpartition(" ")
            world.row("person", ref, ref=f"{ref}-2", role="recipient", last_name=family,
                      first_names=given, address=borne.get("drop", world.address()))  # fmt: skip
        payer = borne.get("payer") or (name() if world.chance(0.6) else "")
        world.journey(ref, at, route, booking_ref=borne.get("booking", world.reference()),
                      payer=payer, agency=world.one(words.AGENCIES))  # fmt: skip
        world.goods(ref, at, world.one(words.MARKINGS) if world.chance(0.2) else "")
        world.row("handset", ref, msisdn=own, imei=world.imei())
        for _ in range(world.upto(0, 3)):
            world.row("contact", ref, account=own, name=world.one(KIN), identifiers=world.phone())

    makers: dict[str, Callable[[], str]] = {
        "payer": name, "recipient": name, "drop": world.address, "mail": world.mail,
        "booking": world.reference, "paper": paper,
    }  # fmt: skip
    return world.fill(makers, (3, 5), tell)


def airwaves(n: int, seed: int) -> Couriers:
    """Calls alone."""
    world = World(n, seed)
    centres = [world.phone() for _ in range(10)]
    relatives = world.acquaintances(0.10, world.phone)

    def tell(ref: str, at: datetime, route: int, borne: dict[str, str], number: int) -> None:
        own = world.phone()
        world.courier(ref, own)
        world.journey(ref, at, route, payer=borne.get("payer", ""))
        marked = borne.get("mark") or (world.one(words.MARKINGS) if world.chance(0.3) else "")
        world.goods(ref, at, marked)
        world.row("handset", ref, msisdn=own, imei=borne.get("device") or world.imei())
        called = [world.phone() for _ in range(world.upto(4, 15))]
        called += [world.one(centres) for _ in range(world.upto(0, 3))]
        called += relatives.get(number, [])
        for kind in ("organiser", "lookout"):
            called += [borne[kind]] * world.upto(1, 6) if kind in borne else []
        for other in called:
            world.call(ref, own, other, at)
        if "organiser" in borne and world.chance(0.4):
            world.row("contact", ref, account=own, name=world.one(LABELS),
                      identifiers=borne["organiser"])  # fmt: skip

    makers: dict[str, Callable[[], str]] = {
        "organiser": world.phone, "lookout": world.phone, "device": world.imei,
        "mark": lambda: f"{world.letters(5)} {world.upto(2, 99)}",
        "payer": lambda: " ".join(world.person()),
    }  # fmt: skip
    return world.fill(makers, (2, 4), tell)


WORLDS = {"harbour": harbour, "counter": counter, "airwaves": airwaves}


def main() -> None:
    from benchmarks.links import b_cubed, exact, filled, joined, read, true_pairs

    from faisceau.analyses.links.network import NetworkParams, clusters

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 400, 2000])
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ.setdefault("FAISCEAU_HOME", f"{name}/keys")
        for world, size in itertools.product(WORLDS, options.sizes):
            told = np.zeros(8)
            for seed in range(1, options.seeds + 1):
                made = WORLDS[world](size, seed)
                known = read(filled(Path(name) / f"{world}-{size}-{seed}", made, quiet=True))
                true, names = true_pairs(made.truth), known.traits.procedures
                kept = np.flatnonzero(known.rate <= RATE)
                ends = known.weighed.pairs.a[kept], known.weighed.pairs.b[kept]
                said = {(names[a], names[b]) for a, b in zip(*map(list, ends), strict=True)}
                plain, groups = exact(known), clusters(known, NetworkParams().doubt)
                group = {names[i]: str(g) for i, g in enumerate(groups.tolist())}
                told += (
                    len(said), len(said & true), known.rate[kept].sum(), len(true),
                    b_cubed(made.truth, group), len(plain), len(plain & true),
                    b_cubed(made.truth, joined(plain)),
                )  # fmt: skip
            links, right, stated, true_links, f1, by_name, right_by_name, plain_f1 = told
            print(
                f"{world:9} {size:6} procedures: precision {right / links:.3f}, recall "
                f"{right / true_links:.3f}, F1 {f1 / options.seeds:.3f}; false: stated "
                f"{100 * stated / links:.2f} %, true {100 - 100 * right / links:.2f} %; exact: "
                f"{right_by_name / by_name:.3f}, {right_by_name / true_links:.3f}, "
                f"{plain_f1 / options.seeds:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
