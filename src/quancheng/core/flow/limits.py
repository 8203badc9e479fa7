"""限度: how large a model, a step and a case may be; all of them parameters."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of reading and running (读取与运行的限度).

    ``max_elements`` counts BPMN elements that bear an id (nodes, flows, data …), not diagram or
    vendor parts; ``max_steps`` the moves of tokens caused by one event; ``max_instances`` the live
    activity instances of one case, ``max_nesting`` scopes within scopes (calls that call
    themselves).
    """

    max_bytes: int = 8 * 1024 * 1024
    max_elements: int = 2_000
    max_nodes: int = 100_000
    max_depth: int = 100
    max_steps: int = 50_000
    max_instances: int = 25_000
    max_nesting: int = 50
