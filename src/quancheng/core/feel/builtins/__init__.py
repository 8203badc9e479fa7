"""The functions of the specification (DMN 1.5, 10.3.4), by name in ``BUILTINS``."""

from . import (  # noqa: F401  each module declares its functions
    boolean,
    contexts,
    conversion,
    lists,
    numbers,
    ranges,
    statistics,
    strings,
    temporal,
)
from .registry import BUILTINS

__all__ = ["BUILTINS"]
