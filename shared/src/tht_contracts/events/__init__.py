"""Event contracts, one module per owning service. Additive within a major; see docs/decisions/0020."""
