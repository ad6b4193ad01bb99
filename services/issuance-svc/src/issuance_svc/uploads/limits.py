"""How much one upload may be; issuance-svc's settings say it (ISSUANCE_UPLOAD_...)."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Every limit of an upload and of the job that reads it."""

    bytes_max: int = 1024 * MIB
    workbook_bytes_max: int = 64 * MIB
    # Up to this size a file is read while its sender waits.
    inline_bytes_max: int = MIB
    problems_kept_max: int = 20_000
    workbook_expanded_bytes_max: int = 1024 * MIB
    workbook_ratio_max: int = 200
    workbook_memory_bytes_max: int = 1024 * MIB
    workbook_cpu_s_max: int = 300
    workbook_wall_s_max: int = 600
    # How many workbooks one process opens at the same time: each may take its whole memory.
    workbook_children_max: int = 2
    lease_s: float = 30.0
    beat_s: float = 1.0
    poll_s: float = 0.5
    attempts_max: int = 3

    def bytes_max_of(self, format_name: str) -> int:
        return self.workbook_bytes_max if format_name == "xlsx" else self.bytes_max
