"""Tables of ledgers."""

from quancheng.capabilities.ledgers.models.books import Book, Period, Photo, Row, State, Submission
from quancheng.capabilities.ledgers.models.comparing import Comparison, Line
from quancheng.capabilities.ledgers.models.returning import Difference, Receipt, Returned

__all__ = [
    "Book",
    "Comparison",
    "Difference",
    "Line",
    "Period",
    "Photo",
    "Receipt",
    "Returned",
    "Row",
    "State",
    "Submission",
]
