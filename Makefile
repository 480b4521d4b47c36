# Everything a fresh machine needs: python3 >= 3.11 with venv (python3-venv on Debian), npm and make.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HTMX := static/vendor/htmx.min.js
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# uv trusts whom the machine trusts, as pip does.
export UV_SYSTEM_CERTS := 1

.DEFAULT_GOAL := help
.PHONY: help run test test-postgres check coverage bench fuzz torture audit image-replay rehearse measure-emulations policies format lock clean

help:  ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The driver of PostgreSQL is installed for whoever uses one.
POSTGRES := $(if $(filter postgres%,$(DATABASE_URL)),$(VENV)/.postgres)

run: $(VENV)/.run $(POSTGRES) $(HTMX)  ## Set up, load the seed and serve on http://127.0.0.1:8000
	@exec $(BIN)/vapic serve --prepare

test:  ## Set up, then lint, types, layers and all tests
	@$(MAKE) --no-print-directory -j2 $(VENV)/.dev node_modules/.dev emulator
	@begin=$$(date +%s) && $(MAKE) --no-print-directory -j2 check suite && \
	  mkdir -p var/bench && echo $$(($$(date +%s) - begin)) > var/bench/tested

.PHONY: suite
suite:
	$(BIN)/python -m pytest

test-postgres: $(VENV)/.dev  ## Run the tests that meet the database on a PostgreSQL of their own
	@sh tests/get-postgres.sh
	$(BIN)/python -m pytest --database postgres tests/store tests/intake tests/web tests/history

# Tracing every line doubles the time of the tests, so it is done before a release and not at every run.
coverage: $(VENV)/.dev node_modules/.dev emulator  ## Run all tests and say which lines and branches none of them reaches
	$(BIN)/python -m pytest --cov --cov-report=term

check: $(VENV)/.dev  ## Format, lint, types, layers and templates, without the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint templates --lint --quiet --extension html
	$(BIN)/hadolint Dockerfile
	$(BIN)/vapic lint

bench: browser $(HTMX)  ## Measure against FastAPI, a bare sender and Datasette, into docs/bench.md
	@$(BIN)/python -m tests.bench $(if $(filter undefined,$(origin SIZES)),,--sizes $(SIZES)) \
	  $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(ONLY),--only $(ONLY))

# A seed that found something finds it again.
fuzz: $(VENV)/.dev  ## Ask 100,000 spoilt requests; no answer may be a 500 (N=1000 SEED=1)
	@N=$(N) SEED=$(SEED) nice $(BIN)/python -m tests.fuzz

torture: $(VENV)/.dev  ## Kill a server that writes 200 times; five minutes (KILLS=20 SEED=7)
	@nice $(BIN)/python -m tests.torture $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED))

audit: $(VENV)/.dev  ## Ask the public database of weaknesses about every locked package
	@$(BIN)/python -m tests.audit

image-replay: $(VENV)/.dev  ## Do the steps of the Dockerfile without an engine, and run what comes of it; as root
	@$(BIN)/python -m tests.image

rehearse: $(VENV)/.dev  ## Run the packed probe under real kernels; half an hour
	@nice $(BIN)/python -m tests.rehearse $(SUITES)

measure-emulations: $(VENV)/.dev  ## Measure emulated local APICs, here and under real kernels; 15 minutes
	@nice $(BIN)/python -m tests.emulations $(SUITES)

policies: $(VENV)/.dev  ## Read the policies again from Debian's kernel sources; a download of 150 MB each
	@nice $(BIN)/python -m tests.policies $(SUITES)

format: $(VENV)/.dev  ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.dev  ## Pin the newest dependencies, with hashes
	$(BIN)/uv pip compile pyproject.toml --group build --universal --python-version 3.11 \
	  --generate-hashes --no-strip-extras --no-header --no-annotate --no-emit-index-url --upgrade \
	  -q -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --group build --group dev --extra postgres --universal --python-version 3.11 \
	  --generate-hashes --no-strip-extras --no-header --no-annotate --no-emit-index-url --upgrade -q \
	  -c requirements.txt -o requirements-dev.txt
	echo uv | $(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url -q -c requirements-dev.txt -o requirements-uv.txt
	echo datasette | $(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url -q --upgrade -o tests/bench/requirements-datasette.txt
	echo 'psycopg[binary]' | $(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes \
	  --no-strip-extras --no-header --no-annotate --no-emit-index-url -q -c requirements-dev.txt \
	  -o requirements-postgres.txt
	npm update --package-lock-only

clean:  ## Remove what was set up; the database in var/ stays
	rm -rf $(VENV) node_modules static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*

# A half-made environment, as Debian leaves it without python3-venv, is made anew.
$(BIN)/pip:
	@$(PYTHON) -m venv --clear $(VENV) \
	  || { echo "Python's venv module is missing: on Debian, apt install python3-venv."; exit 1; }

# Stamps: what is installed follows the lock files.
$(VENV)/.run: requirements.txt pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.postgres: requirements-postgres.txt $(VENV)/.run
	$(BIN)/pip install --quiet --require-hashes -r requirements-postgres.txt
	@touch $@

# uv installs in a tenth of pip's time; pip knows indexes that uv may not.
$(VENV)/.dev: requirements-dev.txt requirements-uv.txt pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --require-hashes -r requirements-uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.txt \
	  || $(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run $(VENV)/.postgres

# Pages work without JavaScript, so a machine without npm still gets all of them.
$(HTMX): package-lock.json
	@if command -v npm >/dev/null; then \
	  npm ci --omit=dev --silent && mkdir -p static/vendor && \
	  cp node_modules/htmx.org/dist/htmx.min.js $@; \
	else echo "npm is missing: htmx is left out, and pages work without JavaScript."; fi

node_modules/.dev: package-lock.json
	npm ci --silent
	@mkdir -p static/vendor && cp node_modules/htmx.org/dist/htmx.min.js $(HTMX)
	@touch $@

.PHONY: browser
browser: $(VENV)/.dev
	@sh tests/get-browser.sh $(BIN)

# One after the other: both may ask the same package manager.
.PHONY: emulator
emulator: server
	@sh tests/get-qemu.sh

.PHONY: server
server: browser
	@sh tests/get-postgres.sh
