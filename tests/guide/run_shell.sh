#!/bin/sh
# Runs the blocks of shell of docs/guide.md in a copy of the folder that page.awk has made, as a reader would.
# Usage: run_shell.sh <folder> <dlfs> <Eigen>...
set -eu
folder=$1
source=$2
eigen=$3

rm -rf "$folder-run"
cp -R "$folder" "$folder-run"
cd "$folder-run"
ln -s "$source" dlfs
# Eigen is where this build has it.
sed "s|/usr/include/eigen3|$eigen|" run.sh > run-here.sh
sh run-here.sh
