# shellcheck shell=bash
# Finds the shared libraries that executables embed. Part of setup.sh.
#
#   need_libraries DIR       copies libbpf and the libraries that it needs to DIR, sets LIBRARIES to
# their names
#   find_library SONAME      sets FOUND to its path, in this system or below .tools
#   fetch_library SONAME     unpacks its Debian package below .tools, and sets FOUND
#
# All are for $machine.
# shellcheck disable=SC2154

LIBRARIES=() FOUND=""

# Sets LIBRARIES to the sonames of libbpf and of its dependencies other than glibc, in load order.
need_libraries() {
  LIBRARIES=()
  add_library libbpf.so.1 "$1"
}

# add_library SONAME DIR: copies a library to DIR, after the libraries that it needs.
add_library() {
  local soname="$1" dir="$2" file needed name
  for name in "${LIBRARIES[@]}"; do [[ "$name" != "$soname" ]] || return 0; done
  find_library "$soname" || fetch_library "$soname"
  file="$FOUND"
  needed="$(run_script "$project/scripts/needed.ts" "$machine" "$file")" ||
    fail "cannot read what $file needs: it is no library for $machine"
  for name in $needed; do
    is_glibc "$name" || add_library "$name" "$dir"
  done
  cp -L "$file" "$dir/$soname"
  LIBRARIES+=("$soname")
}

is_glibc() {
  case "$1" in
    ld-linux* | libc.so.* | libm.so.* | libpthread.so.* | libdl.so.* | librt.so.*) return 0 ;;
    *) return 1 ;;
  esac
}

# Sets FOUND to the path of a library of this system or of .tools/debs.
find_library() {
  local soname="$1" tag
  if ! is_own_machine "$machine"; then
    FOUND="$(find "$tools/debs-$machine" -name "$soname" 2>/dev/null | head -n 1)"
    [[ -n "$FOUND" ]]
    return
  fi
  tag=x86-64
  [[ "$machine" != aarch64 ]] || tag=AArch64
  FOUND="$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null |
    awk -v name="$soname" -v tag="$tag" '$1 == name && index($0, tag) { print $NF; exit }')" || true
  [[ -n "$FOUND" && -r "$FOUND" ]] && return
  FOUND="$(find "$tools/debs" -name "$soname" 2>/dev/null | head -n 1)"
  [[ -n "$FOUND" ]]
}

# Unpacks the Debian package of a library into .tools/debs, which needs no root.
fetch_library() {
  is_debian || no_library "$1"
  unpack_library "$1" && return
  if [[ $EUID -eq 0 ]] && quietly apt update && unpack_library "$1"; then return; fi
  no_library "$1"
}

unpack_library() {
  local package
  for package in $(packages_of "$1"); do
    if ! is_own_machine "$machine"; then
      fetch_foreign "$package" && find_library "$1" && return
      continue
    fi
    apt-cache show "$package" >/dev/null 2>&1 || continue
    exclusively unpack_package "$package" && find_library "$1" && return
  done
  return 1
}

packages_of() {
  case "$1" in
    libbpf.so.1) echo libbpf1 ;;
    libelf.so.1) echo libelf1t64 libelf1 ;;
    libz.so.1) echo zlib1g ;;
    libzstd.so.1) echo libzstd1 ;;
    liblzma.so.5) echo liblzma5 ;;
    libbz2.so.1.0) echo libbz2-1.0 ;;
    libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | ld-linux-*) echo libc6 ;;
  esac
}

no_library() {
  fail "$1 is missing: install libbpf1 (Debian, Ubuntu), libbpf elfutils-libelf zlib (Fedora) or" \
    "libbpf libelf zlib (Arch); Alpine will not do: executables for it are made on Debian, by --libc musl"
}

unpack_package() {
  local package="$1" dir="$tools/debs.new"
  say "unpacking $package into .tools (apt-get download)"
  rm -rf "$dir"
  mkdir -p "$dir" "$tools/debs" || return
  (cd "$dir" && quietly apt download "$package" && dpkg -x ./*.deb files) || return
  rm -rf "$tools/debs/$package"
  mv "$dir/files" "$tools/debs/$package" && rm -rf "$dir"
}
