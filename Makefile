# What can be done here; each installs what it needs (scripts/setup). CONTRIBUTING.md says more.
.PHONY: help demo run test drill bench lint fmt docs coverage deny package deploy
help: ## Print this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

demo: ## Collect three days of both cameras from a simulated portal into demo/data/
	@scripts/demo

run: ## Collect today's pictures from the real portal into data/ (ARGS="--date yesterday" and the like)
	@scripts/setup run
	cargo run --release --locked -p draywatch -- fetch $(ARGS)

test: ## Format, lints and all tests (long drills in their short form)
	@scripts/test $(ARGS)

drill: ## All tests, long drills in full, beside a soak of 500 collections
	@scripts/drill $(ARGS)

bench: ## Print the benchmark: fetching beside curl, listing, memory
	@scripts/setup $(if $(filter web,$(ARGS)),bench-web,bench)
	cargo build --release --locked -p draywatch -p portal-sim -p draywatch-bench
	cargo run --release --locked -p draywatch-bench -- $(ARGS)

lint: ## Format and lints only
	@scripts/setup test
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked --features draywatch/failpoints -- -D warnings

fmt: ## Format all code
	cargo fmt --all

docs: ## Write docs/reference/ and draywatch.example.toml anew from the code
	@scripts/setup run
	UPDATE_REFERENCE=1 cargo test --locked -p draywatch reference

coverage: ## Line coverage of the workspace
	@scripts/coverage

deny: ## Licences, sources and known vulnerabilities of the dependencies
	@scripts/deny $(ARGS)

package: ## Build the Debian package
	@scripts/package

deploy: ## Check deploy/: unit, compose file, rules, dashboard; in full with DRAYWATCH_TEST_FULL=1 (package, systemd)
	@scripts/deploy-check
