#!/usr/bin/env bash
# Builds kernel objects: tools/NAME/NAME.bpf.o.ts from tools/NAME/NAME.bpf.c, and FILE.bpf.o.ts beside any
# other FILE.bpf.c, of the examples or outside the project.
#
# The object is embedded in a module, compressed and as base64, because a module can be loaded however a tool
# is run. Compressed with brotli it is a fifth smaller than with gzip. Users who only run tools need no
# clang: --check compares a hash of the sources to find out whether an object is up to date.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
prefix=objects.sh

# -nostdinc: no system headers but libbpf's, so that a source gives the same bytes on every architecture.
# -fdebug-compilation-dir: BTF line information holds no absolute path.
# -iquote: sources outside tools/ include "toolkit/kernel/…" by that name.
flags=(-target bpfel -mcpu=v3 -O2 -g -Wall -Werror -fno-addrsig -fno-stack-protector
  -fno-ident -fdebug-compilation-dir=. -nostdinc -I .tools/include -iquote .)

usage() {
  cat <<'TEXT'
Usage: scripts/objects.sh [--check | --verify] [NAME | FILE.bpf.c | FILE.bpf.o]…
Builds tools/NAME/NAME.bpf.o.ts from tools/NAME/NAME.bpf.c, or FILE.bpf.o.ts beside FILE.bpf.c or from
an object FILE.bpf.o of yours; for all tools and examples if none is named.

  --check   build nothing; fail if an object is older than its sources (needs no clang)
  --verify  build elsewhere; fail if a kept object differs from what its sources make,
            or with status 3 if it was made by another clang and cannot be compared
TEXT
}

main() {
  local mode=build stems=() given=() stem word
  while (($# > 0)); do
    case "$1" in
      --check | --verify) mode="${1#--}" ;;
      -h | --help) usage && exit ;;
      -*) bad_usage "unknown option $1" ;;
      *.bpf.o)
        word="$(realpath -eq -- "$1")" || bad_usage "there is no $1"
        given+=("$word")
        ;;
      *)
        word="$1"
        # Make the path absolute before this script changes its directory.
        [[ "$word" != *.bpf.c ]] || word="$(realpath -q -- "$word")" || bad_usage "there is no $1"
        stems+=("$(stem_of "$word")")
        ;;
    esac
    shift
  done
  cd "$project"
  for word in ${given[@]+"${given[@]}"}; do "${mode}_given" "$word"; done
  ((${#stems[@]} > 0 || ${#given[@]} == 0)) || exit 0
  ((${#stems[@]} > 0)) || mapfile -t stems < <(all_stems)
  for stem in ${stems[@]+"${stems[@]}"}; do
    [[ -f "$stem.bpf.c" ]] || bad_usage "there is no $stem.bpf.c"
  done
  ((${#stems[@]} > 0)) || fail "there is no tools/NAME/NAME.bpf.c"
  "$mode" "${stems[@]}"
}

# Prints the stem of a tool or source: its path without ".bpf.c", relative to the project's folder if it is
# inside.
stem_of() {
  case "$1" in
    "$project"/*.bpf.c) echo "${1:${#project}+1:-6}" ;;
    *.bpf.c) echo "${1%.bpf.c}" ;;
    *[!A-Za-z0-9_-]*) bad_usage "\"$1\" is neither a tool nor a FILE.bpf.c" ;;
    *) echo "tools/$1/$1" ;;
  esac
}

bad_usage() {
  say "$1: see scripts/objects.sh --help"
  exit 2
}

all_stems() {
  local file
  for file in tools/*/*.bpf.c toolkit/*/*.bpf.c examples/*.bpf.c; do
    [[ ! -f "$file" ]] || echo "${file%.bpf.c}"
  done
}

# ---- the three modes ----

check() {
  local stem stale=()
  for stem in "$@"; do is_fresh "$stem" || stale+=("$stem.bpf.c"); done
  ((${#stale[@]} == 0)) ||
    fail "objects are older than their sources: rebuild with scripts/objects.sh ${stale[*]}"
}

build() {
  local stem
  prepare
  for stem in "$@"; do
    make_module "$stem" "$scratch/module.ts"
    mv "$scratch/module.ts" "$stem.bpf.o.ts"
    say "$stem.bpf.o.ts: $(stat -c %s "$scratch/object.o") bytes of object, $(compiler)"
  done
}

verify() {
  local stem kept different=() elsewhere=()
  prepare
  for stem in "$@"; do
    kept="$stem.bpf.o.ts"
    make_module "$stem" "$scratch/module.ts"
    cmp -s "$scratch/module.ts" "$kept" && continue
    if is_fresh "$stem" && [[ "$(recorded_compiler "$kept")" != "$(compiler)" ]]; then
      say "$kept was made by $(recorded_compiler "$kept"), here is $(compiler): not compared"
      elsewhere+=("$stem")
    else
      different+=("$stem.bpf.c")
    fi
  done
  ((${#different[@]} == 0)) ||
    fail "objects are not what their sources make: rebuild with scripts/objects.sh ${different[*]}"
  ((${#elsewhere[@]} == 0)) || exit 3
}

# ---- an object that was compiled without this script ----

build_given() {
  [[ -n "$scratch" ]] || make_scratch objects
  write_module "$1" "$(hash_of_given "$1")" "${1##*/}" "another compiler" >"$scratch/module.ts"
  mv "$scratch/module.ts" "$1.ts"
  say "$1.ts: $(stat -c %s "$1") bytes of object"
}

check_given() {
  grep -qxsF "export const sources = \"$(hash_of_given "$1")\";" "$1.ts" ||
    fail "$1.ts is not of $1: rebuild with scripts/objects.sh $1"
}

verify_given() { check_given "$1"; }

hash_of_given() { sha256sum "$1" | sed 's/^\([0-9a-f]*\).*/sha256:\1/'; }

# ---- one object ----

prepare() {
  if is_debian; then need_packages clang llvm libbpf-dev brotli; fi
  if ! command -v clang >/dev/null || ! command -v llvm-strip >/dev/null; then
    fail "clang or llvm-strip is missing: install clang and llvm"
  fi
  command -v brotli >/dev/null || fail "brotli, which packs objects, is missing: install it"
  [[ -f /usr/include/bpf/bpf_helpers.h ]] ||
    fail "libbpf's headers are missing: install libbpf-dev (Debian) or libbpf-devel (Fedora)"
  make_scratch objects
  mkdir -p .tools/include
  ln -sfn /usr/include/bpf .tools/include/bpf
}

# make_module STEM MODULE
make_module() {
  local object="$scratch/object.o" names=()
  # For a source outside the project, line information names the file without its folders.
  [[ "$1" != /* ]] || names=("-ffile-prefix-map=${1%/*}/=")
  clang "${flags[@]}" ${names[@]+"${names[@]}"} -c "$1.bpf.c" -o "$object" || fail "clang could not compile $1.bpf.c (see above)"
  llvm-strip -g "$object" # DWARF goes, BTF stays
  write_module "$object" "$(hash_of "$1")" "${1##*/}.bpf.c" "$(compiler)" >"$2"
}

# write_module OBJECT HASH SOURCE COMPILER
write_module() {
  echo "// Generated by scripts/objects.sh from $3 with $4: do not edit."
  echo 'import { brotliDecompressSync } from "node:zlib";'
  echo "export const sources = \"$2\";"
  # A Uint8Array instead of the Buffer that brotliDecompressSync() returns: Buffer.slice() shares memory.
  echo "export default new Uint8Array(brotliDecompressSync(Uint8Array.fromBase64("
  echo "  \"$(brotli --quality=11 --lgwin=22 --stdout "$1" | base64 -w 0)\","
  echo ")));"
}

compiler() { clang --version | sed -n '1{s/ version / /;s/ (.*//;s/ *$//;p;}'; }

recorded_compiler() { sed -n '1s/.* with \(.*\): do not edit\.$/\1/p' "$1"; }

# ---- the hash of what an object is made from ----

is_fresh() {
  [[ -f "$1.bpf.o.ts" ]] && grep -qxF "export const sources = \"$(hash_of "$1")\";" "$1.bpf.o.ts"
}

# Hashes the flags and each source's path and content; of sources outside the project only the file name
# counts.
hash_of() {
  local file
  {
    echo "${flags[*]}"
    while read -r file; do
      [[ "$file" == /* ]] && echo "${file##*/}" || echo "$file"
      cat "$file"
    done < <(sources_of "$1.bpf.c")
  } | sha256sum | sed 's/^\([0-9a-f]*\).*/sha256:\1/'
}

# Prints a file and the files of this project that it includes, directly or indirectly, each once.
sources_of() {
  local queue=("$1") seen=$'\n' file header
  while ((${#queue[@]} > 0)); do
    file="${queue[0]}"
    queue=("${queue[@]:1}")
    [[ "$seen" != *$'\n'"$file"$'\n'* ]] || continue
    seen+="$file"$'\n'
    echo "$file"
    while read -r header; do
      if [[ -f "${file%/*}/$header" ]]; then
        header="$(realpath -m --relative-base=. "${file%/*}/$header")"
      fi
      [[ ! -f "$header" ]] || queue+=("$header")
    done < <(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$file")
  done
}

main "$@"
