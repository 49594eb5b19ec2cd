# shellcheck shell=bash
# Installs what the other scripts need. To be sourced: it only defines functions and variables.
#
#   need_runtime deno|bun    sets DENO or BUN to a binary of the version pinned in scripts/npm
#   need_packages PACKAGE…   Debian packages
#   need_mount TYPE FOLDER   mounts a kernel file system such as tracefs
#   run_script FILE.ts …     runs one of scripts/*.ts with Bun or Deno, whichever was found
#
# It also sources libraries.sh (need_libraries), other_machine.sh (need_bun_for) and musl.sh
# (need_musl_libraries).
#
# Everything that is not a Debian package goes to .tools/, which may be deleted at any time.

# shellcheck source=scripts/other_machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/other_machine.sh"
# shellcheck source=scripts/libraries.sh
source "$(dirname "${BASH_SOURCE[0]}")/libraries.sh"
# shellcheck source=scripts/musl.sh
source "$(dirname "${BASH_SOURCE[0]}")/musl.sh"

project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
tools="$project/.tools"
DENO="" BUN="" scratch=""
# The architecture that libraries and executables are for, as uname -m names it.
machine="$(uname -m)"
# The C library that they are for: glibc or musl.
libc=glibc

# Deno's cache is in the project as well, so that an empty or missing HOME is no problem.
export DENO_DIR="${DENO_DIR:-$tools/deno}" DENO_NO_UPDATE_CHECK=1

say() { printf '%s: %s\n' "${prefix:-setup}" "$*" >&2; }

fail() {
  say "$@"
  exit 1
}

# Runs a command and prints its output only if it fails.
quietly() {
  local log status=0
  log="$(mktemp "${TMPDIR:-/tmp}/ts-bcc.XXXXXX")"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  ((status == 0)) || cat "$log" >&2
  rm -f "$log"
  return "$status"
}

# exclusively FUNCTION…: runs a function under a lock that all runs of these scripts share.
exclusively() {
  mkdir -p "$tools" 2>/dev/null || true
  [[ -w "$tools" ]] || fail "cannot install anything into $tools: make it writable"
  (
    if command -v flock >/dev/null; then flock 9; fi
    "$@"
  ) 9>"$tools/lock"
}

# make_scratch NAME: sets scratch to a new folder below .tools/build, which is removed when the
# script ends.
make_scratch() {
  mkdir -p "$tools/build" 2>/dev/null ||
    fail "cannot make $tools/build: make the project's folder writable"
  # Removes folders of killed runs after a day.
  find "$tools/build" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} +
  scratch="$(mktemp -d "$tools/build/$1.XXXXXX" 2>/dev/null)" ||
    fail "cannot make a folder in $tools/build: make it writable"
  trap 'rm -rf "$scratch"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

is_debian() { command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; }

# ---- runtimes ----

pinned_version() {
  sed -n "s/^ *\"$1\": \"\([0-9.]*\)\".*/\1/p" "$project/scripts/npm/package.json"
}

# Prints the version of a runtime's binary, or nothing if it does not run.
version_of() {
  local text
  text="$("$1" --version 2>/dev/null)" || return 0
  text="${text#deno }"
  printf '%s\n' "${text%%[ $'\n']*}"
}

is_pinned() { [[ -x "$2" && "$(version_of "$2")" == "$(pinned_version "$1")" ]]; }

need_runtime() {
  local name="$1" variable="${1^^}" chosen="TSBCC_${1^^}" found
  local ours="$tools/bin/$name"
  [[ "$name" != bun ]] || need_imports
  if [[ -n "${!chosen:-}" ]]; then
    use_chosen "$name" "${!chosen}"
    return
  fi
  if ! is_pinned "$name" "$ours"; then
    found="$(type -P "$name" || true)"
    if [[ -n "$found" ]] && is_pinned "$name" "$found"; then
      ours="$found"
    else
      exclusively install_runtime "$name"
    fi
  fi
  printf -v "$variable" %s "$ours"
}

# Installs the npm packages that our code imports. Deno could fetch them itself; Bun finds them by
# tsconfig.json.
need_imports() { have_imports || exclusively install_imports; }

have_imports() {
  local path
  while read -r path; do
    [[ -f "$project/$path" ]] || return 1
  done < <(sed -n 's/^.*"\.\/\(\.tools\/npm\/[^"]*\)".*/\1/p' "$project/tsconfig.json")
}

install_imports() {
  have_imports && return # by a run that held the lock before this one
  need_npm
  say "installing the packages that ours import into .tools (npm)"
  install_from_npm
}

# use_chosen NAME PATH: uses the runtime that the user named, even if it has another version.
use_chosen() {
  local name="$1" path version wanted
  path="$(realpath -q "$(type -P "$2")")" || path="$2"
  version="$(version_of "$path")"
  wanted="$(pinned_version "$name")"
  [[ -n "$version" ]] || fail "TSBCC_${name^^} names $path, which does not run: correct or unset it"
  [[ "$version" == "$wanted" ]] || say "using $name $version from TSBCC_${name^^}, not $wanted"
  printf -v "${name^^}" %s "$path"
}

install_runtime() {
  is_pinned "$1" "$tools/bin/$1" && return # by a run that held the lock before this one
  [[ "$(uname -s)" == Linux ]] || fail "$1 is installed on Linux only: set TSBCC_${1^^} to a binary"
  find_runtime "$1" "$tools/npm" && return
  need_npm
  say "installing deno $(pinned_version deno) and bun $(pinned_version bun) into .tools (npm)"
  install_from_npm
  find_runtime "$1" "$tools/npm" ||
    fail "npm brought no $1 that runs on this machine ($(uname -m)): set TSBCC_${1^^} to one"
}

need_npm() {
  command -v npm >/dev/null && return
  if [[ $EUID -ne 0 ]] || ! is_debian; then
    fail "npm is missing, it brings Deno and Bun: install npm (with Node.js), or set TSBCC_DENO" \
      "and TSBCC_BUN to binaries of them"
  fi
  need_packages npm
}

# Installs the packages of scripts/npm into a new folder, which then replaces .tools/npm.
install_from_npm() {
  local new
  ! command -v flock >/dev/null || rm -rf "$tools"/npm.new.* # left by an interrupted run
  new="$(mktemp -d "$tools/npm.new.XXXXXX")"
  cp "$project/scripts/npm/"*.json "$new"
  # --ignore-scripts: the binaries are used in the packages' own folders. Not npm ci: the lock names
  # only the platforms for which it was made, and others must work too.
  (cd "$new" && quietly npm install --ignore-scripts --no-audit --no-fund --no-update-notifier \
    --loglevel=error --cache "$tools/npm-cache") || {
    rm -rf "$new"
    fail "npm could not install the packages of scripts/npm (see above): check the network" \
      "and npm's settings"
  }
  chmod 755 "$new"
  rm -rf "$tools/npm" "$tools/npm-cache"
  mv "$new" "$tools/npm"
}

# Links .tools/bin/NAME to the first binary in the npm folder that runs and has the right version.
find_runtime() {
  local name="$1" modules="$2/node_modules" path
  for path in "$modules"/@deno/linux-*/deno "$modules"/@oven/bun-linux-*/bin/bun; do
    if [[ "${path##*/}" != "$name" ]] || ! is_pinned "$name" "$path"; then continue; fi
    mkdir -p "$tools/bin"
    ln -sfn "../${path#"$tools/"}" "$tools/bin/$name.$$"
    mv -fT "$tools/bin/$name.$$" "$tools/bin/$name"
    return 0
  done
  return 1
}

# Runs one of scripts/*.ts with Bun if BUN is set, else with Deno.
run_script() {
  if [[ -n "${BUN:-}" ]]; then
    # Without Bun's transpiler cache, which would be in the user's HOME.
    BUN_RUNTIME_TRANSPILER_CACHE_PATH=0 "$BUN" run "$@"
  else
    "$DENO" run --no-config --no-check --quiet --allow-read "$@"
  fi
}

# ---- Debian packages ----

is_installed() { [[ "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" == *" ok installed" ]]; }

need_packages() {
  local package missing=()
  is_debian || fail "not a Debian system: install what corresponds to Debian's $*"
  for package in "$@"; do is_installed "$package" || missing+=("$package"); done
  ((${#missing[@]} == 0)) && return
  [[ $EUID -eq 0 ]] ||
    fail "missing packages, and only root can install them: apt-get install ${missing[*]}"
  say "installing ${missing[*]} (apt-get)"
  # If the package lists are absent or outdated, update them and retry.
  apt install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
    { quietly apt update && quietly apt install -y --no-install-recommends "${missing[@]}"; } ||
    fail "apt-get could not install ${missing[*]} (see above)"
}

apt() {
  DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -qq -o DPkg::Lock::Timeout=300 \
    -o Acquire::Retries=3 "$@" </dev/null
}

# ---- kernel file systems ----

need_mount() {
  if [[ $EUID -ne 0 || ! -d "$2" ]] || mountpoint -q "$2"; then return; fi
  if mount -t "$1" "$1" "$2" 2>/dev/null; then
    say "mounted $1 at $2"
  else
    say "cannot mount $1 at $2: what needs it will fail"
  fi
}
