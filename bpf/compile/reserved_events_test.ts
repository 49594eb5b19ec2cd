import assert from "node:assert/strict";
import { test } from "node:test";
import { isReservedTable, reservedTable, reservedTables } from "./reserved_events.ts";

const EVENT = "struct event { int pid; };\n";

test("reservedTables() finds the struct that is reserved, also behind a pointer", () => {
  const table = `\nBPF_ARRAY(${reservedTable("events")}, struct event, 1);`;
  assert.equal(reservedTables(`${EVENT}e = events.ringbuf_reserve(sizeof(struct event));`), table);
  assert.equal(
    reservedTables(`${EVENT}struct event *e;\ne = events . ringbuf_reserve( sizeof( *e ) );`),
    table,
  );
  const twice = "events.ringbuf_reserve(sizeof(struct event));";
  assert.equal(reservedTables(EVENT + twice + twice), table);
  assert.ok(isReservedTable(reservedTable("events")));
  assert.ok(!isReservedTable("events"));
});

test("reservedTables() leaves alone what is not clear", () => {
  for (
    const text of [
      EVENT,
      `${EVENT}events.ringbuf_reserve(24);`,
      `${EVENT}events.ringbuf_reserve(sizeof(u64));`,
      `${EVENT}events.ringbuf_reserve(sizeof(*unknown));`,
      "events.ringbuf_reserve(sizeof(struct elsewhere));",
      `#ifdef X\n${EVENT}#endif\nevents.ringbuf_reserve(sizeof(struct event));`,
      `${EVENT}struct other { int x; };\nevents.ringbuf_reserve(sizeof(struct event));` +
      "events.ringbuf_reserve(sizeof(struct other));",
    ]
  ) {
    assert.equal(reservedTables(text), "", text);
  }
});
