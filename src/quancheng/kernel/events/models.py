"""Tables of events: outbox, deliveries, inbox and the positions that keep them in order."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from quancheng.kernel.events.envelope import Event
from quancheng.kernel.events.ids import uuid7


class OutboxEvent(models.Model):
    """发件箱: an event exactly as emitted, committed together with the change it tells of."""

    id = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    sequence = models.BigIntegerField(null=True, unique=True, editable=False)
    """Given by the dispatcher after commit, in an order without gaps; readers page by it."""
    type = models.CharField(max_length=200)
    source = models.CharField(max_length=200)
    subject = models.CharField(max_length=300)
    time = models.DateTimeField()
    virtual = models.BooleanField(default=False)
    """Emitted on a virtual clock (drill): handlers run at ``time``, not at the wall clock."""
    data = models.JSONField(encoder=DjangoJSONEncoder)
    dataschema = models.CharField(max_length=300, blank=True)
    dispatched_at = models.DateTimeField(null=True)
    """When it was handed over: to the deliveries here, or to the broker."""
    published_at = models.DateTimeField(null=True)
    """When the broker acknowledged it."""

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], condition=Q(dispatched_at__isnull=True), name="events_outbox_waiting"
            ),
            models.Index(fields=["type", "sequence"], name="events_outbox_type"),
            models.Index(fields=["subject", "sequence"], name="events_outbox_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"

    def to_event(self, city: str = "") -> Event:
        """The frozen value handlers receive."""
        return Event(
            id=self.event_id,
            type=self.type,
            source=self.source,
            subject=self.subject,
            time=self.time,
            data=self.data,
            dataschema=self.dataschema,
            sequence=self.sequence,
            city=city,
            virtual=self.virtual,
        )


class InboxEvent(models.Model):
    """收件箱: an event received from the broker, once however often it came."""

    id = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField(unique=True)
    origin = models.CharField(max_length=60)
    """City whose outbox it comes from; empty when the sender does not number its events."""
    sequence = models.BigIntegerField(null=True)
    envelope = models.JSONField(encoder=DjangoJSONEncoder)
    received_at = models.DateTimeField()
    dispatched_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["origin", "sequence"],
                condition=Q(dispatched_at__isnull=True),
                name="events_inbox_waiting",
            ),
            models.Index(fields=["origin", "sequence"], name="events_inbox_sequence"),
        ]

    def __str__(self) -> str:
        return f"{self.origin}:{self.sequence}"


class Delivery(models.Model):
    """投递: one event on its way to one subscriber."""

    class State(models.TextChoices):
        """Where the delivery stands."""

        PENDING = "pending", "待投递"
        DONE = "done", "已处理"
        DEAD = "dead", "已搁置"

    id = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField()
    type = models.CharField(max_length=200)
    subject = models.CharField(max_length=300)
    subscriber = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    """Times the handler ran and failed."""
    crashes = models.PositiveIntegerField(default=0)
    """Times a worker died holding it."""
    available_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event_id", "subscriber"], name="events_delivery_once")
        ]
        indexes = [
            models.Index(
                fields=["subscriber", "subject", "id"],
                condition=Q(finished_at__isnull=True),
                name="events_delivery_order",
            ),
            models.Index(
                fields=["finished_at", "id"],
                condition=Q(finished_at__isnull=True),
                name="events_delivery_waiting",
            ),
            models.Index(fields=["state", "finished_at"], name="events_delivery_state"),
        ]

    def __str__(self) -> str:
        return f"{self.type} → {self.subscriber} ({self.state})"


class Position(models.Model):
    """位置: a number that only one transaction at a time may move (its row is the lock)."""

    name = models.CharField(max_length=120, primary_key=True)
    value = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}={self.value}"
