"""演示数据: a few cases whose pictures are worth looking at: one's own, somebody else's, an expired one.

Pictures are drawn (模拟); they are read by the worker of the running city, not here.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from PIL import Image, ImageDraw

from quancheng.capabilities.assistant import drawing
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import actions, queries
from quancheng.capabilities.trust import queries as trust
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import QuanchengError, Unavailable

__all__ = ["seed"]

SEED = 20260601
DISTRICT = "370102"
LIMIT = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Upload:
    """What ``attach_file`` needs to know of a stored file."""

    digest: str
    media_type: str
    size: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Story:
    """One case: a matter, the material that shows a drawn licence, whose it is."""

    matter: str
    material: str
    type: str
    own: bool = True
    expired: bool = False


STORIES = (
    _Story("dog-registration", "vaccination", "dog-vaccination"),
    _Story("dog-registration", "vaccination", "dog-vaccination", expired=True),
    _Story("dog-registration", "vaccination", "dog-vaccination", own=False),
    _Story("residence-permit", "proof", "property-deed"),
    _Story("residence-permit", "proof", "property-deed", own=False),
)


def seed(city: Any, random: Any) -> str:
    """Cases with drawn licences, once; needs a Chinese font, says so without one."""
    from quancheng.capabilities.assistant.models import Reading

    actor = Actor.system("assistant", simulated=True)
    if Reading.objects.exists() or not queries.search(actor, "犬"):
        return "-"
    made = 0
    account = _account()
    if account is None:
        return "-"
    for number, story in enumerate(STORIES):
        try:
            made += _apply(account, story, number)
        except Unavailable as missing:
            return f"{missing.detail.zh} {missing.detail.en}"
        except QuanchengError:
            continue  # the matter is not for this person: the next story
    return f"{made}个带证照图片的办件"


def _account() -> int | None:
    """The account the demo's applicants use (made by the seeds of services)."""
    from django.contrib.auth import get_user_model

    found = get_user_model().objects.filter(username="demo-applicants").first()
    return int(found.pk) if found else None


def _apply(account: int, story: _Story, number: int) -> int:
    filters = {"region": DISTRICT, "age_from": "20", "age_to": "60"}
    found = people.search_people(Actor.system("assistant", simulated=True), filters)
    people_there = list(found.filter(user=None, simulated=True).order_by("-pk")[number * 2 : number * 2 + 2])
    if len(people_there) < 2:
        return 0
    person, other = people_there
    citizen = Actor(ActorKind.PERSON, person.name, account, person.pk, simulated=True)
    matter = next((one for one in queries.desk_matters(citizen) if one.code == story.matter), None)
    if matter is None or matter.current is None:
        return 0
    spec = matter.current.spec
    draft = actions.save_draft(Call(citizen), matter=matter, form=_answers(spec, person))
    for row in spec.uploads:
        content = (
            _licence(story, person if story.own else other) if row.key == story.material else _portrait()
        )
        actions.attach_file(
            Call(citizen),
            material=row.key,
            fact=_kept(content),  # type: ignore[arg-type]  # same attributes as services' own value
            name=f"{row.name.zh}.jpg",
            draft=draft,
        )
    actions.submit_case(Call(citizen), matter_code=story.matter, insist=True)
    return 1


def _answers(spec: Any, person: Any) -> dict[str, Any]:
    today = clock.today()
    answers: dict[str, Any] = {
        "phone": person.phone or "13900000000", "delivery": "electronic", "truthful": True, "ground": "home",
        "address": person.address or "济南市", "lived_since": (today - timedelta(days=500)).isoformat(),
        "dog_name": "豆豆", "breed": "柯基犬", "vaccinated_on": (today - timedelta(days=60)).isoformat(),
    }  # fmt: skip
    rows = {row.key: row for row in spec.field if not row.locked}
    for key, row in rows.items():
        if row.kind == "choice" and answers.get(key) not in {one.value for one in row.options}:
            answers[key] = row.options[0].value
    return {key: value for key, value in answers.items() if key in rows}


def _licence(story: _Story, person: Any) -> bytes:
    today = clock.today()
    given = {"name": person.name}
    if story.type == "dog-vaccination":
        begin = today - timedelta(days=500 if story.expired else 60)
        end = begin + timedelta(days=364)
        given |= {"vaccinated_on": f"{begin:%Y年%m月%d日}", "valid_to": f"{end:%Y年%m月%d日}"}
    else:
        given |= {"id_number": person.id_number}
    return drawing.draw(story.type, SEED + person.pk, given=given, how=drawing.PHOTO).jpeg(85)


def _portrait() -> bytes:
    """A drawn picture, large enough for a photo of a person or a dog."""
    image = Image.new("RGB", (480, 600), "#dfe8ef")
    pen = ImageDraw.Draw(image)
    pen.ellipse((130, 90, 350, 370), fill="#9aa5ad")
    pen.ellipse((40, 400, 440, 860), fill="#6f7f8c")
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=85)
    return kept.getvalue()


def _kept(content: bytes) -> _Upload:
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
    digest, size = trust.store_blob([content], LIMIT)
    return _Upload(digest, "image/jpeg", size, width, height)
