"""接入方式: one small class for each kind of source, all with ``faults`` and ``open``."""

from quancheng.capabilities.collection.connectors.base import Delivered, Source, SourceKind
from quancheng.capabilities.collection.connectors.kinds import KINDS, kind_of

__all__ = ["KINDS", "Delivered", "Source", "SourceKind", "kind_of"]
