"""Which columns a kind of file has, under which names they are understood. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# What an annotated file carries beside its own columns: it may be mended and sent as it is.
ANNOTATIONS = ("_verdict", "_column", "_zh", "_en")


@dataclass(frozen=True)
class Columns:
    """The columns of a tabular file. A header cell is compared stripped and in small letters.

    `required` must all be there, of `one_of` exactly one, `optional` may be missing (its cells are
    then ""). `aliases` maps another heading, such as 表计编号, to the canonical name. Columns that
    are not known are a fault, unless `ignores_others`: foreign files carry much beside.
    """

    required: tuple[str, ...]
    one_of: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    ignores_others: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        return (*self.required, *self.one_of, *self.optional)

    def canonical(self, heading: str) -> str:
        """Return the canonical name of a heading, or the heading itself in small letters."""
        name = heading.strip().lower()
        return self._by_alias.get(name, name)

    @property
    def _by_alias(self) -> dict[str, str]:
        return {alias.lower(): name for alias, name in self.aliases.items()}
