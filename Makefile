# What one does here day by day. `make test` is what CI runs. Needs Rust and Node 20 on Debian 12; the rest is
# installed where it is missing, as root.

PROFILE ?= release
# cargo calls the directory of its profile `dev` differently.
BUILT = target/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))

.PHONY: help run run-slurm build web api fmt lint test test-slurm-versions bench clean

help:
	@echo 'make run        the portal on http://127.0.0.1:8080 for yourself, with nothing else installed'
	@echo 'make run-slurm  the same page for several users, on a real Slurm that is brought up here (as root)'
	@echo 'make build      web page and executables (PROFILE=dev builds faster)'
	@echo 'make test       lint, all tests, browser journeys; says what it had to leave out'
	@echo 'make test-slurm-versions   the tests on real processes, on Slurm 24.11 and 26.05 (as root)'
	@echo 'make lint       formatting, clippy, Biome, types, dependency rule, generated files'
	@echo 'make fmt        formats everything'
	@echo 'make api        regenerates openapi.json and the TypeScript client'
	@echo 'make bench      the figures of the README'
	@echo 'make clean      removes what was built'

run: build
	dev/run $(BUILT)/quarterdeck

run-slurm: build
	dev/run-slurm $(BUILT)

build: web
	cargo build --locked --profile $(PROFILE) --workspace --bins

web: web/dist/index.html

# Not built anew where nothing changed: the server, which holds the page, would be compiled again each time.
web/dist/index.html: web/node_modules/.package-lock.json $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -path web/e2e -prune -o -type f -print)
	cd web && npm run build

# npm writes this file last, and anew at each installation.
web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	touch $@

api: web/node_modules/.package-lock.json
	cargo build --locked --quiet --workspace --bins --tests
	target/debug/quarterdeck openapi >openapi.json.new
	mv openapi.json.new openapi.json
	cd web && npm run api

fmt: web/node_modules/.package-lock.json
	cargo fmt --all
	cd web && npm run format

lint: web/node_modules/.package-lock.json
	cargo fmt --all --check
	dev/check-dependency-rule
	cd web && npm run lint
	cd web && npm run typecheck
	cargo clippy --locked --workspace --all-targets -- -D warnings
	dev/check-generated

test:
	dev/test

test-slurm-versions:
	dev/test-slurm-versions

bench: build
	bench/run

clean:
	cargo clean
	rm -rf web/dist web/node_modules
