#!/bin/sh
# Writes networks as ONNX files, and has onnxruntime predict with them; skips (77) where there is no environment.
# Usage: onnx.sh ENVIRONMENT PROGRAM DIRECTORY
set -eu
if ! "$1/bin/python" -c 'import onnx, onnxruntime' 2>/dev/null; then
  echo "skipped: there is no onnxruntime at $1, which tests/peers/environment.sh puts there"
  exit 77
fi
"$2" save "$3"
"$1/bin/python" -B "$(dirname "$0")/onnx_files.py" "$3"
