"""文书: numbered documents of a case. Drawn with the step they tell of, printed and sealed by a job.

``draw`` only writes a row with everything the document says; so the decision does not wait for the
press, and a crash between the two leaves a row the job picks up again.
"""

from __future__ import annotations

from quancheng.capabilities.services.documents.drawing import draw
from quancheng.capabilities.services.documents.printing import print_document

__all__ = ["draw", "print_document"]
