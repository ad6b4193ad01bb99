"""Formula version 2: losses between the inventories that confirmed reversals bear already (R20).

The inventory shows a fire as well: without adding it back, its owner would pay for it twice. What a
reversal cost (cancelled units and cover that has to regrow) is exactly what is added back here.
"""

from collections.abc import Sequence
from decimal import Decimal

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.afforestation import change
from issuance_svc.methodologies.afforestation.plots import Plot

SYMBOL = "dC_REV"


def added_back(inputs: c.Inputs, plots: Sequence[Plot], *, whole: bool) -> c.Step | None:
    """Return what is added back: all of it, or what falls into the eligible period, tCO2e.

    In the same share as the change that it lowered, the smallest of all plots; None without any.
    """
    if not inputs.charged_losses:
        return None
    losses: list[c.Step | c.Given] = [
        c.Given(
            symbol=f"loss[{loss.occurred_on}]",
            value=loss.loss_t,
            unit="tCO2e",
            origin=f"reversal {loss.reversal_id}, {loss.kind}",
        )
        for loss in inputs.charged_losses
    ]
    total = sum((loss.value for loss in losses), Decimal(0))
    title = c.words(
        "已由确认的逆转承担的损失，加回", "Losses that confirmed reversals bear, added back"
    )
    if whole:
        return c.step(SYMBOL, title, "sum of the losses", total, "tCO2e", losses)
    share = min((change.share(inputs, plot) for plot in plots), key=lambda found: found.value)
    return c.step(
        SYMBOL, title, "sum of the losses * share", total * share.value, "tCO2e", [*losses, share]
    )
