#!/usr/bin/env bash
# Makes what people install: packages of Debian and npm, an archive and a container image.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/scripts/setup.sh"
# shellcheck source=scripts/package_deb.sh
source "$project/scripts/package_deb.sh"
prefix=package.sh

usage() {
  cat <<'TEXT'
Usage: ./package.sh [-o DIR] [-z none|xz] [--arch NAME]… [deb|tar|oci|npm]…
Makes, of the executable of all tools (compile.sh --all --runtime bun), its man pages and completions:

  deb   ts-bcc_VERSION_ARCH.deb: /usr/sbin/ts-bcc, and NAME-tsbcc for each tool
  tar   ts-bcc-VERSION-linux-ARCH.tar.xz: the same in one folder
  oci   ts-bcc-VERSION-linux-ARCH.oci.tar: a container image of the executable and glibc, made without
        a daemon; skopeo copy oci-archive:FILE … takes it anywhere

and of the sources, for every architecture:

  npm   ts-bcc-VERSION.tgz: the library with its types, and the command ts-bcc, for Bun and Deno

All of them if none is named; with SHA256SUMS of what is there, and ts-bcc-VERSION-linux-ARCH.cdx.json, which
tells what is inside the executable (CycloneDX). The same commit on the same machine makes the same bytes.

  -o DIR        another folder than dist
  -z none|xz    how they are compressed; xz, the default, takes minutes
  --arch NAME   amd64 or arm64; may be repeated; by default this machine's
TEXT
}

# What uname calls Debian's architectures.
declare -A machines=([amd64]=x86_64 [arm64]=aarch64)
declare -A loaders=([amd64]=/lib64/ld-linux-x86-64.so.2 [arm64]=/lib/ld-linux-aarch64.so.1)
version="" arch="" date="" compression=xz

main() {
  local out="$project/dist" kinds=() archs=() kind
  while (($# > 0)); do
    case "$1" in
      -o | -z | --arch) (($# > 1)) || bad_usage "$1 needs a value" ;;&
      -o) out="$2" && shift ;;
      -z) compression="$2" && shift ;;
      --arch) archs+=("$2") && shift ;;
      -h | --help) usage && exit ;;
      deb | tar | oci | npm) kinds+=("$1") ;;
      *) bad_usage "no package or option is called \"$1\"" ;;
    esac
    shift
  done
  [[ "$compression" =~ ^(none|xz)$ ]] || bad_usage "cannot compress by \"$compression\": none or xz"
  ((${#kinds[@]} > 0)) || kinds=(deb tar oci npm)
  ((${#archs[@]} > 0)) || archs=("$(own_arch)")
  for arch in "${archs[@]}"; do
    [[ -v machines[$arch] ]] || bad_usage "no packages are made for \"$arch\": only for ${!machines[*]}"
  done
  need_commands
  mkdir -p "$out" || fail "cannot make $out"
  out="$(cd "$out" && pwd -P)"
  umask 022
  version="$(sed -n 's/^export const VERSION = "\(.*\)";/\1/p' "$project/toolkit/run/version.ts")"
  date="$(source_date)"
  export SOURCE_DATE_EPOCH="$date" # dpkg-deb's times

  make_scratch package
  need_runtime bun
  if [[ " ${kinds[*]} " == *" npm "* ]]; then make_npm "$out"; fi
  for arch in "${archs[@]}"; do
    [[ " ${kinds[*]} " != " npm " ]] || break
    machine="${machines[$arch]}"
    gather
    for kind in "${kinds[@]}"; do
      [[ "$kind" == npm ]] || "make_$kind" "$out"
    done
    make_sbom "$out/ts-bcc-$version-linux-$arch.cdx.json"
  done
  (cd "$out" && sha256sum ts-bcc[-_]"$version"* >SHA256SUMS)
  (cd "$out" && stat -c "%n: %s bytes" ts-bcc[-_]"$version"* SHA256SUMS)
}

own_arch() {
  local name
  for name in "${!machines[@]}"; do
    [[ "${machines[$name]}" != "$(uname -m)" ]] || { echo "$name" && return; }
  done
  fail "no packages are made for $(uname -m): only for ${machines[*]}"
}

bad_usage() {
  say "$1 (./package.sh --help tells more)"
  exit 2
}

need_commands() {
  local name
  for name in dpkg-deb tar xz gzip sha256sum; do
    command -v "$name" >/dev/null || fail "$name is missing: install dpkg, tar, xz-utils, gzip and coreutils"
  done
}

# When the commit was made: the time of all files inside.
source_date() {
  if [[ -n "${SOURCE_DATE_EPOCH:-}" ]]; then
    echo "$SOURCE_DATE_EPOCH"
  else
    git -C "$project" log -1 --format=%ct 2>/dev/null || stat -c %Y "$project/toolkit/run/version.ts"
  fi
}

# What the packages of one architecture hold, in $made_of.
gather() {
  made_of="$scratch/$arch"
  mkdir -p "$made_of/man" "$made_of/completions"
  "$project/compile.sh" --runtime bun --arch "$arch" -o "$made_of" --all >/dev/null
  quietly run_script "$project/scripts/man.ts" "$made_of/man" "$(date -u -d "@$date" +%F)"
  say_of_itself completions bash >"$made_of/completions/ts-bcc"
  say_of_itself completions zsh >"$made_of/completions/_ts-bcc"
  say_of_itself completions fish >"$made_of/completions/ts-bcc.fish"
}

# What the executable would say: it may be for another machine.
say_of_itself() { run_script "$project/cli/ts_bcc.ts" "$@"; }

make_tar() {
  local name="ts-bcc-$version-linux-$arch" root ending=""
  root="$scratch/$name"
  mkdir -p "$root/man/man8"
  install -m 755 "$made_of/ts-bcc" "$root"
  install -m 644 "$project"/{LICENSE,NOTICE,README.md} "$root"
  install -m 644 "$made_of"/man/*.8 "$root/man/man8"
  cp -r "$made_of/completions" "$root"
  same_times "$root"
  # Blocks of their own size, so that the number of threads changes nothing.
  local compress=(cat)
  if [[ "$compression" == xz ]]; then
    compress=(xz -6 --threads=2 --block-size=32MiB) ending=.xz
  fi
    tar -C "$scratch" --sort=name --owner=0 --group=0 --numeric-owner --format=ustar -c "$name" |
    "${compress[@]}" >"$1/$name.tar$ending"
}

# The executable, glibc as it was compiled beside, and licenses: no shell, no package manager.
make_oci() {
  local image="ts-bcc-$version-linux-$arch.oci.tar" root="$scratch/oci-$arch" layer name folder
  mkdir -p "$root/usr/bin" "$root/usr/share/doc/ts-bcc" "$root/proc" "$root/sys" "$root/dev"
  install -m 755 "$made_of/ts-bcc" "$root/usr/bin"
  copyright >"$root/usr/share/doc/ts-bcc/copyright"
  folder="lib/$machine-linux-gnu"
  mkdir -p "$root/$folder"
  for name in libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0; do
    find_library "$name" || fetch_library "$name"
    install -m 644 "$FOUND" "$root/$folder"
  done
  # The name that the kernel reads in the executable.
  name="${loaders[$arch]}"
  find_library "${name##*/}" || fetch_library "${name##*/}"
  install -D -m 755 "$FOUND" "$root$name"
  same_times "$root"
  layer="$scratch/layer-$arch.tar"
  tar -C "$root" --sort=name --owner=0 --group=0 --numeric-owner --format=ustar -cf "$layer" .
  if [[ "$compression" != none ]]; then gzip -9n "$layer" && layer+=.gz; fi
  # shellcheck disable=SC2046 # no word where there is no commit
  run_script "$project/scripts/oci.ts" "$layer" "$root.layout" "$arch" "$version" "$date" \
    $(git -C "$project" rev-parse HEAD 2>/dev/null) || fail "cannot make the image"
  same_times "$root.layout"
  tar -C "$root.layout" --sort=name --owner=0 --group=0 --numeric-owner --format=ustar -cf "$1/$image" \
    oci-layout index.json blobs
}

make_npm() {
  need_runtime deno
  mkdir "$scratch/npm"
  "$DENO" run --quiet --no-config --no-check --allow-all "$project/scripts/npm_package.ts" "$version" "$scratch/npm" ||
    fail "cannot make the npm package (see above)"
  chmod 755 "$scratch/npm/package/bin/ts-bcc"
  same_times "$scratch/npm"
  tar -C "$scratch/npm" --sort=name --owner=0 --group=0 --numeric-owner --format=ustar -c package |
    gzip -9n >"$1/ts-bcc-$version.tgz"
}

same_times() { find "$1" -exec touch --no-dereference --date="@$date" {} +; }

make_sbom() {
  need_libraries "$made_of"
  run_script "$project/scripts/sbom.ts" "$version" "$arch" "$date" "$(sha256sum <"$made_of/ts-bcc" | cut -d ' ' -f 1)" \
    "$tools/debs-$machine" "${LIBRARIES[@]}" >"$1" || fail "cannot tell what is inside"
}

main "$@"
