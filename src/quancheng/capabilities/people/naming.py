"""姓名: surnames by frequency, given names by sex and birth year, firm names by pattern."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Strings = NDArray[np.str_]
MALE = 1
_WEIGHT = re.compile(r"(\D+)([\d.]+)")


@dataclass(frozen=True, slots=True)
class _Pool:
    """Given names of one sex and era."""

    names: Strings
    combined: Strings
    mix: float

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> _Pool:
        combined = [a + b for a in row["first"] for b in row["second"] if a != b]
        return cls(np.array(row["names"].split()), np.array(combined), float(row["mix"]))

    def draw(self, count: int, rng: np.random.Generator) -> Strings:
        # early names of the list are the most frequent
        rank = (rng.random(count) ** 1.6 * len(self.names)).astype(np.int64)
        free = self.combined[rng.integers(0, len(self.combined), count)]
        return np.where(rng.random(count) < self.mix, free, self.names[rank])


@dataclass(frozen=True, slots=True)
class Naming:
    """The name statistics of a city."""

    surnames: Strings
    weights: NDArray[np.float64]
    eras: tuple[tuple[int, _Pool, _Pool], ...]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Naming:
        """From ``surnames.toml``."""
        factors = _pairs(document["factors"])
        weights = _pairs(document["weights"])
        names = np.array(list(weights))
        values = np.array([weight * factors.get(name, 1.0) for name, weight in weights.items()])
        eras = tuple(
            (int(era["until"]), _Pool.of(era["men"]), _Pool.of(era["women"])) for era in document["era"]
        )
        return cls(names, values / values.sum(), eras)

    def names(
        self,
        sex: Ints,
        birth: NDArray[np.datetime64],
        group: Ints,
        rng: np.random.Generator,
    ) -> Strings:
        """Full names; persons of one ``group`` share a surname."""
        surname = self.surnames[rng.choice(len(self.surnames), size=len(sex), p=self.weights)]
        year = birth.astype("datetime64[Y]").astype(np.int64) + 1970
        given = np.empty(len(sex), dtype="<U4")
        begin = 0
        for until, men, women in self.eras:
            for pool, right in ((men, sex == MALE), (women, sex != MALE)):
                here = np.flatnonzero(right & (year > begin) & (year <= until))
                given[here] = pool.draw(len(here), rng)
            begin = until
        return np.char.add(surname[group], given)

    def without_namesakes(
        self,
        names: Strings,
        household: Ints,
        sex: Ints,
        birth: NDArray[np.datetime64],
        rng: np.random.Generator,
    ) -> Strings:
        """Two people of one household never carry the same name: later ones are named again."""
        for _ in range(8):
            key = np.char.add(np.char.add(household.astype("<U9"), " "), names)
            _, first = np.unique(key, return_index=True)
            again = np.ones(len(names), dtype=bool)
            again[first] = False
            if not again.any():
                break
            drawn = self.names(sex[again], birth[again], np.arange(int(again.sum())), rng)
            given = np.array([name[1:] for name in drawn.tolist()])
            kept = np.array([name[:1] for name in names[again].tolist()])
            names = names.astype("<U6")
            names[again] = np.char.add(kept, given)
        return names


def _pairs(text: str) -> dict[str, float]:
    """ "王10150 李10090" → {"王": 10150.0, …}."""
    found = {}
    for word in text.split():
        match = _WEIGHT.fullmatch(word)
        if match is None:
            raise ValueError(f"{word}: 应为 姓+数 write a surname and a number")
        found[match[1]] = float(match[2])
    return found
