#!/bin/sh
# Builds all programs in release mode, with Swift's own libraries inside: where they run, no Swift is needed.
set -eu
cd "$(dirname "$0")/.."
# By name: a build of everything would link the packages' dynamic libraries too, which nobody asked for.
for program in docent-teacher docent-student docent; do
  swift build -c release --static-swift-stdlib --product "$program"
done
