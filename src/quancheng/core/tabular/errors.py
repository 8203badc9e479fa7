"""拒收原因: why a file, a row or a cell is refused, as a vocabulary with a text in two languages."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["Reason", "TableError", "explain"]


class Reason(StrEnum):
    """Why something is not taken (拒收原因). The first group stops a file, the others a row."""

    TOO_MANY_BYTES = "too_many_bytes"
    UNPACKED_TOO_LARGE = "unpacked_too_large"
    RATIO_TOO_HIGH = "ratio_too_high"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_PARTS = "too_many_parts"
    UNKNOWN_FORMAT = "unknown_format"
    UNSUPPORTED_FORMAT = "unsupported_format"
    UNKNOWN_ENCODING = "unknown_encoding"
    ENCRYPTED = "encrypted"
    BROKEN_FILE = "broken_file"
    ENTITY_DECLARED = "entity_declared"
    NO_SUCH_SHEET = "no_such_sheet"
    EMPTY = "empty"

    TOO_MANY_COLUMNS = "too_many_columns"
    ROW_TOO_LONG = "row_too_long"
    BAD_QUOTES = "bad_quotes"
    BAD_JSON = "bad_json"
    EXTRA_CELLS = "extra_cells"
    MISSING_CELLS = "missing_cells"
    UNKNOWN_COLUMN = "unknown_column"
    NOT_DATA = "not_data"
    HIDDEN = "hidden"
    KEY_MISSING = "key_missing"
    KEY_DOUBLED = "key_doubled"

    CELL_TOO_LONG = "cell_too_long"
    BAD_ENCODING = "bad_encoding"
    CONTROL_CHARACTER = "control_character"
    FORMULA = "formula"
    FORMULA_WITHOUT_VALUE = "formula_without_value"
    FORMULA_STALE = "formula_stale"
    ERROR_CELL = "error_cell"
    DIGITS_LOST = "digits_lost"
    REQUIRED = "required"
    NOT_INTEGER = "not_integer"
    NOT_DECIMAL = "not_decimal"
    NOT_DATE = "not_date"
    NOT_DATETIME = "not_datetime"
    NOT_BOOLEAN = "not_boolean"
    NOT_RESIDENT_ID = "not_resident_id"
    NOT_USCC = "not_uscc"
    NOT_PHONE = "not_phone"


_TEXTS = {
    Reason.TOO_MANY_BYTES: Text("文件过大，超过允许的字节数。", "The file is larger than allowed."),
    Reason.UNPACKED_TOO_LARGE: Text(
        "压缩文件解开后过大，未予解开。", "The archive would unpack to more than allowed."
    ),
    Reason.RATIO_TOO_HIGH: Text(
        "压缩比异常，疑似压缩炸弹，未予解开。",
        "The compression ratio is that of a zip bomb; it was not unpacked.",
    ),
    Reason.TOO_MANY_ROWS: Text("行数超过允许的上限。", "There are more rows than allowed."),
    Reason.TOO_MANY_PARTS: Text(
        "压缩文件内的文件过多或重复。", "The archive has too many parts, or doubled ones."
    ),
    Reason.UNKNOWN_FORMAT: Text("无法识别的文件格式。", "The format of the file is not known."),
    Reason.UNSUPPORTED_FORMAT: Text(
        "不支持这种格式，请另存为 xlsx 或 CSV 后再报送。",
        "This format is not read; please save it as xlsx or CSV and send it again.",
    ),
    Reason.UNKNOWN_ENCODING: Text("无法判定文件的字符编码。", "The character encoding could not be told."),
    Reason.ENCRYPTED: Text(
        "文件已加密，请去掉密码后再报送。", "The file is encrypted; please remove the password."
    ),
    Reason.BROKEN_FILE: Text("文件已损坏，无法读取。", "The file is damaged and cannot be read."),
    Reason.ENTITY_DECLARED: Text(
        "文件内含文档类型或实体声明，存在风险，拒绝读取。",
        "The file declares a document type or entities; that is refused as dangerous.",
    ),
    Reason.NO_SUCH_SHEET: Text("没有这张工作表。", "There is no such sheet."),
    Reason.EMPTY: Text("文件中没有数据。", "There is no data in the file."),
    Reason.TOO_MANY_COLUMNS: Text("列数超过允许的上限。", "There are more columns than allowed."),
    Reason.ROW_TOO_LONG: Text("这一行过长。", "The row is too long."),
    Reason.BAD_QUOTES: Text("引号不成对，无法分列。", "The quotes do not match; the row cannot be split."),
    Reason.BAD_JSON: Text("这一条不是有效的 JSON 对象。", "The record is not a valid JSON object."),
    Reason.EXTRA_CELLS: Text("单元格比表头多。", "The row has more cells than the head has columns."),
    Reason.MISSING_CELLS: Text("单元格比表头少。", "The row has fewer cells than the head has columns."),
    Reason.UNKNOWN_COLUMN: Text(
        "出现表头中没有的列。", "The record has a column that the head does not know."
    ),
    Reason.NOT_DATA: Text(
        "这是合计、说明或落款，不是数据行。", "This is a total, a note or a signature, not a row of data."
    ),
    Reason.HIDDEN: Text("这一行在表中被隐藏或筛除。", "The row is hidden or filtered out in the sheet."),
    Reason.KEY_MISSING: Text("缺少主键。", "The key is missing."),
    Reason.KEY_DOUBLED: Text("主键重复。", "The key occurs more than once."),
    Reason.CELL_TOO_LONG: Text("单元格内容过长。", "The cell is too long."),
    Reason.BAD_ENCODING: Text("字符编码有误，出现乱码。", "Some characters cannot be decoded."),
    Reason.CONTROL_CHARACTER: Text("单元格含有控制字符。", "The cell holds a control character."),
    Reason.FORMULA: Text(
        "单元格是公式，请粘贴为数值。", "The cell is a formula; please paste it as a value."
    ),
    Reason.FORMULA_WITHOUT_VALUE: Text(
        "公式没有保存计算结果，请打开后重新保存。",
        "The formula has no saved result; please open and save the file.",
    ),
    Reason.FORMULA_STALE: Text(
        "公式的结果尚待重新计算，请打开后重新保存。",
        "The formula's saved result is marked as due for recalculation; please open and save the file.",
    ),
    Reason.ERROR_CELL: Text("单元格是错误值。", "The cell holds an error value."),
    Reason.DIGITS_LOST: Text(
        "号码曾按数值保存，超过 15 位的数字已丢失，请改为文本后重填。",
        "The number was kept as a numeric value and lost the digits beyond the 15th; please enter it as text.",
    ),
    Reason.REQUIRED: Text("必填项为空。", "A required value is missing."),
    Reason.NOT_INTEGER: Text("不是整数。", "This is not an integer."),
    Reason.NOT_DECIMAL: Text("不是数字。", "This is not a number."),
    Reason.NOT_DATE: Text("不是有效日期。", "This is not a valid date."),
    Reason.NOT_DATETIME: Text("不是有效的日期时间。", "This is not a valid date and time."),
    Reason.NOT_BOOLEAN: Text("不是“是”或“否”。", "This is neither yes nor no."),
    Reason.NOT_RESIDENT_ID: Text(
        "不符合公民身份号码的格式。", "This does not have the form of a resident number."
    ),
    Reason.NOT_USCC: Text(
        "不符合统一社会信用代码的格式。", "This does not have the form of a unified social credit code."
    ),
    Reason.NOT_PHONE: Text("不符合电话号码的格式。", "This does not have the form of a telephone number."),
}


def explain(reason: Reason) -> Text:
    """The sentence a clerk reads for a reason (原因说明)."""
    return _TEXTS[reason]


class TableError(Exception):
    """A whole file is refused (整份拒收): the ``reason``, its ``text``, a ``detail`` for the log.

    ``detail`` names the part and the figures (for example ``xl/worksheets/sheet1.xml: ratio 1028``);
    it never holds content of cells.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        self.text = explain(reason)
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
