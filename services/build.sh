#!/bin/sh
# Builds all programs in release mode, with Swift's own libraries inside: where they run, no Swift is needed.
set -eu
cd "$(dirname "$0")/.."
swift build -c release --static-swift-stdlib
