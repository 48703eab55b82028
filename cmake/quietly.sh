#!/bin/sh
# Says in one line what a command does, and shows the command's output only if it fails.
# Usage: quietly.sh TEXT COMMAND [ARGUMENT]...
set -eu

echo "$1"
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
"$@" >"$log" 2>&1 || status=$?
[ "$status" -eq 0 ] || cat "$log" >&2
exit "$status"
