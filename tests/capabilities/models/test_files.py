"""Hostile model files: refused before or inside the limited process, never in ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.capabilities.models.conftest import FILES

from quancheng.capabilities.models import checking, onnx_format
from quancheng.capabilities.models.values import worse
from quancheng.kernel.errors import InvalidInput, NotFound, TooLarge


def field(number: int, value: bytes) -> bytes:
    """One length-delimited field of the wire format (short ones only)."""
    assert len(value) < 128
    return varint(number << 3 | 2) + bytes([len(value)]) + value


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def model(graph: bytes, domain: bytes = b"") -> bytes:
    return field(7, graph) + field(8, field(1, domain))


def test_real_files_are_read() -> None:
    for name, domains in (("sigmoid", set()), ("logreg_iris", {"ai.onnx.ml"})):
        found = onnx_format.read((FILES / f"{name}.onnx").read_bytes())
        assert found.nodes >= 1
        assert domains <= found.domains
        assert not found.foreign
        assert not found.external


def test_external_weights_and_foreign_operators_are_found_also_in_inner_graphs() -> None:
    outside = field(5, field(13, field(1, b"location")))
    assert onnx_format.read(model(outside)).external
    flagged = field(5, varint(14 << 3) + b"\x01")
    assert onnx_format.read(model(flagged)).external
    node = field(1, field(5, field(6, field(1, field(7, b"evil.ops")) + outside)))
    found = onnx_format.read(model(node))
    assert found.foreign == ("evil.ops",)
    assert found.external


@given(st.binary(max_size=200))
def test_garbage_is_broken_or_read_but_never_another_error(data: bytes) -> None:
    try:
        onnx_format.read(data)
    except onnx_format.Broken:
        return


@pytest.mark.django_db
def test_refusals_say_why(settings: Any, tmp_path: Path) -> None:
    from quancheng.kernel import registry

    registry.sync()
    settings.MEDIA_ROOT = tmp_path
    cases = {
        b"garbage": "ONNX",
        model(field(5, field(13, b""))): "文件之外",
        model(field(1, field(7, b"evil.ops"))): "evil.ops",
        model(field(2, b"empty")): "无法加载",
    }
    for data, said in cases.items():
        with pytest.raises(InvalidInput, match=said):
            checking.examine(checking.keep(data))
    with pytest.raises(NotFound):
        checking.examine("0" * 64)
    kept = checking.keep((FILES / "sigmoid.onnx").read_bytes())
    checking.path_of(kept).write_bytes(b"changed")
    with pytest.raises(InvalidInput, match="校验值"):
        checking.examine(kept)
    with pytest.raises(TooLarge):
        checking.keep(bytes(201 << 20))


@pytest.mark.fault
@pytest.mark.django_db
def test_a_file_that_wants_more_memory_than_allowed_dies_alone(
    settings: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    from quancheng.kernel import registry, rulebook

    registry.sync()
    settings.MEDIA_ROOT = tmp_path
    kept = checking.keep((FILES / "sigmoid.onnx").read_bytes())
    real = rulebook.find

    class Small:
        @staticmethod
        def integer() -> int:
            return 60

    monkeypatch.setattr(rulebook, "find", lambda name: Small if name == "models.probe_mb" else real(name))
    with pytest.raises(InvalidInput, match="60 MB"):
        checking.examine(kept)


def test_losses_by_metric() -> None:
    assert worse({"f1": 0.8}, {"f1": 0.9}, 0.005) == {"f1": 0.1}
    assert worse({"f1": 0.896}, {"f1": 0.9}, 0.005) == {}
    assert worse({"cer": 0.2}, {"cer": 0.1}, 0.005) == {"cer": 0.1}
    assert worse({"cer": 0.05}, {"cer": 0.1}, 0.005) == {}
    assert worse({"accuracy": 1.0}, {"f1": 0.9}, 0.005) == {"f1": 0.9}
