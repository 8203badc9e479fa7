"""Tables of the SensorThings entities 感知实体. Observations are not here: they live in ``observations``.

Times are integers: microseconds since the epoch, UTC. ``key`` is the stable text of the module
that owns an entity (``things:JN-R-017``); what people made over the protocol has none.
"""

from __future__ import annotations

from typing import Any

import msgspec
from django.db import models
from django.db.models.fields.json import KeyTransform
from django.utils.translation import gettext_lazy as _

from quancheng.kernel.models import GuardedModel

_decode = msgspec.json.Decoder().decode


class Json(models.JSONField):
    """A JSON column read by the faster decoder; to migrations it is Django's."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """The value of a whole column; values inside one are left to Django."""
        if isinstance(value, str) and not isinstance(expression, KeyTransform):
            try:
                return _decode(value)
            except msgspec.DecodeError:
                pass
        return super().from_db_value(value, expression, connection)

    def deconstruct(self) -> Any:
        """As the field it stands for."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


class Entity(GuardedModel):
    """What every entity has 实体."""

    key = models.CharField(_("外部键"), max_length=200, unique=True, null=True)
    description = models.TextField(_("说明"), blank=True, default="")
    properties: Any = Json(_("属性"), null=True)
    public = models.BooleanField(_("公开"), default=True)

    class Meta:
        abstract = True


class Named(Entity):
    """Entities with a name; names need not be unique 有名称的实体."""

    name = models.TextField(_("名称"))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Placed(Named):
    """Entities with a geometry, and its bounds in degrees for quick searches 有位置的实体."""

    encoding_type = models.CharField(_("编码"), max_length=200)
    geometry: Any = Json(_("位置"), null=True)
    west = models.FloatField(null=True)
    south = models.FloatField(null=True)
    east = models.FloatField(null=True)
    north = models.FloatField(null=True)

    class Meta:
        abstract = True


class FeatureOfInterest(Placed):
    """观测对象: what an observation is about, mostly the place of the thing."""

    class Meta:
        verbose_name = _("观测对象")
        indexes = [models.Index(fields=["west", "south"], name="sta_feature_box")]


class Location(Placed):
    """地点: where things are or were."""

    feature = models.ForeignKey(
        FeatureOfInterest, on_delete=models.SET_NULL, null=True, related_name="locations"
    )
    """The feature made from this location for observations that named none (OGC 18-088 § 10.2)."""

    class Meta:
        verbose_name = _("地点")
        indexes = [models.Index(fields=["west", "south"], name="sta_location_box")]


class Thing(Named):
    """物: a station, a camera, a lamp post."""

    locations: Any = models.ManyToManyField(Location, through="ThingLocation", related_name="things")

    class Meta:
        verbose_name = _("物")


class ThingLocation(GuardedModel):
    """Where a thing is now 现在的地点."""

    thing = models.ForeignKey(Thing, on_delete=models.CASCADE)
    location = models.ForeignKey(Location, on_delete=models.CASCADE)

    class Meta:
        verbose_name = _("现在的地点")
        constraints = [models.UniqueConstraint(fields=["thing", "location"], name="sta_thing_location_once")]


class HistoricalLocation(GuardedModel):
    """历史地点: from when a thing was where."""

    thing = models.ForeignKey(Thing, on_delete=models.CASCADE, related_name="history")
    time = models.BigIntegerField(_("时间"))
    public = models.BooleanField(_("公开"), default=True)
    locations: Any = models.ManyToManyField(
        Location, through="HistoricalPlace", related_name="historical_locations"
    )

    class Meta:
        verbose_name = _("历史地点")
        indexes = [models.Index(fields=["thing", "time"], name="sta_history_thing_time")]


class HistoricalPlace(GuardedModel):
    """A place of a historical location 历史地点的地点."""

    historical = models.ForeignKey(HistoricalLocation, on_delete=models.CASCADE)
    location = models.ForeignKey(Location, on_delete=models.CASCADE)

    class Meta:
        verbose_name = _("历史地点的地点")
        constraints = [
            models.UniqueConstraint(fields=["historical", "location"], name="sta_history_location_once")
        ]


class Sensor(Named):
    """传感器: the instrument or method."""

    encoding_type = models.CharField(_("编码"), max_length=200)
    metadata: Any = Json(_("元数据"), null=True)

    class Meta:
        verbose_name = _("传感器")


class ObservedProperty(Named):
    """观测要素: what is measured."""

    definition = models.TextField(_("定义"))

    class Meta:
        verbose_name = _("观测要素")


class Stream(Named):
    """数据流: a Datastream, or a MultiDatastream when ``multi``; one number space for both."""

    multi = models.BooleanField(_("多要素"), default=False)
    observation_type = models.CharField(_("观测类型"), max_length=200)
    unit: Any = Json(_("单位"), null=True)
    """unitOfMeasurement, or the list unitOfMeasurements when ``multi``."""
    data_types: Any = Json(_("各列类型"), null=True)
    """multiObservationDataTypes when ``multi``."""
    area: Any = Json(_("观测范围"), null=True)
    """observedArea: a GeoJSON polygon or point around the features observed."""
    thing = models.ForeignKey(Thing, on_delete=models.CASCADE, related_name="streams")
    sensor = models.ForeignKey(Sensor, on_delete=models.CASCADE, related_name="streams")
    observed_property = models.ForeignKey(
        ObservedProperty, on_delete=models.CASCADE, null=True, related_name="streams"
    )
    """None when ``multi``: then see ``observed_properties``."""
    observed_properties: Any = models.ManyToManyField(
        ObservedProperty, through="StreamProperty", related_name="multi_streams"
    )

    class Meta:
        verbose_name = _("数据流")
        indexes = [models.Index(fields=["multi", "id"], name="sta_stream_multi")]


class StreamProperty(GuardedModel):
    """A column of a MultiDatastream 多要素流的列."""

    stream = models.ForeignKey(Stream, on_delete=models.CASCADE)
    observed_property = models.ForeignKey(ObservedProperty, on_delete=models.CASCADE)
    position = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("多要素流的列")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["stream", "position"], name="sta_column_once")]


class StreamFeature(GuardedModel):
    """That a stream has observations of a feature 数据流的观测对象."""

    stream = models.ForeignKey(Stream, on_delete=models.CASCADE)
    feature = models.ForeignKey(FeatureOfInterest, on_delete=models.CASCADE)

    class Meta:
        verbose_name = _("数据流的观测对象")
        constraints = [models.UniqueConstraint(fields=["stream", "feature"], name="sta_stream_feature_once")]


class Version(GuardedModel):
    """一个实体的一个版本: what it said from ``since`` until ``until``, who made it so."""

    kind = models.CharField(_("类型"), max_length=30)
    entity = models.BigIntegerField(_("编号"))
    since = models.BigIntegerField(_("起"))
    until = models.BigIntegerField(_("止"), null=True)
    deed = models.CharField(_("动作"), max_length=10)
    who = models.CharField(_("谁"), max_length=200)
    data: Any = Json(_("内容"))
    """Columns and the ids of linked entities."""

    class Meta:
        verbose_name = _("版本")
        indexes = [
            models.Index(fields=["kind", "entity", "since"], name="sta_version_entity"),
            models.Index(fields=["kind", "since", "until"], name="sta_version_time"),
        ]
