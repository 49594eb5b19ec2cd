#!/usr/bin/env bash
# Compiles tools into executables that need only a C library and a kernel with BTF.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/scripts/setup.sh"
# shellcheck source=scripts/compile_runtime.sh
source "$project/scripts/compile_runtime.sh"
prefix=compile.sh

# The name of the executable of all tools.
everything=ts-bcc

usage() {
  cat <<TEXT
Usage: ./compile.sh [--runtime deno|bun] [--arch amd64|arm64] [--libc glibc|musl] [--compress] [-o DIR]
                    NAME… | PATH/NAME.ts… | --all
Makes dist/NAME, one executable for each tool that is named, or dist/ts-bcc, which holds all. A tool of
your own, PATH/NAME.ts, may lie anywhere; of PATH/NAME.bpf.c or an object PATH/NAME.bpf.o beside it
PATH/NAME.bpf.o.ts is made first.

  --all           dist/ts-bcc with every tool: $(all_tools | paste -sd ' ')
  --runtime NAME  deno or bun; by default deno if its base, denort, can be had (from
                  DENORT_BIN or by Deno's own download), otherwise bun
  --arch NAME     amd64 or arm64, by default this machine's; for another, Bun is taken
  --libc NAME     glibc, the default, or musl, for Alpine and the like (amd64 only): Bun is taken,
                  and libbpf is built from Debian's sources
  --compress      make NAME.xz besides, of a third of the size, for people to download: xz -d
                  makes NAME of it again
  -o DIR          another folder than dist
TEXT
}

main() {
  local names=() name all=false wanted="" out="$project/dist"
  compress=false
  while (($# > 0)); do
    case "$1" in
      --all) all=true ;;
      --runtime | --arch | --libc | -o) (($# > 1)) || bad_usage "$1 needs a value" ;;&
      --runtime) wanted="$2" && shift ;;
      --compress) compress=true ;;
      --runtime=*) wanted="${1#*=}" ;;
      --arch) choose_machine "$2" && shift ;;
      --libc) libc="$2" && shift ;;
      -o) out="$2" && shift ;;
      -h | --help) usage && exit ;;
      -*) bad_usage "unknown option $1" ;;
      *) names+=("$1") ;;
    esac
    shift
  done
  [[ "$wanted" =~ ^(deno|bun|)$ ]] || bad_usage "no runtime is called \"$wanted\": deno or bun"
  [[ "$libc" =~ ^(glibc|musl)$ ]] || bad_usage "no C library is called \"$libc\": glibc or musl"
  [[ "$libc" == glibc || "$machine" == x86_64 ]] || bad_usage "for musl only executables for amd64 are made"
  if $all; then names+=("$everything"); fi
  ((${#names[@]} > 0)) || bad_usage "no tool is named"
  for name in "${names[@]}"; do
    if [[ "$name" == *.ts ]]; then
      [[ -f "$name" ]] || bad_usage "there is no $name"
      continue
    fi
    [[ "$name" == "$everything" ]] || is_tool "$name" || bad_usage "no tool is called \"$name\": $(all_tools | paste -sd ' ')"
  done
  ! $compress || command -v xz >/dev/null || fail "xz, which compresses, is missing: install xz-utils"
  mkdir -p "$out" || fail "cannot make $out"
  compile_all "$(cd "$out" && pwd -P)" "$wanted" "${names[@]}"
}

choose_machine() {
  case "$1" in
    amd64 | x86_64) machine=x86_64 ;;
    arm64 | aarch64) machine=aarch64 ;;
    *) bad_usage "nothing is compiled for \"$1\": amd64 or arm64" ;;
  esac
}

bad_usage() {
  say "$1 (./compile.sh --help tells more)"
  exit 2
}

is_tool() { all_tools | grep -xF -- "$1" >/dev/null; }

all_tools() {
  local path name
  for path in "$project"/tools/*/; do
    name="$(basename "$path")"
    [[ ! -f "$path$name.ts" ]] || echo "$name"
  done
}

compile_all() {
  local out="$1" wanted="$2" name word module source import_map
  shift 2
  make_scratch compile # three levels below the project: write_entry's imports begin with ../../../
  choose_runtime "$wanted"
  if [[ "$libc" == musl ]]; then need_musl_libraries "$scratch"; else need_libraries "$scratch"; fi
  for word in "$@"; do
    name="$word" module="../../../tools/$word/$word.ts" source="$project/tools/$word/$word.ts" import_map=()
    if [[ "$word" == *.ts ]]; then
      module="$(realpath "$word")" source="$module"
      name="$(basename "$module" .ts)"
      own_object "${module%.ts}"
      own_imports
    else
      need_objects "$name"
    fi
    write_entry "$name" "$module"
    "compile_with_$runtime" "$name"
    mv "$scratch/$name" "$out/$name"
    say_done "$out/$name"
    ! $compress || compress "$out/$name"
  done
}

# ---- one tool ----

# Builds the kernel objects of a tool, or of all. Tools without NAME.bpf.c compile their programs when they
# run.
need_objects() {
  local names=() name
  while read -r name; do
    [[ ! -f "$project/tools/$name/$name.bpf.c" || ! "$1" =~ ^($name|$everything)$ ]] || names+=("$name")
  done < <(all_tools)
  ((${#names[@]} > 0)) || return 0
  "$project/scripts/objects.sh" --check "${names[@]}" 2>/dev/null ||
    "$project/scripts/objects.sh" "${names[@]}"
}

# own_object STEM: makes STEM.bpf.o.ts for a tool outside the project, if STEM.bpf.c or STEM.bpf.o exists.
own_object() {
  local source
  for source in "$1.bpf.c" "$1.bpf.o"; do
    [[ -f "$source" ]] || continue
    "$project/scripts/objects.sh" --check "$source" 2>/dev/null || "$project/scripts/objects.sh" "$source"
    return
  done
}

# Redirects a tool's imports of ts-bcc, by URL or as a package, to this project: the executable must contain
# one copy of the library, the one that knows the embedded libraries.
own_imports() {
  local map="$scratch/imports.json"
  run_script "$project/scripts/own_imports.ts" "$module" >"$map" || fail "cannot read what $module imports"
  [[ -s "$map" ]] || return 0
  if [[ "$runtime" == bun ]]; then
    quietly run_script "$project/scripts/own_bundle.ts" "$module" "$map" "$scratch/own_$name.js" ||
      fail "bun could not read $module (see above)"
    module="./own_$name.js"
  else
    import_map=(--import-map "$map")
  fi
}

# Prints the commit of the project's repository; nothing if the project is not a repository.
commit_name() {
  local name
  [[ -e "$project/.git" ]] && name="$(git -C "$project" rev-parse --short=12 HEAD 2>/dev/null)" || return 0
  git -C "$project" diff --quiet HEAD 2>/dev/null || name+=", with changes"
  echo "$name"
}

# write_entry NAME MODULE: writes the entry module. Importing a library gives its bytes under Deno, and under
# Bun its path inside the executable; Bun.file() reads it without node:fs, which takes 2 ms to load.
write_entry() {
  local index commit
  {
    echo "// deno-lint-ignore-file"
    for index in "${!LIBRARIES[@]}"; do
      echo "import library$index from \"./${LIBRARIES[index]}\" with { type: \"bytes\" };"
    done
    echo 'import { embedLibraries } from "../../../ffi/library.ts";'
    echo 'const bytesOf = (file) => typeof file === "string" ? Bun.file(file).bytes() : file;'
    if [[ "$1" == "$everything" ]]; then
      echo 'import { multicall } from "../../../cli/ts_bcc.ts";'
      echo 'import { commands, tools } from "../../../tools/list.ts";'
    else
      echo 'import { main } from "../../../toolkit/run/main.ts";'
      echo "import tool from \"$2\";"
    fi
    echo 'import { setCommit } from "../../../toolkit/run/version.ts";'
    commit="$(commit_name)"
    [[ -z "$commit" ]] || echo "setCommit(\"$commit\");"
    echo "embedLibraries(["
    for index in "${!LIBRARIES[@]}"; do
      echo "  [\"${LIBRARIES[index]}\", await bytesOf(library$index)],"
    done
    echo "]);"
    if [[ "$1" == "$everything" ]]; then echo "await multicall(tools, commands);"; else echo "await main(tool);"; fi
  } >"$scratch/$1.ts"
}

# Runs inside the scratch folder, so that the result does not depend on that folder's name.
compile_with_bun() {
  (cd "$scratch" && quietly run_script "$project/scripts/bun_compile.ts" "./$1.ts" "./$1" ${BUN_BASE:+"$BUN_BASE"}) ||
    fail "bun could not compile $1 (see above)"
  guard "$scratch/$1"
}

# Inserts the guard, which prevents what Bun's options cannot switch off: see scripts/guard/guard.c.
guard() {
  [[ "$machine" == x86_64 ]] && is_own_machine x86_64 || return 0
  help_of "$1" >"$scratch/help" || fail "$1 does not run on this machine"
  run_script "$project/scripts/guard/apply.ts" "$1" "$(basename "$1")" "$scratch/help" ||
    fail "could not put the guard into $1 (see above)"
}

# Prints the help text; for musl from the source, because the executable may not run on this machine.
help_of() {
  if [[ "$libc" == glibc ]]; then
    "$1" -h
  else
    (cd "$scratch" && run_script "./$(basename "$1").ts" -h)
  fi
}

# Security: --no-code-cache, because the cache would be a file with a predictable name in /tmp, read as root.
compile_with_deno() {
  local permissions=(--allow-ffi --allow-run --allow-env --allow-net)
  if [[ "$1" == "$everything" ]] || grep -q '^  permissions: "all",$' "$source"; then
    permissions=(--allow-all)
  fi
  (cd "$scratch" && quietly "$DENO" compile --no-check --no-prompt \
    --unstable-raw-imports --no-code-cache "${permissions[@]}" \
    ${import_map[@]+"${import_map[@]}"} \
    -o "./$1" "./$1.ts") || fail "deno could not compile $1 (see above)"
}

say_done() {
  local name="${runtime^^}" size
  size="$(stat -c %s "$1")"
  echo "${1#"$PWD/"}: $(((size + 500000) / 1000000)) MB, $runtime $(version_of "${!name}") ($why)"
}

# In blocks, as in package.sh, so that several CPUs can decompress in parallel.
compress() {
  xz -6 --threads=2 --block-size=32MiB --keep --force "$1" || fail "cannot compress $1"
  local size whole
  size="$(stat -c %s "$1.xz")" whole="$(stat -c %s "$1")"
  echo "${1#"$PWD/"}.xz: $(((size + 500000) / 1000000)) MB, $((100 * size / whole)) % of it"
}

main "$@"
