#!/bin/sh
# cmake/demo.sh with false tools: what it calls, and what it shows. Usage: check.sh REPOSITORY
set -eu
demo=$1/cmake/demo.sh
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT

fail() {
  echo "$1"
  exit 1
}

# tool NAME COMMANDS: a program of this name, before all others.
tool() {
  printf '#!/bin/sh\n%s\n' "$2" >"$tools/$1"
  chmod +x "$tools/$1"
}

run() {
  status=0
  PATH=$tools:$PATH "$demo" "$@" >"$tools/output" 2>&1 || status=$?
}

tool id 'echo 0'
tool dpkg-query 'echo not-installed'
tool apt-get 'for i in 1 2 3 4 5; do echo "Unpacking $i"; done'
tool cmake "echo \"cmake \$*\" >>$tools/calls; echo built"

run
[ "$status" -eq 0 ] || fail "the demo ended with $status: $(cat "$tools/output")"
grep -q '^Installing: g++ cmake ' "$tools/output" || fail 'the packages are not named'
! grep -q Unpacking "$tools/output" || fail "the package manager's lines are shown"
[ "$(wc -l <"$tools/output")" -eq 3 ] || fail "not three lines: $(cat "$tools/output")"
[ "$(cat "$tools/calls")" = "$(printf 'cmake --preset chapters\ncmake --build --preset demo')" ] ||
  fail "other calls: $(cat "$tools/calls")"

run --download
grep -q 'cmake -P cmake/mnist.cmake' "$tools/calls" || fail '--download does not download'

tool apt-get 'echo "Unpacking 1"; echo "E: no room" >&2; exit 100'
run
[ "$status" -eq 100 ] || fail "a failing package manager is status $status"
grep -q 'Unpacking 1' "$tools/output" && grep -q 'E: no room' "$tools/output" ||
  fail 'the lines of a failing package manager are not shown'

run --upload
[ "$status" -eq 2 ] || fail 'an unknown option is accepted'
