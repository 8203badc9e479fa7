"""The BPMN document as the compiler looks at it: names, references, expressions, reasons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from quancheng.core import feel
from quancheng.core.text import Text

from .errors import Problem
from .expressions import Expr, is_word
from .vocabulary import BPMN, QC

__all__ = ["Document", "child", "children", "number", "pure", "truth"]

_ITEMS: Final = frozenset(
    {"dataObject", "dataObjectReference", "dataInput", "dataOutput", "property", "dataStoreReference",
     "inputDataItem", "outputDataItem", "dataStore"}
)  # fmt: skip
_NAMED_BY_NAME: Final = frozenset({"message", "signal"})


def pure(element: etree._Element) -> str:
    """Local name of a BPMN element; empty for anything of another namespace."""
    tag = element.tag
    if isinstance(tag, str) and tag.startswith(f"{{{BPMN}}}"):
        return tag[len(BPMN) + 2 :]
    return ""


def children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """BPMN children with one of these local names (all, when none is given)."""
    for each in element:
        local = pure(each)
        if local and (not names or local in names):
            yield each


def child(element: etree._Element, name: str) -> etree._Element | None:
    """The first BPMN child of that name."""
    return next(children(element, name), None)


def truth(value: str | None, default: bool = False) -> bool:
    """An xsd:boolean."""
    return default if value is None else value.strip() in ("true", "1")


def number(value: str | None, default: int) -> int:
    """An xsd:integer not below zero; the default where it is none."""
    text = (value or "").strip()
    return int(text) if text.isdigit() and len(text) < 10 else default


def _ref(value: str | None) -> str:
    return (value or "").strip().rpartition(":")[2]


class Document:
    """Look-ups over one document, and the list of reasons against it."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self.by_id: dict[str, etree._Element] = {}
        for element in root.iter(f"{{{BPMN}}}*"):
            identifier = element.get("id")
            if identifier is None:
                continue
            if identifier in self.by_id:
                self.problem(identifier, "duplicate-id", "编号重复。", "The id occurs twice.")
            self.by_id[identifier] = element
        self._shown = {
            _ref(each.get("dataObjectRef")): each.get("name") or ""
            for each in root.iter(f"{{{BPMN}}}dataObjectReference")
        }
        self.names = tuple(sorted(self._spaced_names()))

    def _spaced_names(self) -> set[str]:
        found = {each.get("name") or "" for each in self.by_id.values() if pure(each) in _ITEMS}
        return {name for name in found if name and not is_word(name)}

    def problem(self, element: str, code: str, zh: str, en: str) -> None:
        """Note a reason."""
        self.problems.append(Problem(element, code, Text(zh, en)))

    def refer(self, value: str | None) -> etree._Element | None:
        """The element a QName or id refers to."""
        return self.by_id.get(_ref(value))

    def ref(self, value: str | None) -> str:
        """The id in a reference."""
        return _ref(value)

    def variable(self, identifier: str | None) -> str:
        """The variable an item-aware element stands for: its ``qc:variable``, name or id."""
        plain = _ref(identifier)
        element = self.by_id.get(plain)
        return plain if element is None else self.variable_of(element)

    def variable_of(self, element: etree._Element) -> str:
        """As :meth:`variable`, for the element itself."""
        name = element.get("name") or self._shown.get(element.get("id") or "", "")
        return element.get(f"{{{QC}}}variable") or (name if is_word(name) else "") or element.get("id") or ""

    def called(self, element: etree._Element | None, fallback: str = "") -> tuple[str, tuple[str, ...]]:
        """(main name, all names) of a message, signal, error or escalation."""
        if element is None:
            return fallback, (fallback,) if fallback else ()
        local = pure(element)
        code = "" if local in _NAMED_BY_NAME else element.get(f"{local}Code") or ""
        every = [each for each in (code, element.get("name"), element.get("id")) if each]
        if code:
            return code, (code,)
        return (every[0], tuple(dict.fromkeys(every))) if every else ("", ())

    def text(self, element: etree._Element | None) -> str:
        """The text of an element itself: not of comments, extensions or documentation in it."""
        if element is None:
            return ""
        parts = [element.text or "", *(each.tail or "" for each in element)]
        return "".join(parts).strip()

    def expression(self, element: etree._Element | None, owner: str) -> Expr | None:
        """A FEEL expression element; a reason when it is another language or not FEEL."""
        if element is None:
            return None
        language = element.get("language") or ""
        if language and "feel" not in language.lower():
            self.problem(
                owner,
                "expression-language",
                f"表达式语言“{language}”不受支持，请用FEEL。",
                f"The expression language “{language}” is not supported; use FEEL.",
            )
            return None
        return self.feel(self.text(element), owner)

    def feel(self, text: str | None, owner: str) -> Expr | None:
        """Parse FEEL; a leading ``=`` (as other modellers write) is dropped."""
        plain = (text or "").strip()
        if plain.startswith("="):
            plain = plain[1:].strip()
        if not plain:
            return None
        try:
            return Expr(plain, self.names)
        except (feel.FeelSyntaxError, feel.FeelLimitError) as error:
            reason: Text = error.text
            self.problem(
                owner,
                "bad-feel",
                f"表达式“{_short(plain)}”不是可用的FEEL：{reason.zh}",
                f"“{_short(plain)}” is no usable FEEL: {reason.en}",
            )
            return None

    def attributes(self, element: etree._Element) -> dict[str, str]:
        """``qc:`` attributes and leaf extension elements by local name, others in ``{ns}name``."""
        found: dict[str, str] = {}
        for key, value in element.attrib.items():
            name = str(key)
            if name.startswith(f"{{{QC}}}"):
                found[name[len(QC) + 2 :]] = str(value)
            elif name.startswith("{"):
                found[name] = str(value)
        box = child(element, "extensionElements")
        for each in box if box is not None else ():
            if isinstance(each.tag, str) and not len(each) and not each.attrib and each.text:
                name = each.tag
                found.setdefault(name.removeprefix(f"{{{QC}}}"), each.text.strip())
        return found

    def qc(self, element: etree._Element, name: str) -> Iterator[etree._Element]:
        """``qc:name`` extension elements of an element."""
        box = child(element, "extensionElements")
        if box is not None:
            yield from box.iter(f"{{{QC}}}{name}")


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
