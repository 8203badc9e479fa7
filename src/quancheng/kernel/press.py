"""排版: HTML to PDF, for whatever prints documents. The one place that imports the typesetter.

WeasyPrint lets Pillow accept truncated pictures for the whole process as soon as it is imported; uploads
must stay strict, so that switch is turned back here. Nothing outside the document is ever fetched.
"""

from __future__ import annotations

import io
import threading
from typing import Any

from quancheng.core.text import Text
from quancheng.kernel.errors import Unavailable

__all__ = ["pdf_of"]

_one_at_a_time = threading.Lock()
"""Font configuration is process-wide; a page takes a third of a second."""


def pdf_of(html: str) -> bytes:
    """The PDF of a page. Raises Unavailable where the typesetting library is missing, ValueError for a
    document that refers to something outside itself."""
    weasyprint = _weasyprint()
    target = io.BytesIO()
    with _one_at_a_time:
        weasyprint.HTML(string=html, url_fetcher=_only_data).write_pdf(target)
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
    return weasyprint


def _only_data(url: str, *args: Any, **kwargs: Any) -> Any:
    if url.startswith("data:"):
        from weasyprint import default_url_fetcher

        return default_url_fetcher(url, *args, **kwargs)
    raise ValueError(f"文书不得引用外部内容：{url[:80]}。A document refers to nothing outside itself.")
