#!/bin/sh
# Makes the cases of a group and runs them, and checks the files that this wrote; skips (77) where there is no
# environment.
# Usage: run.sh ENVIRONMENT PROGRAM GROUP DIRECTORY
set -eu
if ! "$1/bin/python" -c 'import numpy, safetensors, torch' 2>/dev/null; then
  echo "skipped: there is no PyTorch or safetensors at $1, which tests/peers/environment.sh puts there"
  exit 77
fi
"$1/bin/python" -B "$(dirname "$0")/make_cases.py" "$3" "$4"
"$2" "$3" "$4"
"$1/bin/python" -B "$(dirname "$0")/check_files.py" "$3" "$4"
