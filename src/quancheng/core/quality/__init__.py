"""数据质量: rules over tables, compiled to one aggregate; findings, repair, profile and drift.

Rules are data (``parse_rules``). ``compile_rules`` turns them into Ibis expressions against a table: one
aggregate counts everything a row can tell by itself, only ``unique`` and ``reference`` need a query of their
own; ``Plan.read`` makes ``Findings`` of the counts, ``Plan.failing`` shows the failing rows with the
reason. ``evaluate_rows`` says the same slowly, in plain Python. Expressions keep to what DuckDB and Spark
answer alike: no approximate counts, no hashes, no unordered limits, patterns without engine's own signs.

A broken rule becomes an ``Issue``, which ``advance`` leads through order, repair, re-check, dispute or
acceptance, and ``repair_rate`` is the 整改率. ``profile_plan`` and ``drift`` watch what no rule foresaw.
Nothing here executes a query, reads a clock or knows a threshold.
"""

from quancheng.core.quality.drift import Drift, DriftKind, DriftLimits, drift, psi, psi_noise
from quancheng.core.quality.errors import LifeCycleError, QualityError, Reason
from quancheng.core.quality.explain import explain
from quancheng.core.quality.facet import assertions_facet, metrics_facet
from quancheng.core.quality.issue import (
    Accept,
    Begin,
    Dispute,
    Effect,
    EffectKind,
    Issue,
    IssueState,
    Judge,
    Order,
    Recheck,
    Repaired,
    Step,
    Withdraw,
    advance,
)
from quancheng.core.quality.model import (
    Dimension,
    Fault,
    Kind,
    Rule,
    RuleSet,
    Scheme,
    Scope,
    Severity,
)
from quancheng.core.quality.oracle import evaluate_rows
from quancheng.core.quality.outcome import Failure, Findings, Outcome
from quancheng.core.quality.parse import parse_rule, parse_rules
from quancheng.core.quality.patterns import FORMATS, NamedFormat, check_pattern
from quancheng.core.quality.plan import Plan, compile_rules
from quancheng.core.quality.profile import ColumnProfile, Histogram, Profile, ProfilePlan, profile_plan
from quancheng.core.quality.profile_data import profile_from, profile_to_data, without_values
from quancheng.core.quality.rate import RepairRate, counts_between, repair_rate, repaired_by
from quancheng.core.quality.routine import Follow, follow

__all__ = [
    "FORMATS",
    "Accept",
    "Begin",
    "ColumnProfile",
    "Dimension",
    "Dispute",
    "Drift",
    "DriftKind",
    "DriftLimits",
    "Effect",
    "EffectKind",
    "Failure",
    "Fault",
    "Findings",
    "Follow",
    "Histogram",
    "Issue",
    "IssueState",
    "Judge",
    "Kind",
    "LifeCycleError",
    "NamedFormat",
    "Order",
    "Outcome",
    "Plan",
    "Profile",
    "ProfilePlan",
    "QualityError",
    "Reason",
    "Recheck",
    "RepairRate",
    "Repaired",
    "Rule",
    "RuleSet",
    "Scheme",
    "Scope",
    "Severity",
    "Step",
    "Withdraw",
    "advance",
    "assertions_facet",
    "check_pattern",
    "compile_rules",
    "counts_between",
    "drift",
    "evaluate_rows",
    "explain",
    "follow",
    "metrics_facet",
    "parse_rule",
    "parse_rules",
    "profile_from",
    "profile_plan",
    "profile_to_data",
    "psi",
    "psi_noise",
    "repair_rate",
    "repaired_by",
    "without_values",
]
