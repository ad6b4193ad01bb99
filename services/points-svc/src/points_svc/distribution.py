"""How the tables lie on a distributed PostgreSQL (Citus): docs/decisions/0017.

Nothing at run time reads this. It says by which column each table would be distributed as it
stands, and a test checks every key of the live schema against it: a distributed table can only
enforce a uniqueness that contains its distribution column.
"""

# Tables of one group share shards: they may be joined and refer to each other.
CITIZEN = "citizen_id"
REWARD = "reward_id"

DISTRIBUTED: dict[str, str] = {
    # with the citizen
    "citizens": CITIZEN,
    "citizen_partners": CITIZEN,
    "consents": CITIZEN,
    "accounts": CITIZEN,
    "lots": CITIZEN,
    "entries": CITIZEN,
    "trips": CITIZEN,
    "redemptions": CITIZEN,
    "redemption_lots": CITIZEN,
    # by the value whose uniqueness they guard, across citizens
    "identities": "identity_hmac",
    "subjects": "subject_token",
    "trip_claims": "event_id",
    "live_trips": "trip_id",
    # with the reward
    "reward_stocks": REWARD,
    "coupon_codes": REWARD,
}

# Small, read everywhere, copied to every node.
REFERENCE: frozenset[str] = frozenset(
    {"scenarios", "scenario_versions", "programme_rules", "rewards", "projects", "aggregates"}
)

# The kit's tables and Alembic's stay on the coordinator.
LOCAL: frozenset[str] = frozenset({"outbox", "inbox", "idempotency_answers", "alembic_version"})
