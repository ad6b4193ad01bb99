"""The kinds of four-eyes task about factors."""

from issuance_svc.factors.changes import CHANGE
from issuance_svc.factors.imports import IMPORT

TASKS = (CHANGE, IMPORT)
