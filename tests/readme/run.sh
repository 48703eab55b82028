#!/bin/sh
# Runs the README's program on black images, which all have the label 0, in the place of MNIST.
# Usage: run.sh <program> <folder>
set -eu
program=$1
folder=$2

rm -rf "$folder"
mkdir -p "$folder/data/mnist"
cd "$folder/data/mnist"
for part in train t10k; do
  { printf '\000\000\010\003\000\000\000\024\000\000\000\034\000\000\000\034' && head -c 15680 /dev/zero; } \
    > $part-images-idx3-ubyte
  { printf '\000\000\010\001\000\000\000\024' && head -c 20 /dev/zero; } > $part-labels-idx1-ubyte
done

cd "$folder"
"$program" > printed
echo 'test accuracy: 1.0000' | diff - printed
test -s digits.npz
