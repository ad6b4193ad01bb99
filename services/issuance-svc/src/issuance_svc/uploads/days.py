"""What has not happened yet cannot have been measured."""

from datetime import date

from issuance_svc.uploads.errors import DataFromFuture
from issuance_svc.uploads.models import Upload
from tht_kit.clock import legal_date


def must_be_over(upload: Upload, last_day: date) -> None:
    """Raise DataFromFuture unless the last day that the file tells of has begun.

    Asked when the rows are stored, with the legal day in Chongqing at which the file was read.
    """
    today = legal_date(upload.finished_at or upload.uploaded_at)
    if last_day > today:
        raise DataFromFuture(last_day=last_day, today=today)


def end_of_month(month: date) -> date:
    """Return the month's last day."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)
