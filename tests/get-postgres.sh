#!/bin/sh
# Find what the tests on PostgreSQL need: its server on PATH or where Debian puts it, else by apt as
# root. No cluster is made: each run of the tests has a server of its own, on a socket. Without one
# these tests are skipped, and say so.
set -eu
found() { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1
if ! found && [ "$(id -u 2>/dev/null)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq || true
  # What Debian would start at once is not what is wanted here.
  apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null &&
    sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' \
      /etc/postgresql-common/createcluster.conf &&
    apt-get install -y -qq --no-install-recommends postgresql >/dev/null || true
fi
found || echo "No PostgreSQL server here and none to be had: its tests are skipped."
