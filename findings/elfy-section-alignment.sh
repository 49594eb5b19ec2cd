#!/usr/bin/env bash
# elfy 1.0.0 reads alignment and entry size of a 64-bit ELF file's sections 65,536 times too large.
#
# Expected, as readelf -SW says of the same file: .dynsym has entries of 24 bytes (Elf64_Sym) and is
#   aligned to 8; e_ident[EI_OSABI] 0 is ELFOSABI_NONE (System V).
# Really: 24 << 16 and 8 << 16, of every section of a little-endian 64-bit file; other fields are right.
#   System V is called hpux: the table of names begins at the wrong number.
# Seen (Node.js 20, /bin/ls of Debian 12):
#   .dynsym: entsize 1572864 = 24 << 16, addralign 524288 = 8 << 16
#   osabi: hpux
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . elfy@1.0.0
cat >check.cjs <<'JS'
const { readFileSync } = require("node:fs");
const file = require("elfy").parse(readFileSync("/bin/ls"));
const { entsize, addralign } = file.body.sections.find((section) => section.name === ".dynsym");
console.log(
  `.dynsym: entsize ${entsize} = ${entsize >>> 16} << 16, addralign ${addralign} = ${addralign >>> 16} << 16`,
);
console.log("osabi:", file.osabi);
JS
node check.cjs | tee seen
diff - seen <<'SEEN' && echo "as found"
.dynsym: entsize 1572864 = 24 << 16, addralign 524288 = 8 << 16
osabi: hpux
SEEN
