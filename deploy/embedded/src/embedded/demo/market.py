"""Step 3 and 4: trade, 履约 and 中和."""

from typing import Any

from embedded.demo.run import (
    BUREAU_A,
    ENTERPRISE,
    OPERATOR,
    ORGANISER,
    DemoImpossible,
    Run,
)


async def list_credits(run: Run, names: list[str]) -> None:
    """Let each owner list all that was issued to it, one listing per project and vintage."""
    price = run.scenario.sale.price_fen_per_t
    for name in names:
        partner = _owner(run, name)
        for block in (b for b in run.issued_blocks if b["project_id"] == run.ids[name]):
            listed = await run.api.post(
                "/v1/listings",
                {
                    "project_id": block["project_id"],
                    "vintage": block["vintage"],
                    "quantity_t": block["quantity_t"],
                    "price_fen_per_t": price,
                },
                partner=partner,
                key=f"listing {name} {block['vintage']}",
                awaiting="credits-insufficient",
            )
            run.note(
                3,
                f"挂牌 / listed: {name} {block['vintage']}",
                f"{listed['quantity_t']} t × ¥{price / 100:.2f}",
                f"/v1/listings/{listed['listing_id']}",
            )


async def comply(run: Run) -> None:
    """Buy on the market and surrender within the year's offset limits (履约)."""
    wanted = run.scenario.compliance
    code = run.codes[ENTERPRISE]
    await deposit(run, ENTERPRISE, wanted.deposit_fen)
    await run.api.put(
        f"/v1/compliance/{wanted.year}/obligations/{code}",
        {"obligation_t": wanted.obligation_t, "due_on": wanted.due_on.isoformat()},
        partner=BUREAU_A,
    )
    path = f"/v1/compliance/{wanted.year}/enterprises/{code}"
    room = await run.api.get(path, partner=ENTERPRISE)
    run.note(
        3,
        f"{wanted.year} 年可用抵销量 / may use",
        f"{room['remaining_t']} of {room['max_offset_t']} t",
        path,
    )
    quantity_t = min(wanted.quantity_t, room["remaining_t"])
    if quantity_t == 0:
        run.note(3, "履约 / surrender", "当年已无可用抵销量 / no room left in this year", path)
        return
    await buy(run, 3, ENTERPRISE, quantity_t)
    surrendered = await run.api.post(
        "/v1/surrenders", {"year": wanted.year, "quantity_t": quantity_t}, partner=ENTERPRISE
    )
    run.numbers["surrendered_t"] = quantity_t
    await certificate(run, 3, "履约注销 / surrendered", surrendered["retirement"])


async def neutralise(run: Run) -> None:
    """Compute the event's emissions, buy, retire at least as many and get the certificate (中和)."""
    event = run.scenario.event
    claim = await run.api.post(
        "/v1/claims",
        {
            "kind": "EVENT",
            "name": event.name,
            "place": event.place,
            "starts_on": event.starts_on.isoformat(),
            "ends_on": event.ends_on.isoformat(),
            "participants": event.participants,
            "boundary": event.boundary,
            "emissions": [
                {
                    "source": emission.source,
                    "activity": str(emission.activity),
                    "activity_unit": emission.activity_unit,
                    "factor_kg_per_unit": str(emission.factor_kg_per_unit),
                    "factor_year": emission.factor_year,
                    "factor_source": emission.factor_source,
                }
                for emission in event.emissions
            ],
            "measures": [measure.model_dump() for measure in event.measures],
            "confirmation": "SELF_DECLARED",
        },
        partner=ORGANISER,
    )
    required_t = claim["required_t"]
    run.note(4, f"排放量 / emissions: {event.name}", f"{claim['emissions_t']} t → {required_t} t")
    await deposit(run, ORGANISER, event.deposit_fen)
    await buy(run, 4, ORGANISER, required_t)
    retired = await run.api.post(
        f"/v1/claims/{claim['claim_id']}/retirement", {"quantity_t": required_t}, partner=ORGANISER
    )
    run.numbers["neutralised_t"] = required_t
    await certificate(run, 4, "中和注销 / retired", retired["retirement"])


async def deposit(run: Run, partner: str, amount_fen: int) -> None:
    reference = f"{run.api.run} {partner}"
    await run.api.post(
        "/v1/cash/deposits",
        {"account_code": run.codes[partner], "amount_fen": amount_fen, "bank_reference": reference},
        partner=OPERATOR,
        key=f"deposit {partner}",
    )


async def buy(run: Run, step: int, partner: str, quantity_t: int) -> None:
    """Buy the quantity from this run's listings, cheapest and oldest first."""
    left = quantity_t
    for listing in await _open_listings(run):
        taken = min(left, listing["remaining_t"])
        if taken == 0:
            continue
        order = await run.api.post(
            "/v1/orders",
            {
                "listing_id": listing["listing_id"],
                "quantity_t": taken,
                "price_fen_per_t_max": listing["price_fen_per_t"],
            },
            partner=partner,
            key=f"order {partner} {listing['listing_id']}",
        )
        run.note(
            step,
            "成交 / bought",
            f"{taken} t, ¥{order['amount_fen'] / 100:,.2f}",
            f"/v1/orders/{order['order_id']}",
        )
        left -= taken
    if left:
        raise DemoImpossible(
            f"{left} t of {quantity_t} t are not on the market: the scenario sells too little"
        )


async def _open_listings(run: Run) -> list[dict[str, Any]]:
    listings: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next_cursor": ""}
    while page["next_cursor"] is not None:
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
        page = await run.api.get("/v1/listings", limit=200, **cursor)
        listings += page["items"]
    ours = {run.ids[name] for name in ("photovoltaic", "forestry") if name in run.ids}
    return [found for found in listings if found["project_id"] in ours]


async def certificate(run: Run, step: int, what: str, retired: dict[str, Any]) -> None:
    """Fetch the certificate and its PDF, and verify it as anybody can."""
    certificate_id = retired["certificate_id"]
    verified = await run.api.get(f"/v1/verify/{certificate_id}")
    pdf = await run.api.get_bytes(f"/v1/certificates/{certificate_id}.pdf")
    if not verified["valid"] or not pdf.startswith(b"%PDF-"):
        raise RuntimeError(f"certificate {certificate_id} does not verify: {verified}")
    serials = "; ".join(span["serial"] for span in retired["serials"])
    run.note(step, what, f"{retired['quantity_t']} t  {serials}", f"/v1/verify/{certificate_id}")
    run.note(step, "证书 / certificate", certificate_id, f"/v1/certificates/{certificate_id}.pdf")


def _owner(run: Run, name: str) -> str:
    return {
        "photovoltaic": run.scenario.photovoltaic.project.partner,
        "forestry": run.scenario.forestry.project.partner,
    }[name]
