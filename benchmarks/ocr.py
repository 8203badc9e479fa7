"""Reading licences: exact fields, characters, seals and issuers on drawn and photographed-like licences, and what it costs."""

from __future__ import annotations

import multiprocessing
import os
import resource
from collections import Counter

from benchmarks.harness import benchmark, figure, spent

SEED = 9001
"""Seeds of the benchmark; tests and tuning use others."""
LOOKS = ("clean", "scan", "photo", "poor")


def _drawn(scale: float) -> list[tuple[str, bytes, dict[str, str], tuple[str, ...], str, str]]:
    """Licences of every type in every look: look, JPEG, fields, lines, issuer, type. Runs in a process of its own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quancheng.settings")
    from quancheng.capabilities.assistant import drawing

    hows = {"clean": None, "scan": drawing.SCAN, "photo": drawing.PHOTO, "poor": drawing.POOR}
    rounds = max(1, round(scale))
    made = []
    for code in drawing.FACES:
        for look, how in hows.items():
            for place in range(rounds):
                one = drawing.draw(code, SEED + 100 * place + LOOKS.index(look), how=how)
                made.append((look, one.jpeg(), one.fields, one.lines, one.issuer, code))
    return made


@benchmark("ocr", "fields, characters, seals and issuers read on 44 drawn licences", "a Chinese font")
def run(scale: float) -> None:
    """44 licences (11 types × clean, scanned, photographed, poor) at scale 1; the model reads on one thread."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quancheng.settings")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pages = pool.apply(_drawn, (scale,))
    from quancheng.capabilities.assistant import normal
    from quancheng.capabilities.assistant.kinds import kind
    from quancheng.capabilities.assistant.ocr import recogniser
    from quancheng.capabilities.assistant.picture import opened
    from quancheng.capabilities.assistant.reading import read_page

    with spent() as loading:
        reader = recogniser(1)
    count: Counter[str] = Counter()
    with spent() as reading:
        read = [
            read_page(opened(content, max_pixels=50_000_000, working_side=1800), reader)
            for _, content, *_ in pages
        ]
    for page, (look, _, fields, lines, issuer, code) in zip(read, pages, strict=True):
        spec = kind(code)
        assert spec is not None
        count["types"] += page.type == code
        for key, value in fields.items():
            one = spec.field(key)
            exact = page.type == code and page.value(key) == normal.normal(one.kind, value)
            count["fields"] += 1
            count["exact"] += exact
            count[f"fields_{look}"] += 1
            count[f"exact_{look}"] += exact
            if page.type == code and key in page.fields and page.fields[key].ok and not exact:
                count["wrong_but_checked"] += one.kind in {"uscc", "resident", "disability"}
        text = "".join(page.lines)
        for line in map(normal.compact, lines):
            count["letters"] += len(line)
            count["errors"] += normal.best_fit(line, text)
        count["sealed"] += bool(issuer)
        count["seals"] += bool(issuer) and len(page.seals) == 1
        count["false_seals"] += max(len(page.seals) - bool(issuer), 0)
        count["issuers"] += bool(issuer) and any(normal.alike(issuer, one.ring) >= 0.75 for one in page.seals)
        count["rings"] += bool(issuer) and any(issuer == one.ring for one in page.seals)
    figure("ocr_pages", len(pages), "licences")
    figure("ocr_type_right", 100 * count["types"] / len(pages), "%")
    figure("ocr_fields_exact", 100 * count["exact"] / count["fields"], "%")
    for look in LOOKS:
        figure(f"ocr_fields_exact_{look}", 100 * count[f"exact_{look}"] / count[f"fields_{look}"], "%")
    figure("ocr_numbers_wrong_but_check_passed", count["wrong_but_checked"], "fields")
    figure("ocr_line_cer", 100 * count["errors"] / count["letters"], "%")
    figure("ocr_seals_found", 100 * count["seals"] / count["sealed"], "%")
    figure("ocr_seals_false", count["false_seals"], "seals")
    figure("ocr_issuer_matched", 100 * count["issuers"] / count["sealed"], "%")
    figure("ocr_ring_exact", 100 * count["rings"] / count["sealed"], "%")
    figure("ocr_cpu_page", reading.cpu / len(pages), "s")
    figure("ocr_wall_page", reading.wall / len(pages), "s")
    figure("ocr_model_load_cpu", loading.cpu, "s")
    figure("ocr_peak_rss", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB")
