#!/bin/sh
# Makes the cases of a group and runs them; skips (77) where there is no environment.
# Usage: run.sh ENVIRONMENT PROGRAM GROUP DIRECTORY
set -eu
if [ ! -x "$1/bin/python" ]; then
  echo "skipped: tests/peers/environment.sh makes the environment with PyTorch that is not at $1"
  exit 77
fi
"$1/bin/python" "$(dirname "$0")/make_cases.py" "$3" "$4"
"$2" "$3" "$4"
