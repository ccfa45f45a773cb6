# Needs Python 3.11 or newer, pip and make; everything else goes into .venv.
#
#   make demo     install and turn a real ultrasound still into loops
#   make test     install and run linters, type checks, import contracts and tests
#   make docs     install and build the site of docs/ into build/site
#   make sbom     write dist/sonoloop.cdx.json (CycloneDX): the packages that sonoloop runs with
#   make audit    compare the locked versions with known vulnerabilities; asks PyPI
#   make dist     build what a release is: wheel, sources, SBOM and their checksums, in dist
#   make clean    remove what these have made
#
# PYTHON=python3.12 picks another interpreter, CONSTRAINTS= lifts the locked versions. pip's own
# settings apply: on Linux, an index of CPU builds of torch saves gigabytes where no GPU is.

PYTHON ?= python3
CONSTRAINTS ?= --constraint requirements/locked.txt
VENV := .venv
BIN := $(VENV)/bin
AUDIT := .venv-audit
# Works where the venv module comes without pip (Debian) and with any pip since 22.3.
PIP := $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check

.PHONY: demo test lint docs sbom audit dist clean-dist clean

demo: $(VENV)/installed
	$(BIN)/sonoloop demo

# Files of tests are shared out to one process a core; each computes on one thread.
test: $(VENV)/installed-test lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile

lint: $(VENV)/installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "look at build/site/index.html"

sbom: $(VENV)/installed-test $(AUDIT)/installed
	mkdir -p build dist
	$(AUDIT)/bin/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml \
	  --mc-type library --output-reproducible --output-format JSON \
	  --output-file build/environment.cdx.json
	$(BIN)/python scripts/sbom.py build/environment.cdx.json dist/sonoloop.cdx.json
	$(AUDIT)/bin/python scripts/validate_sbom.py dist/sonoloop.cdx.json

audit: $(AUDIT)/installed
	$(AUDIT)/bin/pip-audit --strict --requirement requirements/locked.txt --no-deps --disable-pip

# The time of the commit stands for that of the build: the same commit gives the same wheel and SBOM.
dist: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)
dist: clean-dist sbom
	$(AUDIT)/bin/python -m build --outdir dist
	cd dist && $(abspath $(BIN))/python -c 'import os, pathlib, sonoloop.checksums as sums; \
	  sums.write_sums(pathlib.Path(), os.listdir())'

clean-dist:
	rm -rf dist

# Tools that look at the project and are no part of it.
$(AUDIT)/installed:
	$(PYTHON) -m venv --without-pip $(AUDIT)
	$(PYTHON) -m pip --python $(AUDIT)/bin/python --disable-pip-version-check install --quiet \
	  build cyclonedx-bom pip-audit
	touch $@

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
	rm -rf $(VENV) $(AUDIT) build dist demo
