# shellcheck shell=bash
# shellcheck disable=SC2154 # full, executable and project are set by test.sh and setup.sh
# Sourced by test.sh: runs suites in QEMU guests with other kernels, in parallel with those on this
# machine.

suite_vm() {
  [[ -v beside[guests] ]] || start_guests
  join_beside guests
  judge "${harness[@]}"
  judge "${library[@]}"
  judge "${guest_tools[@]}"
  $full || return 0
  judge "${many_cpus[@]}"
  judge "${foreign[@]}"
  judge "${foreign_tools[@]}"
}

start_guests() {
  local files run=(deno run --allow-all --no-check tests/vm/run.ts --file-limit 900)
  need_executables
  ! $full || check_passes compile-arm64 ./compile.sh --arch arm64 -o dist/arm64 --all
  mapfile -t files < <(tests_in vm)
  deno_command harness "${files[@]}"
  harness=("${command[@]}")
  library=(vm deno 5400 "${run[@]}" --file-limit 1800 --spread --junit "$scratch/vm-deno.xml" tests/host)
  # These run under one runtime only, because they start the executable of all tools.
  # tests/tools/cases_test.ts has the canaries of all tools.
  guest_tools=(vm binary 5400 "${run[@]}" --file-limit 2400 --runtime bun --junit "$scratch/vm-binary.xml" tests/binary)
  if $full; then guest_tools+=(--nodes 2 tests/tools); else guest_tools+=(tests/tools/cases_test.ts); fi
  # arm64: attaching programs, reading maps, and the canaries.
  local arm64=("${run[@]}" --arch arm64 --boot-limit 600 --file-limit 7200)
  foreign=(vm arm64 14400 "${arm64[@]}" --spread --kernel 6.1 --kernel 6.12 --kernel 6.12-16k
    --junit "$scratch/vm-arm64.xml" tests/host/{attach{,_kernel,_cgroup,_net,_netfilter,_sockets},maps,typescript_hooks}_test.ts)
  foreign_tools=(vm arm64-binary 14400 "${arm64[@]}" --runtime bun --kernel 6.12
    --junit "$scratch/vm-arm64-binary.xml" tests/tools/cases_test.ts)
  # 32 CPUs: tests that depend on the number of CPUs. Slow, because one thread emulates all CPUs of a
  # guest.
  many_cpus=(vm cpus 5400 "${run[@]}" --runtime bun --kernel 6.1 --cpus 32
    --boot-limit 300 --file-limit 4800 --junit "$scratch/vm-cpus.xml"
    tests/tools/many_cpus_test.ts)
  run_beside guests run_guests
}

# The harness's own tests come first: they crash guests, hang them and fill their disks on purpose.
run_guests() {
  # Factor for tests' time limits: in guests a test of filters starts some 17 tools one after another.
  local patience=1
  ! $full || patience=4
  TSBCC_VM_HARNESS=1 execute "${harness[@]}"
  execute "${library[@]}"
  TSBCC_PATIENCE=$patience TSBCC_EXECUTABLE="$executable" execute "${guest_tools[@]}"
  $full || return 0
  TSBCC_PATIENCE=10 TSBCC_EXECUTABLE="$executable" execute "${many_cpus[@]}"
  execute "${foreign[@]}"
  TSBCC_PATIENCE=10 TSBCC_EXECUTABLE="$project/dist/arm64/ts-bcc" execute "${foreign_tools[@]}"
}
