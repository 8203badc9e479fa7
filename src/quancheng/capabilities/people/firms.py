"""合成法人: firms with valid codes, names by pattern, legal representatives and agents. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quancheng.capabilities.people.synthesis import People
from quancheng.core.identity import compute_organisation_check, compute_uscc_check

Ints = NDArray[np.int64]
_FIRM_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODES = {"农民专业合作社": "93", "个体工商户": "92"}
OLDEST, YOUNGEST = 25, 68


@dataclass(frozen=True, slots=True)
class FirmRow:
    """One synthetic firm; ``legal`` and ``agents`` are indices of people."""

    uscc: str
    name: str
    kind: str
    legal: int
    region_code: str
    address: str
    industry: str
    established: date
    agents: tuple[int, ...]


def firms(rules: Mapping[str, Any], people: People, count: int, *, on: date, seed: int) -> list[FirmRow]:
    """``count`` firms led by grown-up people of the city."""
    rng = np.random.default_rng([seed, count, 2])
    years = (np.datetime64(on) - people.birth).astype(np.int64) / 365.2425
    able = np.flatnonzero((years >= OLDEST) & (years < YOUNGEST))
    if not count or not len(able):
        return []
    legal = able[rng.integers(0, len(able), count)]
    industries = rules["industries"]
    industry = _pick([row[3] for row in industries], count, rng)
    tail = _pick([row[1] for row in rules["tails"]], count, rng)
    brand = np.array(list(rules["brand"]))
    first = brand[rng.integers(0, len(brand), count)]
    second = brand[rng.integers(0, len(brand), count)]
    word = rng.random(count)
    age = np.minimum(rng.gamma(2.2, 3.4, count), years[legal] - 18)
    agents = rng.integers(0, 3, count)
    agent = able[rng.integers(0, len(able), (count, 2))]
    rows: list[FirmRow] = []
    used: set[str] = set()
    for i in range(count):
        head = int(legal[i])
        household = int(people.household[head])
        home = str(people.home[household])
        row = industries[int(industry[i])]
        kind = str(rules["tails"][int(tail[i])][0])
        words = row[4].split(",")
        middle = words[int(word[i] * len(words))]
        name = _unique(f"济南{first[i]}{second[i]}{middle}{kind}", used, brand, rng)
        extra = tuple(int(a) for a in agent[i, : agents[i]] if a != head)
        rows.append(
            FirmRow(
                uscc=_uscc(kind, home[:6], i),
                name=name,
                kind=kind,
                legal=head,
                region_code=home,
                address=str(people.address[household]),
                industry=row[0],
                established=on - timedelta(days=int(age[i] * 365)),
                agents=tuple(dict.fromkeys(extra)),
            )
        )
    return rows


def _pick(weights: list[float], count: int, rng: np.random.Generator) -> Ints:
    shares = np.array(weights)
    return rng.choice(len(shares), size=count, p=shares / shares.sum()).astype(np.int64)


def _unique(name: str, used: set[str], brand: NDArray[np.str_], rng: np.random.Generator) -> str:
    """Firm names are unique: a taken one gets more characters after 济南."""
    wanted = name
    while wanted in used:
        more = "".join(brand[rng.integers(0, len(brand), 2)])
        wanted = f"济南{more}{name.removeprefix('济南')}"
    used.add(wanted)
    return wanted


def _uscc(kind: str, region: str, number: int) -> str:
    """A valid code with both check characters; YX numbers are not issued by the registry."""
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, len(_FIRM_ALPHABET))
        digits = _FIRM_ALPHABET[digit] + digits
    body = "YX" + digits
    head = _CODES.get(kind, "91") + region + body + compute_organisation_check(body)
    return head + compute_uscc_check(head)
