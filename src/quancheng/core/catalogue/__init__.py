"""数据目录: the catalogue of what a city's government holds, as values and rules.

A :class:`Resource` is one entry with the core metadata of 《政务信息资源目录编制指南（试行）》: who holds
which columns, with whom they are shared, how open and how sensitive they are, how often they come.
Around it: codes by rule tables (:class:`CodeRule`), three views (:class:`ClassTree`), checks that find
everything at once (:func:`check_all`), versions (:func:`changes`), bulk editing with undo
(:func:`plan`, :func:`apply`), three-way merge (:func:`merge`), the duty list compared with the
catalogue (:func:`compare`), rates with the ids behind them (:class:`Rate`), Chinese full text
(:func:`tokens`, :func:`parse`, :func:`bm25f`, :func:`spans`), and two ways out: DCAT-AP 3
(:func:`to_dcat`) and CKAN (:func:`to_package`).

Nothing here stores, fetches or knows the time: an entry goes in, an entry or findings come out.
"""

from quancheng.core.catalogue.bulk import Applied, Edit, Operation, Plan, Step, apply, plan
from quancheng.core.catalogue.changes import Change, ChangeKind, changes, impact_of
from quancheng.core.catalogue.checking import Standards, check, check_all, is_address
from quancheng.core.catalogue.ckan import (
    CkanSite,
    datastore_fields,
    from_package,
    is_tag,
    organization,
    package_id,
    to_package,
)
from quancheng.core.catalogue.ckan_errors import (
    CkanError,
    CkanErrorType,
    failure,
    help_address,
    success,
    validation_error,
)
from quancheng.core.catalogue.codec import canonical, digest_of, plain, read_field, read_resource
from quancheng.core.catalogue.codes import Alphabet, Code, CodeError, CodeReason, CodeRule, Segment
from quancheng.core.catalogue.dcat import Contact, Portal, to_dcat
from quancheng.core.catalogue.duties import Comparison, DeadLink, LinkFault, Proposal, compare, similarity
from quancheng.core.catalogue.findings import CatalogueError, Finding, Reason, errors_of
from quancheng.core.catalogue.highlighting import Excerpt, Span, excerpt, spans
from quancheng.core.catalogue.index import FIELDS, Hit, MemoryIndex, texts_of
from quancheng.core.catalogue.merging import Conflict, Merge, Side, merge
from quancheng.core.catalogue.paths import Path, label_of, leaves, rebuild, show
from quancheng.core.catalogue.query import (
    Clause,
    Query,
    Unit,
    document_text,
    document_vector,
    parse,
    to_fts5,
    to_tsquery,
)
from quancheng.core.catalogue.ranking import Field, Statistics, bm25f, idf, idf_robertson
from quancheng.core.catalogue.rates import (
    FrozenMonth,
    Rate,
    RateName,
    catalogue_rate,
    collection_rate,
    demand_rate,
    difference,
    freeze,
    repair_rate,
    sharing_rate,
    total,
    verify_months,
)
from quancheng.core.catalogue.restriction import InForce, in_force, level_of, open_items, shared_items
from quancheng.core.catalogue.slugs import is_slug, slug
from quancheng.core.catalogue.terms import (
    DataType,
    DemandState,
    DistributionKind,
    Impact,
    Level,
    Openness,
    Severity,
    ShareMode,
    ShareType,
    Term,
    UpdateCycle,
    View,
)
from quancheng.core.catalogue.tokens import Token, bigrams, fold, tokens
from quancheng.core.catalogue.tree import Branch, Category, ClassTree
from quancheng.core.catalogue.values import Demand, Distribution, DutyItem, Item, Organ, Resource
from quancheng.core.catalogue.versions import next_version, version_key

__all__ = [
    "FIELDS",
    "Alphabet",
    "Applied",
    "Branch",
    "CatalogueError",
    "Category",
    "Change",
    "ChangeKind",
    "CkanError",
    "CkanErrorType",
    "CkanSite",
    "ClassTree",
    "Clause",
    "Code",
    "CodeError",
    "CodeReason",
    "CodeRule",
    "Comparison",
    "Conflict",
    "Contact",
    "DataType",
    "DeadLink",
    "Demand",
    "DemandState",
    "Distribution",
    "DistributionKind",
    "DutyItem",
    "Edit",
    "Excerpt",
    "Field",
    "Finding",
    "FrozenMonth",
    "Hit",
    "Impact",
    "InForce",
    "Item",
    "Level",
    "LinkFault",
    "MemoryIndex",
    "Merge",
    "Openness",
    "Operation",
    "Organ",
    "Path",
    "Plan",
    "Portal",
    "Proposal",
    "Query",
    "Rate",
    "RateName",
    "Reason",
    "Resource",
    "Segment",
    "Severity",
    "ShareMode",
    "ShareType",
    "Side",
    "Span",
    "Standards",
    "Statistics",
    "Step",
    "Term",
    "Token",
    "Unit",
    "UpdateCycle",
    "View",
    "apply",
    "bigrams",
    "bm25f",
    "canonical",
    "catalogue_rate",
    "changes",
    "check",
    "check_all",
    "collection_rate",
    "compare",
    "datastore_fields",
    "demand_rate",
    "difference",
    "digest_of",
    "document_text",
    "document_vector",
    "errors_of",
    "excerpt",
    "failure",
    "fold",
    "freeze",
    "from_package",
    "help_address",
    "idf",
    "idf_robertson",
    "impact_of",
    "in_force",
    "is_address",
    "is_slug",
    "is_tag",
    "label_of",
    "leaves",
    "level_of",
    "merge",
    "next_version",
    "open_items",
    "organization",
    "package_id",
    "parse",
    "plain",
    "plan",
    "read_field",
    "read_resource",
    "rebuild",
    "repair_rate",
    "shared_items",
    "sharing_rate",
    "show",
    "similarity",
    "slug",
    "spans",
    "success",
    "texts_of",
    "to_dcat",
    "to_fts5",
    "to_package",
    "to_tsquery",
    "tokens",
    "total",
    "validation_error",
    "verify_months",
    "version_key",
]
