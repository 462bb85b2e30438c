# Two commands need no more than python3 (3.11 or newer) and make: `make demo` and `make test`.
# The first that runs makes .venv from requirements.lock; .venv/bin/ostiary is the command.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test bench wheel reference lock format clean
.PHONY: check check-format check-lint check-types check-imports check-architecture

help:
	@echo 'make demo      gateway, demo identity provider and echo service, to sign in at with a browser'
	@echo 'make test      every test; names in one line each what was skipped and how to get it'
	@echo 'make check     format, lint, types, import contracts, size budgets'
	@echo 'make bench     CPU per request beside bare nginx (BASE=<commit> compares two builds)'
	@echo 'make wheel     a wheel whose data plane is compiled to C: a quarter less CPU per request (needs gcc)'
	@echo 'make reference writes docs/reference/ from the models of the configuration'
	@echo 'make format    let ruff format the code and mend what it can'
	@echo 'make lock      resolve requirements.lock again (UPGRADE=1: to the newest versions)'
	@echo 'make clean     remove .venv, build/ and what the tools remember'

$(INSTALLED): requirements.lock pyproject.toml tools/install.py
	@$(PYTHON) tools/install.py $(VENV)
	@touch $@

demo: $(INSTALLED)
	@exec $(BIN)/ostiary demo

test: $(INSTALLED)
	@$(BIN)/python -m pytest $(ARGS)

# Each part by itself, so that `make -k check` tells everything at once.
check: check-format check-lint check-types check-imports check-architecture

check-format: $(INSTALLED)
	@$(BIN)/ruff format --check .

check-lint: $(INSTALLED)
	@$(BIN)/ruff check .

check-types: $(INSTALLED)
	@$(BIN)/mypy

check-imports: $(INSTALLED)
	@$(BIN)/lint-imports --no-logo --no-cache

check-architecture: $(INSTALLED)
	@$(BIN)/python -m pytest -q tests/architecture

bench: $(INSTALLED)
	@BASE='$(BASE)' $(BIN)/python -m tests.bench.run

wheel: $(INSTALLED)
	@$(BIN)/python tools/compile.py --wheel dist

reference: $(INSTALLED)
	@$(BIN)/python tools/reference.py

format: $(INSTALLED)
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

lock:
	@uv=$$(command -v $(BIN)/uv uv | head -n 1); \
	test -n "$$uv" || { echo 'make lock needs uv: $(BIN)/python -m pip install uv' >&2; exit 1; }; \
	UV_CUSTOM_COMPILE_COMMAND='make lock' $$uv pip compile pyproject.toml --output-file requirements.lock --quiet \
	    --universal --python-version 3.11 --extra demo --extra dev $(if $(UPGRADE),--upgrade) --generate-hashes \
	    --annotation-style line --no-emit-index-url --no-emit-find-links

clean:
	rm -rf $(VENV) build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
