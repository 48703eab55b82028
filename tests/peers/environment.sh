#!/bin/sh
# Makes the Python environment that tests/peers compares with, of PyTorch, NumPy, safetensors, ONNX and Keras; does nothing where it
# is there.
# Usage: environment.sh [DIRECTORY], build/peers by default
#
# PyPI's PyTorch for Linux on x86-64 brings 3 GB of CUDA along. PIP_INDEX_URL=https://download.pytorch.org/whl/cpu has it
# without.
set -eu
directory=${1:-$(dirname "$0")/../../build/peers}
is_complete() {
  KERAS_BACKEND=torch "$directory/bin/python" -c 'import keras, numpy, onnx, onnxruntime, onnxscript, safetensors, torch; assert torch.__version__.startswith("2.13.")' \
    2>/dev/null
}
is_complete && exit
[ -x "$directory/bin/python" ] || python3 -m venv "$directory"
"$directory/bin/python" -m pip install --quiet torch==2.13.0 'numpy==2.*' 'safetensors==0.8.*'
# PyTorch's index does not have these.
env -u PIP_INDEX_URL "$directory/bin/python" -m pip install --quiet 'onnx>=1.19,<2' 'onnxruntime>=1.23,<2' 'onnxscript>=0.5,<1' \
  'keras>=3.10,<4'
is_complete
