# Sourced by start and test: installs what is missing, configures and builds. Debian 12 and its kin.

say() { printf '== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# What the program is built with.
build_packages="g++ cmake ninja-build ccache pkg-config zlib1g-dev libtorch-dev libopenblas0-openmp libopencv-dev
  libyaml-cpp-dev libarchive-dev libsentencepiece-dev nlohmann-json3-dev libcli11-dev libsqlite3-dev"
# The window, and Qt Test.
window_packages="qt6-base-dev qt6-svg-dev libqcustomplot-dev libgl-dev libqt6svg6 fonts-dejavu-core"

# missing_packages NAME...: those that are not installed.
missing_packages() {
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || printf '%s ' "$package"
  done
}

# install_packages NAME...: as root or through sudo; otherwise says what to install.
install_packages() {
  command -v dpkg-query >/dev/null || fail "this is no Debian or Ubuntu system; install by hand what README.md lists under \"Build by hand\", then run: cmake --preset release && cmake --build --preset release"
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || { say "all packages are installed"; return 0; }
  as_root=""
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
      as_root=sudo
    else
      fail "these packages are missing and only root can install them; ask an administrator for: apt-get install $missing"
    fi
  fi
  say "installing: $missing"
  $as_root apt-get update -qq || fail "the package lists could not be read; check the network and /etc/apt/sources.list, then run this again"
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
    fail "apt-get could not install: $missing"
}

# cmake_program: Debian's own where it is there, since one that comes first on PATH may be of another make.
cmake_program() {
  if [ -x /usr/bin/cmake ]; then echo /usr/bin/cmake; else command -v cmake; fi
}

# build PRESET [TARGET...]
build() {
  preset=$1; shift
  cmake=$(cmake_program)
  [ -f "build/$preset/build.ninja" ] || { say "configuring ($preset)"; "$cmake" --preset "$preset" >"build-$preset.log" 2>&1 ||
    { cat "build-$preset.log" >&2; rm -f "build-$preset.log"; fail "the configuration failed; its last lines say why"; }; rm -f "build-$preset.log"; }
  say "building ($preset)"
  "$cmake" --build --preset "$preset" ${1:+--target "$@"} || fail "the build failed; its last lines say why"
}
