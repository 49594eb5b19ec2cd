/** Codecs for the structs of events.h. */
import { array, chars, i32, struct, u32, u64, u8 } from "../../mod.ts";

const Open = struct("open_event", {
  time: u64.asNumber,
  pid: u32,
  ret: i32,
  flags: u32,
  comm: chars(16),
  path: chars(255),
}, { packed: true });

const Small = struct("small_event", {
  time: u64.asNumber,
  bytes: u64.asNumber,
  pid: u32,
  cpu: u32,
});

const Actor = struct("actor", {
  cgroup: u64.asNumber,
  pid: u32,
  tid: u32,
  uid: u32,
  gid: u32,
  comm: chars(16),
});

const Tool = struct("tool_event", {
  time: u64.asNumber,
  who: Actor,
  ret: i32,
  flags: u32,
  mode: u32,
  cut: u8,
  text: chars(51),
});

const Place = struct("place", { bytes: u64.asNumber, device: u32, sector: u32 });

const Deep = struct("deep_event", {
  time: u64.asNumber,
  places: array(Place, 2),
  slots: array(u32, 8),
});

/** The codecs by the names that the subjects' arguments use. */
export const events = { open: Open, small: Small, tool: Tool, deep: Deep } as const;

/**
 * Reads other structs first, as programs with several streams and maps do: engines optimize less
 * then.
 */
export function readOthers(): void {
  const view = new DataView(new ArrayBuffer(512));
  const others = [u32, i32, u8, u64, u64.asNumber, chars(8), chars(32)].map((field, i) => {
    const names = Array.from({ length: 3 + i % 5 }, (_, j) => [`field${i}_${j}`, field]);
    return struct("other", Object.fromEntries(names) as Record<string, typeof field>);
  });
  for (let i = 0; i < 20_000; i++) {
    for (const other of others) other.read(view, 0);
  }
}
