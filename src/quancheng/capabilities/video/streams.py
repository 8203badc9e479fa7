"""观测流: the SensorThings things and streams of cameras, made when something is first seen in one."""

from __future__ import annotations

from django.utils import translation

from quancheng.capabilities.sensorthings import actions as sensorthings
from quancheng.capabilities.sensorthings import queries as sensorthings_queries
from quancheng.capabilities.sensorthings.values import MEASUREMENT, OM
from quancheng.capabilities.video.models import Camera, VideoEvent
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import NotFound

SENSOR = "video:analytics"
_UNITS = {
    "count": ("个", "{#}", "http://unitsofmeasure.org/ucum.html"),
    "share": ("比例", "1", "http://unitsofmeasure.org/ucum.html"),
}
POSITION = "position"
"""移动设备位置: a GeoJSON point, with speed (km/h) and direction (degrees from north) as parameters."""
_SHARES = {VideoEvent.Kind.SMOKE, VideoEvent.Kind.FIRE}


def key_of(camera: Camera) -> str:
    """The stable name of a camera as a thing."""
    return f"video:{camera.code}"


def stream_of(camera: Camera, kind: str) -> int:
    """Id of the stream of one kind of sighting at one camera; made when it does not exist.

    The streams are not public: where people are counted is told to those who may see cameras.
    """
    key = f"{key_of(camera)}:{kind}"
    try:
        return sensorthings_queries.stream_by_key(key).id
    except NotFound:
        return _made(camera, kind, key)


def _label(kind: str) -> Text:
    if kind == POSITION:
        return Text("移动设备位置", "Position of a mobile device")
    label = VideoEvent.Kind(kind).label
    with translation.override("zh-hans"):
        zh = str(label)
    with translation.override("en"):
        return Text(zh, str(label))


def _made(camera: Camera, kind: str, key: str) -> int:
    call = Call.system("video", simulated=camera.simulated)
    label = _label(kind)
    thing = sensorthings.upsert_thing(
        call, key=key_of(camera), name=camera.name, description="摄像机 camera",
        properties={"code": camera.code, "region": camera.region, "simulated": camera.simulated}, lon=camera.lon,
        lat=camera.lat, location_name=camera.address or camera.name, public=False,
    )  # fmt: skip
    sensor = sensorthings.upsert_sensor(
        call, key=SENSOR, name="视频结构化分析", description="GA/T 1400 视频图像信息 structured video"
    )
    prop = sensorthings.upsert_observed_property(
        call,
        key=f"video:{kind}",
        name=label.zh,
        definition=f"urn:quancheng:video:{kind}",
        description=label.en,
        properties={"name_en": label.en},
    )
    unit, symbol, definition = (
        ("", "", "") if kind == POSITION else _UNITS["share" if kind in _SHARES else "count"]
    )
    return sensorthings.upsert_stream(
        call, key=key, thing=thing, name=f"{camera.name} {label.zh}", description=label.en, unit_name=unit,
        unit_symbol=symbol, unit_definition=definition, observed_property=prop, sensor=sensor, public=False,
        observation_type=OM + "OM_Observation" if kind == POSITION else MEASUREMENT,
    )  # fmt: skip
