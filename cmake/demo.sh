#!/bin/sh
# Trains the convolutional network of section 7.5; first installs and builds what it needs.
# Usage: demo.sh [--download]   With --download, first fetches MNIST (12 MB) into data/mnist.
set -eu
cd "$(dirname "$0")/.."

case "$*" in
  '') ;;
  --download) download=yes ;;
  *)
    echo "usage: $0 [--download]" >&2
    exit 2
    ;;
esac

cmake/install-dependencies.sh demo
[ -z "${download-}" ] || cmake/quietly.sh 'Downloading MNIST' cmake -P cmake/mnist.cmake
cmake/quietly.sh 'Configuring build/chapters' cmake --preset chapters
cmake --build --preset demo
