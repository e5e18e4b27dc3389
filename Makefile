# `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
# Where cargo builds.
TARGET := $(or $(CARGO_TARGET_DIR),target)
# Programs that were installed for this repository alone come first.
export PATH := $(CURDIR)/target/tools/path:$(PATH)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: bootstrap
bootstrap: ## Bring what a developer's machine needs (Postgres, PgBouncer, buf, Node, Chromium); may be run again
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs"; exit 1; }
	@command -v cc >/dev/null || { echo "a C compiler is missing: on Debian, apt-get install build-essential"; exit 1; }
	@cargo run --quiet --locked -p xtask -- bootstrap

.PHONY: dashboard
dashboard: ## Build the dashboard, which the next build of the server then has in it; needs Node 20.19 or newer
	@cd dashboard && npm ci --no-audit --no-fund && npm run build

# Builds the dashboard where Node is there and something in it has changed; the server is built either way.
dashboard/dist/index.html: $(shell git ls-files dashboard ':!dashboard/e2e' 2>/dev/null)
	@if cargo run --quiet --locked -p xtask -- node $(NODE); then $(MAKE) --no-print-directory dashboard && touch $@; \
	else echo "the dashboard is left out: it needs Node 20.19 or newer (make bootstrap brings it)"; fi

.PHONY: test
test: ## Run every check and every test, with a summary at the end
	@cargo run --quiet --locked -p xtask -- test

.PHONY: fuzz
fuzz: ## Throw mutated input at all that reads any, TASK_FUZZ_SECONDS=10 for each target
	@crates/fuzz/fuzz.sh

.PHONY: bench
bench: dashboard/dist/index.html ## Measure the service beside plain SQL; make bench ARGS=--short takes five minutes or so
	@cargo build --quiet --locked --release -p task-bench -p task-server -p task-cli
	@"$(TARGET)/release/task-bench" $(ARGS)

.PHONY: chaos
chaos: ## Kill, stop and cut off the service's processes, and check what was promised; ARGS='--scale small' takes minutes
	@cargo build --quiet --locked --release -p task-chaos -p task-server -p task-cli
	@"$(TARGET)/release/task-chaos" $(ARGS)

.PHONY: bench-peers
bench-peers: ## Measure River and Graphile Worker beside the service, on the same Postgres settings
	@cargo build --quiet --locked --release -p task-bench -p task-server -p task-cli
	@crates/bench/peers/bench.sh

.PHONY: demo
demo: NODE := --install
demo: dashboard/dist/index.html ## Start everything on a Postgres of its own, run a few tasks, stay up; DEMO_LISTEN=HOST:PORT instead of 127.0.0.1:8080
	@cargo run --quiet --locked -p xtask -- postgres
	@cargo build --quiet --locked -p task-cli
	@./crates/standalone/demo.sh "$(TARGET)/debug/task-cli"

.PHONY: run-server
run-server: dashboard/dist/index.html ## Run the server; takes the database from DATABASE_URL
	@cargo run --quiet --locked -p task-server -- serve

.PHONY: run-worker
run-worker: ## Run a worker; takes the database from DATABASE_URL
	@cargo run --quiet --locked -p task-cli -- serve

.PHONY: build
build: dashboard/dist/index.html ## Build ./bin/task-server and ./bin/task-cli, optimised
	@cargo build --locked --release -p task-server -p task-cli
	@mkdir -p bin
	@cp "$(TARGET)/release/task-server" "$(TARGET)/release/task-cli" bin/
	@echo "built ./bin/task-server and ./bin/task-cli"

.PHONY: build-cli
build-cli: dashboard/dist/index.html ## Build ./bin/task-cli, optimised
	@cargo build --locked --release -p task-cli
	@mkdir -p bin
	@cp "$(TARGET)/release/task-cli" bin/task-cli
	@echo "built ./bin/task-cli"

.PHONY: fmt
fmt: ## Format all code
	@cargo fmt --all

.PHONY: clean
clean: ## Remove what was built
	@cargo clean --quiet
	@rm -rf bin
