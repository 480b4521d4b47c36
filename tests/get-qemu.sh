#!/bin/sh
# Find what the guest's tests need: QEMU, gcc with the headers of a C library, and ld on PATH, else by apt
# as root. apt's own configuration is left alone: a QEMU of a backports suite is taken only where that suite
# is already configured. Without QEMU the tests are skipped, and say so.
set -eu
qemu=qemu-system-x86_64
missing() { ! command -v "$1" >/dev/null; }
packages=""
missing $qemu && packages="qemu-system-x86"
echo "#include <stdint.h>" | gcc -E - >/dev/null 2>&1 || packages="$packages gcc libc6-dev"
missing ld && packages="$packages binutils"
if [ -n "$packages" ] && [ "$(id -u 2>/dev/null)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq || true
  suite=$( (. /etc/os-release && echo "${VERSION_CODENAME:-none}-backports") 2>/dev/null || echo none)
  # x2APIC without KVM needs QEMU 9.
  newer=$(apt-cache madison qemu-system-x86 2>/dev/null | grep " $suite/" |
    sed 's/^[^|]*| *\([0-9]*:\)\{0,1\}\([0-9]*\)[.+].*/\2/' | head -1 || true)
  [ "${newer:-0}" -ge 9 ] && target="-t $suite" || target=""
  # shellcheck disable=SC2086 - words on purpose
  apt-get install -y -qq --no-install-recommends $target $packages >/dev/null || true
fi
if missing $qemu; then
  echo "No $qemu here and none to be had: the tests that boot the guest are skipped."
fi
