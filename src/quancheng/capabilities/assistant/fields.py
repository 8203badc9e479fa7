"""取字段: from words on a page to the fields of a type, by its labels and patterns. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from quancheng.capabilities.assistant import normal
from quancheng.capabilities.assistant.kinds import FieldSpec, TypeSpec, kinds
from quancheng.capabilities.assistant.layout import Page, Word
from quancheng.capabilities.assistant.ocr import Corner, Line

__all__ = ["Found", "box_of", "classify", "extract"]

_SAME_ROW = 0.75
_NEXT_ROW = (0.55, 2.6)
_RECOGNISED = 0.55
_SEAL_WORDS = r"(?<=.{3})(?:审批|户口|证件|免疫|学位|出生证明|不动产登记|行政许可|业务|证明)?专用章$"
"""Words of a seal pressed over the end of a value."""


@dataclass(frozen=True, slots=True)
class Found:
    """One field as read."""

    key: str
    value: str
    """As ``normal.normal``."""
    score: float
    ok: bool | None
    """The check of its kind: passed, failed, nothing to check."""
    lines: tuple[Line, ...]
    again: bool = False
    """Read a second time, enlarged, because the first reading failed its check."""

    @property
    def box(self) -> tuple[int, int, int, int]:
        return box_of(self.lines)


@dataclass(slots=True)
class _Token:
    """A label, or words after or without one, on a line."""

    spec: FieldSpec | None
    text: str
    left: float
    right: float
    word: Word
    used: bool = field(default=False)


def box_of(lines: Sequence[Line]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom around lines."""
    boxes = [one.box for one in lines]
    return (
        int(min(one[0] for one in boxes)),
        int(min(one[1] for one in boxes)),
        int(max(one[2] for one in boxes)),
        int(max(one[3] for one in boxes)),
    )


def classify(page: Page) -> tuple[TypeSpec | None, float]:
    """The type the page says it is, and how sure that is (0…1); None when it is none of ours."""
    best, most = None, 0.0
    for spec in kinds():
        title = any(
            one in word.text and len(word.text) <= len(one) + 8 for one in spec.titles for word in page.words
        )
        hits = sum(any(hint in word.text for word in page.words) for hint in spec.hints)
        share = hits / max(len(spec.hints), 1)
        sure = 0.6 + 0.4 * share if title and hits else 0.35 if title else 0.9 * share
        if sure > most:
            best, most = spec, sure
    return (best, most) if most >= _RECOGNISED else (None, most)


def extract(page: Page, spec: TypeSpec) -> dict[str, Found]:
    """The fields of a type on a page, by key; fields not found are absent."""
    tokens = _tokens(_joined(page, spec), spec)
    found: dict[str, Found] = {}
    for one in spec.fields:
        if one.marker:
            continue
        value = _by_pattern(page, one) if one.find else _by_label(page, tokens, one)
        if value is not None:
            found[one.key] = value
    return found


def finished(
    spec: FieldSpec, text: str, score: float, lines: Sequence[Line], *, again: bool = False
) -> Found:
    """A field from raw words: normalised, cut to its pattern, checked."""
    value = normal.normal(spec.kind, text)
    if spec.pattern and not spec.find and (match := re.search(spec.pattern, value)) is not None:
        value = match.group(0)
    return Found(
        spec.key, value, round(score, 4), normal.checked(spec.kind, value, _full(spec)), tuple(lines), again
    )


def _full(spec: FieldSpec) -> str:
    return "" if spec.find else spec.pattern


# -- labels --------------------------------------------------------------------------------------
def _joined(page: Page, spec: TypeSpec) -> Page:
    """Labels printed wide (名　　称) come as single characters: join neighbours that make a label."""
    labels = {label for one in spec.fields for label in one.labels}
    words, skip = [], set[int]()
    for at, word in enumerate(page.words):
        if at in skip:
            continue
        other = _partner(page, at, labels)
        if other is not None:
            skip.add(other)
            end = page.words[other]
            line = Line(
                word.text + end.text, _around(word.line, end.line), min(word.line.score, end.line.score)
            )
            word = replace(word, text=line.text, right=end.right, line=line)
        words.append(word)
    return replace(page, words=tuple(words))


def _partner(page: Page, at: int, labels: set[str]) -> int | None:
    word = page.words[at]
    if len(word.text) > 2:
        return None
    for other in range(at + 1, min(at + 4, len(page.words))):
        end = page.words[other]
        near = 0 <= end.left - word.right < 5 * word.height
        if word.text + end.text in labels and near and abs(page.off_row(word, end)) < _SAME_ROW:
            return other
    return None


def _around(one: Line, other: Line) -> tuple[Corner, Corner, Corner, Corner]:
    return one.corners[0], other.corners[1], other.corners[2], one.corners[3]


def _tokens(page: Page, spec: TypeSpec) -> list[_Token]:
    return [token for word in page.words for token in _split(word, spec)]


def _split(word: Word, spec: TypeSpec) -> Iterator[_Token]:
    """A line as labels and what follows them."""
    text = word.text
    marks = _marks(text, spec)
    wide = (word.right - word.left) / max(len(text), 1)
    start = 0
    for place, (at, label, owner) in enumerate(marks):
        if at > start and not place:
            yield _Token(None, text[start:at], word.left, word.left + at * wide, word)
        end = marks[place + 1][0] if place + 1 < len(marks) else len(text)
        after = at + len(label)
        yield _Token(owner, "", word.left + at * wide, word.left + after * wide, word)
        rest = re.sub(r"^[:.·]|^\([^)]{1,6}\):?", "", text[after:end])
        if rest:
            yield _Token(None, rest, word.left + after * wide, word.left + end * wide, word)
        start = end
    if not marks:
        yield _Token(None, text, word.left, word.right, word)


def _marks(text: str, spec: TypeSpec) -> list[tuple[int, str, FieldSpec]]:
    """Where labels stand in a line: at its start, after another field, or anywhere when long."""
    found: list[tuple[int, str, FieldSpec]] = []
    taken: list[range] = []
    pairs = [(label, one) for one in spec.fields for label in one.labels]
    exact = any(text.startswith(label) for label, _ in pairs)
    for label, owner in sorted(pairs, key=lambda pair: -len(pair[0])):
        at = text.find(label)
        if at < 0 and len(label) >= 4 and not exact and _nearly(text[: len(label)], label):
            at = 0
        if at < 0 or any(place in used for used in taken for place in (at, at + len(label) - 1)):
            continue
        if at == 0 or len(label) >= 4 or any(one[0] < at and not one[2].multi for one in found):
            found.append((at, label, owner))
            taken.append(range(at, at + len(label)))
    found.sort(key=lambda one: one[0])
    # a short label counts only behind another label that starts the line
    return [one for place, one in enumerate(found) if place == 0 or not found[place - 1][2].multi]


def _nearly(one: str, other: str) -> bool:
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1


def _by_label(page: Page, tokens: list[_Token], spec: FieldSpec) -> Found | None:
    label = next((one for one in tokens if one.spec is spec), None)
    if label is None:
        return None
    parts = _right_of(page, tokens, label)
    if not parts:
        return None
    if spec.multi:
        parts += _below(page, tokens, label, parts[0])
    for one in parts:
        one.used = True
    text = re.sub(_SEAL_WORDS, "", "".join(one.text for one in parts))
    return finished(spec, text, min(one.word.line.score for one in parts), [one.word.line for one in parts])


def _right_of(page: Page, tokens: list[_Token], label: _Token) -> list[_Token]:
    """Words on the label's row up to the next label or a wide gap."""
    row = [one for one in tokens if one is not label and one.left >= label.right - 0.6 * label.word.height]
    row = [
        one for one in row if one.word is label.word or abs(page.off_row(label.word, one.word)) < _SAME_ROW
    ]
    row.sort(key=lambda one: one.left)
    parts: list[_Token] = []
    for one in row:
        if one.spec is not None:
            break
        gap = one.left - (parts[-1].right if parts else label.right)
        if one.used or gap > (12 if not parts else 2.2) * label.word.height:
            break
        if not 0.6 < one.word.height / max(label.word.height, 1.0) < 1.7:
            continue  # a watermark or a seal's word, not this field's
        parts.append(one)
    return parts


def _below(page: Page, tokens: list[_Token], label: _Token, first: _Token) -> list[_Token]:
    """Lines below the first one that start where it starts."""
    parts: list[_Token] = []
    last = first
    for one in sorted(tokens, key=lambda token: token.word.middle):
        height = first.word.height
        down = (one.word.middle - last.word.middle) / max(height, 1.0)
        slant = abs(one.left - first.left) / max(height, 1.0)
        if one.spec is None and not one.used and _NEXT_ROW[0] < down < _NEXT_ROW[1] and slant < 1.6:
            if _labelled(page, tokens, label, one):
                break
            parts.append(one)
            last = one
    return parts


def _labelled(page: Page, tokens: list[_Token], label: _Token, one: _Token) -> bool:
    """Whether a label other than ``label`` stands before a token on its row."""
    for other in tokens:
        if other.spec is None or other is label or other.left >= one.left:
            continue
        if other.word is one.word:
            return True
        same_column = other.left > label.left - 3 * label.word.height
        if same_column and abs(page.off_row(other.word, one.word)) < _SAME_ROW:
            return True
    return False


# -- patterns ------------------------------------------------------------------------------------
def _by_pattern(page: Page, spec: FieldSpec) -> Found | None:
    """A value searched in the whole text (散文式证照)."""
    spans, text = [], ""
    for word in page.words:
        spans.append((len(text), len(text) + len(word.text), word))
        text += word.text
    match = re.search(spec.pattern, text) or _in_words(page, spec.pattern)
    if match is None:
        return None
    group = 1 if match.re.groups else 0
    value = match.group(group)
    if match.string is not text:
        lines = [word.line for word in page.words if word.text == match.string][:1]
    else:
        begin, end = match.span(group)
        lines = [word.line for first, last, word in spans if first < end and last > begin]
    return finished(spec, value, min(one.score for one in lines), lines)


def _in_words(page: Page, pattern: str) -> re.Match[str] | None:
    return next((match for word in page.words if (match := re.search(pattern, word.text))), None)
