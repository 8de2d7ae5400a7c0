"""What invented traffic is made of: the plan, the vehicles and their plates, their drives."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from faisceau.demo.roads import Ints

Floats = npt.NDArray[np.float64]
DAY = 86_400
LETTERS = np.array(list("ABCDEFGHJKLMNPQRSTVWXYZ"))


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what. ``jitter_s`` is how steadily a convoy keeps its distance."""

    reads: int = 200_000
    seed: int = 1
    days: int = 30
    cameras: int = 400
    convoys: int = 40
    round_trips: int = 30
    clones: int = 30
    jitter_s: float = 8.0
    colleagues: float = 0.4
    """Share of commuters who leave with somebody."""
    platoons: float = 0.3
    """Share of travellers who share a platoon, as steady as a convoy."""
    missed: float = 0.08
    misread: float = 0.015
    busy_convoys: float = 0.5
    """Share of convoy vehicles that also commute."""
    leg_noise: float = 0.05
    trip_noise: float = 0.08
    coordinates: bool = True


@dataclass(slots=True)
class Trips:
    """Movements (a way through the graph at a time) and who follows each, how far behind."""

    origin: list[Ints] = field(default_factory=list)
    target: list[Ints] = field(default_factory=list)
    depart: list[Floats] = field(default_factory=list)
    speed: list[Floats] = field(default_factory=list)
    vehicle: list[Ints] = field(default_factory=list)
    movement: list[Ints] = field(default_factory=list)
    offset: list[Floats] = field(default_factory=list)
    jitter: list[Floats] = field(default_factory=list)
    movements: int = 0

    def add(self, origin: Ints, target: Ints, depart: Floats, speed: Floats) -> Ints:
        self.origin.append(origin)
        self.target.append(target)
        self.depart.append(depart)
        self.speed.append(speed)
        first = self.movements
        self.movements += len(origin)
        return np.arange(first, self.movements)

    def ride(self, vehicle: Ints, movement: Ints, offset: Floats, jitter: float) -> None:
        self.vehicle.append(vehicle)
        self.movement.append(movement)
        self.offset.append(offset)
        self.jitter.append(np.full(len(vehicle), jitter))

    def drives(self) -> "Drives":
        """All of them, as arrays."""
        names = ("origin", "target", "depart", "speed", "vehicle", "movement", "offset", "jitter")
        return Drives(*(np.concatenate(getattr(self, name)) for name in names))


@dataclass(frozen=True, slots=True)
class Drives:
    """Movements, and rides: which vehicle takes part in which, how far behind, how unsteadily."""

    origin: Ints
    target: Ints
    depart: Floats
    speed: Floats
    vehicle: Ints
    movement: Ints
    offset: Floats
    jitter: Floats

    def of(self, movements: Ints, rides: Ints) -> "Drives":
        """Some movements (sorted), and rides of theirs alone."""
        return Drives(
            origin=self.origin[movements],
            target=self.target[movements],
            depart=self.depart[movements],
            speed=self.speed[movements],
            vehicle=self.vehicle[rides],
            movement=np.searchsorted(movements, self.movement[rides]),
            offset=self.offset[rides],
            jitter=self.jitter[rides],
        )


class Fleet:
    """Vehicles by number; ``names`` gives each its plate (a clone bears that of another)."""

    def __init__(self, chance: np.random.Generator) -> None:
        self.count = 0
        self.bears: dict[int, int] = {}
        self._chance = chance

    def more(self, n: int) -> Ints:
        self.count += n
        return np.arange(self.count - n, self.count)

    def names(self) -> npt.NDArray[np.str_]:
        space = 23**4 * 1000
        step = 179_424_673  # prime to the space: a walk without repetition that looks random
        number = (np.arange(self.count, dtype=np.int64) * step + 12_345) % space
        letters, digits = np.divmod(number, 1000)
        parts = [LETTERS[letters // 23**k % 23] for k in range(4)]
        middle = np.char.zfill(digits.astype(str), 3)
        join = np.char.add
        plates = join(
            join(join(parts[0], parts[1]), join("-", middle)), join("-", join(parts[2], parts[3]))
        )
        foreign = np.arange(self.count) % 13 == 5
        german = join(join(join(parts[0], parts[1]), join("-", parts[2])), join(" ", middle))
        plates = np.where(foreign, german, plates)
        for clone, original in self.bears.items():
            plates[clone] = plates[original]
        return plates
