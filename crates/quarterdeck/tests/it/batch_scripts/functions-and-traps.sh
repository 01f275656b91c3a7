#!/bin/bash
#SBATCH -t 1:00:00
set -euo pipefail
cleanup() { rm -rf "${SCRATCH_DIR:?}"; }
trap cleanup EXIT
SCRATCH_DIR=$(mktemp -d)
cp input/* "$SCRATCH_DIR"/
( cd "$SCRATCH_DIR" && "$OLDPWD"/prog )
case $? in
  0) echo ok ;;
  *) echo bad >&2 ;;
esac
