"""CAP 报文: a warning as an OASIS CAP 1.2 message in Chinese and English, checked before it leaves."""

from __future__ import annotations

from datetime import datetime

from quancheng.core.cap import (
    Alert,
    Category,
    Certainty,
    Info,
    MsgType,
    ResponseType,
    Scope,
    Severity,
    Status,
    Urgency,
    check,
    with_colour,
)
from quancheng.core.text import Text
from quancheng.kernel.clock import LOCAL
from quancheng.scenarios.weather import areas, flow, wording
from quancheng.scenarios.weather.models import Warning

SENDER = "weather@jinan.quancheng"
SENDER_NAME = Text("济南市气象台", "Jinan Meteorological Observatory")
_TYPES = {"alert": MsgType.ALERT, "update": MsgType.UPDATE, "cancel": MsgType.CANCEL}
_LANGUAGES = (("zh-CN", "zh"), ("en-US", "en"))


def build(warning: Warning, previous: Alert | None, web: str) -> Alert:
    """The message of a warning about to be published. Raises CapError when it would break the standard."""
    sent = _whole(warning.published_at)
    return check(
        Alert(
            identifier=warning.number,
            sender=SENDER,
            sent=sent,
            status=Status.EXERCISE if warning.exercise else Status.ACTUAL,
            msg_type=_TYPES[warning.msg_type],
            scope=Scope.PUBLIC,
            note="演练 EXERCISE" if warning.exercise else None,
            references=(previous.reference,) if previous else (),
            infos=tuple(_info(warning, language, short, web) for language, short in _LANGUAGES),
        )
    )


def _info(warning: Warning, language: str, short: str, web: str) -> Info:
    over = warning.msg_type == flow.MsgType.CANCEL
    urgent = warning.level <= 2 and not over
    plain = Info(
        categories=(Category.MET,),
        event=wording.event_name(warning.event_type).pick(short),
        urgency=Urgency.PAST if over else Urgency.IMMEDIATE if urgent else Urgency.EXPECTED,
        severity=Severity.UNKNOWN,
        certainty=Certainty.OBSERVED,
        language=language,
        response_types=(_response(warning, over),),
        effective=_whole(warning.effective),
        expires=_whole(warning.expires),
        sender_name=SENDER_NAME.pick(short),
        headline=Text.of(warning.headline).pick(short),
        description=Text.of(warning.description).pick(short),
        instruction=Text.of(warning.instruction).pick(short),
        web=web,
        areas=areas.cap_areas(warning.districts, short),
    )
    return with_colour(plain, warning.colour)


def _response(warning: Warning, over: bool) -> ResponseType:
    if over:
        return ResponseType.ALL_CLEAR
    return {1: ResponseType.SHELTER, 2: ResponseType.AVOID, 3: ResponseType.PREPARE}.get(
        warning.level, ResponseType.MONITOR
    )


def _whole(moment: datetime | None) -> datetime:
    """CAP times have whole seconds and a zone (§3.3.2)."""
    if moment is None:
        raise ValueError("the time of a published warning is missing")
    return moment.astimezone(LOCAL).replace(microsecond=0)
