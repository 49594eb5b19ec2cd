# shellcheck shell=bash
# Makes the Debian package. Sourced by package.sh, which sets the variables used here.
# shellcheck disable=SC2154

make_deb() {
  local root="$scratch/deb-$arch" doc
  doc="$root/usr/share/doc/ts-bcc"
  mkdir -p "$root/DEBIAN" "$root/usr/sbin" "$root/usr/share/man/man8" "$doc" \
    "$root/usr/share/bash-completion/completions" "$root/usr/share/zsh/vendor-completions" \
    "$root/usr/share/fish/vendor_completions.d" "$root/usr/share/lintian/overrides"
  install -m 755 "$made_of/ts-bcc" "$root/usr/sbin/ts-bcc"
  link_names "$root/usr/sbin" -tsbcc
  man_pages "$root/usr/share/man/man8"
  install -m 644 "$made_of/completions/ts-bcc" "$root/usr/share/bash-completion/completions"
  install -m 644 "$made_of/completions/_ts-bcc" "$root/usr/share/zsh/vendor-completions"
  install -m 644 "$made_of/completions/ts-bcc.fish" "$root/usr/share/fish/vendor_completions.d"
  overrides >"$root/usr/share/lintian/overrides/ts-bcc"
  copyright >"$doc/copyright"
  changelog | gzip -9n >"$doc/changelog.gz"
  control "$(du -sk --apparent-size "$root/usr" | cut -f 1)" >"$root/DEBIAN/control"
  (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
  same_times "$root"
  quietly dpkg-deb --root-owner-group --threads-max=2 "-Z$compression" --build "$root" "$1/ts-bcc_${version}_$arch.deb"
}

# link_names DIR SUFFIX: links each name that the executable knows, followed by SUFFIX, to ts-bcc.
link_names() {
  local name
  for name in $(say_of_itself list | awk '{ print $1 }'); do ln -s ts-bcc "$1/$name$2"; done
}

# Commands such as javacalls, a tool with fixed arguments, get a link to the page of their tool.
man_pages() {
  local page
  for page in "$made_of"/man/*.8; do
    if [[ -L "$page" ]]; then
      ln -s "$(readlink "$page").gz" "$1/${page##*/}.gz"
    else
      gzip -9n <"$page" >"$1/${page##*/}.gz"
    fi
  done
}

# lintian's warnings that do not apply to this package, and why.
overrides() {
  cat <<'TEXT'
# Bun's own binary with the program behind its sections, which strip would cut off; how it is linked and
# what it holds of others is Bun's, and told in ts-bcc-VERSION-linux-ARCH.cdx.json beside the package.
ts-bcc: unstripped-binary-or-object [usr/sbin/ts-bcc]
ts-bcc: embedded-library *
ts-bcc: hardening-no-pie [usr/sbin/ts-bcc]
ts-bcc: hardening-no-relro [usr/sbin/ts-bcc]
TEXT
  [[ -n "${DEBEMAIL:-}" ]] || cat <<'TEXT'
# The project has no address; whoever gives packages to others sets DEBEMAIL.
ts-bcc: bogus-mail-host *
ts-bcc: bogus-mail-host-in-debian-changelog *
TEXT
}

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

# From the variables that Debian's tools such as debchange use.
maintainer="${DEBFULLNAME:-ts-bcc contributors} <${DEBEMAIL:-ts-bcc@localhost.localdomain}>"

# Prints the newest glibc version whose symbols the runtime or a library needs.
needed_glibc() {
  need_libraries "$made_of"
  (cd "$made_of" && grep -aoh 'GLIBC_2\.[0-9]*' ts-bcc "${LIBRARIES[@]}") | sed 's/GLIBC_//' | sort -uV | tail -n 1
}

copyright() {
  cat "$project/NOTICE"
  printf '\nts-bcc itself\n-------------\n\n'
  cat "$project/LICENSE"
}

# A changelog in Debian's format; it refers to CHANGELOG.md.
changelog() {
  cat <<TEXT
ts-bcc ($version) unstable; urgency=medium

  * What has changed is told in CHANGELOG.md of the sources.

 -- $maintainer  $(LC_ALL=C date -u -d "@$date" -R)
TEXT
}

