"""参数规则: dated parameters with authority, region, validity, citation and explanation.

No threshold of the platform is a constant in code; each is a ``Rule`` in a TOML file with the
authority and the citation it comes from, and is asked for by day and region.
"""

from quancheng.core.rules.book import Finding, RuleBook
from quancheng.core.rules.errors import (
    InvalidRegion,
    NoRuleInForce,
    RuleConflict,
    RuleError,
    RuleFormatError,
    RuleValueType,
)
from quancheng.core.rules.load import read_rule
from quancheng.core.rules.model import NATIONAL, Rule, RuleTable, region_prefix

__all__ = [
    "NATIONAL",
    "DatedParameter",
    "Finding",
    "InvalidRegion",
    "NoRuleInForce",
    "Rule",
    "RuleBook",
    "RuleConflict",
    "RuleError",
    "RuleFormatError",
    "RuleTable",
    "RuleValueType",
    "read_rule",
    "region_prefix",
]

DatedParameter = Rule
