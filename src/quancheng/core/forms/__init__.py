"""表单: JSON Schema and FEEL rules as one pure value, the same for people, programs and browsers.

``read`` a definition, ``check`` it before publishing, work out its ``state`` for some answers, and
``validate`` them. Sources: JSON Schema draft 2020-12; FEEL of DMN 1.3 and later (``core.feel``).
"""

from quancheng.core.forms.answers import Typed, typed
from quancheng.core.forms.checking import check
from quancheng.core.forms.errors import FormError, Problem
from quancheng.core.forms.formulas import Environment
from quancheng.core.forms.model import (
    Field,
    FormDefinition,
    Kind,
    Limits,
    Option,
    Page,
    Rule,
    RuleKind,
)
from quancheng.core.forms.reading import read
from quancheng.core.forms.states import FormState, state
from quancheng.core.forms.validating import errors_of, validate, value_at

__all__ = [
    "Environment",
    "Field",
    "FormDefinition",
    "FormError",
    "FormState",
    "Kind",
    "Limits",
    "Option",
    "Page",
    "Problem",
    "Rule",
    "RuleKind",
    "Typed",
    "check",
    "errors_of",
    "read",
    "state",
    "typed",
    "validate",
    "value_at",
]
