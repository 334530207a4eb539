# Set-up, running, testing and checking. Everything it makes is in .venv/ and .local/.
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := shared services ops

.DEFAULT_GOAL := help
.PHONY: help run test soak check fmt bench lock clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

run: .venv/run ## Run everything here: http://127.0.0.1:8080, Ctrl-C ends it
	@$(PYTHON) ops/install.py run
	@$(BIN)/python -m ops.local

test: .venv/dev ## Run every test
	@$(PYTHON) ops/install.py test
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup $(ARGS)

soak: .venv/dev ## Run the long cases at full length
	@$(PYTHON) ops/install.py test
	@KHOKAHANO_SOAK=1 $(BIN)/python -m pytest tests/e2e tests/services/shared/test_outages.py $(ARGS)

check: .venv/dev ## Check format, lint, types, imports and what is generated
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports --no-logo
	$(BIN)/khokahano schemas --check
	$(BIN)/khokahano openapi --check

fmt: .venv/dev ## Format the code, and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/dev ## Measure the journeys
	@$(PYTHON) ops/install.py run
	@$(BIN)/python -m bench $(ARGS)

# `make run` needs, beyond what the services do: the mail catcher's library, and what builds the package.
UV := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: .venv/dev ## Choose the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile pyproject.toml --extra dev --upgrade $(UV) -o requirements/dev.txt
	printf 'aiosmtpd\nsetuptools\n' | $(BIN)/uv pip compile pyproject.toml - -c requirements/dev.txt $(UV) -o requirements/run.txt

clean: ## Remove .venv, and .local with all its data
	rm -rf .venv .local build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps say what is installed; they are made anew when what they come from changes.
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.venv/bin/python:
	@$(PYTHON) ops/install.py check
	@$(PYTHON) -m venv .venv

.venv/run .venv/dev: .venv/%: requirements/%.txt pyproject.toml | .venv/bin/python
	@echo "installing Python packages …"
	@$(PIP) install --require-hashes -r requirements/$*.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@
