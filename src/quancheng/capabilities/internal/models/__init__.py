"""Tables of internal handling, by subject."""

from quancheng.capabilities.internal.models.dossiers import Dossier, DossierEntry
from quancheng.capabilities.internal.models.items import (
    Item,
    ItemEvent,
    ItemModel,
    Notice,
    Serial,
    WorkItem,
)
from quancheng.capabilities.internal.models.meetings import Invitation, Meeting, MeetingEvent
from quancheng.capabilities.internal.models.papers import (
    Paper,
    PaperCopy,
    PaperEvent,
    PaperOpinion,
    PaperVersion,
)

__all__ = [
    "Dossier",
    "DossierEntry",
    "Invitation",
    "Item",
    "ItemEvent",
    "ItemModel",
    "Meeting",
    "MeetingEvent",
    "Notice",
    "Paper",
    "PaperCopy",
    "PaperEvent",
    "PaperOpinion",
    "PaperVersion",
    "Serial",
    "WorkItem",
]
