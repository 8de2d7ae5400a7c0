"""Invented procedures of couriers stopped one by one, and the networks hidden behind them.

Each procedure is one courier with a telephone, a journey and a seizure. Half of them carry for a
network of 3 to 9 and bear one to four of its traces: a recruiter's or logistics contact's number,
a payer of tickets, a device that changed cards, a receiving address, a marking, an account. One
trace in twelve is copied wrongly. Around them stands what strangers share: taxis, hotlines,
flights, agencies, hotels, default packaging, common names, shops, and now and then an
acquaintance. Everything comes from one seed; nobody here exists.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import numpy as np
from stdnum import luhn

from faisceau.demo import courier_names as words
from faisceau.tables.schemas import TABLES

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 730
T = TypeVar("T")
Cells = dict[str, object]
Route = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what."""

    procedures: int = 400
    seed: int = 1
    members: tuple[int, int] = (3, 9)
    traces: tuple[int, int] = (1, 4)
    wrong: float = 1 / 12
    acquaintances: float = 0.12
    """Share of procedures that know somebody whom a stranger knows too."""
    own_traces: tuple[int, int] = (4, 6)
    """Traces that a network has, of which each member bears some."""
    shops: int = 30
    """Businesses of the quarter that stand in many address books."""
    rare_names: float = 0.35
    """Share of persons whose family name is borne by hardly anybody else."""
    lookalikes: float = 0.03
    """Share of procedures whose payer or recipient bears the name of another's by chance."""


@dataclass(frozen=True, slots=True)
class Couriers:
    """Rows of the native tables, and the truth: the network of each procedure, or None."""

    tables: dict[str, list[Cells]]
    truth: dict[str, int | None]

    def csv(self, table: str) -> str:
        """One table as a native CSV."""
        rows = self.tables[table]
        columns = [c for c in TABLES[table].fillable if any(c in row for row in rows)]
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()


@dataclass(slots=True)
class _Network:
    """What the members of one network may bear."""

    community: str
    route: int
    first_day: int
    traces: dict[str, object] = field(default_factory=dict)


class _Maker:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rng = np.random.default_rng(plan.seed)
        self.tables: dict[str, list[Cells]] = {
            name: [] for name in ("person", "trip", "seizure", "handset", "contact", "call")
        }
        self.hubs = [(f"Taxi {i}", self.phone(i % 3)) for i in range(12)]
        self.hubs += [("Air France", "+33969390002"), ("Air Caraïbes", "+33820835835")]
        self.shops = [(f"Shop {i}", self.phone(0)) for i in range(plan.shops)]
        self.hotels = [self.address() for _ in range(14)]
        self.strangers: dict[int, list[tuple[str, str, str]]] = {}

    # ---- draws ----

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def one(self, items: Sequence[T]) -> T:
        return items[int(self.rng.integers(len(items)))]

    def common(self, items: Sequence[T]) -> T:
        """One of them, the first far more often."""
        n = len(items)
        rank = int(n * self.rng.random() ** 2.5)
        return items[min(rank, n - 1)]

    def digits(self, n: int) -> str:
        return "".join(map(str, self.rng.integers(0, 10, n)))

    def phone(self, kind: int | None = None) -> str:
        kind = int(self.rng.integers(7)) if kind is None else kind
        make: list[Callable[[], str]] = [
            lambda: f"+336{int(self.rng.integers(10, 90))}{self.digits(6)}",
            lambda: f"+337{int(self.rng.integers(50, 80))}{self.digits(6)}",
            lambda: f"+5946942{self.digits(5)}",
            lambda: f"+5978{int(self.rng.integers(1, 9))}{self.digits(5)}",
            lambda: f"+55969{int(self.rng.integers(80, 99))}{self.digits(6)}",
            lambda: f"+5093{int(self.rng.integers(1, 9))}{self.digits(6)}",
            lambda: f"+2126{int(self.rng.integers(10, 79))}{self.digits(6)}",
        ]
        return make[kind]()

    def written(self, phone: str) -> str:
        """A number as somebody writes it."""
        if phone.startswith("+33") and self.chance(0.5):
            return "0" + phone[3:]
        return phone if self.chance(0.7) else "00" + phone[1:]

    def community(self) -> str:
        names = list(words.WEIGHTS)
        return names[int(self.rng.choice(len(names), p=list(words.WEIGHTS.values())))]

    def name(self, community: str) -> tuple[str, str]:
        if self.chance(self.plan.rare_names):
            family = "".join(self.one(part) for part in words.RARE_PARTS)
        else:
            family = self.common(words.FAMILY[community])
        return family, self.common(words.GIVEN[community])

    def address(self) -> str:
        number, kind = int(self.rng.integers(1, 180)), self.one(words.STREET_KINDS)
        code, town = self.one(words.TOWNS)
        return f"{number} {kind} {self.one(words.STREETS)}, {code} {town}"

    def spelt(self, address: str) -> str:
        """The same address as another officer writes it."""
        if self.chance(0.4):
            for long, short in words.SHORT.items():
                address = address.replace(f" {long} ", f" {short} ")
        if self.chance(0.3):
            address = address.upper()
        return address.replace(",", "") if self.chance(0.3) else address

    def imei(self) -> str:
        body = self.one(["35690211", "35824005", "86712304", "35332811"]) + self.digits(6)
        return body + str(luhn.calc_check_digit(body))

    def nickname(self) -> str:
        return f"{self.one(words.NICKNAMES[0])} {self.one(words.NICKNAMES[1])}"

    # ---- copied wrongly ----

    def copied(self, text: str) -> str:
        """The trace as the procedure has it: one in twelve is wrong."""
        if not self.chance(self.plan.wrong):
            return text
        digits = [i for i, c in enumerate(text) if c.isdigit() and i > 3]
        if text.lstrip("+").isdigit() or (digits and self.chance(0.3)):
            return self._digits_wrong(text, digits)
        return self.one([self._typo, self._transliterated])(text)

    def _digits_wrong(self, text: str, places: list[int]) -> str:
        cells = list(text)
        swaps = [i for i in places if i + 1 in places and cells[i] != cells[i + 1]]
        if swaps and self.chance(0.5):
            i = self.one(swaps)
            cells[i], cells[i + 1] = cells[i + 1], cells[i]
        else:
            i = self.one(places or [len(cells) - 1])
            cells[i] = self.one([d for d in "0123456789" if d != cells[i]])
        return "".join(cells)

    def _typo(self, text: str) -> str:
        places = [i for i, c in enumerate(text) if c.isalpha() and 0 < i < len(text) - 1]
        i = self.one(places or [0])
        return self.one(
            [
                text[:i] + text[i + 1 :],
                text[:i] + text[i] * 2 + text[i + 1 :],
                text[:i] + text[i + 1] + text[i] + text[i + 2 :],
                text[:i] + self.one("aeiourstln") + text[i + 1 :],
            ]
        )

    def _transliterated(self, text: str) -> str:
        pairs = [("ou", "u"), ("ch", "sh"), ("y", "i"), ("ss", "s"), ("ph", "f"), ("k", "c")]
        pairs += [("i", "y"), ("u", "ou"), ("c", "k"), ("s", "z"), ("e", "é"), ("o", "ou")]
        fitting = [p for p in pairs if p[0] in text[1:]]
        if not fitting:
            return self._typo(text)
        old, new = self.one(fitting)
        return text[0] + text[1:].replace(old, new, 1)

    # ---- networks ----

    def network(self) -> _Network:
        community = self.community()
        made = _Network(
            community, int(self.rng.integers(len(words.ROUTES))), int(self.rng.integers(DAYS - 150))
        )
        makers: dict[str, Callable[[], object]] = {
            "recruiter": self.phone,
            "logistics": self.phone,
            "payer": lambda: " ".join(reversed(self.name(community))),
            "device": self.imei,
            "drop": self.address,
            "marking": lambda: " ".join(self.one(part) for part in words.MARK_WORDS),
            "email": lambda: (
                f"{self.nickname().replace(' ', '.').lower()}{self.digits(3)}@mail.com"
            ),
        }
        kinds, (low, high) = list(makers), self.plan.own_traces
        for i in self.rng.permutation(len(kinds))[: int(self.rng.integers(low, high + 1))]:
            made.traces[kinds[i]] = makers[kinds[i]]()
        return made

    def borne(self, network: _Network) -> dict[str, str]:
        """One to four traces of the network, as this procedure has them."""
        low, high = self.plan.traces
        kinds = sorted(network.traces)
        n = min(len(kinds), int(self.rng.integers(low, high + 1)))
        chosen = [kinds[i] for i in self.rng.permutation(len(kinds))[:n]]
        return {kind: self.copied(str(network.traces[kind])) for kind in chosen}

    # ---- one procedure ----

    def procedure(self, ref: str, number: int, network: _Network | None) -> None:
        community = network.community if network and self.chance(0.8) else self.community()
        day = int(self.rng.integers(DAYS))
        route = words.ROUTES[int(self.rng.integers(len(words.ROUTES)))]
        if network is not None:
            day = network.first_day + int(self.rng.integers(150))
            route = words.ROUTES[network.route] if self.chance(0.8) else route
        borne = self.borne(network) if network else {}
        at = START + timedelta(days=day, hours=int(self.rng.integers(24)))
        who = f"{ref}-P1"
        own = self.phone()
        self._people(ref, who, own, community, borne)
        self._journey(ref, who, at, route, community, borne)
        self._seizure(ref, who, at, route, borne)
        imei = borne.get("device") or self.imei()
        self._row(
            "handset", ref, imei=imei, msisdn=self.written(own), imsi="20801" + self.digits(10)
        )
        self._telephone(ref, number, own, at, borne)

    def _row(self, table: str, procedure: str, **cells: object) -> None:
        self.tables[table].append({"procedure": procedure, **cells})

    def _people(self, ref: str, who: str, own: str, community: str, borne: dict[str, str]) -> None:
        family, given = self.name(community)
        born = START - timedelta(days=int(self.rng.integers(18 * 365, 55 * 365)))
        self._row(
            "person",
            ref,
            ref=who,
            role="courier",
            last_name=family.upper(),
            first_names=given,
            birth_date=born.date().isoformat(),
            document_number=self.digits(2) + "CV" + self.digits(5),
            phone=self.written(own),
            email=borne.get("email", ""),
            address=self.spelt(self.one(self.hotels) if self.chance(0.3) else self.address()),
        )
        if "drop" in borne or self.chance(0.35):
            family, given = self.name(self.community())
            where = borne.get("drop") or (
                self.one(self.hotels) if self.chance(0.3) else self.address()
            )
            self._row(
                "person",
                ref,
                ref=f"{ref}-P2",
                role="recipient",
                last_name=family,
                first_names=given,
                address=self.spelt(where),
            )

    def _journey(  # noqa: PLR0917
        self,
        ref: str,
        who: str,
        at: datetime,
        route: Route,
        community: str,
        borne: dict[str, str],
    ) -> None:
        payer = borne.get("payer", "")
        if not payer and self.chance(0.5):
            payer = " ".join(reversed(self.name(community)))
        origin, destination, carrier, number = route
        self._row(
            "trip",
            ref,
            person_ref=who,
            carrier=carrier,
            number=number,
            departed_at=at.replace(hour=18, minute=10).isoformat(),
            origin=origin,
            destination=destination,
            booking_ref="".join(self.one("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(6)),
            booked_at=(at - timedelta(days=int(self.rng.integers(1, 9)))).isoformat(),
            agency=self.common(words.AGENCIES),
            payer=payer,
            ticket_price=int(self.rng.integers(350, 1400)),
            seat=f"{int(self.rng.integers(10, 45))}{self.one('ABCDEFGHJK')}",
        )

    def _seizure(
        self,
        ref: str,
        who: str,
        at: datetime,
        route: Route,
        borne: dict[str, str],
    ) -> None:
        marking = borne.get("marking", "")
        if not marking and self.chance(0.25):
            marking = self.one(words.MARKINGS)
        self._row(
            "seizure",
            ref,
            person_ref=who,
            seized_at=(at + timedelta(hours=9)).isoformat(),
            place=route[1],
            product="cocaïne",
            quantity_g=int(self.rng.integers(300, 4000)),
            packaging=self.common(words.PACKAGING),
            marking=marking,
            concealment=self.common(words.CONCEALMENT),
        )

    def _telephone(
        self, ref: str, number: int, own: str, at: datetime, borne: dict[str, str]
    ) -> None:
        book: list[tuple[str, str]] = []
        called: list[str] = []
        for kind in ("recruiter", "logistics"):
            if kind in borne:
                if self.chance(0.75):
                    book.append((self.nickname(), borne[kind]))
                if not book or book[-1][1] != borne[kind] or self.chance(0.5):
                    called += [borne[kind]] * int(self.rng.integers(1, 5))
        for name, phone, how in self.strangers.get(number, ()):
            if how == "call":
                called.append(phone)
            else:
                book.append((name, phone))
        book += [self.common(self.hubs) for _ in range(int(self.rng.integers(0, 3)))]
        book += [self.one(self.shops) for _ in range(int(self.rng.integers(0, 2)))]
        book += [(self.one(words.KIN), self.phone()) for _ in range(int(self.rng.integers(2, 6)))]
        book += [(self.nickname(), self.phone()) for _ in range(int(self.rng.integers(1, 5)))]
        for name, phone in dict.fromkeys(book):
            self._row("contact", ref, account=own, name=name, identifiers=self.written(phone))
        called += [self.one(book)[1] for _ in range(int(self.rng.integers(3, 8)))]
        called += [self.common(self.hubs)[1] for _ in range(int(self.rng.integers(0, 3)))]
        called += [self.phone() for _ in range(int(self.rng.integers(1, 6)))]
        for other in called:
            when = at - timedelta(minutes=int(self.rng.integers(60, 20_000)))
            ends = (own, other) if self.chance(0.6) else (other, own)
            self._row(
                "call",
                ref,
                caller=ends[0],
                callee=ends[1],
                started_at=when.isoformat(),
                duration_s=int(self.rng.integers(2, 600)),
                kind="voice",
            )

    # ---- everything ----

    def strange_ties(self) -> None:
        """Who knows somebody whom a stranger knows too."""
        n = self.plan.procedures
        for _ in range(int(n * self.plan.acquaintances / 2)):
            phone, name = self.phone(), self.nickname()
            for number in self.rng.choice(n, 2 if self.chance(0.8) else 3, replace=False):
                shown = name if self.chance(0.5) else self.nickname()
                how = "call" if self.chance(0.3) else "book"
                self.strangers.setdefault(int(number), []).append((shown, phone, how))

    def look_alike(self) -> None:
        """Payers and markings that strangers share by chance."""
        trips, goods = self.tables["trip"], self.tables["seizure"]
        for _ in range(int(self.plan.procedures * self.plan.lookalikes / 2)):
            a, b = self.rng.choice(len(trips), 2, replace=False)
            if trips[a]["payer"] and not trips[b]["payer"]:
                trips[b]["payer"] = trips[a]["payer"]
            a, b = self.rng.choice(len(goods), 2, replace=False)
            if goods[a]["marking"] and not goods[b]["marking"]:
                goods[b]["marking"] = goods[a]["marking"]


def couriers(plan: Plan | None = None) -> Couriers:
    """Make the procedures. The same plan gives the same rows."""
    plan = plan or Plan()
    maker = _Maker(plan)
    n = plan.procedures
    membership: list[int | None] = []
    networks: list[_Network] = []
    while len(membership) < n // 2:
        size = min(int(maker.rng.integers(plan.members[0], plan.members[1] + 1)), n)
        membership += [len(networks)] * size
        networks.append(maker.network())
    membership += [None] * (n - len(membership))
    order = maker.rng.permutation(len(membership))
    maker.strange_ties()
    truth: dict[str, int | None] = {}
    for number, i in enumerate(order.tolist()):
        ref = f"PV-{2024 + number % 2}-{number:06d}"
        mine = membership[i]
        truth[ref] = mine
        maker.procedure(ref, number, None if mine is None else networks[mine])
    maker.look_alike()
    return Couriers(maker.tables, truth)
