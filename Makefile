# `make` while you work, `make demo` to see it run, `make test` to trust it; `make help` lists the rest.
#
#   PYTHON=python3.12   the interpreter that the environment is made with: 3.11 or newer
#   VENV=.venv          the environment's place
#   WORKERS=2           how many tests run at once

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2

PACKAGES = items network partition coordinator replication router sim twophase
BENCHMARKS = $(wildcard benchmarks/*.py)

# To make a name with a blank in it is several names.
ifneq ($(words $(VENV)),1)
$(error VENV has to be a place without blanks in its name, not '$(VENV)')
endif

IN_VENV = $(VENV)/bin/python
PIP_INSTALL = $(IN_VENV) -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Stamps.  Each is written last, so that whatever was interrupted is done again.
MADE = $(VENV)/.made
CAN_RUN = $(VENV)/.can-run
CAN_LEARN = $(VENV)/.can-learn
CAN_DEVELOP = $(VENV)/.can-develop

VERSION_OF = -c 'import sys; print(sys.version)'

# An environment whose interpreter is gone is made again,
$(shell test -x '$(IN_VENV)' || rm -f '$(MADE)')
# and so is one of another version than the interpreter that somebody asks for by name.
ifneq ($(origin PYTHON),file)
$(shell asked="`$(PYTHON) $(VERSION_OF) 2>&1`" && \
  test "$$asked" != "`$(IN_VENV) $(VERSION_OF) 2>&1`" && rm -f '$(MADE)')
endif

.NOTPARALLEL:
.PHONY: all fix lint types quick test soak bench bug-zoo demo tutorial setup clean help

all: fix lint types quick  ## fix, lint, types and quick: the loop while you work

fix: $(CAN_DEVELOP)  ## mend what ruff can mend, and format
	@$(IN_VENV) -m ruff check --fix-only --quiet .
	@$(IN_VENV) -m ruff format --quiet .

lint: $(CAN_DEVELOP)  ## ruff: rules and format
	$(IN_VENV) -m ruff check .
	$(IN_VENV) -m ruff format --check .

types: $(CAN_DEVELOP)  ## mypy --strict over packages, tests and benchmarks
	$(IN_VENV) -m mypy --strict $(PACKAGES) tests $(BENCHMARKS)

quick: $(CAN_DEVELOP)  ## the tests that are not marked slow
	$(IN_VENV) -m pytest -m 'not slow' -q -n $(WORKERS)

test: $(CAN_DEVELOP)  ## all tests
	$(IN_VENV) -m pytest -n $(WORKERS)

soak: $(CAN_DEVELOP)  ## all tests, with the long counts of seeds and examples
	TWOPHASE_SOAK=1 $(IN_VENV) -m pytest -n $(WORKERS)

bench: $(CAN_DEVELOP)  ## every benchmark, one after another
	@for file in $(BENCHMARKS); do echo "$$file"; $(IN_VENV) "$$file" || exit 1; done

bug-zoo: $(CAN_DEVELOP)  ## hunt all mutants, and write docs/bug-zoo.md: 45 minutes on two cores
	$(IN_VENV) -m twophase mutants --hunt --markdown > docs/bug-zoo.md.new
	mv docs/bug-zoo.md.new docs/bug-zoo.md

demo: $(CAN_RUN)  ## a run of the simulation and its report, with only what running needs installed
	@$(VENV)/bin/twophase simulate orders-and-payments --report demo.html
	@echo
	@echo 'Three to try next:'
	@echo '  $(VENV)/bin/twophase scenarios'
	@echo '  $(VENV)/bin/twophase simulate bank --seed 11 --story'
	@echo '  $(VENV)/bin/twophase simulate bank --seed 3 --mutant reads-have-one-round'

tutorial: $(CAN_LEARN)  ## docs/tutorial.md, command by command, with the real aws against a server
	@$(IN_VENV) -m twophase tutorial

setup: $(CAN_DEVELOP)  ## the environment, with everything
	@echo "$(VENV) is ready: `$(IN_VENV) --version`"

clean:  ## remove what make made: environment, caches, build
	@test ! -f '$(VENV)/pyvenv.cfg' || rm -rf '$(VENV)'
	rm -rf demo.html build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
	@find $(PACKAGES) tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

# `--clear` empties a half-made environment, so make sure first that it is one.
$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "twophase needs Python 3.11 or newer, and '$(PYTHON)' is not" \
	    "(`$(PYTHON) --version 2>&1 | head -n 1`): name another one, as in make PYTHON=python3.12." >&2; exit 1; }
	@test -f '$(VENV)/pyvenv.cfg' || test -z "`ls -A '$(VENV)' 2>/dev/null`" || { \
	  echo "'$(VENV)' is no Python environment: remove it or choose another place with VENV=." >&2; exit 1; }
	$(PYTHON) -m venv --clear '$(VENV)'
	@echo '*' > '$(VENV)/.gitignore'  # Whatever its name: neither git nor ruff looks inside.
	@touch $@

$(CAN_RUN): $(MADE) pyproject.toml constraints.txt
	$(PIP_INSTALL) -e .
	@touch $@

$(CAN_LEARN): $(MADE) pyproject.toml constraints.txt
	$(PIP_INSTALL) -e '.[tutorial]'
	@touch $(CAN_RUN) $@

$(CAN_DEVELOP): $(MADE) pyproject.toml constraints.txt
	$(PIP_INSTALL) -e '.[dev]'
	@touch $(CAN_RUN) $(CAN_LEARN) $@
