"""模块清单: the model of ``module.toml``, and errors that say what to write.

To add a kind of row: write a class here, add it to ``Manifest`` and describe it in
``docs/module-anatomy.md``. A capability that turns the rows into tables registers a syncer.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from quancheng.core.text import Text
from quancheng.kernel.registry.problems import ManifestError, Problem, problems_of

Face = Literal["citizen", "desk", "command", "open", "guard"]
Floor = Literal["capability", "scenario"]
Claim = Literal["bronze", "silver", "gold", "platinum"]

Label = Annotated[str, Field(min_length=1, max_length=200)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Ident = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_-]*)*$", max_length=100)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=100)]
Function = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
ModelLabel = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[A-Z][A-Za-z0-9]*$")]
UrlPath = Annotated[str, Field(pattern=r"^/\S*$")]


def _inside(file: str) -> str:
    if not file or file.startswith("/") or ".." in file.split("/"):
        raise ValueError(
            "应是模块文件夹内的相对路径，如 resources/a.toml。"
            "|Write a path inside the module folder, like resources/a.toml."
        )
    return file


ResourceFile = Annotated[str, AfterValidator(_inside)]

# Kinds whose ids begin with the module's name, so that no two modules can take the same.
OWN_ID_KINDS = (
    "role",
    "event",
    "job",
    "indicator",
    "layer",
    "incident_type",
    "alarm_rule",
    "component",
)
VARIABLES = frozenset({"$user", "$person", "$firm", "$departments", "$regions", "$now"})
COMMON_ROLES = frozenset({"anyone", "person", "official", "system", "device"})


class Row(BaseModel):
    """One table of ``module.toml``; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Bilingual(Row):
    """A text in two languages (双语)."""

    zh: Label
    en: Label

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


class Page(Bilingual):
    """导航条目: an entry of a face's navigation."""

    face: Face
    path: UrlPath
    icon: Slug
    order: int = 100
    roles: tuple[Ident, ...] = ()
    home: bool = False
    summary: Bilingual | None = None


class Role(Bilingual):
    """角色: a role officials can be given."""

    id: Ident


class Access(Row):
    """访问规则: who may do what to which rows."""

    model: ModelLabel
    verbs: Annotated[tuple[Ident, ...], Field(min_length=1)]
    role: Ident
    where: dict[str, Any] = Field(default_factory=dict)

    @field_validator("where")
    @classmethod
    def _known_variables(cls, where: dict[str, Any]) -> dict[str, Any]:
        for value in where.values():
            unknown = isinstance(value, str) and value.startswith("$") and value not in VARIABLES
            if unknown:
                names = " ".join(sorted(VARIABLES))
                raise ValueError(
                    f"没有变量 {value},可用:{names}。|There is no variable {value}; use {names}."
                )
        return where


class EventType(Bilingual):
    """事件类型: an event this module emits."""

    type: Ident


class Job(Bilingual):
    """后台任务: a background or periodic job."""

    id: Ident
    every: Annotated[str, Field(pattern=r"^\S+( \S+){4}$")] | None = None


class Indicator(Bilingual):
    """指标: a figure computed by a function."""

    id: Ident
    unit: str = ""
    function: Function
    target: float | None = None
    direction: Literal["up", "down", "none"] = "none"  # which way is better
    evidence: UrlPath | None = None  # where the rows behind the figure are


class Layer(Bilingual):
    """图层: a layer of the one map."""

    id: Ident
    url: UrlPath
    kind: Label


class IncidentType(Bilingual):
    """事件类别: a type of incident and the department that leads it."""

    id: Ident
    lead: Slug


class Component(Bilingual):
    """组件: a process the supervisor starts (gateway …)."""

    id: Ident
    function: Function


class Drill(Bilingual):
    """演练: a rehearsal ``quancheng drill`` can run."""

    id: Slug
    function: Function
    seeds: tuple[Name, ...] = ()  # modules whose demo data a drill in a scratch city needs


class AlarmRule(Bilingual):
    """告警规则: a window over an observed property whose dated amount raises an alarm."""

    id: Ident
    property: str
    station_kind: str
    station: str = ""  # only this station; empty = all of the kind
    window_minutes: Annotated[int, Field(ge=0, le=7 * 24 * 60)]  # 0 = the reading itself
    parameter: Ident  # rule book id of the amount
    direction: Literal["above", "below"] = "above"
    level: Annotated[int, Field(ge=1, le=4)]
    incident_type: Ident


class ResourceRow(Row):
    """A file of the module that an owner turns into rows."""

    file: ResourceFile


class Exemption(Row):
    """豁免: a grade rule this module does not meet, and why."""

    rule: Annotated[str, Field(pattern=r"^(bronze|silver|gold|platinum)\.[a-z_]+$")]
    reason: Annotated[str, Field(min_length=4)]


class Grade(Row):
    """等级声明: the grade a module claims, and where the evidence of gold and platinum lies."""

    claims: Claim = "bronze"
    exempt: tuple[Exemption, ...] = ()
    core: tuple[Name, ...] = ()  # packages of quancheng.core this module stands on
    benchmarks: tuple[Slug, ...] = ()  # names python -m benchmarks runs
    standards: tuple[Label, ...] = ()  # open standards it speaks, as the documentation names them
    peers: tuple[Label, ...] = ()  # products it was measured against


class Manifest(Row):
    """模块清单: the whole of ``module.toml``."""

    id: Annotated[str, Field(pattern=r"^[A-Z][0-9]{1,3}$")]
    name: Name
    floor: Floor
    zh: Label
    en: Label
    summary: Bilingual | None = None
    lead: Slug
    order: int = 100
    open_rooms: tuple[Name, ...] = ()
    """Files other modules may import besides the usual ones; each says why in ``docs/modules``."""
    page: tuple[Page, ...] = ()
    role: tuple[Role, ...] = ()
    access: tuple[Access, ...] = ()
    event: tuple[EventType, ...] = ()
    job: tuple[Job, ...] = ()
    indicator: tuple[Indicator, ...] = ()
    layer: tuple[Layer, ...] = ()
    incident_type: tuple[IncidentType, ...] = ()
    component: tuple[Component, ...] = ()
    drill: tuple[Drill, ...] = ()
    alarm_rule: tuple[AlarmRule, ...] = ()
    matter: tuple[ResourceRow, ...] = ()
    licence_type: tuple[ResourceRow, ...] = ()
    plan: tuple[ResourceRow, ...] = ()
    parameters: tuple[ResourceRow, ...] = ()
    grade: Grade = Grade()

    @model_validator(mode="after")
    def _ids_are_the_modules_own(self) -> Self:
        for kind in OWN_ID_KINDS:
            for row in getattr(self, kind):
                ident = key_of(kind, row)
                if not (ident == self.name or ident.startswith(f"{self.name}.")):
                    raise ValueError(
                        f"[[{kind}]] 的编号 {ident} 应以 {self.name}. 开头。"
                        f"|[[{kind}]] id {ident} must begin with {self.name}."
                    )
        return self


KINDS: tuple[str, ...] = tuple(
    name
    for name in Manifest.model_fields
    if name not in {"id", "name", "floor", "zh", "en", "summary", "lead", "order", "open_rooms", "grade"}
)
_KEYS = {"event": "type"} | dict.fromkeys(("matter", "licence_type", "plan", "parameters"), "file")


def key_of(kind: str, row: Row) -> str:
    """What makes a row of this kind one and the same (标识)."""
    if isinstance(row, Page):
        return f"{row.face} {row.path}"
    if isinstance(row, Access):
        return f"{row.model} {','.join(row.verbs)} {row.role} {sorted(row.where.items())!r}"
    if isinstance(row, ResourceRow):
        return row.file
    return str(getattr(row, "type" if kind == "event" else "id"))


def parse(path: Path) -> Manifest:
    """Read one ``module.toml``; raises ManifestError naming file, key and what to write."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ManifestError(
            path,
            [
                Problem(
                    "",
                    Text(
                        "没有这个文件，请按 docs/module-anatomy.md 写一份。",
                        "The file does not exist; write one as docs/module-anatomy.md shows.",
                    ),
                )
            ],
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(
            path,
            [
                Problem(
                    "",
                    Text(
                        f"不是有效的 UTF-8 TOML:{error}",
                        f"Not valid UTF-8 TOML: {error}",
                    ),
                )
            ],
        ) from error
    try:
        return Manifest.model_validate(data)
    except ValidationError as error:
        raise ManifestError(path, problems_of(error, Manifest)) from error
