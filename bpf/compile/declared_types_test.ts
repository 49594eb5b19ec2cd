import assert from "node:assert/strict";
import { test } from "node:test";
import { declaredTypes, isPlain, typesVariable } from "./declared_types.ts";

test("declaredTypes() finds what texts define, by tag and by typedef", () => {
  const text = `
struct plain { int x; };
struct __attribute__((packed)) before { int x; };
union either { int x; struct inner { int y; } in; } __attribute__((aligned(16)));
typedef struct { struct { int a; } deep; } __attribute__((packed)) named_t, *pointer_t;
typedef struct tagged { int x; } tagged_t;
// struct comment { int x; };
struct later; static struct plain *use(struct plain *p) { struct local { int z; } l; return p; }`;
  assert.deepEqual(declaredTypes([text, "struct plain { int x; };", 'char *s = "struct s {";']), [
    "struct plain",
    "struct before",
    "union either",
    "struct inner",
    "struct tagged",
    "struct local",
    "named_t",
    "tagged_t",
  ]);
  assert.deepEqual(declaredTypes(["typedef struct { int x;", "typedef struct { int x; } *p;"]), []);
});

test("typesVariable() mentions each type once, by a pointer", () => {
  const text = typesVariable(["struct one", "two_t"], "marker");
  assert.match(
    text,
    /^\nstruct marker \{ void \*_; struct one \*_0; two_t \*_1; \} __tsbcc_types /,
  );
  assert.match(typesVariable([], "marker"), /^\nstruct marker \{ void \*_; {2}\} /);
});

test("isPlain() sees what changes the layout of structs", () => {
  assert.ok(isPlain(["struct a { u32 x; };\nint f(int a) { return a ? 1 : 2; } // packed"]));
  for (
    const text of [
      "struct a { u32 x:3; };",
      "struct a { u32 x : WIDTH, y; };",
      "struct a { u8 x; } __attribute__((packed));",
      "struct a { u8 x __attribute__((__aligned__(8))); };",
      "#pragma pack(1)",
    ]
  ) {
    assert.ok(!isPlain(["int x;", text]), text);
  }
});
