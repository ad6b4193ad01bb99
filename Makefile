# Every target works from a clean clone: it sets up what it needs, and that is instant once done.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python
SVC_ALL := registry-svc issuance-svc trading-svc points-svc gateway

.PHONY: help setup run demo walkthrough test test-unit test-kafka check bench kafka kafka-stop up down ps logs \
	migrate revision contracts fmt clean

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the Python environment (.venv); every other target does this by itself
	@scripts/setup

run: setup ## Start the whole platform in one process: no Docker, no Java (stop with Ctrl-C)
	@exec $(PY) -m embedded run $(ARGS)

demo: setup ## Run the main job end to end [SCENARIO=file.yaml] [URL=of a running platform]
	@exec $(PY) -m embedded demo $(if $(SCENARIO),--scenario "$(SCENARIO)") $(if $(URL),--url "$(URL)") $(if $(CREDENTIALS),--credentials "$(CREDENTIALS)") $(ARGS)

walkthrough: setup ## Take real files from file to serials [DATA=folder] [URL=of a running platform]
	@exec $(PY) -m embedded walkthrough $(if $(DATA),--data "$(DATA)") $(if $(URL),--url "$(URL)") $(if $(CREDENTIALS),--credentials "$(CREDENTIALS)") $(ARGS)

test: setup ## Run every test; the Kafka suite too where Java 17 and Maven exist
	@scripts/test all $(ARGS)

test-unit: setup ## Run the tests that need no broker [ARGS="path -k name"]
	@scripts/test unit $(ARGS)

test-kafka: setup ## Run the tests on real Kafka and separate processes
	@scripts/test kafka $(ARGS)

check: setup ## Run every gate: lint, types, imports, sizes, lock, contracts [ONLY=gate]
	@$(PY) scripts/check.py $(ONLY)

bench: setup ## Measure the speed goals [ONLY=name]; writes build/bench.json
	@exec $(PY) scripts/bench.py $(if $(ONLY),--only $(ONLY)) $(ARGS)

kafka: ## Fetch (once) and start Apache Kafka on loopback; needs Java 17 and Maven
	@scripts/kafka start

kafka-stop: ## Stop that Kafka
	@scripts/kafka stop

up: setup ## Start PostgreSQL, Kafka and every service as processes of their own, in the background
	@exec $(PY) -m embedded.keeper up $(ARGS)

down: setup ## Stop what `make up` started
	@exec $(PY) -m embedded.keeper down $(ARGS)

ps: setup ## List the processes of `make up`
	@exec $(PY) -m embedded.keeper ps $(ARGS)

logs: setup ## Follow the logs of `make up` [svc=points-svc]
	@exec $(PY) -m embedded.keeper logs $(svc) $(ARGS)

migrate: setup ## Bring databases to the newest schema [svc=points-svc], with <PREFIX>_DATABASE_URL set
	@set -e; for name in $(or $(svc),$(SVC_ALL)); do scripts/alembic "$$name" upgrade head; done

revision: setup ## Draft a migration from the models: svc=points-svc m="add_trips"
	@test -n "$(svc)" && test -n "$(m)" || { echo 'usage: make revision svc=points-svc m="add_trips"' >&2; exit 2; }
	@scripts/alembic "$(svc)" revision --autogenerate -m "$(m)"

contracts: setup ## Write what is generated from the code: event schemas, AsyncAPI, OpenAPI, .importlinter
	@$(PY) scripts/export_contracts.py
	@$(PY) scripts/import_contracts.py

fmt: setup ## Format and fix what ruff can fix
	@.venv/bin/ruff check --fix --quiet . || true
	@.venv/bin/ruff format --quiet .

clean: ## Remove the environment, caches and build output; data under var/ stays
	rm -rf .venv .venv.lock .uv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
