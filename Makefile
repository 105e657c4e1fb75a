# `make` alone lists the targets. Needs Python 3.11+ and make; everything else goes into .venv.

PORT ?= 8501
BIN := .venv/bin

# The interpreter that makes .venv: the first of these that is 3.11 or newer. `make PYTHON=/path/to/python demo` overrides.
CANDIDATES := $(BIN)/python python3 python3.14 python3.13 python3.12 python3.11 python
PYTHON ?=
INSTALL = @for python in $(PYTHON) $(CANDIDATES); do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	      exec "$$python" requirements/install.py $(1); \
	    fi; \
	  done; \
	  echo 'No Python 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)' >&2; \
	  exit 2

.PHONY: help demo serve notebook check test test-slow bench tracker lock runtime dev

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: runtime ## demo data and the app on http://127.0.0.1:8501 (PORT=8502 for another port)
	@exec $(BIN)/workbench demo --port $(PORT)

serve: runtime ## the app over your own database, without demo data
	@$(BIN)/workbench migrate
	@exec $(BIN)/workbench serve --port $(PORT)

notebook: dev ## the notebooks in JupyterLab, over demo data
	@$(BIN)/workbench demo --data-only
	@exec $(BIN)/jupyter lab --LabApp.news_url=None --LabApp.default_url=/lab/tree/notebooks/01_explore_traffic.ipynb

check: dev ## format, lint, types and import rules; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: dev ## the tests, in a few minutes
	$(BIN)/pytest -m "not slow" -n 3 --dist worksteal

test-slow: dev ## the tests that take minutes each
	$(BIN)/pytest -m slow -n 2 --dist worksteal

bench: dev ## the benchmarks; benchmarks/README.md says what they mean
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

tracker: dev ## what browsers get of ingest/tracker/tracker.js
	$(BIN)/python ingest/tracker/build.py

UV = $(or $(wildcard $(BIN)/uv),uv)
LOCK = $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q \
	pyproject.toml requirements/build.in

lock: ## pin the newest versions that pyproject.toml allows (needs uv)
	$(LOCK) --all-extras --upgrade -o requirements/dev.txt
	$(LOCK) --upgrade -c requirements/dev.txt -o requirements/runtime.txt

runtime:
	$(call INSTALL,runtime)

dev:
	$(call INSTALL,dev)
