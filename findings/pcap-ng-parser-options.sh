#!/usr/bin/env bash
# pcap-ng-parser 1.0.0 takes the length of an option for a number of 8-byte units; it is one of bytes.
#
# Expected (draft-ietf-opsawg-pcapng, 3.5): option lengths are in octets, padded to 4; options and
#   their end mark may be left out. An interface with the options if_name "eth0" and if_os
#   "Linux 6.1" is called eth0; a file of an interface and a packet without options gives both.
# Really: the name goes on into the options behind it, which are not seen; blocks without options
#   throw a RangeError out of the stream's write(), not its "error" event. With the name alone
#   it looks right: the reader steps over the block's end and NULs and blanks are cut off.
# pcap-parser 0.2.1 does not know the magic number of files with nanoseconds (a1b23c4d), which
#   tcpdump and Wireshark write.
# Seen (Node.js 20):
#   name: "eth0"
#   name and system: "eth0\f\tLinux 6.10"
#   without options: RangeError ERR_OUT_OF_RANGE thrown by write()
#   pcap-parser, nanoseconds: unknown magic number: 4d3cb2a1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . pcap-ng-parser@1.0.0 pcap-parser@0.2.1
cat >check.cjs <<'JS'
const { Readable } = require("node:stream");
const PcapNg = require("pcap-ng-parser");
const pcap = require("pcap-parser");

const u16 = (...values) => Buffer.from(new Uint16Array(values).buffer);
const u32 = (...values) => Buffer.from(new Uint32Array(values).buffer);
// A block: type, its length, what it holds, its length again.
const block = (type, ...parts) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(type, 12 + body.length), body, u32(12 + body.length)]);
};
const option = (code, text) => {
  const value = Buffer.alloc((text.length + 3) & ~3);
  value.write(text);
  return Buffer.concat([u16(code, text.length), value]);
};
const end = u16(0, 0);
const section = block(0x0a0d0d0a, u32(0x1a2b3c4d), u16(1, 0), u32(0xffffffff, 0xffffffff));
const read = (name, ...options) => {
  const parser = new PcapNg();
  parser.on("interface", (found) => console.log(`${name}: ${JSON.stringify(found.name)}`));
  parser.on("error", ({ code }) => console.log(`${name}: "error" event ${code}`));
  try {
    parser.write(Buffer.concat([section, block(1, u16(1, 0), u32(65535), ...options)]));
  } catch (error) {
    console.log(`${name}: ${error.name} ${error.code} thrown by write()`);
  }
};
read("name", option(2, "eth0"), end);
read("name and system", option(2, "eth0"), option(12, "Linux 6.1"), end);
read("without options");

const nano = Buffer.concat([u32(0xa1b23c4d), u16(2, 4), u32(0, 0, 65535, 1), u32(1, 5, 4, 4, 0)]);
setImmediate(() => {
  const parser = pcap.parse(Readable.from([nano]));
  parser.on("packet", ({ header }) => console.log("pcap-parser, nanoseconds:", header));
  parser.on("error", (error) => console.log(`pcap-parser, nanoseconds: ${error.message ?? error}`));
});
JS
node check.cjs | tee seen
diff - seen <<'SEEN' && echo "as found"
name: "eth0"
name and system: "eth0\f\tLinux 6.10"
without options: RangeError ERR_OUT_OF_RANGE thrown by write()
pcap-parser, nanoseconds: unknown magic number: 4d3cb2a1
SEEN
