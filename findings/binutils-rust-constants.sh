#!/usr/bin/env bash
# c++filt of binutils 2.40 shows a Rust constant of 2^64 as 0, and other large ones without their first digit.
#
# Expected (the rustc book, "v0 Symbol Format", constants): an integer in generic arguments, as of f::<N> with a
#   `const N: u128`, is its type, "n" if it is negative, its hexadecimal digits and "_". Values of up
#   to 64 bits are shown in decimal; larger ones may stay hexadecimal, as rustfilt 0.2.1 shows them.
# Really: of more than 16 digits the first is missing and the closing "_" is shown as the last one. 2^64 becomes
#   sixteen zeros, and two instances of a function that differ in the first digit get one name.
#   rustfilt (Debian 12's, fetched as binutils are) knows them all.
# Seen (symbol: c++filt | rustfilt):
#   _RINvC1a1fKoffffffffffffffff_E: a[0]::f::<18446744073709551615: u128> | a::f::<18446744073709551615>
#   _RINvC1a1fKo10000000000000000_E: a[0]::f::<0x0000000000000000_: u128> | a::f::<0x10000000000000000>
#   _RINvC1a1fKo20000000000000000_E: a[0]::f::<0x0000000000000000_: u128> | a::f::<0x20000000000000000>
#   _RINvC1a1fKnn123456789abcdef01_E: a[0]::f::<-0x23456789abcdef01_: i128> | a::f::<-0x123456789abcdef01>
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q=2 binutils-x86-64-linux-gnu=2.40-2 libbinutils=2.40-2 rustfilt=0.2.1-1+b5 2>apt.log ||
  { cat apt.log; exit 1; }
for package in *.deb; do dpkg -x "$package" .; done
export LD_LIBRARY_PATH="$folder/usr/lib/x86_64-linux-gnu"
# 2^64 - 1, 2^64, 2^65 and a negative number, as the constant of f in the crate a.
for constant in offffffffffffffff o10000000000000000 o20000000000000000 nn123456789abcdef01; do
  symbol="_RINvC1a1fK${constant}_E"
  echo "$symbol: $(usr/bin/x86_64-linux-gnu-c++filt "$symbol") | $(usr/bin/rustfilt <<<"$symbol")"
done | tee seen
diff - seen <<'SEEN' && echo "as found"
_RINvC1a1fKoffffffffffffffff_E: a[0]::f::<18446744073709551615: u128> | a::f::<18446744073709551615>
_RINvC1a1fKo10000000000000000_E: a[0]::f::<0x0000000000000000_: u128> | a::f::<0x10000000000000000>
_RINvC1a1fKo20000000000000000_E: a[0]::f::<0x0000000000000000_: u128> | a::f::<0x20000000000000000>
_RINvC1a1fKnn123456789abcdef01_E: a[0]::f::<-0x23456789abcdef01_: i128> | a::f::<-0x123456789abcdef01>
SEEN
