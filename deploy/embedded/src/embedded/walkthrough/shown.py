"""How the answers of the platform are printed."""

from decimal import Decimal
from typing import Any

from embedded.demo.readers import CM_PER_INCH, HA_PER_ACRE, KG_PER_POUND, M_PER_FOOT
from embedded.demo.scenario import Reported
from embedded.walkthrough import facts
from embedded.walkthrough.walk import Walk


def forest(walk: Walk, found: facts.ForestFacts) -> None:
    walk.say(
        f"fia_RI_PLOT_cols.csv: {found.plot_records} records of {found.visits} visits"
        f" ({found.plot_records - found.visits} records are repeated) to {found.places} places"
    )
    walk.say(f"fia_RI_TREE_cols.csv: {found.tree_rows} rows, {found.pairs} trees seen twice")
    walk.say(
        f"odd pairs, by our own count: {found.shrink} shrink, {found.change_species} change"
        f" species, {found.die} die"
    )
    walk.say(
        f"taken: {found.places_taken} places, sampled at least twice and as forest at least once"
    )
    walk.say(
        f"left out: {found.places_once} places sampled once or never ({found.rows_once} rows),"
        f" {found.places_bare} that never were forest ({found.rows_bare} rows),"
        f" {found.visits_unsampled} visits that could not be made ({found.rows_unsampled} rows)"
    )


def conversion(walk: Walk, reported: Reported) -> None:
    """Say how the reader's columns come from those of the files."""
    walk.say(
        f"converted: DIA in inches x {CM_PER_INCH} to dbh_cm, HT in feet x {M_PER_FOOT} to height_m,"
        f" DRYBIO_AG in pounds x {KG_PER_POUND} to agb_kg,"
        f" TPA_UNADJ per acre / {HA_PER_ACRE} to trees_per_ha"
    )
    walk.say(
        f"declared, for the files say neither: plot_area_m2 {_option(reported, 'plot_area_m2')},"
        f" stratum_area_ha {_option(reported, 'area_ha')}"
    )


def _option(reported: Reported, name: str) -> str:
    return reported.activity.options[name]


async def remarks(walk: Walk, upload: dict[str, Any], reported: Reported) -> None:
    for name, count in upload["summary"].items():
        code = name.removeprefix("remarks_")
        if code == name:
            continue
        page = await walk.api.get(
            f"/v1/uploads/{upload['upload_id']}/remarks",
            partner=reported.project.partner,
            code=code,
            limit=1,
        )
        first = page["items"][0]
        walk.say(f"odd: {code} {count}, first in row {first['row']}: {first['text']['en']}")


async def refused_upload(walk: Walk, name: str, reported: Reported) -> None:
    """Show what is left of the newest upload of a project: its name and its problems, no row."""
    page = await walk.api.get(
        "/v1/uploads", partner=reported.project.partner, project_id=walk.ids[name], limit=1
    )
    upload = page["items"][0]
    left_out = upload["summary"].get("reactive_channels_left_out", 0)
    beside = f", {left_out} channel of reactive energy left out" if left_out else ""
    walk.say(
        f"upload: {upload['state']}, {upload['rows']} rows stored,"
        f" {upload['problems_total']} problem{beside}"
    )


def channels(walk: Walk, upload: dict[str, Any]) -> None:
    for line in upload["summary"]["channels"]:
        counted = f", {line['intervals']} intervals" if "intervals" in line else ""
        missing = f", {line['missing']} missing" if "missing" in line else ""
        walk.say(
            f"stored: {line['meter_no']} {line['channel']} {line['kwh']} kWh,"
            f" {line['first_day']} to {line['last_day']}{counted}{missing}"
        )


def what_it_would_be(walk: Walk, upload: dict[str, Any]) -> None:
    """Say that even if all of it had been fed in it would not make a tonne (R13's factor)."""
    tonnes = kwh(upload) * walk.numbers["EF_CM"] / 1000
    assert tonnes < 1, "the file is one of less than a tonne"
    walk.say(
        f"drawn, not fed in; were it fed in, it would be {tonnes.normalize():f} t: under a tonne"
    )


def kwh(upload: dict[str, Any]) -> Decimal:
    (line,) = upload["summary"]["channels"]
    return Decimal(line["kwh"])
