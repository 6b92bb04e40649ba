# What CI calls and what people type; the work is done by cargo and by scripts/.

.DEFAULT_GOAL := help
.PHONY: help setup demo up test lint bench images load

# A failed test is told by its error; anyhow's backtrace through the test harness would bury it.
export RUST_LIB_BACKTRACE ?= 0

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing: PostgreSQL 15 and 18, fake-gcs-server, Google's clients for Python, zstd, jq, curl, Chromium, cargo-nextest
	@scripts/setup

demo: ## A web shop: its database lost and back again, its password changed in use, a week of scaling, a month of spending (options in DEMO)
	@scripts/setup demo
	@scripts/run cargo build --locked --release -p local-gcp -p backup -p rotate-secrets -p scheduled-scaling -p budget-guard -p nightshift
	@scripts/run cargo run --locked --release --quiet -p nightshift -- demo $(DEMO)

up: ## Google Cloud on this machine with a small project in it, and a console in the browser (options in UP)
	@scripts/setup up
	@scripts/run cargo build --locked --release -p local-gcp -p backup -p rotate-secrets -p scheduled-scaling -p budget-guard -p nightshift
	@scripts/run cargo run --locked --release --quiet -p nightshift -- up $(UP)

test: setup ## Run every test against real PostgreSQL servers
	@scripts/run cargo test --locked --workspace --doc --quiet
	@scripts/run cargo nextest run --locked --workspace

lint: ## Check format, clippy, shell scripts, dependencies and the rules of the house
	@scripts/setup lint
	@scripts/lint

bench: ## Compare with pg_dump and functions-framework: time, memory, size (options in BENCH, such as BENCH="--only events")
	@scripts/setup bench
	@scripts/run cargo build --locked --release -p backup -p rotate-secrets -p scheduled-scaling -p budget-guard -p nightshift-bench
	@scripts/run cargo build --locked --release -p scheduled-scaling --examples
	@scripts/run cargo run --locked --release -p nightshift-bench --bin bench -- $(BENCH)

images: ## Build the container images with buildah or docker, run each as it will run, print the sizes (IMAGES="backup local-gcp")
	@scripts/images $(IMAGES)

load: ## A hundred users on a function of this machine, which must stay quick and well (options in LOAD, such as LOAD="--hold 5m")
	@scripts/run cargo build --locked --release -p local-gcp -p rotate-secrets -p nightshift-load
	@scripts/load $(LOAD)
