"""What is wrong with a file, place by place, each with its cure. Pure."""

from dataclasses import dataclass, field

from tht_kit.errors import FieldProblem, Text

PROBLEMS_KEPT_MAX = 20_000
PROBLEMS_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `row` is the spreadsheet's or the line's number; None concerns the whole file."""

    row: int | None
    column: str | None
    what: Text
    cure: Text
    sheet: str | None = None

    @property
    def pointer(self) -> str:
        parts = (("sheet", self.sheet), ("row", self.row), ("column", self.column))
        return ",".join(f"{name}:{value}" for name, value in parts if value is not None)

    @property
    def shown(self) -> FieldProblem:
        """The problem as an answer's `errors` show it: what is wrong, then the cure."""
        zh = f"{self.what.zh}。{self.cure.zh}".rstrip("。")
        en = f"{self.what.en}; {self.cure.en}"
        return FieldProblem(self.pointer, Text(zh=zh, en=en))


@dataclass
class Problems:
    """Every mistake is counted; the first `kept_max` are kept, so that memory stays flat."""

    kept_max: int = PROBLEMS_KEPT_MAX
    total: int = 0
    kept: list[Problem] = field(default_factory=list)

    def add(
        self,
        row: int | None,
        column: str | None,
        what: Text,
        cure: Text,
        *,
        sheet: str | None = None,
    ) -> None:
        """Note one mistake. Texts are plain sentences without a full stop at the end of `what`."""
        self.total += 1
        if len(self.kept) < self.kept_max:
            self.kept.append(Problem(row, column, what, cure, sheet))
