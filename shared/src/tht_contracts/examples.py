"""One example of every event: shown in docs/events, replayed by every consumer's contract test.

The codes are of our own making: their check characters fit, no such body exists.
"""

from datetime import UTC, date, datetime

from tht_contracts.events import gateway, issuance, points, registry, trading
from tht_contracts.events.common import Block
from tht_kit.events import Event

BUREAU = "11500000MATHT0011T"
OPERATOR = "91500000MATHT002XA"
PV_OWNER = "91500000MATHT0038A"
VALIDATOR = "91500000MATHT00540"
STEEL = "91500000MATHT0070M"
PDD_AUTHOR = "91500000MATHT0118X"
PROJECT_ID = "0199a1b2-0000-7000-8000-000000000001"
ISSUANCE_ID = "0199a1b2-0000-7000-8000-000000000002"
REPORT_ID = "0199a1b2-0000-7000-8000-000000000003"
REVERSAL_ID = "0199a1b2-0000-7000-8000-00000000000f"
BLOCK = Block(project_id=PROJECT_ID, vintage=2025, start=1, end=849)

EXAMPLES: tuple[Event, ...] = (
    registry.OrganisationRegistered(
        organisation_code=PV_OWNER,
        name="渝光分布式能源有限公司",
        kinds=["owner"],
        status="active",
        version=1,
        account_subject=PV_OWNER[8:17],
    ),
    registry.OrganisationRegistered(
        organisation_code=VALIDATOR,
        name="山城审定中心有限公司",
        kinds=["validator_verifier"],
        status="active",
        version=2,
        account_subject=VALIDATOR[8:17],
        competence=registry.Competence(
            staff_full_time=14,
            staff_experienced=8,
            last_dishonesty_on=None,
            accreditations=[
                registry.Accreditation(
                    certificate_no="VV-2026-014",
                    scope_code="01",
                    valid_from=date(2024, 1, 1),
                    valid_until=date(2029, 12, 31),
                )
            ],
            staff_full_time_min=10,
            staff_experienced_min=5,
            dishonesty_free_years=5,
            accreditation_required=True,
        ),
    ),
    registry.MethodologyPublished(
        methodology_code="CQCM-901-V001",
        name="分布式光伏发电减排量方法学（平台默认）",
        project_type="distributed_pv",
        valid_from=date(2021, 9, 1),
        valid_until=None,
        evidence_grade="D",
        source="project default modelled on CCER-01-002 section 6",
        series="CQCM-901",
        version_no=1,
        scope_code="01",
        crediting_years_min=1,
        crediting_years_max=10,
    ),
    registry.MethodologyWithdrawn(
        methodology_code="CQCM-901-V001",
        withdrawn_on=date(2030, 6, 30),
        transition_until=None,
        reason="参数过时，由新版本取代",
    ),
    registry.BeneficiaryReviewed(
        beneficiary_id="0199a1b2-0000-7000-8000-00000000000b",
        kind="event",
        display_name="2026 重庆马拉松",
        is_name_public=True,
        country="CN",
        district_code="500103",
    ),
    registry.ProjectRegistered(
        project_id=PROJECT_ID,
        project_no=7,
        name="两江新区屋顶光伏",
        unit_type="CQCER",
        project_type="distributed_pv",
        scope_code="01",
        methodology_code="CQCM-901-V001",
        owner_code=PV_OWNER,
        validator_code=VALIDATOR,
        pdd_author_code=PDD_AUTHOR,
        district_code="500112",
        is_local=True,
        construction_start=date(2021, 3, 1),
        operation_date=date(2021, 9, 1),
        crediting_start=date(2022, 1, 1),
        crediting_end=date(2031, 12, 31),
        meters=["CQ-M-000001"],
        parcels=[],
        species=None,
        baseline_grid="CC",
        baseline_factor_year=2019,
        registered_on=date(2026, 4, 20),
        version=4,
        capacity_kw="98.500",
        pv_mode="grid_connected",
        latitude="29.563010",
        longitude="106.551557",
    ),
    registry.ProjectStatusChanged(
        project_id=PROJECT_ID,
        status_before="REGISTERED",
        status="SUSPENDED",
        reason="核查发现计量异常",
        version=5,
    ),
    registry.CalendarYearPublished(
        year=2026,
        holidays=[date(2026, 1, 1), date(2026, 1, 2)],
        makeup_workdays=[date(2026, 1, 4)],
        source="国务院办公厅节假日安排, as packaged by chinesecalendar",
        version=1,
    ),
    issuance.ReportStatusChanged(
        report_id=REPORT_ID,
        project_id=PROJECT_ID,
        status_before="NOTICE",
        status="VERIFIED",
        calculated_t=849,
        version=3,
    ),
    issuance.CreditsIssued(
        issuance_id=ISSUANCE_ID,
        report_id=REPORT_ID,
        project_id=PROJECT_ID,
        project_no=7,
        project_name="两江新区屋顶光伏",
        project_type="distributed_pv",
        unit_type="CQCER",
        scope_code="01",
        methodology_code="CQCM-901-V001",
        district_code="500112",
        is_local=True,
        owner_code=PV_OWNER,
        operation_date=date(2021, 9, 1),
        registered_on=date(2026, 4, 20),
        batch_no=1,
        period_start=date(2025, 1, 1),
        period_end=date(2025, 12, 31),
        quantity_t=849,
        blocks=[
            issuance.IssuedBlock(
                vintage=2025,
                start=1,
                end=849,
                serial="CQ-CQCER-01-0007-2025-01-000000001-000000849",
            )
        ],
        aggregate_ids=[],
    ),
    issuance.ReversalRecorded(
        reversal_id=REVERSAL_ID,
        project_id=PROJECT_ID,
        owner_code=PV_OWNER,
        unit_type="CQCER",
        kind="error",
        occurred_on=date(2026, 5, 1),
        loss_t="49",
        covered_t="0",
        debt_t=49,
        buffer_blocks=[],
        issuance_ids=[ISSUANCE_ID],
    ),
    issuance.ReversalSettled(
        reversal_id=REVERSAL_ID,
        project_id=PROJECT_ID,
        owner_code=PV_OWNER,
        debt_t=49,
        settled_on=date(2026, 6, 1),
    ),
    trading.BufferChanged(
        account_code="SYSTEM-BUFFER",
        cause="issued",
        cause_id=ISSUANCE_ID,
        quantity_t=849,
        blocks=[BLOCK],
    ),
    trading.BlocksCredited(
        account_code=PV_OWNER, issuance_id=ISSUANCE_ID, quantity_t=849, blocks=[BLOCK]
    ),
    trading.OrderFilled(
        order_id="0199a1b2-0000-7000-8000-000000000004",
        listing_id="0199a1b2-0000-7000-8000-000000000005",
        seller_code=PV_OWNER,
        buyer_code=STEEL,
        quantity_t=849,
        price_fen_per_t=3590,
        amount_fen=3_047_910,
        blocks=[BLOCK],
    ),
    trading.CreditsRetired(
        retirement_id="0199a1b2-0000-7000-8000-000000000006",
        certificate_id="CQ-R-2026-000001",
        account_code=STEEL,
        beneficiary_code=STEEL,
        reason="ETS_COMPLIANCE",
        compliance_year=2024,
        claim_id=None,
        quantity_t=849,
        blocks=[BLOCK],
        retired_at=datetime(2026, 6, 1, 2, 0, tzinfo=UTC),
    ),
    trading.ObligationRecorded(
        account_code=STEEL,
        compliance_year=2024,
        obligation_t=100_000,
        due_on=date(2026, 12, 31),
        version=1,
    ),
    points.TripBatchCredited(
        batch_id="0199a1b2-0000-7000-8000-000000000007",
        partner_id="bike-partner",
        accepted=480,
        duplicate=10,
        conflict=1,
        rejected=8,
        quarantined=1,
        credited_g=146_380,
        credited_tenths=13_400,
    ),
    points.PointsRedeemed(
        redemption_id="0199a1b2-0000-7000-8000-000000000008",
        reward_id="0199a1b2-0000-7000-8000-000000000009",
        quantity=1,
        points_tenths=200,
    ),
    points.AggregateClosed(
        aggregate_id="0199a1b2-0000-7000-8000-00000000000a",
        project_id=PROJECT_ID,
        operator_code=OPERATOR,
        period_start=date(2026, 1, 1),
        period_end=date(2026, 3, 31),
        trips=10_000,
        total_g=3_049_600,
        by_vintage_g={"2026": 3_049_600},
        factor_versions=["BJ-DB11T3043-2024"],
        evidence_sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ),
    gateway.PartnerChanged(
        client_id="steel-erp",
        name="渝钢 ERP",
        organisation_code=STEEL,
        scopes=["orders:write", "surrenders:write"],
        status="active",
        version=1,
    ),
    gateway.ClockMoved(offset_s=86_400),
)
