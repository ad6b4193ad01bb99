async def test_the_totals_count_organisations_and_projects_by_status(register, api):
    await register.draft()
    await register.under_notice()
    await register.registered()
    totals = (await api.get("/v1/totals/registry")).json()
    # The four parties, and the bureau that was there first.
    assert totals["organisations"] == 5
    assert totals["projects_by_status"] == {
        "DRAFT": 1,
        "NOTICE": 1,
        "VALIDATED": 0,
        "REGISTERED": 1,
        "RECALLED": 0,
        "REJECTED": 0,
        "SUSPENDED": 0,
        "DEREGISTERED": 0,
    }
