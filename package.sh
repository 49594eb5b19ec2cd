#!/usr/bin/env bash
# Makes what people install: a Debian package and an archive of the executable of all tools.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/scripts/setup.sh"
prefix=package.sh

usage() {
  cat <<'TEXT'
Usage: ./package.sh [-o DIR] [-z none|xz] [deb|tar]…
Makes, of the executable of all tools (compile.sh --all --runtime bun), its man pages and completions:

  deb   ts-bcc_VERSION_ARCH.deb: /usr/sbin/ts-bcc, and NAME-tsbcc for each tool
  tar   ts-bcc-VERSION-linux-ARCH.tar.xz: the same in one folder

both if none is named; with SHA256SUMS of them, and ts-bcc-VERSION-linux-ARCH.cdx.json, which tells what is
inside (CycloneDX). The same commit on the same machine makes the same bytes.

  -o DIR        another folder than dist
  -z none|xz    how they are compressed; xz, the default, takes minutes
TEXT
}

# Debian's names.
declare -A architectures=([x86_64]=amd64 [aarch64]=arm64)
version="" arch="" date="" compression=xz

main() {
  local out="$project/dist" kinds=() kind files=()
  while (($# > 0)); do
    case "$1" in
      -o | -z) (($# > 1)) || bad_usage "$1 needs a value" ;;&
      -o) out="$2" && shift ;;
      -z) compression="$2" && shift ;;
      -h | --help) usage && exit ;;
      deb | tar) kinds+=("$1") ;;
      *) bad_usage "no package or option is called \"$1\"" ;;
    esac
    shift
  done
  [[ "$compression" =~ ^(none|xz)$ ]] || bad_usage "cannot compress by \"$compression\": none or xz"
  ((${#kinds[@]} > 0)) || kinds=(deb tar)
  need_commands
  mkdir -p "$out" || fail "cannot make $out"
  out="$(cd "$out" && pwd -P)"
  umask 022
  arch="${architectures[$(uname -m)]:-}"
  [[ -n "$arch" ]] || fail "no packages are made for $(uname -m): only for ${!architectures[*]}"
  version="$(sed -n 's/^export const VERSION = "\(.*\)";/\1/p' "$project/toolkit/run/version.ts")"
  date="$(source_date)"
  export SOURCE_DATE_EPOCH="$date" # dpkg-deb's times

  make_scratch package
  need_runtime bun
  gather
  for kind in "${kinds[@]}"; do
    "make_$kind" "$out"
    files+=("$made")
  done
  make_sbom "$out/ts-bcc-$version-linux-$arch.cdx.json"
  files+=("$made")
  (cd "$out" && sha256sum "${files[@]}" >SHA256SUMS)
  (cd "$out" && stat -c "%n: %s bytes" "${files[@]}" SHA256SUMS)
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

# What both kinds hold, in $scratch.
gather() {
  "$project/compile.sh" --runtime bun -o "$scratch" --all >/dev/null
  mkdir "$scratch/man" "$scratch/completions"
  quietly run_script "$project/scripts/man.ts" "$scratch/man" "$(date -u -d "@$date" +%F)"
  "$scratch/ts-bcc" completions bash >"$scratch/completions/ts-bcc"
  "$scratch/ts-bcc" completions zsh >"$scratch/completions/_ts-bcc"
  "$scratch/ts-bcc" completions fish >"$scratch/completions/ts-bcc.fish"
}

make_deb() {
  local root="$scratch/deb" doc
  made="ts-bcc_${version}_$arch.deb" doc="$root/usr/share/doc/ts-bcc"
  mkdir -p "$root/DEBIAN" "$root/usr/sbin" "$root/usr/share/man/man8" "$doc" \
    "$root/usr/share/bash-completion/completions" "$root/usr/share/zsh/vendor-completions" \
    "$root/usr/share/fish/vendor_completions.d"
  install -m 755 "$scratch/ts-bcc" "$root/usr/sbin/ts-bcc"
  link_names "$root/usr/sbin" -tsbcc
  install -m 644 "$scratch"/man/*.8 "$root/usr/share/man/man8"
  gzip -9n "$root"/usr/share/man/man8/*.8
  install -m 644 "$scratch/completions/ts-bcc" "$root/usr/share/bash-completion/completions"
  install -m 644 "$scratch/completions/_ts-bcc" "$root/usr/share/zsh/vendor-completions"
  install -m 644 "$scratch/completions/ts-bcc.fish" "$root/usr/share/fish/vendor_completions.d"
  copyright >"$doc/copyright"
  changelog | gzip -9n >"$doc/changelog.gz"
  control "$(du -sk --apparent-size "$root/usr" | cut -f 1)" >"$root/DEBIAN/control"
  (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
  same_times "$root"
  quietly dpkg-deb --root-owner-group --threads-max=2 "-Z$compression" --build "$root" "$1/$made"
}

make_tar() {
  local name="ts-bcc-$version-linux-$arch" root ending=""
  root="$scratch/$name"
  mkdir -p "$root/man/man8"
  install -m 755 "$scratch/ts-bcc" "$root"
  install -m 644 "$project"/{LICENSE,NOTICE,README.md} "$root"
  install -m 644 "$scratch"/man/*.8 "$root/man/man8"
  cp -r "$scratch/completions" "$root"
  same_times "$root"
  # Blocks of their own size, so that the number of threads changes nothing.
  local compress=(cat)
  if [[ "$compression" == xz ]]; then
    compress=(xz -6 --threads=2 --block-size=32MiB) ending=.xz
  fi
  made="$name.tar$ending"
  tar -C "$scratch" --sort=name --owner=0 --group=0 --numeric-owner --format=ustar -c "$name" |
    "${compress[@]}" >"$1/$made"
}

# Links for each name that the executable knows, with something behind it.
link_names() {
  local name
  for name in $("$scratch/ts-bcc" list | awk '{ print $1 }'); do ln -s ts-bcc "$1/$name$2"; done
}

same_times() { find "$1" -exec touch --no-dereference --date="@$date" {} +; }

control() {
  cat <<TEXT
Package: ts-bcc
Version: $version
Architecture: $arch
Maintainer: $maintainer
Installed-Size: $1
Depends: libc6 (>= $(needed_glibc))
Section: utils
Priority: optional
Description: eBPF tracing tools in one executable
 Shows what the kernel and programs do, while they do it: files that are
 opened, programs that start, connections, latency of disks and of the
 scheduler, stacks on and off the CPU, memory that is not given back.
 .
 Takes the flags and prints the columns of bcc's tools; nothing is compiled
 when they run, no kernel headers are needed. Each tool is there as
 NAME-tsbcc; ts-bcc list names them, ts-bcc doctor tells what this machine
 can trace. Needs Linux 5.8 or later with BTF.
TEXT
}

maintainer="ts-bcc contributors <ts-bcc@localhost.localdomain>"

# The newest version whose symbols the runtime or one of the libraries wants.
needed_glibc() {
  need_libraries "$scratch"
  (cd "$scratch" && grep -aoh 'GLIBC_2\.[0-9]*' "$BUN" "${LIBRARIES[@]}") | sed 's/GLIBC_//' | sort -uV | tail -n 1
}

copyright() {
  cat "$project/NOTICE"
  printf '\nts-bcc itself\n-------------\n\n'
  cat "$project/LICENSE"
}

# As Debian's programs read it; CHANGELOG.md is for people.
changelog() {
  cat <<TEXT
ts-bcc ($version) unstable; urgency=medium

  * What has changed is told in CHANGELOG.md of the sources.

 -- $maintainer  $(LC_ALL=C date -u -d "@$date" -R)
TEXT
}

make_sbom() {
  made="$(basename "$1")"
  need_libraries "$scratch"
  run_script "$project/scripts/sbom.ts" "$version" "$arch" "$date" "$(sha256sum <"$scratch/ts-bcc" | cut -d ' ' -f 1)" \
    "${LIBRARIES[@]}" >"$1" || fail "cannot tell what is inside"
}

main "$@"
