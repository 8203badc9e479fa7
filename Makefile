# Two commands: `make run` and `make test`. Both install what they need.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := .make
QUICK := not serial and not browser and not fault
export QUANCHENG_HOME ?= $(CURDIR)/var

.PHONY: run test test-fast test-postgres install frontend lint types imports check migrations lock clean bench
.DEFAULT_GOAL := run

run: install frontend ## start the city with demo data
	QUANCHENG_DEMO=1 $(BIN)/quancheng setup
	QUANCHENG_DEMO=1 $(BIN)/quancheng run

install: $(STAMP)/python

$(STAMP)/python: requirements-dev.lock pyproject.toml
	@mkdir -p $(STAMP)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info[:2] >= (3, 11) else "需要 Python 3.11 或更新。Python 3.11 or newer is needed.")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

frontend: $(STAMP)/frontend

$(STAMP)/frontend: $(shell find frontend -type f -not -path '*/node_modules/*' 2>/dev/null)
	@mkdir -p $(STAMP)
	cd frontend && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && npm run --silent build
	@touch $@

system: ## what the tests need from Debian: a browser, fonts, a database server
	bash tools/install-system-packages.sh

test: install frontend system ## run every test
	@# core and kernel first and alone: what their own tests cover is measured, and tracing the rest would double its time
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "$(QUICK)" $(PYTEST_EXTRA) tests/core tests/kernel
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "$(QUICK)" --ignore=tests/core --ignore=tests/kernel tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "fault and not serial and not browser" tests
	$(BIN)/python -m pytest -m "serial and not browser" tests
	@# a browser test that fails gets one more try, in the open: what fails twice fails
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m browser tests || $(BIN)/python -m pytest -m browser --last-failed --last-failed-no-failures none tests

test-fast: install frontend ## the quick tests only
	$(BIN)/python -m pytest -n 2 -m "not slow and not browser and not fault and not nats and not postgres" tests

lint: install
	$(BIN)/ruff check src tests benchmarks tools
	$(BIN)/ruff format --check src tests benchmarks tools

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports

check: install
	$(BIN)/quancheng check

migrations: install
	$(BIN)/quancheng django makemigrations --check --dry-run

bench: install frontend
	$(BIN)/python -m benchmarks all

lock: ## make the lock files anew
	$(BIN)/pip-compile -q --extra postgres --extra nats --extra dev --generate-hashes --strip-extras --allow-unsafe \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header -o requirements-dev.lock pyproject.toml
	$(BIN)/pip-compile -q --extra postgres --extra nats --generate-hashes --strip-extras --allow-unsafe \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header -c requirements-dev.lock -o requirements.lock pyproject.toml

clean:
	rm -rf $(STAMP) $(VENV) var frontend/node_modules src/quancheng/portal/static/portal/dist

test-postgres: install ## everything that touches the database, on PostgreSQL (a throw-away cluster)
	$(BIN)/python -m quancheng.testing.run_on_postgres -m "not browser and not fault and not nats and not postgres and not serial and not slow" tests/kernel tests/capabilities tests/scenarios
