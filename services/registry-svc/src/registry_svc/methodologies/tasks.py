"""The kinds of four-eyes task about methodologies."""

from registry_svc.methodologies.publication import PUBLICATION, WITHDRAWAL

TASKS = (PUBLICATION, WITHDRAWAL)
