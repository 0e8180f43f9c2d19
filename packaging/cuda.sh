# Sourced by start: LibTorch for NVIDIA GPUs, fetched from PyPI into a virtual environment below the checkout. Python only fetches it.

wheel_version=2.14.1 # the wheel,
wheel_cuda=13.0      # the CUDA that it is built with,
wheel_driver=580     # the oldest driver that serves that CUDA,
wheel_compute=7.5    # the oldest GPU that it has code for,
wheel_gigabytes=10   # and what it takes: 5.3 unpacked, 2.5 while it is fetched, the build
wheel_folder=.torch/$wheel_version
on_the_cpu="or start without --cuda, on the CPU"

# check_gpu: ends with one sentence where this wheel would find no GPU that it can use.
check_gpu() {
  command -v nvidia-smi >/dev/null ||
    fail "no NVIDIA driver was found (there is no nvidia-smi on PATH): install driver $wheel_driver or later, $on_the_cpu"
  driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>&1) ||
    fail "nvidia-smi finds no GPU (it says: $(printf '%s' "$driver" | tr '\n' ' ')): check the driver and the GPU, $on_the_cpu"
  driver=$(printf '%s\n' "$driver" | head -n 1)
  case ${driver%%.*} in
    '' | *[!0-9]*) fail "nvidia-smi names no driver version (it says: $driver): check the driver, $on_the_cpu" ;;
  esac
  [ "${driver%%.*}" -ge "$wheel_driver" ] ||
    fail "the NVIDIA driver is $driver, but LibTorch $wheel_version with CUDA $wheel_cuda needs $wheel_driver or later: update the driver, pass --torch DIR with a LibTorch for an older CUDA, $on_the_cpu"
  gpus=$(nvidia-smi --query-gpu=compute_cap,name --format=csv,noheader)
  printf '%s\n' "$gpus" | awk -F, -v least=$wheel_compute '$1 + 0 >= least { found = 1 } END { exit !found }' ||
    fail "the GPU ($(printf '%s\n' "$gpus" | sed -n '1s/^\([^,]*\), *\(.*\)/\2, compute capability \1/p')) is too old for LibTorch $wheel_version, which needs compute capability $wheel_compute or later: pass --torch DIR with an older LibTorch, $on_the_cpu"
}

# check_disk: whether the wheel fits below the checkout, without what a fetch that was broken off has left.
check_disk() {
  rm -rf "$wheel_folder.partial"
  free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1048576) }')
  [ "$free" -ge "$wheel_gigabytes" ] ||
    fail "$(pwd) has $free GB of free disk space, but LibTorch $wheel_version with CUDA needs $wheel_gigabytes GB: free some, or pass --torch DIR with a LibTorch that lies elsewhere"
}

# makes_environments: whether python3 can make virtual environments.
makes_environments() {
  python3 -c 'import ensurepip, venv' 2>/dev/null
}

# check_python: whether it can, or can be made to.
check_python() {
  makes_environments || { command -v dpkg-query >/dev/null && can_install; } ||
    fail "python3 cannot make a virtual environment, into which LibTorch is fetched: ask an administrator for: apt-get install python3-venv"
}

# wheel_is_here: whether it was fetched before.
wheel_is_here() {
  [ -d "$wheel_folder" ]
}

# fetch_wheel: the folder appears whole or not at all.
fetch_wheel() {
  partial=$wheel_folder.partial
  rm -rf "$partial"
  mkdir -p "$partial/fetched"
  say "fetching LibTorch $wheel_version for CUDA $wheel_cuda into $wheel_folder (2.5 GB)"
  python3 -m venv "$partial" || fail "python3 could not make the virtual environment $partial; see the last lines above"
  TMPDIR=$(pwd)/$partial/fetched "$partial/bin/python3" -m pip --disable-pip-version-check install --no-cache-dir "torch==$wheel_version" ||
    fail "pip could not fetch torch==$wheel_version; check the network, then run this again"
  rm -rf "$partial/fetched"
  [ -e "$(echo "$partial"/lib/python3*/site-packages/torch/lib)/libtorch_cuda.so" ] ||
    fail "the wheel torch==$wheel_version that pip chose for this machine ($(uname -m)) has no CUDA: pass --torch DIR with a LibTorch that has"
  mv "$partial" "$wheel_folder"
}

# wheel_torch: the fetched LibTorch.
wheel_torch() {
  echo "$wheel_folder"/lib/python3*/site-packages/torch
}
