"""合成人口: a city of people drawn from the profile's distributions. Pure, seeded, vectorised.

The same ``CityData``, size, day and seed give the same city, person by person (``digest``).
Identity numbers are valid by GB 11643 but use the topmost sequence codes of each birth day and
address code, which are hardly ever issued, so that they very rarely meet a real person's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quancheng.capabilities.people.families import Families, compose
from quancheng.capabilities.people.naming import Naming

Ints = NDArray[np.int64]
Strings = NDArray[np.str_]
MALE, FEMALE = 1, 2
_WEIGHTS = np.array([pow(2, 17 - i, 11) for i in range(17)])
_CHECK = np.array(list("10X98765432"))
PHONE_PREFIX = "199"


@dataclass(frozen=True, slots=True)
class CityData:
    """What synthesis needs to know of a city; see ``simulate.city_data``."""

    population: Mapping[str, Any]
    naming: Naming
    communities: Mapping[str, Sequence[str]]
    """Community codes by the district they lie in."""
    places: Mapping[str, str]
    """Chinese name of each community with its street and district, for addresses."""


@dataclass(frozen=True, slots=True)
class People:
    """Columns of the synthetic population; row i is person i."""

    id_number: Strings
    name: Strings
    sex: Ints
    birth: NDArray[np.datetime64]
    household: Ints
    relation: Strings
    phone: Strings
    has_photo: NDArray[np.bool_]
    home: Strings
    """Community code by household."""
    address: Strings
    """Address by household."""

    def __len__(self) -> int:
        return len(self.id_number)

    def digest(self) -> str:
        """SHA-256 over every column: equal exactly when the cities are equal."""
        total = hashlib.sha256()
        for column in (
            self.id_number, self.name, self.sex, self.birth.astype(np.int64), self.household,
            self.relation, self.phone, self.has_photo, self.home, self.address,
        ):  # fmt: skip
            total.update(np.ascontiguousarray(column).tobytes())
        return total.hexdigest()


def people(data: CityData, size: int, *, on: date, seed: int) -> People:
    """``size`` people living in the city on a day."""
    if size < 1:
        raise ValueError("a city has at least one person")
    rng = np.random.default_rng([seed, size])
    age, sex = _ages_and_sexes(data.population, size, rng)
    families = compose(age, sex, data.population["families"], rng)
    birth = _births(age, on, rng)
    home = _homes(data, families.count, rng)
    household = families.household
    address_code = _address_codes(data.population["origins"], home[household], birth, rng)
    id_number = _id_numbers(address_code, birth, sex, rng)
    name = data.naming.names(sex, birth, families.surname_group(), rng)
    name = data.naming.without_namesakes(name, household, sex, birth, rng)
    rules = data.population["families"]
    keeps_phone = age >= rules["phone_from_age"]
    phone = np.where(keeps_phone, _phones(size, rng), "")
    has_photo = rng.random(size) < rules["photo"]
    address = _addresses(data, home, rng)
    return People(id_number, name, sex, birth, household, families.relation, phone, has_photo, home, address)


def _ages_and_sexes(population: Mapping[str, Any], size: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Ages by the census groups (systematic sampling keeps the shares), sexes by group."""
    groups = population["ages"]["groups"]
    persons = np.array([group[2] for group in groups], dtype=np.float64)
    men = np.array([group[3] for group in groups])
    census = population["census"]
    men = men * (census["men"] / census["persons"]) / (men @ persons / persons.sum())
    group = _systematic(persons, size, rng)
    first = np.array([one[0] for one in groups])[group]
    width = np.array([one[1] - one[0] + 1 for one in groups])[group]
    age = first + (rng.random(size) * width).astype(np.int64)
    sex = np.where(rng.random(size) < men[group], MALE, FEMALE)
    return age.astype(np.int64), sex.astype(np.int64)


def _systematic(weights: NDArray[np.float64], size: int, rng: np.random.Generator) -> Ints:
    """Draw ``size`` indices whose counts differ from their expectation by less than one."""
    edges = np.cumsum(weights / weights.sum())
    points = (np.arange(size) + rng.random()) / size
    drawn = np.minimum(np.searchsorted(edges, points, side="right"), len(weights) - 1)
    rng.shuffle(drawn)
    return drawn.astype(np.int64)


def _births(age: Ints, on: date, rng: np.random.Generator) -> NDArray[np.datetime64]:
    """A birthday within the year that gives this age on the day."""
    latest = np.array([_years_before(on, int(a)) for a in range(int(age.max()) + 2)], "datetime64[D]")
    span = (latest[age] - latest[age + 1]).astype(np.int64)
    back = (rng.random(len(age)) * span).astype(np.int64)
    births: NDArray[np.datetime64] = latest[age] - back.astype("timedelta64[D]")
    return births


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)


def _homes(data: CityData, count: int, rng: np.random.Generator) -> Strings:
    """A community for each household: districts by census, communities by a mild spread."""
    wanted = {k: v for k, v in data.population["districts"].items() if k in data.communities}
    codes = sorted(wanted)
    district = _systematic(np.array([wanted[c] for c in codes], np.float64), count, rng)
    home = np.empty(count, dtype="<U12")
    for index, code in enumerate(codes):
        here = np.flatnonzero(district == index)
        places = np.array(sorted(data.communities[code]))
        weight = rng.gamma(2.0, size=len(places))
        chosen = rng.choice(len(places), size=len(here), p=weight / weight.sum())
        home[here] = places[chosen]
    return home


def _address_codes(
    origins: Mapping[str, Any], home: Strings, birth: NDArray[np.datetime64], rng: np.random.Generator
) -> Strings:
    """First six digits of the identity number: where a person was first registered."""
    district = home.astype("<U6")
    year = birth.astype("datetime64[Y]").astype(np.int64) + 1970
    code = district.copy()
    for now, (then, until) in origins["local"].items():
        here = district == now
        code[here & ((until == 0) | (year <= until))] = then
    away = rng.random(len(home)) >= origins["local_share"]
    elsewhere = np.array(origins["elsewhere"])
    code[away] = elsewhere[rng.integers(0, len(elsewhere), int(away.sum()))]
    return code


def _id_numbers(
    address: Strings, birth: NDArray[np.datetime64], sex: Ints, rng: np.random.Generator
) -> Strings:
    """Valid, unique numbers of GB 11643; the sequence code counts down from the top."""
    del rng  # the numbers follow from the columns; kept for the common shape of these steps
    day = np.char.replace(birth.astype("<U10"), "-", "")
    body = np.char.add(address, day)
    cell = np.char.add(body, np.where(sex == MALE, "m", "f"))
    order = np.argsort(cell, kind="stable")
    sorted_cells = cell[order]
    starts = np.concatenate([[True], sorted_cells[1:] != sorted_cells[:-1]])
    position = np.arange(len(order))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = position - np.maximum.accumulate(np.where(starts, position, 0))
    if rank.max(initial=0) > 497:
        raise ValueError("too many people of one sex born on one day with one address code")
    sequence = np.where(sex == MALE, 995, 994) - 2 * rank
    first17 = np.char.add(body, np.char.zfill(sequence.astype("<U3"), 3))
    digits = first17.astype("<U17").view("<U1").reshape(-1, 17).astype(np.int64)
    return np.char.add(first17, _CHECK[(digits @ _WEIGHTS) % 11])


def _phones(size: int, rng: np.random.Generator) -> Strings:
    """Distinct mobile numbers (random start, odd step: a permutation of the eight digits)."""
    start, step = int(rng.integers(10**8)), 38_712_371
    numbers = (start + np.arange(size, dtype=np.int64) * step) % 10**8
    return np.char.add(PHONE_PREFIX, np.char.zfill(numbers.astype("<U8"), 8))


def _addresses(data: CityData, home: Strings, rng: np.random.Generator) -> Strings:
    """楼、单元、室 under the community's name."""
    count = len(home)
    building = rng.integers(1, 36, count)
    unit = rng.integers(1, 5, count)
    room = rng.integers(1, 19, count) * 100 + rng.integers(1, 5, count)
    rows = zip(home.tolist(), building.tolist(), unit.tolist(), room.tolist(), strict=True)
    return np.array([f"{data.places[code]}{b}号楼{u}单元{r}室" for code, b, u, r in rows], dtype=np.str_)


__all__ = ["CityData", "Families", "Naming", "People", "people"]
