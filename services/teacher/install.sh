#!/bin/sh
# Lays the built teacher service out under a folder: programs, default configuration, unit file, state folder.
#
#   services/teacher/install.sh [DESTDIR]      (default: the system itself)
set -eu
cd "$(dirname "$0")/../.."
root=${1:-}
bin=$(swift build -c release --static-swift-stdlib --show-bin-path)
install -D -m 755 "$bin/docent-teacher" "$root/usr/bin/docent-teacher"
install -D -m 755 "$bin/docent" "$root/usr/bin/docent"
install -D -m 644 services/teacher/docent-teacher.conf "$root/etc/docent/docent-teacher.conf"
install -D -m 644 services/teacher/docent-teacher.service "$root/usr/lib/systemd/system/docent-teacher.service"
install -d -m 750 "$root/var/lib/docent-teacher"
