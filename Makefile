# What people and CI both run. Every target sets up what it needs itself.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# The first interpreter that really runs and is new enough (a name on PATH may be a shim that does not).
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
OTHERS := .venv-bench
CRM ?= hubspot
PYTEST_WORKERS ?= auto

.PHONY: help setup demo test check fmt lint types imports bench compare soak chaos docs lock clean

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(STAMP): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "icp-sync needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

setup: $(STAMP) ## a virtual environment in .venv from the hashed lock, with icp in its bin

demo: $(STAMP) ## the main job against the local CRM simulator (CRM=salesforce, ACCOUNTS=file.csv, HOLD=1)
	@$(BIN)/icp demo --crm "$(CRM)" $(if $(ACCOUNTS),--accounts "$(ACCOUNTS)") $(if $(HOLD),--hold)

test: $(STAMP) ## every test that needs no outside service
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder

check: lint types imports test ## lint, types, import contracts and tests

fmt: $(STAMP) ## format and apply safe fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lint: $(STAMP) ## ruff, every rule on
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(STAMP) ## mypy, strict
	@$(BIN)/mypy

imports: $(STAMP) ## the import contracts
	@$(BIN)/lint-imports

bench: $(STAMP) ## the numbers, as ratios and counts
	@$(BIN)/python -m benchmarks

$(OTHERS)/.ready: requirements-bench.lock
	@$(PYTHON) -m venv $(OTHERS)
	@$(OTHERS)/bin/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $(OTHERS)/.ready

compare: $(STAMP) $(OTHERS)/.ready ## the same org by icp run, plain simple-salesforce and dlt (needs 200 MB more)
	@$(BIN)/python -m benchmarks.side_by_side

soak: $(STAMP) ## the long form of the tests that break things: 100,000 accounts, about an hour
	@SOAK=long $(BIN)/python -m pytest -n 0 -v --timeout 7200 $(addprefix tests/acceptance/test_salesforce_,soak.py killed.py quota.py) tests/unit/benchmarks/test_benchmarks.py

chaos: $(STAMP) ## break the worker in every way, many times over, and print a table (ONLY=kills, TIMES=10, SEED=1)
	@$(BIN)/python -m benchmarks.chaos $(if $(ONLY),--only "$(ONLY)") $(if $(TIMES),--times "$(TIMES)") $(if $(SEED),--seed "$(SEED)")

docs: $(STAMP) ## regenerate docs/reference from the code
	@$(BIN)/python -m docs.generate

lock: $(STAMP) ## resolve the lock files again (needs uv)
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 pyproject.toml -o requirements.lock
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --all-extras --group dev pyproject.toml requirements-build.in -o requirements-dev.lock
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 requirements-build.in -o requirements-build.lock
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --group bench -o requirements-bench.lock

clean: ## remove everything that was built
	@rm -rf $(VENV) $(OTHERS) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis var
