#!/bin/sh
# What packaging/start --cuda says before it fetches anything, and what start and test refuse: each case puts its own nvidia-smi, df, python3 and apt-get first on PATH.
#
#   start_cuda.sh SOURCE_FOLDER
set -u
source=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# fake NAME: a program of that name, its script from standard input.
fake() {
  { echo '#!/bin/sh'; cat; } >"$scratch/bin/$1"
  chmod +x "$scratch/bin/$1"
}

# A healthy machine, whose tools record it when they are made to fetch or to install.
healthy() {
  rm -rf "$scratch/bin" "$scratch/checkout" "$scratch/fetched"
  mkdir -p "$scratch/bin" "$scratch/checkout"
  cp -r "$source/packaging" "$scratch/checkout/packaging"
  gpu 580.65.06 "9.0, NVIDIA H100"
  free_gigabytes 40
  fake id </dev/null && echo 'echo 1000' >>"$scratch/bin/id"
  echo 'exit 1' | fake sudo
  echo 'exit 1' | fake dpkg-query
  for name in apt-get cmake; do
    echo "echo $name >>$scratch/fetched; exit 1" | fake $name
  done
  python no-pip
}

# gpu DRIVER "COMPUTE, NAME": what nvidia-smi answers.
gpu() {
  fake nvidia-smi <<END
case \$1 in
  --query-gpu=driver_version) echo "$1" ;;
  --query-gpu=compute_cap,name) echo "$2" ;;
  *) exit 2 ;;
esac
END
}

free_gigabytes() {
  fake df <<END
echo "Filesystem 1024-blocks Used Available Capacity Mounted on"
echo "/dev/disk 99999999 1 $(($1 * 1048576)) 1% /"
END
}

# python KIND: bare has no venv; no-pip makes an environment whose pip fails; fetches makes one that gets LibTorch, cpu-only one without CUDA.
python() {
  fake python3 <<END
case "\$*" in
  "-c "*) [ $1 != bare ] ;;
  "-m venv "*)
    mkdir -p "\$3/bin"
    cp "\$0" "\$3/bin/python3" ;;
  *"install --no-cache-dir torch=="*)
    echo pip >>$scratch/fetched
    [ $1 != no-pip ] || exit 1
    [ -d "\$TMPDIR" ] || exit 1
    lib=\$(dirname "\$0")/../lib/python3.11/site-packages/torch/lib
    mkdir -p "\$lib"
    touch "\$lib/libtorch.so"
    [ $1 = cpu-only ] || touch "\$lib/libtorch_cuda.so" ;;
  *) exit 2 ;;
esac
END
}

# start [ARGUMENT...]: its exit code in code, what it said in text.
start() {
  text=$(PATH="$scratch/bin:$PATH" DISPLAY='' WAYLAND_DISPLAY='' "$scratch/checkout/packaging/start" "$@" </dev/null 2>&1)
  code=$?
}

# wrong CASE: counts and shows it.
wrong() {
  failures=$((failures + 1))
  printf 'FAIL: %s\n  exit code %s, said:\n%s\n' "$1" "$code" "$text"
}

# expect CASE WORD...: one sentence that holds every word, and nothing fetched.
expect() {
  name=$1; shift
  start --cuda
  [ "$code" = 1 ] || { wrong "$name: ends with 1"; return; }
  [ ! -e "$scratch/fetched" ] || wrong "$name: fetches nothing, but ran $(cat "$scratch/fetched")"
  [ "$(printf '%s\n' "$text" | wc -l)" = 1 ] || wrong "$name: says one sentence"
  for word in "$@"; do
    case $text in
      *"$word"*) ;;
      *) wrong "$name: says \"$word\"" ;;
    esac
  done
}

healthy
rm "$scratch/bin/nvidia-smi"
if command -v nvidia-smi >/dev/null; then
  echo "no driver: left out, this machine has one"
else
  expect "no driver" "no NVIDIA driver was found" "driver 580 or later" "without --cuda"
fi

healthy
fake nvidia-smi <<END
echo "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."
exit 9
END
expect "a driver that does not run" "couldn't communicate" "check the driver"

healthy
echo 'echo "No devices were found"' | fake nvidia-smi
expect "no GPU" "No devices were found" "check the driver"

healthy
gpu 570.86.10 "9.0, NVIDIA H100"
expect "an old driver" "driver is 570.86.10" "needs 580 or later" "--torch DIR"

healthy
gpu 580.65.06 "6.1, NVIDIA GeForce GTX 1080"
expect "an old GPU" "NVIDIA GeForce GTX 1080, compute capability 6.1" "7.5 or later" "--torch DIR"

healthy
free_gigabytes 4
expect "a full disk" "$scratch/checkout has 4 GB of free disk space" "needs 10 GB"

healthy
python bare
expect "no venv" "python3 cannot make a virtual environment" "apt-get install python3-venv"

# One GPU that is new enough will do, and 10.0 is more than 7.5.
healthy
gpu 600.1 "6.1, NVIDIA GeForce GTX 1080
10.0, NVIDIA B200"
start --cuda
case $text in
  *"these packages are missing"*) ;;
  *) wrong "two GPUs: the checks pass, up to the packages" ;;
esac

# From here on every package is installed.
packages_are_there() { echo 'echo ii' | fake dpkg-query; }
fetched_folder=$scratch/checkout/.torch/2.14.1

healthy
packages_are_there
start --cuda
case $text in
  *"pip could not fetch torch==2.14.1"*) ;;
  *) wrong "a failed fetch says so" ;;
esac
[ ! -e "$fetched_folder" ] || wrong "a failed fetch leaves no folder that looks complete"

healthy
packages_are_there
python cpu-only
start --cuda
case $text in
  *"has no CUDA"*) ;;
  *) wrong "a wheel without CUDA is refused" ;;
esac
[ ! -e "$fetched_folder" ] || wrong "a wheel without CUDA is not kept"

healthy
packages_are_there
python fetches
start --cuda
[ -e "$fetched_folder/lib/python3.11/site-packages/torch/lib/libtorch_cuda.so" ] || wrong "the wheel lies in .torch"
[ ! -e "$fetched_folder/fetched" ] || wrong "what pip fetched is removed"
case $text in
  *"configuring (torch -DNANODIT_GUI=OFF -DNANODIT_TORCH=$fetched_folder/lib/python3.11/site-packages/torch)"*) ;;
  *) wrong "the build is configured with the wheel" ;;
esac
rm -f "$scratch/fetched"
free_gigabytes 1
start --cuda
case $text in
  *configuring*) ;;
  *) wrong "a wheel that is there needs no disk space" ;;
esac
if grep -q pip "$scratch/fetched" 2>/dev/null; then wrong "a wheel that is there is not fetched again"; fi

healthy
mkdir -p "$fetched_folder.partial"
fake df <<END
echo "Filesystem 1024-blocks Used Available Capacity Mounted on"
if [ -e "$fetched_folder.partial" ]; then echo "/dev/disk 9 9 0 100% /"; else echo "/dev/disk 99999999 1 99999999 1% /"; fi
END
start --cuda
case $text in
  *"these packages are missing"*) ;;
  *) wrong "what a fetch that was broken off has left takes no disk space from the next" ;;
esac

healthy
packages_are_there
mkdir -p "$scratch/checkout/build/torch" "$scratch/torch/lib"
touch "$scratch/checkout/build/torch/build.ninja" "$scratch/torch/lib/libtorch.so"
echo "CMAKE_HOME_DIRECTORY:INTERNAL=$source" >"$scratch/checkout/build/torch/CMakeCache.txt"
start --torch "$scratch/torch"
case $code,$text in
  1,*"$scratch/checkout/build/torch belongs to another checkout, $source"*) ;;
  *) wrong "a build folder that was copied with its checkout is refused" ;;
esac

healthy
start --torch "$scratch"
case $text in
  *"$scratch holds no LibTorch"*) ;;
  *) wrong "--torch of a folder without LibTorch" ;;
esac
start --cuda --torch "$scratch"
[ $code = 1 ] || wrong "--cuda and --torch exclude each other"
start --cdua
case $text in
  *"no option --cdua"*) ;;
  *) wrong "an unknown option is refused" ;;
esac
start --help
case $code,$text in
  0,*"--torch DIR"*) ;;
  *) wrong "--help describes the options" ;;
esac

healthy
text=$(PATH="$scratch/bin:$PATH" "$scratch/checkout/packaging/test" --hlep 2>&1)
code=$?
case $code,$text in
  1,"error: there is no option --hlep"*) ;;
  *) wrong "packaging/test refuses an unknown option" ;;
esac
[ ! -e "$scratch/fetched" ] || wrong "packaging/test installs nothing for an unknown option"

[ $failures = 0 ] && echo "all cases pass"
exit $((failures > 0))
