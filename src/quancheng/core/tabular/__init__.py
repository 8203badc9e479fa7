"""表格: tables as a city's clerks send them, read as streams with limits, nothing lost without a reason.

Formats: delimited text, xlsx, xls, ods, JSON, lines of JSON, GeoJSON, Parquet, zipped shapes. The way of
a file: ``sniff`` tells what it is, ``read`` gives rows with their places, ``propose_head`` finds the
head, ``body`` the rows below it, ``infer`` guesses kinds, a ``Converter`` gives ``Record`` or ``Refused``
for every row (in = out + refused), ``settle_doubles`` settles doubled keys, ``drift`` compares schemas,
``Difference`` finds what changed since the last delivery. ``safe_cell`` is for the way out. ``Dataset`` is
what a module offers to be collected.

Whatever stops a file is a ``TableError``; whatever stops a row is a value. Both have a ``Reason`` and a
text in two languages. Limits come from the caller.
"""

from quancheng.core.tabular.convert import Converter, Problem, Record, Refused, Tally
from quancheng.core.tabular.dataset import Column, Dataset
from quancheng.core.tabular.diff import Delta, DeltaKind, Difference, RowIndex
from quancheng.core.tabular.digest import digest
from quancheng.core.tabular.encoding import Encoding, detect_encoding
from quancheng.core.tabular.errors import Reason, TableError, explain
from quancheng.core.tabular.head import Doubt, Head, body, head_at, head_of_names, propose_head
from quancheng.core.tabular.infer import Guess, infer, schema_of
from quancheng.core.tabular.jsonrows import all_names
from quancheng.core.tabular.keys import Doubles, OnDouble, find_doubles, settle_doubles
from quancheng.core.tabular.kinds import Kind, Typed, read_value
from quancheng.core.tabular.model import Broken, Format, Formulas, Found, Limits, Place, Row, Sheet, Value
from quancheng.core.tabular.read import read
from quancheng.core.tabular.safe import safe_cell
from quancheng.core.tabular.schema import Change, Drift, DriftKind, Field, Schema, drift
from quancheng.core.tabular.sniff import sniff

__all__ = [
    "Broken",
    "Change",
    "Column",
    "Converter",
    "Dataset",
    "Delta",
    "DeltaKind",
    "Difference",
    "Doubles",
    "Doubt",
    "Drift",
    "DriftKind",
    "Encoding",
    "Field",
    "Format",
    "Formulas",
    "Found",
    "Guess",
    "Head",
    "Kind",
    "Limits",
    "OnDouble",
    "Place",
    "Problem",
    "Reason",
    "Record",
    "Refused",
    "Row",
    "RowIndex",
    "Schema",
    "Sheet",
    "TableError",
    "Tally",
    "Typed",
    "Value",
    "all_names",
    "body",
    "detect_encoding",
    "digest",
    "drift",
    "explain",
    "find_doubles",
    "head_at",
    "head_of_names",
    "infer",
    "propose_head",
    "read",
    "read_value",
    "safe_cell",
    "schema_of",
    "settle_doubles",
    "sniff",
]
