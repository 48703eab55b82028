#!/bin/sh
# Writes networks as ONNX files, and has onnxruntime predict with them; or has PyTorch and Keras write them, and reads them.
# Skips (77) where there is no environment.
# Usage: onnx.sh save|load ENVIRONMENT PROGRAM DIRECTORY
set -eu
way=$1
shift
if ! KERAS_BACKEND=torch "$1/bin/python" -c 'import keras, onnx, onnxruntime, onnxscript' 2>/dev/null; then
  echo "skipped: there is no ONNX at $1, which tests/peers/environment.sh puts there"
  exit 77
fi
if [ "$way" = load ]; then
  "$1/bin/python" -B "$(dirname "$0")/onnx_exports.py" "$3" 2>/dev/null >&2
  exec "$2" load "$3"
fi
"$2" save "$3"
"$1/bin/python" -B "$(dirname "$0")/onnx_files.py" "$3"
