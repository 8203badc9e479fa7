"""表单状态: which fields show, which must be filled, what is computed, for given answers.

Values are worked out when somebody asks for them, each once; ``check`` has refused circles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from quancheng.core import feel
from quancheng.core.forms import formulas
from quancheng.core.forms.answers import Typed, typed
from quancheng.core.forms.errors import FormError
from quancheng.core.forms.formulas import Environment
from quancheng.core.forms.model import Field, FormDefinition, Kind, Option, Rule, RuleKind
from quancheng.core.text import Text

__all__ = ["FormState", "state"]

_Path = tuple[str | int, ...]


@dataclass(frozen=True)
class FormState:
    """What a form looks like for some answers (表单状态); paths are those of answers."""

    answers: Mapping[str, Any]
    """Visible answers and computed values; hidden fields' answers are not kept."""
    visible: frozenset[str]
    required: frozenset[str]
    options: Mapping[str, tuple[Option, ...]]
    computed: Mapping[str, Any]
    broken: Mapping[str, Text]
    """``valid`` rules that say no."""
    unclear: Mapping[str, Text]
    """Answers that could not be understood."""
    pages: tuple[str, ...]
    """Keys of the pages that show."""
    warnings: tuple[str, ...] = ()


def state(
    definition: FormDefinition, answers: Mapping[str, Any], env: Environment | None = None
) -> FormState:
    """Work out a form's state (计算表单状态). Raises FormError on broken rules or too much work."""
    return Run(definition, typed(definition, answers), env or Environment()).state()


class Run:
    """One evaluation of all rules over one set of answers."""

    def __init__(self, definition: FormDefinition, given: Typed, env: Environment) -> None:
        self.definition, self.given, self.env = definition, given, env
        self._values: dict[_Path, Any] = {}
        self._visible: dict[_Path, bool] = {}
        self._pages: dict[str, bool] = {}
        self._busy: set[tuple[str, _Path]] = set()
        self._outside: dict[str, Any] = {}
        self._rules: dict[tuple[str, RuleKind], tuple[Rule, ...]] = {}
        for rule in definition.rules:
            self._rules[rule.target, rule.kind] = (*self._rules.get((rule.target, rule.kind), ()), rule)

    @cached_property
    def feel_env(self) -> feel.Environment:
        return formulas.environment(self.env)

    def state(self) -> FormState:
        found = _Found()
        kept = self._walk(self.definition.fields, (), self.given.answers, found)
        return FormState(
            answers=kept, visible=frozenset(found.visible), required=frozenset(found.required),
            options=found.options, computed=found.computed, broken=found.broken,
            unclear={path: text for path, text in self.given.problems.items() if path in found.visible},
            pages=tuple(one.key for one in self.definition.pages if self.page_visible(one.key)),
            warnings=self._warnings(),
        )  # fmt: skip

    def _warnings(self) -> tuple[str, ...]:
        if "feel_env" not in self.__dict__:
            return ()
        return tuple(dict.fromkeys(str(one) for one in self.feel_env.warnings))[:50]

    # -- walking ----------------------------------------------------------------------------------
    def _walk(
        self, fields: tuple[Field, ...], at: _Path, given: Mapping[str, Any], found: _Found
    ) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for field in fields:
            path = (*at, field.key)
            if not self.visible(field, path):
                continue
            name = ".".join(str(one) for one in path)
            found.visible.add(name)
            if self._required(field, path):
                found.required.add(name)
            value = self._kept(field, path, name, given.get(field.key), found)
            if value not in (None, "", [], {}):
                kept[field.key] = value
            if self.rules(field, RuleKind.OPTIONS) or field.options:
                found.options[name] = self._options(field, path)
            for rule in self.rules(field, RuleKind.VALID):
                if name not in found.broken and self._evaluate(rule.feel, path, rule.place) is False:
                    found.broken[name] = rule.message or _not_valid(field)
        return kept

    def _kept(self, field: Field, path: _Path, name: str, value: Any, found: _Found) -> Any:
        """The answer that stays: of a group what shows in it, of a computed field what is computed."""
        if field.kind is Kind.GROUP:
            return self._walk(field.children, path, value or {}, found)
        if field.kind is Kind.REPEAT:
            items = enumerate(value or ())
            return [self._walk(field.children, (*path, n), one, found) for n, one in items]
        if self.rules(field, RuleKind.VALUE):
            value = formulas.from_feel(field, self.value(field, path))
            found.computed[name] = value
        return value

    def rules(self, field: Field, kind: RuleKind) -> tuple[Rule, ...]:
        return self._rules.get((field.path, kind), ())

    def _required(self, field: Field, path: _Path) -> bool:
        if field.required or (field.kind is Kind.REPEAT and field.least > 0):
            return True
        rules = self.rules(field, RuleKind.REQUIRED)
        return any(self._evaluate(rule.feel, path, rule.place) is True for rule in rules)

    def _options(self, field: Field, path: _Path) -> tuple[Option, ...]:
        """The choices left by the rules; a rule without an answer leaves none."""
        left = field.options
        for rule in self.rules(field, RuleKind.OPTIONS):
            value = self._evaluate(rule.feel, path, rule.place)
            values = value if isinstance(value, list) else [] if value is None else [value]
            words = {one.value: one for one in left}
            names = [str(feel.to_json(one)) for one in values]
            left = tuple(
                words.get(one, Option(one, Text(one, one))) for one in names if not words or one in words
            )
        return left

    # -- values -----------------------------------------------------------------------------------
    def page_visible(self, key: str) -> bool:
        if key not in self._pages:
            page = self.definition.page(key)
            text = page.visible if page else ""
            self._pages[key] = True  # a circle is cut here; check refuses it
            self._pages[key] = not text or self._evaluate(text, (key,), f"pages.{key}.visible") is True
        return self._pages[key]

    def visible(self, field: Field, path: _Path) -> bool:
        if path not in self._visible:
            self._visible[path] = False
            self._visible[path] = self._shows(field, path)
        return self._visible[path]

    def _shows(self, field: Field, path: _Path) -> bool:
        holder = path[:-1] if not path[:-1] or isinstance(path[:-1][-1], str) else path[:-2]
        if holder:
            parent = self._field(holder)
            if not self.visible(parent, holder):
                return False
        else:
            page = self.definition.page_of(field.key)
            if page is not None and not self.page_visible(page.key):
                return False
        rules = self.rules(field, RuleKind.VISIBLE)
        return all(self._evaluate(rule.feel, path, rule.place) is True for rule in rules)

    def value(self, field: Field, path: _Path) -> Any:
        """The FEEL value of a field: None while it is hidden."""
        if path not in self._values:
            self._values[path] = None
            self._values[path] = self._worked_out(field, path) if self.visible(field, path) else None
        return self._values[path]

    def _worked_out(self, field: Field, path: _Path) -> Any:
        if rules := self.rules(field, RuleKind.VALUE):
            return self._evaluate(rules[0].feel, path, rules[0].place)
        if field.kind is Kind.GROUP:
            return {one.key: self.value(one, (*path, one.key)) for one in field.children}
        if field.kind is Kind.REPEAT:
            count = len(self._raw(path) or ())
            return [
                {one.key: self.value(one, (*path, n, one.key)) for one in field.children}
                for n in range(count)
            ]
        return formulas.to_feel(field, self._raw(path))

    def _raw(self, path: _Path) -> Any:
        value: Any = self.given.answers
        for step in path:
            if isinstance(step, int):
                value = value[step] if isinstance(value, list) and step < len(value) else None
            else:
                value = value.get(step) if isinstance(value, Mapping) else None
        return value

    def _field(self, path: _Path) -> Field:
        return self.definition.by_path[".".join(one for one in path if isinstance(one, str))]

    # -- rules ------------------------------------------------------------------------------------
    def _evaluate(self, text: str, path: _Path, place: str) -> Any:
        expression = formulas.compiled(self.definition, text, place)
        scope = {
            name: self._named(name, text, path) for name in formulas.names_in(self.definition, text, place)
        }
        try:
            return expression.evaluate(scope, self.feel_env)
        except feel.FeelLimitError as much:
            raise FormError(place, much.text) from much

    def _named(self, name: str, text: str, path: _Path) -> Any:
        holder = path[:-1]
        while True:
            names = ".".join([*(one for one in holder if isinstance(one, str)), name])
            field = self.definition.by_path.get(names)
            if field is not None:
                return self.value(field, (*holder, name))
            if not holder:
                break
            holder = holder[:-1]
        if name == "form":
            return {key: self._named(key, text, ("form",)) for key in formulas.form_names(text)}
        if name not in formulas.OUTSIDE:
            return None
        if name not in self._outside:
            self._outside[name] = formulas.outside(self.env, name)
        return self._outside[name]


class _Found:
    def __init__(self) -> None:
        self.visible: set[str] = set()
        self.required: set[str] = set()
        self.options: dict[str, tuple[Option, ...]] = {}
        self.computed: dict[str, Any] = {}
        self.broken: dict[str, Text] = {}


def _not_valid(field: Field) -> Text:
    return Text(f"{field.label.zh}不符合填写要求", f"{field.label.en} does not meet the requirements")
