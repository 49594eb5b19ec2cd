/**
 * Offsets of the CRuby structures that lead to a class's name, on 64-bit machines, by version.
 *
 * Sources, at the tags v3_1_2 and v3_3_8 of ruby/ruby: `struct RBasic` and `struct RString` in
 * include/ruby/internal/core/{rbasic,rstring}.h, `struct RClass` and `struct rb_classext_struct` in
 * internal/class.h, `struct st_table` in include/ruby/st.h, flags in include/ruby/internal/
 * {fl_type,value_type}.h; of lines, which the kernel side reads (ruby_lines.h): `struct
 * rb_execution_context_struct`, `rb_thread_struct`, `rb_control_frame_struct` and
 * `rb_iseq_constant_body` in vm_core.h, `succ_index_lookup` in iseq.c. Versions between and after
 * differ and are not known here.
 *
 * @module
 */

/** Offsets in bytes. */
export interface RubyLayout {
  /** In a class: the offset of its rb_classext_t, or of the pointer to it. */
  readonly ext: number;
  readonly extIsPointer: boolean;
  /** In rb_classext_t: the class path, a String; 0 where it is one of the instance variables. */
  readonly path: number;
  /** In rb_classext_t: the st_table of instance variables; 0 where nothing needed is in there. */
  readonly variables: number;
  /** In rb_classext_t: the allocator function. */
  readonly allocator: number;
  /**
   * In rb_classext_t: the attached object of a singleton class; 0 where that is an instance
   * variable.
   */
  readonly attached: number;
  /** In a String: the text of an embedded string. */
  readonly text: number;
  /** Whether an embedded String keeps its length in its flags. */
  readonly lengthInFlags: boolean;
  /** In rb_thread_t: its execution context. */
  readonly threadContext: number;
  /** The size of rb_control_frame_t. */
  readonly frame: number;
  /** In struct rb_iseq_constant_body: insns_info. */
  readonly lines: number;
  /** Whether some allocating instructions run with the frame's pc still pointing at them. */
  readonly leafAtPc: boolean;
}

/** Known layouts, by the version's first two numbers. */
export const LAYOUTS: Readonly<Record<string, RubyLayout>> = {
  "3.1": {
    ext: 24,
    extIsPointer: true,
    path: 0,
    variables: 8,
    allocator: 96,
    attached: 0,
    text: 16,
    lengthInFlags: true,
    threadContext: 40,
    frame: 64,
    lines: 120,
    leafAtPc: true,
  },
  "3.3": {
    ext: 32,
    extIsPointer: false,
    path: 120,
    variables: 0,
    allocator: 96,
    attached: 96,
    text: 24,
    lengthInFlags: false,
    threadContext: 48,
    frame: 56,
    lines: 112,
    leafAtPc: false,
  },
};

/** In every object. */
export const KLASS = 8;

/** RUBY_T_MASK and types. */
export const T_MASK = 0x1fn;
export const T_CLASS = 2n;
export const T_MODULE = 3n;
export const T_STRING = 5n;
export const T_ICLASS = 0x1cn;

/** RUBY_FL_SINGLETON of classes, RSTRING_NOEMBED of Strings, RSTRING_EMBED_LEN_SHIFT and its mask. */
export const FL_SINGLETON = 1n << 12n;
export const NOEMBED = 1n << 13n;
export const EMBED_LENGTH_SHIFT = 14n;
export const EMBED_LENGTH_MASK = 0x1fn;

/** In a String: its length, and where its text is when that is outside. */
export const LENGTH = 16;
export const POINTER = 24;

/** In an st_table: the entries in use, of three words each: hash, key, value. */
export const ENTRIES_START = 32;
export const ENTRIES_BOUND = 40;
export const ENTRIES = 48;
export const ENTRY_SIZE = 24;

/**
 * The ids of `__classpath__` and `__tmp_classpath__` are consecutive (Init_var_tables of
 * variable.c); the lower four bits of an id are its kind (ID_SCOPE_SHIFT).
 */
export const NEXT_ID = 16n;
