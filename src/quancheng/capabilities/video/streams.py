"""观测流: the SensorThings things and streams of cameras, made when something is first seen in one."""

from __future__ import annotations

from django.utils import translation

from quancheng.capabilities.sensorthings import actions as sensorthings
from quancheng.capabilities.sensorthings import queries as sensorthings_queries
from quancheng.capabilities.video.models import Camera, VideoEvent
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import NotFound

SENSOR = "video:analytics"
_UNITS = {
    "count": ("个", "{#}", "http://unitsofmeasure.org/ucum.html"),
    "share": ("比例", "1", "http://unitsofmeasure.org/ucum.html"),
}
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
        return _made(camera, VideoEvent.Kind(kind), key)


def _made(camera: Camera, what: VideoEvent.Kind, key: str) -> int:
    call = Call.system("video", simulated=camera.simulated)
    with translation.override("zh-hans"):
        label = str(what.label)
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
        key=f"video:{what.value}",
        name=label,
        definition=f"urn:quancheng:video:{what.value}",
        description=label,
    )
    unit, symbol, definition = _UNITS["share" if what in _SHARES else "count"]
    return sensorthings.upsert_stream(
        call, key=key, thing=thing, name=f"{camera.name} {label}", description=label, unit_name=unit,
        unit_symbol=symbol, unit_definition=definition, observed_property=prop, sensor=sensor, public=False,
    )  # fmt: skip
