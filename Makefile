# Two commands do all the set-up on Debian 12 with Swift 6.3: `make demo` and `make test`.
SHELL := /bin/bash
.ONESHELL:
.NOTPARALLEL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-swift test-python fuzz fuzz-build fuzz-seeds sanitize sanitize-thread sanitize-address \
  build bench proto proto-check swift clean

RELEASE := .build/release
DEBUG := .build/debug
INSTALL := services/install-packages.sh
FUZZ := .build-fuzz/debug/docent-fuzz
# Test targets that run under sanitizers.
SANITIZED := WireTests TeacherServingTests NeuralTests

help: ## Say what this file can do
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: build ## Install what is missing, build, and run the whole job: train, serve, distil, evaluate, roll out
	$(RELEASE)/docent demo

build: swift ## Install what is missing, and build all programs in release mode (.build/release)
	$(INSTALL) build
	services/build.sh

test: test-swift test-python ## Install what is missing, and run every test

test-swift: swift
	$(INSTALL) build test
	swift build --build-tests
	timeout --kill-after=10 900 swift test --skip-build  # seconds where they do not hang

# The Python client, against the service that the Swift tests built.
test-python: swift .venv/installed
	$(INSTALL) build
	swift build
	DOCENT=$(DEBUG)/docent DOCENT_TEACHER=$(DEBUG)/docent-teacher timeout --kill-after=10 900 .venv/bin/python -m pytest clients/python

.venv/installed: clients/python/pyproject.toml
	$(INSTALL) python
	python3 -m venv --clear .venv
	.venv/bin/pip install --quiet -e 'clients/python[test]'
	touch $@

fuzz: fuzz-build ## Search for inputs that break what takes bytes from strangers, for SECONDS (60) in all
	Tests/Fuzzing/run.sh $(FUZZ) $(or $(SECONDS),60)

fuzz-build: swift
	$(INSTALL) build
	DOCENT_FUZZING=1 swift build --scratch-path .build-fuzz --product docent-fuzz 2>&1 \
	  | sed '/Cannot export local symbol/d'

fuzz-seeds: fuzz-build ## Write the inputs again that the search begins with
	$(FUZZ) seeds Tests/Fuzzing/Corpus

sanitize: sanitize-thread sanitize-address ## Run the tests of serving and of networks under sanitizers

# Races between threads; what the tests of one thread alone would find is AddressSanitizer's.
sanitize-thread: swift
	$(INSTALL) build test
	Tests/Sanitizing/run.sh thread $(SANITIZED)

sanitize-address: swift
	$(INSTALL) build test
	Tests/Sanitizing/run.sh address $(SANITIZED)

bench: build ## Measure serving, inference and training against their targets
	$(INSTALL) bench
	$(RELEASE)/docent bench

proto: ## Generate C and Python from proto/ again
	$(INSTALL) proto
	protoc-c -I proto --c_out=Sources/CWire docent/v1/docent.proto
	mv Sources/CWire/docent/v1/docent.pb-c.h Sources/CWire/include/docent/v1/docent.pb-c.h
	clients/python/generate.sh

proto-check: ## Fail where the committed C or Python is not what proto/ generates
	copy=$$(mktemp -d); trap 'rm -rf "$$copy"' EXIT
	mkdir -p "$$copy/Sources" "$$copy/clients"
	cp -R proto Makefile services "$$copy"; cp -R Sources/CWire "$$copy/Sources"; cp -R clients/python "$$copy/clients"
	$(MAKE) --no-print-directory -C "$$copy" proto
	diff -r Sources/CWire "$$copy/Sources/CWire"
	diff -r -x __pycache__ clients/python/docent_client "$$copy/clients/python/docent_client"

swift:
	@if ! command -v swift >/dev/null; then
	  echo "Swift is not on the PATH. Docent needs Swift 6.3: https://www.swift.org/install/linux/" >&2
	  exit 1
	fi
	version=$$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p')
	if [[ -z "$$version" || "$$(printf '%s\n' 6.3 "$$version" | sort -V | head -n 1)" != 6.3 ]]; then
	  echo "Docent needs Swift 6.3 or newer; swift --version says '$$version'." >&2
	  exit 1
	fi

clean: ## Remove what was built
	rm -rf .build .build-fuzz .build-tsan .build-asan .venv
