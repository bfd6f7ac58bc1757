# Every target sets up what it needs; install only Python 3.13 by hand (and node for the policy referee).
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3.13
VENV := .venv
SAM := .venv-sam
AUDIT := .venv-audit
# The build needs python3.13 and the tests need sam: both come from here, not from the caller's PATH.
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/$(SAM)/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
FORMAT ?= html
OUTPUT ?= mfa-report.$(FORMAT)
PIP := python -m pip --disable-pip-version-check --quiet
# Python compiles what it imports; compiling everything at once would take as long as the rest of the set-up.
INSTALL := $(PIP) install --no-compile --require-hashes
# Pass only what was given: a missing stack that was named is an error, an unnamed one is not.
WHERE = $(if $(REGION),--region '$(REGION)') $(if $(STACK),--stack-name '$(STACK)')

# Independent targets run in parallel: the set-up's environments, and the parts of `make test`.
MAKEFLAGS += --jobs 3
ifeq ($(MAKECMDGOALS),test)
MAKEFLAGS += --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
endif

.PHONY: help setup demo local doctor report audit test test-code test-deployed check lint format bench mails lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.done $(SAM)/.done node_modules/.done ## Create the tools' environments (done by every other target)

demo: setup ## Play the demo in a local cloud, then tear it down
	@python -m local.demo

local: setup ## Keep the local cloud running until Ctrl-C
	@python -m local.playground

test: lint test-code test-deployed ## Lint and run every test, including the end-to-end ones, in parallel

test-code: setup
	python -m pytest --numprocesses 2 --dist worksteal --ignore tests/e2e

# They wait for the local cloud most of the time.
test-deployed: setup
	python -m pytest --numprocesses 2 --dist loadfile tests/e2e

check: setup lint ## Lint, and run the tests that need no AWS at all: half a minute, for use while you write
	python -m pytest --numprocesses 2 tests/unit tests/policy tests/infrastructure

lint: setup ## Formatting, types, import rules, template
	ruff format --check .
	ruff check .
	mypy
	PYTHONPATH=functions lint-imports
	cfn-lint template.yaml
	sam validate --lint --region us-east-1

mails: setup ## Render every mail that people get into .local/mails (TEMPLATES=folder checks templates of your own)
	@python -m local.mails $(if $(TEMPLATES),--templates '$(TEMPLATES)')

format: setup ## Format and fix with ruff, and write the page of parameters
	ruff format .
	ruff check --fix .
	python -m tests.infrastructure.parameters

doctor: setup ## Check the account and its deployment (REGION=us-east-1 STACK=mfa-enforcer); only reads
	@python -m ops.doctor $(WHERE)

report: setup ## Write the audit report of the account as it is now (FORMAT=html OUTPUT=mfa-report.html); only reads
	@python -m ops.report $(WHERE) --format '$(FORMAT)' --output '$(OUTPUT)'

bench: setup ## Measure package size, cold start and AWS calls
	@PYTHONPATH=functions POWERTOOLS_LOG_LEVEL=CRITICAL python -m tests.bench

audit: setup $(AUDIT)/.done ## Check the template with checkov, look for known vulnerabilities, list licences
	@python -m tests.audit

lock: $(VENV)/.done ## Resolve the dependencies again, with hashes
	$(PIP) install uv
	for set in functions/requirements requirements/sam requirements/development requirements/audit; do \
	  uv pip compile --quiet --upgrade --python-version 3.13 --generate-hashes --no-annotate \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $$set.in -o $$set.txt; \
	done

clean: ## Remove everything that the targets above create
	rm -rf $(VENV) $(SAM) $(AUDIT) node_modules .aws-sam .local .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.done: requirements/development.txt functions/requirements.txt
	@$(require_python)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/$(INSTALL) -r requirements/development.txt
	touch $@

$(SAM)/.done: requirements/sam.txt
	@$(require_python)
	$(PYTHON) -m venv $(SAM)
	$(SAM)/bin/$(INSTALL) -r requirements/sam.txt
	touch $@

$(AUDIT)/.done: requirements/audit.txt
	@$(require_python)
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/$(INSTALL) -r requirements/audit.txt
	touch $@

# The referee of the policy tests. Without npm they are skipped with a message.
node_modules/.done: package-lock.json
	@if command -v npm >/dev/null; then npm ci --no-audit --no-fund --loglevel=error; else mkdir -p node_modules; fi
	touch $@

define require_python
command -v $(PYTHON) >/dev/null && $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' \
  || { echo "Python 3.13 is needed, the version the functions run on; '$(PYTHON)' is another version. Install it, or run make PYTHON=/path/to/python3.13" >&2; exit 1; }
endef
