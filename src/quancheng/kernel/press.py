"""排版: HTML to PDF, for whatever prints documents. The one place that imports the typesetter.

WeasyPrint lets Pillow accept truncated pictures for the whole process as soon as it is imported; uploads
must stay strict, so that switch is turned back here. Nothing outside the document is ever fetched.
"""

from __future__ import annotations

import io
import logging
import threading
from typing import Any

from quancheng.core.text import Text
from quancheng.kernel.errors import Unavailable

__all__ = ["pdf_of"]

_one_at_a_time = threading.Lock()
"""Font configuration is process-wide; a page takes a third of a second."""


def pdf_of(html: str) -> bytes:
    """The PDF of a page; what it refers to outside itself is left out. Raises Unavailable where the
    typesetting library is missing."""
    weasyprint = _weasyprint()
    target = io.BytesIO()
    with _one_at_a_time:
        fetcher = weasyprint.urls.URLFetcher(allowed_protocols=("data",), allow_redirects=False)
        weasyprint.HTML(string=html, url_fetcher=fetcher).write_pdf(target)
    return target.getvalue()


def _weasyprint() -> Any:
    from PIL import ImageFile

    strict = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        import weasyprint
    except OSError as missing:
        raise Unavailable(
            Text(
                "本机缺少排版库（libpango），文书暂时无法生成，安装后会自动补印。",
                "The typesetting library (libpango) is missing here; documents are printed once it is installed.",
            )
        ) from missing
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = strict
    for name in ("weasyprint", "weasyprint.progress", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)  # each page tells twenty lines of its progress
    return weasyprint
