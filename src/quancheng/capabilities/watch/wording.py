"""白话规则: what a version asks, in one sentence of each language, for the person who writes or approves it."""

from __future__ import annotations

from quancheng.capabilities.watch.values import Draft
from quancheng.core.text import Text
from quancheng.core.watch import Direction, Kind, Spec, Statistic, bucket_minutes

_THAN = {
    Direction.ABOVE: Text("不低于", "is at least"),
    Direction.BELOW: Text("不高于", "is at most"),
    Direction.EITHER: Text("的绝对值不低于", "in size is at least"),
}
_STRICT = {
    Direction.ABOVE: Text("高于", "is above"),
    Direction.BELOW: Text("低于", "is below"),
    Direction.EITHER: Text("的绝对值高于", "in size is above"),
}
STATISTICS = {
    Statistic.MEAN: Text("平均值", "mean"),
    Statistic.SUM: Text("累计值", "sum"),
    Statistic.MIN: Text("最小值", "least value"),
    Statistic.MAX: Text("最大值", "greatest value"),
    Statistic.COUNT: Text("读数个数", "number of readings"),
    Statistic.LEQ: Text("等效声级", "equivalent sound level"),
}
KINDS = {
    Kind.THRESHOLD: Text("阈值", "Threshold"),
    Kind.HYSTERESIS: Text("连续越限与回差", "In a row, with hysteresis"),
    Kind.WINDOW: Text("窗口统计", "Statistic of a window"),
    Kind.RATE: Text("变化率", "Rate of change"),
    Kind.SEQUENCE: Text("先后序列", "Sequence"),
    Kind.ABSENCE: Text("缺数", "Absence"),
    Kind.NEIGHBOUR: Text("邻站比较", "Neighbour comparison"),
    Kind.STUCK: Text("数值停滞", "Stuck value"),
}


def sentence(draft: Draft, *, what: Text | None = None, unit: str = "", then: Text | None = None) -> Text:
    """The rule in words; ``what`` names the observed property, ``then`` that of a sequence's second condition."""
    named = what or Text("数值", "the value")
    body = _BODIES[draft.spec.kind](draft.spec, named, unit, then or named)
    zh, en = body.zh, body.en
    if draft.spec.hours is not None:
        first, end = (_clock(one) for one in draft.spec.hours)
        zh, en = f"每天{first}至{end}之间，{zh}", f"Between {first} and {end} every day, {en}"
    clear = _clearing(draft.spec, unit)
    return Text(
        f"{zh}，发出{_level(draft.level).zh}告警{clear.zh}。",
        f"{_first(en)}: {_level(draft.level).en} alarm{clear.en}.",
    )


def _value(spec: Spec, named: Text, unit: str, of: Text = Text("", "")) -> Text:
    than = (_STRICT if spec.strict else _THAN)[spec.direction]
    return Text(
        f"{named.zh}{of.zh}{than.zh}{_number(spec.limit)}{_unit(unit)}",
        f"{of.en}{named.en} {than.en} {_number(spec.limit)}{_unit(unit)}",
    )


def _threshold(spec: Spec, named: Text, unit: str, then: Text) -> Text:
    value = _value(spec, named, unit)
    if spec.consecutive > 1:
        return Text(f"{value.zh}连续{spec.consecutive}次", f"{value.en} {spec.consecutive} times in a row")
    return value


def _window(spec: Spec, named: Text, unit: str, then: Text) -> Text:
    statistic = STATISTICS[spec.statistic]
    shown = "" if spec.statistic is Statistic.COUNT else unit
    value = _value(spec, named, shown, Text(f"的{statistic.zh}", f"the {statistic.en} of "))
    step = bucket_minutes(spec.minutes)
    share = f"，有效率不低于{spec.coverage:.0%}" if spec.coverage else ""
    share_en = f", with at least {spec.coverage:.0%} of it present" if spec.coverage else ""
    times, times_en = _times(spec)
    return Text(
        f"最近{_minutes(spec.minutes).zh}（每{_minutes(step).zh}一格{share}）{value.zh}{times}",
        f"{value.en} over the last {_minutes(spec.minutes).en} (steps of {_minutes(step).en}{share_en}){times_en}",
    )


def _rate(spec: Spec, named: Text, unit: str, then: Text) -> Text:
    per, per_en = _seconds(spec.per_seconds).zh, _seconds(spec.per_seconds).en
    value = _value(spec, named, unit, Text(f"每{per}的变化", f"the change in {per_en} of "))
    times, times_en = _times(spec)
    return Text(value.zh + times, value.en + times_en)


def _sequence(spec: Spec, named: Text, unit: str, then: Text) -> Text:
    step = spec.then
    second = ("", "")
    if step is not None:
        than = _THAN[step.direction]
        second = (f"{then.zh}{than.zh}{_number(step.limit)}", f"{then.en} {than.en} {_number(step.limit)}")
    value, gap = _value(spec, named, unit), _seconds(spec.seconds)
    return Text(
        f"同一地点{value.zh}后{gap.zh}内又有{second[0]}",
        f"at one site {value.en} and within {gap.en} {second[1]}",
    )


def _absence(spec: Spec, named: Text, unit: str, then: Text) -> Text:
    gap = _seconds(spec.seconds)
    return Text(f"超过{gap.zh}没有收到{named.zh}", f"no {named.en} for more than {gap.en}")


def _stuck(spec: Spec, named: Text, unit: str, then: Text) -> Text:
    gap = _seconds(spec.seconds)
    around = f"（变动不超过{_number(spec.tolerance)}{_unit(unit)}）" if spec.tolerance else ""
    around_en = f" (within {_number(spec.tolerance)}{_unit(unit)})" if spec.tolerance else ""
    return Text(f"{named.zh}{gap.zh}没有变化{around}", f"{named.en} has not changed for {gap.en}{around_en}")


def _neighbour(spec: Spec, named: Text, unit: str, then: Text) -> Text:
    value = _value(spec, Text("", "it"), unit, Text("差值", "the difference of "))
    times, times_en = _times(spec)
    return Text(
        f"{named.zh}与最近{spec.neighbours}个邻站中位数相比，{value.zh}{times}（每{_minutes(spec.minutes).zh}比较一次）",
        f"{named.en} against the median of its {spec.neighbours} nearest: {value.en}{times_en}"
        f" (compared every {_minutes(spec.minutes).en})",
    )


_BODIES = {
    Kind.THRESHOLD: _threshold,
    Kind.HYSTERESIS: _threshold,
    Kind.WINDOW: _window,
    Kind.RATE: _rate,
    Kind.SEQUENCE: _sequence,
    Kind.ABSENCE: _absence,
    Kind.STUCK: _stuck,
    Kind.NEIGHBOUR: _neighbour,
}


def _clearing(spec: Spec, unit: str) -> Text:
    if spec.clear is None or spec.clear == spec.limit:
        return Text("", "")
    word = Text("升至", "rises above") if spec.direction is Direction.BELOW else Text("回落到", "falls below")
    after = Text("以上", "") if spec.direction is Direction.BELOW else Text("以下", "")
    shown = f"{_number(spec.clear)}{_unit(unit)}"
    return Text(f"；{word.zh}{shown}{after.zh}解除", f"; over when it {word.en} {shown}")


def _times(spec: Spec) -> tuple[str, str]:
    if spec.consecutive <= 1:
        return "", ""
    return f"，连续{spec.consecutive}次", f", {spec.consecutive} times in a row"


def _level(level: int) -> Text:
    names = (Text("红色", "red"), Text("橙色", "orange"), Text("黄色", "yellow"), Text("蓝色", "blue"))
    return names[min(max(level, 1), 4) - 1]


def _minutes(minutes: int) -> Text:
    if minutes and minutes % 60 == 0:
        hours = minutes // 60
        return Text(f"{hours}小时", "1 hour" if hours == 1 else f"{hours} hours")
    return Text(f"{minutes}分钟", "1 minute" if minutes == 1 else f"{minutes} minutes")


def _seconds(seconds: int) -> Text:
    if seconds and seconds % 60 == 0:
        return _minutes(seconds // 60)
    return Text(f"{seconds}秒", "1 second" if seconds == 1 else f"{seconds} seconds")


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02d}"


def _number(value: float) -> str:
    return f"{value:.10g}"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""


def _first(words: str) -> str:
    return words[:1].upper() + words[1:]
