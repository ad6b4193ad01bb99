"""What can be wrong with a batch of trips as a whole; a single item gets a verdict instead."""

from tht_kit.db import SERIALIZATION_FAILURE
from tht_kit.errors import DomainError, Text


class BatchTooLong(DomainError):
    type = "batch-too-long"
    status = 422
    title = Text(zh="批次条数过多", en="Too many items in the batch")
    detail = Text(
        zh="本批 {count} 条，每批至多 {limit} 条。",
        en="The batch has {count} items; at most {limit} are taken at once.",
    )
    fix = Text(zh="请拆分后分批发送。", en="Split it and send the parts one after another.")


class BatchTooLarge(DomainError):
    type = "batch-too-large"
    status = 413
    title = Text(zh="批次过大", en="The batch is too large")
    detail = Text(zh="请求体超过 {limit} 字节。", en="The body is larger than {limit} bytes.")
    fix = Text(zh="请拆分后分批发送。", en="Split it and send the parts one after another.")


class TripNotFound(DomainError):
    type = "trip-not-found"
    status = 404
    title = Text(zh="出行记录不存在", en="Trip not found")
    detail = Text(
        zh="该市民没有回执为 {receipt} 的出行。",
        en="The citizen has no trip with the receipt {receipt}.",
    )
    fix = Text(
        zh="回执见上传时的答复或 GET /v1/citizens/{{subject}}/trips。",
        en="Receipts are in the answer to the upload, and at GET /v1/citizens/{{subject}}/trips.",
    )


class LostRace(Exception):
    """Another transaction claimed one of the batch's ids meanwhile: the edge runs the batch again."""

    sqlstate = SERIALIZATION_FAILURE
