"""Values of the designer 事项设计器: parts of a draft, its states, sample people. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from quancheng.core.text import Text

__all__ = ["SAMPLES", "DraftState", "Part", "Sample", "Trouble", "sample_of"]


class DraftState(StrEnum):
    """Where a draft stands (草稿状态)."""

    EDITING = "editing"
    PROPOSED = "proposed"
    PUBLISHED = "published"
    DROPPED = "dropped"

    @property
    def text(self) -> Text:
        return _STATES[self]


_STATES = {
    DraftState.EDITING: Text("编辑中", "Being edited"),
    DraftState.PROPOSED: Text("待发布", "Waits for publication"),
    DraftState.PUBLISHED: Text("已发布", "Published"),
    DraftState.DROPPED: Text("已放弃", "Dropped"),
}


class Part(StrEnum):
    """The parts of a draft, each a page of its own (草稿的部分)."""

    BASIC = "basic"
    CONDITIONS = "conditions"
    MATERIALS = "materials"
    FORM = "form"
    TABLES = "tables"
    FLOW = "flow"
    TRIAL = "trial"

    @property
    def text(self) -> Text:
        return _PARTS[self]


_PARTS = {
    Part.BASIC: Text("基本信息", "Basics"),
    Part.CONDITIONS: Text("受理条件", "Conditions"),
    Part.MATERIALS: Text("材料", "Materials"),
    Part.FORM: Text("表单", "Form"),
    Part.TABLES: Text("决策表", "Decision tables"),
    Part.FLOW: Text("流程", "Process"),
    Part.TRIAL: Text("试运行", "Trial run"),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing to mend before publishing (问题): where, what, and whether it forbids publishing."""

    part: Part
    element: str
    text: Text
    blocks: bool = True
    example: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A made-up applicant (模拟申请人)."""

    key: str
    label: Text
    kind: str = "person"
    name: str = ""
    sex: str = ""
    birth_date: str = ""
    residence: str = "370102"
    household: str = "370102"

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a scenario."""
        return {
            "key": self.key, "label": self.label.to_dict(), "kind": self.kind, "name": self.name,
            "sex": self.sex, "birth_date": self.birth_date, "residence": self.residence,
            "household": self.household,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Sample:
        """The inverse; what is missing is empty."""
        plain = {name: str(data.get(name) or "") for name in ("key", "kind", "name", "sex", "birth_date")}
        return cls(
            **plain, label=Text.of(data.get("label") or {"zh": "模拟申请人", "en": "Sample"}),
            residence=str(data.get("residence") or ""), household=str(data.get("household") or ""),
        )  # fmt: skip

    @property
    def born(self) -> date | None:
        try:
            return date.fromisoformat(self.birth_date)
        except ValueError:
            return None


SAMPLES = (
    Sample("elder", Text("67岁老人，住历下区", "Aged 67, lives in Lixia"), name="模拟甲", sex="2", birth_date="1959-05-06"),
    Sample("sixty", Text("刚满60岁", "Just 60"), name="模拟乙", sex="1", birth_date="1966-01-15"),
    Sample("young", Text("34岁，住历下区", "Aged 34, lives in Lixia"), name="模拟丙", sex="2", birth_date="1992-03-08"),
    Sample("outside", Text("45岁，居住地在外地", "Aged 45, lives elsewhere"), name="模拟丁", sex="1",
           birth_date="1981-07-07", residence="370202", household="370202"),
    Sample("firm", Text("企业（餐饮）", "A firm (catering)"), kind="firm", name="模拟餐饮公司"),
)  # fmt: skip


def sample_of(key: str) -> Sample:
    """A sample by key; the first when there is none of that key."""
    return next((one for one in SAMPLES if one.key == key), SAMPLES[0])
