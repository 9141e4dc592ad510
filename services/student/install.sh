#!/bin/sh
# Lays the built student service out under a folder: programs, a sample job, unit file, state folder.
#
#   services/student/install.sh [DESTDIR]      (default: the system itself)
set -eu
cd "$(dirname "$0")/../.."
root=${1:-}
bin=$(swift build -c release --static-swift-stdlib --show-bin-path)
install -D -m 755 "$bin/docent-student" "$root/usr/bin/docent-student"
install -D -m 755 "$bin/docent" "$root/usr/bin/docent"
install -D -m 644 services/student/cartpole.yaml "$root/etc/docent/jobs/cartpole.yaml"
install -D -m 644 services/student/docent-student@.service "$root/usr/lib/systemd/system/docent-student@.service"
install -d -m 750 "$root/var/lib/docent-student"
