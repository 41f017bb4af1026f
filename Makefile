# make env    the environment in .venv            make repro  the pipeline
# make test   the tests (QUICK=1: only the quick) make lint   style and types
# make docs   the documentation as a site, in site/
# make study  the full study: the routes and seeds of stages/full/study.yaml
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed

# DVC runs its stages as `python stages/...`: with the environment first on the path, also from a bare shell.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: env repro study test lint docs clean

env: $(STAMP)

$(STAMP): pyproject.toml .ci/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is $$($(PYTHON) -V 2>&1), expected Python 3.11 or later; name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@# --use-pep517: a pip of 2023, as in Debian 12, else builds seqeval and others by setup.py, and fails
	$(VENV)/bin/python -m pip install --quiet --use-pep517 -c .ci/constraints.txt -e '.[dev]'
	@touch $@

study: STUDY := full
repro study: env
	@git rev-parse --git-dir >/dev/null 2>&1 || \
	  { echo "error: $(CURDIR) is no git repository, which DVC needs; clone the project, or run: git init && git add -A && git commit -m start" >&2; exit 1; }
	@test -f .dvc/config || \
	  { echo "error: .dvc/config is missing: restore it with git checkout .dvc, or run: .venv/bin/dvc init" >&2; exit 1; }
	@$(VENV)/bin/xstilts grid run $(STUDY)

test: env
	@$(VENV)/bin/python -m pytest -n 2 --dist loadfile $(if $(QUICK),-m "not slow and not stage")

lint: env
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy

docs: env
	$(VENV)/bin/python -m pip install --quiet -c .ci/constraints.txt -e '.[docs]'
	@$(VENV)/bin/python docs/generate.py
	@$(VENV)/bin/mkdocs build --strict --quiet

clean:
	rm -rf site $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis src/*.egg-info
