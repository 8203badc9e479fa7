"""票据版式: the printed form of a fiscal electronic receipt, an official document in Chinese."""

from __future__ import annotations

from html import escape

from quancheng.core.payment import NonTaxReceipt, ReceiptLine

_STYLE = (
    '@page{size:A5 landscape;margin:12mm}body{font:10pt/1.5 "Noto Serif CJK SC","Noto Sans CJK SC",serif}'
    "h1{font-size:14pt;text-align:center;margin:0 0 4mm}table{width:100%;border-collapse:collapse}"
    "td,th{border:.3mm solid #333;padding:1.2mm 2mm;text-align:left}.n{text-align:right}p.h span{margin-right:6mm}"
    ".red{color:#a00}"
)


def receipt_page(receipt: NonTaxReceipt, *, simulated: bool) -> str:
    """The receipt as HTML for ``kernel.press``; a red one is red and names the first."""
    red = receipt.red_of
    head = [
        ("票据代码", receipt.code),
        ("票据号码", receipt.number),
        ("校验码", receipt.check_code),
        ("开票日期", receipt.issued.isoformat()),
        ("交款人", receipt.payer),
        *([("对应票据", f"{red[0]} {red[1]}")] if red else []),
    ]
    said = "".join(f"<span>{name}：{escape(value)}</span>" for name, value in head)
    title = f"{'（红字）' if red else ''}山东省非税收入统一票据（电子）{'〔模拟〕' if simulated else ''}"
    return (
        f'<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{receipt.code} {receipt.number}</title>'
        f"<style>{_STYLE}</style></head><body{' class=red' if red else ''}><h1>{title}</h1><p class=h>{said}</p>"
        "<table><thead><tr><th>项目编码</th><th>项目名称</th><th class=n>数量</th><th class=n>金额（元）</th></tr></thead>"
        f"<tbody>{''.join(map(_line, receipt.lines))}</tbody><tfoot><tr><td colspan=2>金额合计（大写）：{receipt.words}</td>"
        f"<td colspan=2 class=n>（小写）{receipt.total}</td></tr></tfoot></table>"
        f"<p>收款单位：{escape(receipt.issuer)}　　缴款单号：{escape(receipt.order)}</p></body></html>"
    )


def _line(line: ReceiptLine) -> str:
    return (
        f"<tr><td>{escape(line.item)}</td><td>{escape(line.name)}</td><td class=n>{line.quantity}</td>"
        f"<td class=n>{line.amount}</td></tr>"
    )
