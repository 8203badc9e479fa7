"""语法树的遍历: a dozen rules look at the same nodes; each tree is walked once."""

from __future__ import annotations

import ast

_ATTRIBUTE = "_quancheng_nodes"


def nodes(tree: ast.AST) -> list[ast.AST]:
    """The nodes of a tree as :func:`ast.walk` gives them, remembered on the tree itself."""
    found: list[ast.AST] | None = getattr(tree, _ATTRIBUTE, None)
    if found is None:
        found = list(ast.walk(tree))
        setattr(tree, _ATTRIBUTE, found)
    return found
