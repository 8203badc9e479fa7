"""一致性表达式: a small, safe language for what must hold between the columns of a row.

    if 状态 = '注销' then 注销日期 is present
    结束日期 >= 开始日期 and 结束日期 <= today
    合计 = 单价 * 数量
    left(统一社会信用代码, 2) in ('91', '92')

Text is parsed to nodes, nodes are typed against the table's schema, then compiled to Ibis or evaluated
row by row. There is no eval, no call out, no loop; size and depth are bounded. Logic is that of SQL
with three values: what is missing is unknown, and unknown does not fail.
"""

from quancheng.core.quality.language.nodes import Node
from quancheng.core.quality.language.parser import parse
from quancheng.core.quality.language.typing import Sort, sort_of

__all__ = ["Node", "Sort", "parse", "sort_of"]
