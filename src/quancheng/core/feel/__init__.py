"""FEEL, the expression language of DMN 1.3 to 1.5 (OMG formal/23-08-01).

``parse`` reads an expression once and compiles it to closures; ``evaluate`` runs it on a scope.
Errors of evaluation are FEEL nulls with a warning; only bad text (:class:`FeelSyntaxError`) and
used-up budgets (:class:`FeelLimitError`) raise.
"""

from .errors import FeelError, FeelLimitError, FeelSyntaxError
from .explain import Explanation, explain, explain_test
from .expression import Expression, UnaryTests, parse, parse_type, parse_unary
from .jsonio import from_json, to_json
from .limits import Environment, Limits
from .types import ANY, Type, conforms, context_of, convert, is_instance, list_of
from .values.duration import DaysTimeDuration, YearsMonthsDuration, parse_duration
from .values.function import Closure, Function, Parameter, native
from .values.kinds import compare, contains, equal, type_name
from .values.literal import parse_at_literal
from .values.range import Range
from .values.show import display, text_of
from .values.temporal import Date, DateTime, Time

__all__ = [
    "ANY",
    "Closure",
    "Date",
    "DateTime",
    "DaysTimeDuration",
    "Environment",
    "Explanation",
    "Expression",
    "FeelError",
    "FeelLimitError",
    "FeelSyntaxError",
    "Function",
    "Limits",
    "Parameter",
    "Range",
    "Time",
    "Type",
    "UnaryTests",
    "YearsMonthsDuration",
    "compare",
    "conforms",
    "contains",
    "context_of",
    "convert",
    "display",
    "equal",
    "explain",
    "explain_test",
    "from_json",
    "is_instance",
    "list_of",
    "native",
    "parse",
    "parse_at_literal",
    "parse_duration",
    "parse_type",
    "parse_unary",
    "text_of",
    "to_json",
    "type_name",
]
