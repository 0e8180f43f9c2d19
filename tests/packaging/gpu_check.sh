#!/bin/sh
# What packaging/gpu-check's run says of a program that fails in one place: each case runs the checks with a nanodit of its own, which does
# nothing but leave the files behind.
#
#   gpu_check.sh SOURCE_FOLDER
set -u
source=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0
checks=$scratch/checks
results=$scratch/results
export FAULTS="$scratch/faults"

mkdir -p "$checks/bin" "$FAULTS"
cp "$source/packaging/gpu-check" "$checks/run"
cat >"$checks/bin/nanodit" <<'END'
#!/bin/sh
# Fails at resuming, makes other weights then, or fails at painting, where $FAULTS holds a file that says so.
set -eu
printf '%s\n' "$LD_LIBRARY_PATH" >"$FAULTS/../library_path"
action="" run="" steps="" workspace="" out="" resume=no
while [ $# -gt 0 ]; do
  case $1 in
    --run) run=$2; shift ;;
    --steps) steps=$2; shift ;;
    --workspace) workspace=$2; shift ;;
    --out) out=$2; shift ;;
    --resume) resume=yes ;;
    status | train | sample | bench) [ -n "$action" ] || action=$1 ;;
  esac
  shift
done
case $action in
  status) echo '  "first_validation_record": "scene"' ;;
  train)
    [ $resume = no ] || [ ! -e "$FAULTS/resume" ] || exit 1
    folder=$workspace/runs/$run/checkpoints/step-$(printf '%08d' "$steps")
    mkdir -p "$folder"
    for file in model ema optimizer; do echo "$steps" >"$folder/$file.safetensors"; done
    if [ $resume = yes ] && [ -e "$FAULTS/weights" ]; then echo other >"$folder/optimizer.safetensors"; fi ;;
  sample)
    [ ! -e "$FAULTS/sample" ] || exit 1
    echo picture >"$out" ;;
  bench) echo '{"median_seconds": 1.5, "memory": 1048576}' ;;
esac
END
chmod +x "$checks/run" "$checks/bin/nanodit"

# run_checks [FAULT]: its exit code in code, what it said in text. The results of the case before are still there.
run_checks() {
  rm -f "$FAULTS"/*
  [ $# = 0 ] || : >"$FAULTS/$1"
  text=$(LD_LIBRARY_PATH=/of/the/user "$checks/run" --device cpu --python "$scratch/no-python" --out "$results" 2>&1)
  code=$?
}

# wrong CASE: counts and shows it.
wrong() {
  failures=$((failures + 1))
  printf 'FAIL: %s\n  exit code %s, said:\n%s\n' "$1" "$code" "$text"
}

# expect_failure CASE NAME...: these checks failed, and no others.
expect_failure() {
  name=$1; shift
  [ "$code" = 1 ] || wrong "$name: ends with 1"
  failed=$(sed -n 's/^FAILED *\([^ ]*\).*/\1/p' "$results/summary.txt" | tr '\n' ' ')
  [ "$failed" = "$* " ] || wrong "$name: $* failed, not $failed"
}

run_checks
[ "$code" = 0 ] || wrong "a program that does all ends with 0"
grep -q '^FAILED' "$results/summary.txt" && wrong "a program that does all fails nowhere"
grep -q 'this program, bf16  *1\.5000 s a step,  *1 MiB' "$results/summary.txt" || wrong "what a step takes is said"
[ "$(cat "$scratch/library_path")" = "$checks/lib:/of/the/user" ] || wrong "the libraries that came along stand before the user's"

run_checks resume
expect_failure "a run that cannot be resumed" resume-float32 resume-bf16
run_checks weights
expect_failure "a resumed run with other weights" resume-float32 resume-bf16
run_checks sample
expect_failure "nothing is painted, though pictures of the case before were there" sample

text=$("$checks/run" --out 2>&1)
code=$?
case $code,$text in
  1,"error: --out needs a value") ;;
  *) wrong "an option without its value is named" ;;
esac

[ $failures = 0 ] && echo "all cases pass"
exit $((failures > 0))
