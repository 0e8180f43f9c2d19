# Sourced by start and test: installs what is missing, configures and builds. Debian 12, Debian 13 and their kin.

say() { printf '== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# What the program is built with,
build_packages="g++ cmake ninja-build ccache pkg-config zlib1g-dev liblzma-dev libopencv-dev libjpeg-dev libpng-dev libtiff-dev libwebp-dev liblcms2-dev libheif-dev libyaml-cpp-dev libarchive-dev nettle-dev
  libsentencepiece-dev libgloo-dev nlohmann-json3-dev libcli11-dev libsqlite3-dev"
# the system's LibTorch with a fast BLAS,
torch_packages="libtorch-dev libopenblas0-openmp"
# the tests of the engine and of the command line,
test_packages="qt6-base-dev"
# and the window, whose style sheet reads SVG by a plugin: until Debian 12 that of libqt6svg6. A name with a question mark is that of
# a package that not every system has.
window_packages="qt6-base-dev qt6-svg-dev libqcustomplot-dev libgl-dev libqt6svg6 qt6-svg-plugins? fonts-dejavu-core"

# missing_packages NAME...: those that are not installed.
missing_packages() {
  for package in "$@"; do
    case $package in
      *\?) package=${package%\?}; apt-cache show "$package" >/dev/null 2>&1 || continue ;;
    esac
    dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || printf '%s ' "$package"
  done
}

# can_install: whether packages can be installed here, as root or through sudo.
can_install() {
  [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; }
}

# install_packages NAME...: as root or through sudo; otherwise says what to install.
install_packages() {
  command -v dpkg-query >/dev/null || fail "this is not a Debian or Ubuntu system; install by hand what README.md lists under \"Build by hand\", then run: cmake --preset release && cmake --build --preset release"
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || { say "all packages are installed"; return 0; }
  can_install || fail "these packages are missing and only root can install them; ask an administrator for: apt-get install $missing"
  as_root=""
  [ "$(id -u)" = 0 ] || as_root=sudo
  say "installing: $missing"
  $as_root apt-get update -qq || fail "the package lists could not be read; check the network and /etc/apt/sources.list, then run this again"
  missing=$(missing_packages "$@") # with those that only the new lists name
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
    fail "apt-get could not install: $missing"
}

# cmake_program: Debian's own where it is there, since one that comes first on PATH may be of another make.
cmake_program() {
  if [ -x /usr/bin/cmake ]; then echo /usr/bin/cmake; else command -v cmake; fi
}

# setting PRESET NAME: what the build folder of a preset was configured with; empty where it was not.
setting() {
  [ -f "build/$1/build.ninja" ] || return 0
  sed -n "s|^$2:[A-Z]*=||p" "build/$1/CMakeCache.txt"
}

# is_configured PRESET [-DNAME=VALUE...]: whether its build folder is there and configured so. One that was copied with its checkout would go
# on building the first one's sources.
is_configured() {
  preset=$1; shift
  [ -f "build/$preset/build.ninja" ] || return 1
  home=$(setting "$preset" CMAKE_HOME_DIRECTORY)
  [ "$home" -ef . ] || fail "$(pwd)/build/$preset belongs to another checkout, $home: remove that folder, then run this again"
  for option in "$@"; do
    name=${option#-D}
    [ "$(setting "$preset" "${name%%=*}")" = "${name#*=}" ] || return 1
  done
}

# configure PRESET [-DNAME=VALUE...]
configure() {
  say "configuring ($*)"
  "$(cmake_program)" --preset "$@" >"build-$1.log" 2>&1 || {
    cat "build-$1.log" >&2; rm -f "build-$1.log"; fail "the configuration failed; see the last lines above"; }
  rm -f "build-$1.log"
}

# build PRESET [TARGET...]
build() {
  preset=$1; shift
  say "building ($preset)"
  "$(cmake_program)" --build --preset "$preset" ${1:+--target "$@"} || fail "the build failed; see the last lines above"
}

# require_torch DIR: the absolute path of a folder that holds a LibTorch.
require_torch() {
  [ -e "$1/lib/libtorch.so" ] || fail "$1 holds no LibTorch (lib/libtorch.so is missing): name the folder torch of a PyPI wheel (.../site-packages/torch) or an unpacked libtorch"
  (cd "$1" && pwd)
}
