# Needs Python 3.11 or newer, pip and make; everything else goes into .venv.
#
#   make demo     install and turn a real ultrasound still into loops
#   make test     install and run linters, type checks, import contracts and tests
#   make docs     install and build the site of docs/ into build/site
#   make clean    remove what these have made
#
# PYTHON=python3.12 picks another interpreter, CONSTRAINTS= lifts the locked versions. pip's own
# settings apply: on Linux, an index of CPU builds of torch saves gigabytes where no GPU is.

PYTHON ?= python3
CONSTRAINTS ?= --constraint requirements/locked.txt
VENV := .venv
BIN := $(VENV)/bin
# Works where the venv module comes without pip (Debian) and with any pip since 22.3.
PIP := $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check

.PHONY: demo test lint docs clean

demo: $(VENV)/installed
	$(BIN)/sonoloop demo

test: $(VENV)/installed-test lint
	$(BIN)/python -m pytest

lint: $(VENV)/installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "look at build/site/index.html"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "sonoloop needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/installed: pyproject.toml requirements/locked.txt | $(BIN)/python
	$(PIP) install --quiet --no-compile $(CONSTRAINTS) --editable .
	touch $@

$(VENV)/installed-test: pyproject.toml requirements/locked.txt | $(BIN)/python
	$(PIP) install --quiet --no-compile $(CONSTRAINTS) --editable '.[test]'
	touch $@ $(VENV)/installed $(VENV)/installed-docs

$(VENV)/installed-docs: pyproject.toml requirements/locked.txt | $(BIN)/python
	$(PIP) install --quiet --no-compile $(CONSTRAINTS) --editable '.[docs]'
	touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build dist demo
