# Everything that a newcomer needs. The environment is .venv/, all data is var/.
SHELL := /bin/sh
VENV_PYTHON := .venv/bin/python
WORKERS ?= 3
NAME ?= all
export PYTHON
# Compiled modules are kept: some fifty processes of a run would each compile all of them again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install run test check bench reset lock

help:
	@echo "make run            start everything on this machine, with demo data (Ctrl-C stops it)"
	@echo "make reset          stop it and delete its data"
	@echo "make test           run all tests        (make test ARGS='tests/ledger -k hold' for some)"
	@echo "make check          run all other checks"
	@echo "make bench          measure everything beside its yardsticks   (make bench NAME=ledger for one)"
	@echo "make install        only bring .venv/ up to date"
	@echo "make lock           take newer versions of the dependencies into the lock files"

install:
	@python=$$(sh tools/find_python.sh) && "$$python" -m tools.install

run: install
	@$(VENV_PYTHON) -m tools.system run
	@exec $(VENV_PYTHON) -m tools.run

test: install
	@$(VENV_PYTHON) -m tools.system test
	@$(VENV_PYTHON) -m pytest -n $(WORKERS) $(ARGS) || { code=$$?; \
	  [ $$code -ne 5 ] || echo "pytest found no test to run: that is a failure here." >&2; exit $$code; }

check: install
	@$(VENV_PYTHON) -m tools.check

bench: install
	@$(VENV_PYTHON) -m tools.engines exec -- $(VENV_PYTHON) manage.py bench $(NAME) --json $(ARGS)

reset:
	@if [ -d var ]; then $(MAKE) --no-print-directory install && $(VENV_PYTHON) -m tools.reset; fi

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: pipx install uv" >&2; exit 2; }
	uv pip compile pyproject.toml --upgrade --group local --group test --group check --group bench \
	  --universal --generate-hashes --no-annotate --no-header --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --constraint requirements.lock \
	  --universal --generate-hashes --no-annotate --no-header --quiet --output-file deploy/requirements.lock
