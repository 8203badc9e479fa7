"""关联: record linkage and golden records for base databases.

Two lists name the same people, firms or homes without a common, faultless key. **Blocking** finds pairs
worth a look without forming the cross product; **comparisons** say how alike a pair is in each field; a
**Fellegi–Sunter model** learns from the data, without labels, what each level of likeness is worth and
gives a match probability that can be explained line by line; thresholds say link, ask a person, or
leave. Then a **one-to-one** pick for two clean lists, or **clusters** with a guard against chains, with
numbers that stay the same from run to run; a **golden record** with the origin of every value; a
**review queue** whose decisions bind; households (一户一档) and vacancy (房屋空置) on top.

``Frame`` → ``link`` → ``Linked`` → ``cluster`` → ``renumber`` → ``build_golden``. Nothing here keeps state: state goes in and comes
out. Chance comes in as a ``numpy`` generator; the same one gives the same result. Tables of variant
characters, pinyin and compound surnames, thresholds and points of vacancy are arguments.
"""

from quancheng.core.linkage import forms
from quancheng.core.linkage.assign import Assignment, one_to_one
from quancheng.core.linkage.blocking import BlockingRule, Blocks, Candidates, Oversize
from quancheng.core.linkage.cluster import Clusters, Cut, CutReason, Edge, Guard, UnionFind, cluster
from quancheng.core.linkage.columns import Column, Frame
from quancheng.core.linkage.compared import Compared, compare
from quancheng.core.linkage.comparisons import (
    DIFFERENT,
    MISSING,
    Alike,
    BothSound,
    Comparison,
    Crossed,
    Edits,
    Overlap,
    Same,
    Step,
    address,
    chinese_name,
    date_of,
    exact,
    phone,
    resident_id,
    words,
)
from quancheng.core.linkage.errors import LinkageError, LinkageReason
from quancheng.core.linkage.explain import Evidence, Explanation, explain
from quancheng.core.linkage.fit import Fitting, Session, fit
from quancheng.core.linkage.forms import Form
from quancheng.core.linkage.golden import (
    Chosen,
    FieldRule,
    GoldenRecord,
    SourceRecord,
    SourceValue,
    Strategy,
    Unmerged,
    build_golden,
    unmerge,
)
from quancheng.core.linkage.household import Dossier, HeadReason, Kinship, Resident, households
from quancheng.core.linkage.link import Linked, link, link_with
from quancheng.core.linkage.model import LevelWeights, Model, Thresholds, Verdict, probability
from quancheng.core.linkage.review import Decision, Decisions, ReviewItem, ScoredPair, review_queue
from quancheng.core.linkage.stable import Change, ChangeKind, Numbers, renumber
from quancheng.core.linkage.strings import alignment_distance, jaro, jaro_winkler, levenshtein
from quancheng.core.linkage.vacancy import (
    Band,
    Feature,
    Finding,
    Occupancy,
    Vacancy,
    VacancyRule,
    judge_vacancy,
)

__all__ = [
    "DIFFERENT",
    "MISSING",
    "Alike",
    "Assignment",
    "Band",
    "BlockingRule",
    "Blocks",
    "BothSound",
    "Candidates",
    "Change",
    "ChangeKind",
    "Chosen",
    "Clusters",
    "Column",
    "Compared",
    "Comparison",
    "Crossed",
    "Cut",
    "CutReason",
    "Decision",
    "Decisions",
    "Dossier",
    "Edge",
    "Edits",
    "Evidence",
    "Explanation",
    "Feature",
    "FieldRule",
    "Finding",
    "Fitting",
    "Form",
    "Frame",
    "GoldenRecord",
    "Guard",
    "HeadReason",
    "Kinship",
    "LevelWeights",
    "LinkageError",
    "LinkageReason",
    "Linked",
    "Model",
    "Numbers",
    "Occupancy",
    "Overlap",
    "Oversize",
    "Resident",
    "ReviewItem",
    "Same",
    "ScoredPair",
    "Session",
    "SourceRecord",
    "SourceValue",
    "Step",
    "Strategy",
    "Thresholds",
    "UnionFind",
    "Unmerged",
    "Vacancy",
    "VacancyRule",
    "Verdict",
    "address",
    "alignment_distance",
    "build_golden",
    "chinese_name",
    "cluster",
    "compare",
    "date_of",
    "exact",
    "explain",
    "fit",
    "forms",
    "households",
    "jaro",
    "jaro_winkler",
    "judge_vacancy",
    "levenshtein",
    "link",
    "link_with",
    "one_to_one",
    "phone",
    "probability",
    "renumber",
    "resident_id",
    "review_queue",
    "unmerge",
    "words",
]
