#!/bin/sh
# Installs into a folder of its own and runs the demo there: make it, train a little, paint. Then the same without the demo's resources, with
# which a packager may leave it out: what does not need them still runs, and what does says what is missing.
#
#   install.sh CMAKE BUILD_FOLDER window|no-window
set -eu
cmake=$1 build=$2 window=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME="$scratch" XDG_CONFIG_HOME="$scratch" XDG_RUNTIME_DIR="$scratch" NO_AT_BRIDGE=1
unset NANODIT_RESOURCES
prefix=$scratch/prefix
nanodit=$prefix/bin/nanodit
workspace=$scratch/workspace

fail() { printf 'FAIL: %s\n' "$*" >&2; exit 1; }

# expect_window ARGUMENT...: it opens and stays until it is ended.
expect_window() {
  [ "$window" = window ] || return 0
  code=0
  timeout 15 "$prefix/bin/nanodit-workbench" "$@" >"$scratch/window.log" 2>&1 || code=$?
  [ $code = 124 ] || fail "nanodit-workbench $* ended with $code: $(cat "$scratch/window.log")"
}

"$cmake" --install "$build" --prefix "$prefix" >"$scratch/install.log" 2>&1 || fail "$(cat "$scratch/install.log")"

if [ "$window" = window ]; then
  [ -s "$prefix/share/metainfo/org.nanodit.Workbench.metainfo.xml" ] || fail "nothing for software centres is installed"
fi

"$nanodit" -q demo create "$workspace" --scenes 24
"$nanodit" -q -w "$workspace" train --config demo --run short --steps 3 --set previews.every=0
"$nanodit" -q -w "$workspace" sample --run short --prompt "a red circle at the top left" --steps 2 --out "$scratch/picture.png"
[ -s "$scratch/picture.png" ] || fail "sample wrote no picture"
expect_window --workspace "$workspace"

rm -r "$prefix/share/nanodit-workbench/demo"
"$nanodit" --help >/dev/null
"$nanodit" -w "$workspace" status >/dev/null
"$nanodit" -q -w "$workspace" train --config demo --run without --steps 1 --set previews.every=0
code=0
"$nanodit" demo create "$scratch/another" 2>"$scratch/errors" || code=$?
[ $code = 2 ] || fail "demo create without the demo's resources ended with $code"
grep -q "share/nanodit-workbench/demo/.* is missing" "$scratch/errors" || fail "demo create says: $(cat "$scratch/errors")"
[ ! -e "$scratch/another/workspace.yaml" ] || fail "demo create without the demo's resources began a workspace"
expect_window
expect_window --workspace "$workspace"
echo "all cases pass"
