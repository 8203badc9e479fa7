"""DMN 1.1–1.5 decision models on FEEL (决策模型): read, check, evaluate, explain.

``read`` gives a :class:`Model` of XML that may come from strangers; ``check`` tells authors what is wrong with
it; ``Model.evaluate`` and ``Model.invoke`` answer with an :class:`Outcome` that says why; ``read_document`` and
``write`` are for editors, whose values are those of :mod:`.document`. Source: OMG DMN 1.5
(formal/2024-01-01), tried on the cases of the DMN TCK.
"""

from .check import check
from .document import Aggregation, Document, HitPolicy
from .errors import DmnError
from .model import Model, Variable, read
from .outcome import Explanation, Hit, Outcome, Step, TableUse
from .problem import Problem, ProblemKind, Severity
from .reader import read_document
from .writer import write

__all__ = [
    "Aggregation",
    "DmnError",
    "Document",
    "Explanation",
    "Hit",
    "HitPolicy",
    "Model",
    "Outcome",
    "Problem",
    "ProblemKind",
    "Severity",
    "Step",
    "TableUse",
    "Variable",
    "check",
    "read",
    "read_document",
    "write",
]
