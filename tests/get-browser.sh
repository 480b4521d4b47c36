#!/bin/sh
# Find a Chromium for the browser tests: on PATH, else by apt as root, else Playwright's own. One without
# windows takes half the processor time of one with them, so it is got where apt knows it.
set -eu
without=chromium-headless-shell
has() { command -v "$1" >/dev/null; }
get() { apt-get install -y -qq --no-install-recommends -o Acquire::Retries=0 "$1" >/dev/null 2>&1; }
has $without && exit 0
apt=""
[ "$(id -u)" = 0 ] && has apt-get && apt=yes
for name in chromium chromium-browser google-chrome; do
  has "$name" || continue
  [ -z "$apt" ] || get $without || true
  exit 0
done
if [ -n "$apt" ]; then
  apt-get update -qq || true
  if get $without || get chromium; then exit 0; fi
fi
exec "$1/python" -m playwright install chromium
