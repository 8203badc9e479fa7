"""演示数据: the synthetic city in the database, made by one audited action."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from quancheng.capabilities.people import city
from quancheng.capabilities.people.city import RegionLevel
from quancheng.capabilities.people.firms import FirmRow, firms
from quancheng.capabilities.people.models import Firm, FirmAgent, Household, NaturalPerson
from quancheng.capabilities.people.naming import Naming
from quancheng.capabilities.people.synthesis import CityData, People, people
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict

PERSONS, FIRMS, SEED = 20_000, 3_000, 370100
BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Seeded:
    """What ``seed_city`` made."""

    persons: int
    households: int
    firms: int
    agents: int
    digest: str


def city_data() -> CityData:
    """The profile's distributions and places, ready for synthesis."""
    communities: dict[str, list[str]] = {}
    places: dict[str, str] = {}
    known = city.all_regions()
    for region in known.values():
        if region.level is not RegionLevel.COMMUNITY:
            continue
        street = known[region.parent]
        district = known[region.lies_in]
        communities.setdefault(region.lies_in, []).append(region.code)
        stem = region.text.zh
        for tail in ("居民委员会", "村民委员会", "居委会", "村委会"):
            stem = stem.removesuffix(tail)
        places[region.code] = f"济南市{district.text.zh}{street.text.zh}{stem}"
    return CityData(
        population=city.document("population"),
        naming=Naming.of(city.document("surnames")),
        communities=communities,
        places=places,
    )


@action("people.city.seed", idempotent=False)
def seed_city(
    call: Call,
    *,
    persons: int = PERSONS,
    firm_count: int = FIRMS,
    seed: int = SEED,
    on: date | None = None,
) -> dict[str, Any]:
    """生成合成城市: bulk rows under one audit entry. Raises Conflict when people are there."""
    access.require(call.actor, "seed", NaturalPerson)
    if NaturalPerson.objects.filter(simulated=True).exists():
        raise Conflict(Text("合成人口已存在。", "The synthetic population is already there."))
    day = on or clock.today()
    data = city_data()
    crowd = people(data, persons, on=day, seed=seed)
    rows = firms(data.population["firms"], crowd, firm_count, on=day, seed=seed)
    households = _write_households(crowd)
    ids = _write_people(crowd, households)
    agents = _write_firms(rows, ids, day)
    made = Seeded(len(crowd), len(households), len(rows), agents, crowd.digest())
    detail = {
        "seed": seed,
        "on": day.isoformat(),
        "persons": made.persons,
        "households": made.households,
        "firms": made.firms,
        "agents": made.agents,
        "digest": made.digest,
    }
    audit.note(**detail)
    events.emit("people.city.seeded", city.profile()["code"], detail)
    return detail


def _write_households(crowd: People) -> list[int]:
    """Bulk insert; primary keys in household order."""
    homes, addresses = crowd.home.tolist(), crowd.address.tolist()
    made = Household.objects.bulk_create(
        (
            Household(number=f"S{i:09d}", region_code=home, address=address, simulated=True)
            for i, (home, address) in enumerate(zip(homes, addresses, strict=True))
        ),
        batch_size=BATCH,
    )
    return [row.pk for row in made]


def _write_people(crowd: People, households: list[int]) -> list[int]:
    """Bulk insert; primary keys in person order."""
    births = crowd.birth.astype(object).tolist()
    columns = zip(
        crowd.id_number.tolist(),
        crowd.name.tolist(),
        crowd.sex.tolist(),
        births,
        crowd.household.tolist(),
        crowd.relation.tolist(),
        crowd.phone.tolist(),
        crowd.has_photo.tolist(),
        strict=True,
    )
    homes, addresses = crowd.home.tolist(), crowd.address.tolist()
    made = NaturalPerson.objects.bulk_create(
        (
            NaturalPerson(
                id_number=number,
                name=name,
                sex=str(sex),
                birth_date=birth,
                region_code=homes[home],
                address=addresses[home],
                phone=phone,
                household_id=households[home],
                relation=relation,
                has_photo=photo,
                simulated=True,
            )
            for number, name, sex, birth, home, relation, phone, photo in columns
        ),
        batch_size=BATCH,
    )
    return [row.pk for row in made]


def _write_firms(rows: list[FirmRow], ids: list[int], day: date) -> int:
    """Bulk insert of firms and their agents; the number of agents."""
    made = Firm.objects.bulk_create(
        (
            Firm(
                uscc=row.uscc,
                name=row.name,
                kind=row.kind,
                legal_person_id=ids[row.legal],
                region_code=row.region_code,
                address=row.address,
                industry=row.industry,
                established=row.established,
                simulated=True,
            )
            for row in rows
        ),
        batch_size=BATCH,
    )
    agents = [
        FirmAgent(firm_id=firm.pk, person_id=ids[index], valid_from=day, simulated=True)
        for firm, row in zip(made, rows, strict=True)
        for index in row.agents
    ]
    FirmAgent.objects.bulk_create(agents, batch_size=BATCH)
    return len(agents)


def seed(city: Any, random: Any) -> str:
    """Departments, the synthetic city and demo identities, once (``quancheng setup --demo``)."""
    from quancheng.capabilities.people.actions import sync_departments
    from quancheng.capabilities.people.demo import ensure_identities

    del random  # the city's own seed decides, so that the same seed is the same city everywhere
    call = Call.system("people", simulated=True)
    sync_departments(call)
    said = []
    if not NaturalPerson.objects.filter(simulated=True).exists():
        made = seed_city(call, persons=city.persons, firm_count=city.firms, seed=city.seed)
        said.append(f"{made['persons']}人 {made['households']}户 {made['firms']}企业")
    said.append(f"{ensure_identities(call)['identities']}个演示身份")
    return " ".join(said)


def sample(count: int, *, on: date, seed: int = SEED) -> People:
    """A population as values, without the database (tests, benchmarks, linkage)."""
    return people(city_data(), count, on=on, seed=seed)


__all__ = ["FIRMS", "PERSONS", "Seeded", "city_data", "sample", "seed", "seed_city"]
