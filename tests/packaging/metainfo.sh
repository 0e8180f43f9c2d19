#!/bin/sh
# What software centres are told of the window: complete, in step with its entry in menus, and installed under the name that AppStream expects.
#
#   metainfo.sh SOURCE_FOLDER
set -eu
packaging=$1/packaging
entry=$packaging/nanodit-workbench.desktop

fail() { printf 'FAIL: %s\n' "$*" >&2; exit 1; }

set -- "$packaging"/*.metainfo.xml
[ $# = 1 ] && [ -s "$1" ] || fail "there is not one metainfo file in packaging: $*"
metainfo=$1

# of TAG: the text of its first element.
of() { sed -n "s:.*<$1\( [^>]*\)\{0,1\}>\(.*\)</$1>.*:\2:p" "$metainfo" | head -n 1; }
# entry_of KEY: its value in the entry for menus.
entry_of() { sed -n "s/^$1=//p" "$entry"; }

[ "$(of id).metainfo.xml" = "$(basename "$metainfo")" ] || fail "the id $(of id) is not the name of its file"
[ "$(of launchable)" = "$(basename "$entry")" ] || fail "it starts $(of launchable)"
[ "$(of name)" = "$(entry_of Name)" ] || fail "its name is $(of name)"
[ "$(of summary)" = "$(entry_of Comment)" ] || fail "its summary is $(of summary)"
[ "$(of binary)" = "$(entry_of Exec)" ] || fail "its program is $(of binary)"
[ "$(sed -n 's:.*<category>\(.*\)</category>.*:\1;:p' "$metainfo" | tr -d '\n')" = "$(entry_of Categories)" ] || fail "its categories are others"
grep -q "packaging/$(basename "$metainfo") DESTINATION .*/metainfo" "$packaging/../app/CMakeLists.txt" || fail "it is not installed"

if command -v appstreamcli >/dev/null 2>&1; then
  appstreamcli validate --no-net "$metainfo" || fail "appstreamcli refuses it"
else
  echo "appstreamcli is not installed: the format was not checked"
fi
echo "all cases pass"
