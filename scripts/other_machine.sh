# shellcheck shell=bash
# Fetches runtimes and libraries for executables for another architecture. Part of setup.sh.
#
#   need_bun_for MACHINE     sets BUN_BASE to a bun for MACHINE (x86_64, aarch64) and $libc
#   need_deno_for MACHINE    sets DENO_BASE to a deno for MACHINE
#   fetch_foreign PACKAGE    unpacks Debian's package for $machine into .tools/debs-$machine
#
# It changes nothing in the system: apt uses package lists of its own, below .tools.
# shellcheck disable=SC2154

BUN_BASE="" DENO_BASE="" foreign_apt=()

is_own_machine() { [[ "$1" == "$(uname -m)" ]]; }

need_bun_for() {
  local name="bun-linux-$1" version
  [[ "$1" != x86_64 ]] || name=bun-linux-x64
  [[ "$libc" != musl ]] || name+=-musl
  version="$(pinned_version bun)"
  BUN_BASE="$tools/bases/$name-$version/package/bin/bun"
  [[ -x "$BUN_BASE" ]] || exclusively unpack_base "@oven/$name" "$version"
}

need_deno_for() {
  local name="linux-arm64-glibc" version
  [[ "$1" != x86_64 ]] || name=linux-x64-glibc
  version="$(pinned_version deno)"
  DENO_BASE="$tools/bases/$name-$version/package/deno"
  [[ -x "$DENO_BASE" ]] || exclusively unpack_base "@deno/$name" "$version"
}

# unpack_base PACKAGE VERSION

unpack_base() {
  local dir="$tools/bases/${1#*/}-$2" new="$tools/bases/new"
  need_npm
  say "unpacking $1 $2 into .tools (npm pack)"
  rm -rf "$new" && mkdir -p "$new"
  (cd "$new" && quietly npm pack --silent --cache "$tools/npm-cache" "$1@$2" && tar -xzf ./*.tgz && rm ./*.tgz) ||
    fail "npm could not bring $1@$2 (see above): check the network and npm's settings"
  rm -rf "$dir" "$tools/npm-cache"
  mv "$new" "$dir"
}

# Prints Debian's name of an architecture.
debian_arch() { [[ "$1" == aarch64 ]] && echo arm64 || echo amd64; }

fetch_foreign() {
  local dir="$tools/debs-$machine"
  if [[ -d "$dir/$1" ]]; then return; fi
  is_debian || fail "libraries for $machine come from Debian's packages: run this on Debian"
  exclusively unpack_foreign "$1" "$dir"
}

# Returns a failure if Debian has no such package.
unpack_foreign() {
  local new="$2/new"
  set_foreign_apt "$2/apt"
  [[ -d "$2/apt/lists-are-read" ]] || read_foreign_lists "$2/apt"
  [[ -n "$(apt-cache "${foreign_apt[@]}" show "$1" 2>/dev/null)" ]] || return
  say "unpacking $1 for $machine into .tools (apt-get download)"
  rm -rf "$new" && mkdir -p "$new"
  (cd "$new" && quietly apt "${foreign_apt[@]}" download "$1" && dpkg-deb -R ./*.deb files) ||
    fail "cannot get $1 for $machine (see above): check the network and apt's sources"
  mv "$new/files" "$2/$1" && rm -rf "$new"
}

# read_foreign_lists DIR [deb-src Sources]: downloads the lists of packages, or of source packages.
read_foreign_lists() {
  local keyring
  mkdir -p "$1/state/lists/partial" "$1/cache/archives/partial" "$1/none"
  : >"$1/status"
  keyring="$(find /usr/share/keyrings/ -name debian-archive-keyring.gpg -o -name debian-archive-keyring.pgp | head -n 1)"
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(CREATED_BY)' |
    awk -v keyring="$keyring" -v type="${2:-deb}" '$3 == "main" && $4 == "Packages" && $2 !~ /[-\/]/ && !seen++ {
      print type " [signed-by=" keyring "] " $1 " " $2 " main" }' >"$1/sources.list"
  [[ -s "$1/sources.list" ]] || fail "cannot tell a Debian mirror from apt's sources"
  quietly apt "${foreign_apt[@]}" --error-on=any update ||
    fail "cannot read Debian's list of packages for $machine (see above)"
  mkdir "$1/lists-are-read"
}

# set_foreign_apt DIR: sets foreign_apt to apt's options for lists and caches below DIR.
set_foreign_apt() {
  local arch setting
  arch="$(debian_arch "$machine")"
  foreign_apt=()
  for setting in "Dir::State=$1/state" "Dir::State::status=$1/status" "Dir::Cache=$1/cache" \
    "Dir::Etc::sourcelist=$1/sources.list" "Dir::Etc::sourceparts=$1/none" "Dir::Etc::preferencesparts=$1/none" \
    "APT::Architecture=$arch" "APT::Architectures=$arch" APT::Sandbox::User=root \
    Acquire::Languages=none APT::Update::Post-Invoke=; do
    foreign_apt+=(-o "$setting")
  done
}
