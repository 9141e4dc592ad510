#!/bin/sh
# Installs the Debian 12 packages of the named sets, as far as they are missing. Without root it prints the one command
# that does it, and fails. The lists stand here and nowhere else: the Makefile, the Dockerfiles and CI call this.
#
#   services/install-packages.sh build test
set -eu

packages_of() {
  case "$1" in
  build) echo libprotobuf-c-dev libsqlite3-dev pkg-config ;;
  run) echo libprotobuf-c1 libsqlite3-0 ;;
  proto) echo protobuf-c-compiler protobuf-compiler ;;
  python) echo python3-venv ;;
  bench) echo libopenblas0-pthread openssl ;;
  test) echo prometheus openssl ;;
  deploy) echo docker-compose systemd ;;
  *)
    echo "$0: no set of packages is called '$1'; there are build, run, proto, python, bench, test and deploy" >&2
    exit 2
    ;;
  esac
}

if ! command -v dpkg-query >/dev/null; then
  echo "$0: dpkg-query is not there: this is made for Debian 12" >&2
  exit 1
fi

missing=
for set in "$@"; do
  packages=$(packages_of "$set")
  for package in $packages; do
    state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
    [ "$state" = "install ok installed" ] || missing="$missing $package"
  done
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "Some Debian packages are missing. Install them, then call make again:" >&2
  command="sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing"
  case "$missing" in *prometheus*) command="$command && sudo systemctl disable --now prometheus" ;; esac
  echo "  $command" >&2
  exit 1
fi
echo "Installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends $missing

# Wanted is promtool. Nobody asked for a server on port 9090.
case "$missing" in
*prometheus*) [ ! -d /run/systemd/system ] || systemctl disable --now --quiet prometheus ;;
esac
