"""Every kind of activity data that can be uploaded, and the intake that takes them."""

from issuance_svc.container import IssuanceContainer
from issuance_svc.inventories.tree_inventory import TreeInventory
from issuance_svc.metering.interval_readings import IntervalReadings
from issuance_svc.metering.register_readings import RegisterReadings
from issuance_svc.settings import IssuanceSettings
from issuance_svc.uploads.intake import Intake
from issuance_svc.uploads.jobs import UploadJobs
from issuance_svc.uploads.kinds import KindHandler, Kinds
from issuance_svc.uploads.limits import Limits
from issuance_svc.uploads.monthly import MeterReadings
from issuance_svc.uploads.plots import PlotInventory
from tht_kit.supervisor import Run

# Each slice adds its own.
_HANDLERS: tuple[KindHandler, ...] = (
    MeterReadings(),
    PlotInventory(),
    TreeInventory(),
    IntervalReadings(),
    RegisterReadings(),
)

KINDS: Kinds = {handler.name: handler for handler in _HANDLERS}


def intake_of(container: IssuanceContainer) -> Intake:
    """Return what takes uploads, for the API and for the worker."""
    return Intake(
        database=container.database,
        blobs=container.blobs,
        kinds=KINDS,
        limits=_limits(container),
    )


def _limits(container: IssuanceContainer) -> Limits:
    settings = container.settings
    assert isinstance(settings, IssuanceSettings), "wired with its own settings"
    return Limits(
        bytes_max=settings.upload_bytes_max,
        workbook_bytes_max=settings.upload_workbook_bytes_max,
        inline_bytes_max=settings.upload_inline_bytes_max,
        problems_kept_max=settings.upload_problems_kept_max,
        workbook_expanded_bytes_max=settings.upload_workbook_expanded_bytes_max,
        workbook_ratio_max=settings.upload_workbook_ratio_max,
        workbook_memory_bytes_max=settings.upload_workbook_memory_bytes_max,
        workbook_cpu_s_max=settings.upload_workbook_cpu_s_max,
        workbook_wall_s_max=settings.upload_workbook_wall_s_max,
        workbook_children_max=settings.upload_workbook_children_max,
        lease_s=settings.upload_lease_s,
        attempts_max=settings.upload_attempts_max,
    )


def jobs_of(container: IssuanceContainer) -> dict[str, Run]:
    """Return what the worker runs beside relay and consumers."""
    return {"uploads": UploadJobs(intake_of(container), container.clock).run}
