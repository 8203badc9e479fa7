"""通用预警协议 CAP 1.2 (OASIS, 2010): messages as values, XML, chains, feed, GB/T 35965.1 terms."""

from __future__ import annotations

from .chain import ChainFault, ChainProblem, active, check_chain
from .feed import FeedInfo, build_feed
from .gbt35965 import CONCEPTS, Colour, Concept, colour_of, with_colour
from .model import (
    Alert,
    Area,
    Category,
    Certainty,
    Circle,
    Info,
    MsgType,
    Named,
    Point,
    Reference,
    Resource,
    ResponseType,
    Scope,
    Severity,
    Status,
    Urgency,
)
from .rules import CapError, Problem, check, problems
from .xml import NAMESPACE, from_xml, to_xml

__all__ = [
    "CONCEPTS",
    "NAMESPACE",
    "Alert",
    "Area",
    "CapError",
    "Category",
    "Certainty",
    "ChainFault",
    "ChainProblem",
    "Circle",
    "Colour",
    "Concept",
    "FeedInfo",
    "Info",
    "MsgType",
    "Named",
    "Point",
    "Problem",
    "Reference",
    "Resource",
    "ResponseType",
    "Scope",
    "Severity",
    "Status",
    "Urgency",
    "active",
    "build_feed",
    "check",
    "check_chain",
    "colour_of",
    "from_xml",
    "problems",
    "to_xml",
    "with_colour",
]
