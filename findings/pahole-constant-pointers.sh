#!/usr/bin/env bash
# pahole 1.24 shows a constant pointer as a pointer to constants, the same as its opposite.
#
# Expected (pahole(1): it shows the layout of structs as encoded in DWARF or BTF): "char *const buffer" is a pointer
#   that is not to be changed, to characters that are. Its DWARF is DW_TAG_const_type of a DW_TAG_pointer_type;
#   "const char *text" has them the other way round. gdb 13.1 shows both as they were written.
# Really: what qualifies the pointer is written before the type that it points to: "const char * buffer", and
#   "const const char * name" where both are constant. Volatile pointers and constant pointers to functions
#   likewise. One pointer further in, as of table, the word is in its place; restrict always is.
# Seen (gcc 12.2; pahole | gdb, of the same object file):
#   const char * text; | const char *text;
#   const char * buffer; | char * const buffer;
#   const const char * name; | const char * const name;
#   volatile char * slot; | char * volatile slot;
#   const int (*handler)(int); | int (* const handler)(int);
#   char * const * table; | char * const *table;
#   char * restrict only; | char * restrict only;
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q=2 pahole=1.24-4.1 libbpf1=1:1.1.2-0+deb12u1 libdw1=0.188-2.1 libelf1=0.188-2.1 2>apt.log ||
  { cat apt.log; exit 1; }
for package in *.deb; do dpkg -x "$package" .; done
cat >check.c <<'C'
struct check {
  const char *text;
  char *const buffer;
  const char *const name;
  char *volatile slot;
  int (*const handler)(int);
  char *const *table;
  char *restrict only;
} check;
C
gcc --version | grep -q "^gcc (Debian 12\." || { echo "needs Debian 12's gcc and gdb" && exit 1; }
gcc -g -c check.c
# Without comments and repeated spaces; one member a line.
members() { sed -nE 's,/\*.*,,; s/ +/ /g; s/^\s+(.*;)\s*$/\1/p'; }
LD_LIBRARY_PATH="$folder/usr/lib/x86_64-linux-gnu" usr/bin/pahole -C check check.o | members >shown
gdb -nx -batch -ex 'ptype struct check' check.o | members >expected
paste -d '|' shown expected | sed 's/|/ | /' | tee seen
diff - seen <<'SEEN' && echo "as found"
const char * text; | const char *text;
const char * buffer; | char * const buffer;
const const char * name; | const char * const name;
volatile char * slot; | char * volatile slot;
const int (*handler)(int); | int (* const handler)(int);
char * const * table; | char * const *table;
char * restrict only; | char * restrict only;
SEEN
