"""The English catalogue is complete and compiled when it is older."""

from __future__ import annotations

import os
from pathlib import Path

from babel.messages.pofile import read_po

from quancheng.portal.i18n import compile_catalogues
from tests.portal import msgids

CATALOGUE = msgids.PORTAL / "locale" / "en" / "LC_MESSAGES" / "django.po"


def test_catalogue_is_complete() -> None:
    with CATALOGUE.open("rb") as stream:
        catalogue = read_po(stream, locale="en")
    known = {
        message.id if isinstance(message.id, str) else message.id[0]
        for message in catalogue
        if message.string
    }
    assert sorted(msgids.all_ids() - known) == []
    assert sorted(known - msgids.all_ids() - {""}) == []
    assert not [m.id for m in catalogue for e in m.check()]


def test_compiles_only_what_is_older(tmp_path: Path) -> None:
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = folder / "django.po"
    source.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "泉"\nmsgstr "spring"\n'
    )
    assert [path.name for path in compile_catalogues([tmp_path])] == ["django.mo"]
    assert compile_catalogues([tmp_path]) == []
    os.utime(source, ns=(2**62, 2**62))
    assert len(compile_catalogues([tmp_path])) == 1
    assert not list(folder.glob("*.part"))
