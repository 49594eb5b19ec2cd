# shellcheck shell=bash
# Builds libbpf for musl, with libelf and zlib linked in, from Debian's sources. Part of setup.sh.
#
#   need_musl_libraries DIR  copies libbpf.so.1 to DIR, sets LIBRARIES to its name
#
# Debian has no library built for musl besides musl. All three are linked into one file because musl resolves
# the dependencies of a library by file name only, never by the soname of a loaded library, and embedded
# libraries have no file name.
# shellcheck disable=SC2154,SC2034

need_musl_libraries() {
  local file="$tools/musl-$machine/libbpf.so.1"
  [[ -f "$file" ]] || exclusively build_musl_libraries "$tools/musl-$machine"
  cp "$file" "$1"
  LIBRARIES=(libbpf.so.1)
}

build_musl_libraries() (
  local part map
  [[ ! -f "$1/libbpf.so.1" ]] || return 0 # by a run that held the lock before this one
  is_debian || fail "libraries for musl are built of Debian's sources: run this on Debian"
  need_packages gcc musl-tools linux-libc-dev bzip2
  say "building libbpf, libelf and zlib for musl (apt-get source, musl-gcc)"
  rm -rf "$1" "$1.new" && mkdir -p "$1.new"
  cd "$1.new" || return
  fetch_sources libbpf elfutils zlib
  # Kernel headers: musl-gcc searches none of the system's include folders.
  mkdir kernel
  ln -s /usr/include/{linux,asm-generic} "/usr/include/$machine-linux-gnu/asm" kernel
  for part in zlib elf bpf; do
    mkdir "$part"
    quietly "compile_$part" "$part" || fail "cannot build $part for musl (see above)"
  done
  map="$(echo libbpf-*/src/libbpf.map)"
  quietly musl-gcc -shared -s -o libbpf.so.1 -Wl,-soname,libbpf.so.1 "-Wl,--version-script=$map" \
    -Wl,--no-undefined -Wl,--gc-sections -Wl,--build-id=none {bpf,elf,zlib}/*.o ||
    fail "cannot link libbpf for musl (see above)"
  mkdir "$1" && mv libbpf.so.1 "$1"
  cd / && rm -rf "$1.new"
)

# Unpacks the upstream sources, without Debian's patches: those concern other architectures and Debian's paths.
fetch_sources() {
  local name file
  set_foreign_apt "$PWD/apt"
  read_foreign_lists "$PWD/apt" deb-src Sources
  for name in "$@"; do
    quietly apt "${foreign_apt[@]}" source --download-only "$name" ||
      fail "cannot get the source of $name (see above): check the network and apt's sources"
  done
  for file in *.orig.tar.*; do
    [[ "$file" == *.asc ]] || tar -xf "$file"
  done
}

musl_compile() { musl-gcc -w -O2 -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections "$@" -c; }

compile_zlib() {
  local name flags=(-D_GNU_SOURCE -D_LARGEFILE64_SOURCE=1 -DHAVE_HIDDEN -DHAVE_UNISTD_H)
  for name in adler32 crc32 deflate infback inffast inflate inftrees trees zutil compress uncompr gz{lib,read,write,close}; do
    musl_compile "${flags[@]}" zlib-*/"$name.c" -o "$1/$name.o" || return
  done
}

# Compiles libelf without elfutils' configure, which requires glibc features that only other libraries of
# elfutils use.
compile_elf() {
  local name dir
  dir="$(echo elfutils-*)"
  cat >"$1/config.h" <<'TEXT'
#define HAVE_ERR_H 1
#define HAVE_DECL_REALLOCARRAY 1
#define HAVE_DECL_POWEROF2 1
#define HAVE_DECL_MEMPCPY 1
#define HAVE_DECL_RAWMEMCHR 0
#define HAVE_STDATOMIC_H 1
#define HAVE_VISIBILITY 1
#include <eu-config.h>
TEXT
  while read -r name; do
    musl_compile -std=gnu99 -D_GNU_SOURCE -DHAVE_CONFIG_H "-I$1" "-I$dir/libelf" "-I$dir/lib" "-I$(echo zlib-*)" -Ikernel \
      "$dir/libelf/$name" -o "$1/${name%.c}.o" || return
  done < <(sed -n '/^libelf_a_SOURCES/,/^$/p' "$dir/libelf/Makefile.am" | grep -o '[a-z0-9_]*\.c')
}

compile_bpf() {
  local name dir
  dir="$(echo libbpf-*)"
  mkdir "$1/elf" && cp elfutils-*/libelf/{libelf,gelf}.h "$1/elf"
  while read -r name; do
    musl_compile -std=gnu89 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DSHARED "-I$dir/src" "-I$dir/include" "-I$dir/include/uapi" \
      "-I$1/elf" -idirafter "$(echo zlib-*)" -idirafter kernel "$dir/src/${name%.o}.c" -o "$1/$name" || return
  done < <(sed -n '/^OBJS :=/,/[^\\]$/p' "$dir/src/Makefile" | grep -o '[a-z_]*\.o')
}
