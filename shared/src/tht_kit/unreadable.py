"""Why a JSON body cannot be read, in words for its sender."""

import json

from tht_kit.errors import Text

_NOT_JSON = Text(zh="不是有效的 JSON", en="it is not valid JSON")
# By the beginning of what Python's decoder says.
_SYNTAX = {
    "Expecting value": Text(zh="此处应有一个值", en="a value is expected"),
    "Expecting property name": Text(
        zh="此处应有双引号括起的字段名", en="a field name in double quotes is expected"
    ),
    "Expecting ',' delimiter": Text(zh="此处缺少逗号", en="a comma is expected"),
    "Expecting ':' delimiter": Text(zh="此处缺少冒号", en="a colon is expected"),
    "Illegal trailing comma": Text(zh="此处多了一个逗号", en="this comma is one too many"),
    "Extra data": Text(zh="JSON 之后还有内容", en="there is something after the JSON"),
    "Unterminated string": Text(zh="字符串没有结束", en="a string that starts here does not end"),
    "Invalid control character": Text(
        zh="字符串中有未转义的控制字符", en="a control character in a string is not escaped"
    ),
    "Invalid \\": Text(zh="转义写法有误", en="this escape is not valid"),
}


def syntax_reason(document: str, char_offset: int, said: str) -> Text:
    """Say what the decoder met and where: line and column, both counted from 1."""
    found = next((text for start, text in _SYNTAX.items() if said.startswith(start)), _NOT_JSON)
    line = document.count("\n", 0, char_offset) + 1
    column = char_offset - document.rfind("\n", 0, char_offset)
    return Text(
        zh=f"请求体不是有效的 JSON：第 {line} 行第 {column} 列，{found.zh}。",
        en=f"The body is not valid JSON: line {line}, column {column}: {found.en}.",
    )


def read_reason(cause: BaseException | None) -> Text:
    """Say why a body could not even be taken as JSON text: its bytes, its depth, its numbers."""
    if isinstance(cause, UnicodeDecodeError):
        return Text(
            zh=f"请求体不是 UTF-8 编码：第 {cause.start + 1} 个字节无法解码。",
            en=f"The body is not UTF-8: its byte number {cause.start + 1} cannot be decoded.",
        )
    if isinstance(cause, RecursionError):
        return Text(zh="请求体的 JSON 嵌套过深。", en="The JSON of the body is nested too deep.")
    if isinstance(cause, ValueError) and not isinstance(cause, json.JSONDecodeError):
        # The only other complaint of the decoder: Python's limit of digits in an integer.
        return Text(
            zh="请求体中有一个数字位数过多。", en="A number in the body has too many digits."
        )
    return Text(zh="请求体无法读取。", en="The body cannot be read.")
