"""The kinds of four-eyes task about beneficiaries."""

from registry_svc.beneficiaries.service import REVIEW

TASKS = (REVIEW,)
