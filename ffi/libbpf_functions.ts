/**
 * libbpf's C API, version 1.0 and later: each function with its C declaration.
 *
 * Since 1.0 functions that return an int return -errno, and those that return a pointer return
 * NULL with errno set.
 *
 * @module
 */

import type { SymbolTable } from "./runtime/runtime.ts";

/** The signatures of the functions. */
export const LIBBPF_FUNCTIONS = {
  // __u32 libbpf_major_version(void);
  libbpf_major_version: { parameters: [], result: "u32" },
  // __u32 libbpf_minor_version(void);
  libbpf_minor_version: { parameters: [], result: "u32" },
  // libbpf_print_fn_t libbpf_set_print(libbpf_print_fn_t fn);
  libbpf_set_print: { parameters: ["pointer"], result: "pointer" },
  // int libbpf_num_possible_cpus(void);
  libbpf_num_possible_cpus: { parameters: [], result: "i32" },

  // struct bpf_object *bpf_object__open_mem(const void *obj_buf, size_t obj_buf_sz,
  //                                         const struct bpf_object_open_opts *opts);
  bpf_object__open_mem: { parameters: ["buffer", "usize", "buffer"], result: "pointer" },
  // int bpf_object__load(struct bpf_object *obj);
  bpf_object__load: { parameters: ["pointer"], result: "i32" },
  // void bpf_object__close(struct bpf_object *object);
  bpf_object__close: { parameters: ["pointer"], result: "void" },
  // struct btf *bpf_object__btf(const struct bpf_object *obj);
  bpf_object__btf: { parameters: ["pointer"], result: "pointer" },
  // const void *btf__raw_data(const struct btf *btf, __u32 *size);
  btf__raw_data: { parameters: ["pointer", "buffer"], result: "pointer" },

  // struct bpf_program *bpf_object__next_program(const struct bpf_object *obj,
  //                                              struct bpf_program *prog);
  bpf_object__next_program: { parameters: ["pointer", "pointer"], result: "pointer" },
  // const char *bpf_program__name(const struct bpf_program *prog);
  bpf_program__name: { parameters: ["pointer"], result: "pointer" },
  // const char *bpf_program__section_name(const struct bpf_program *prog);
  bpf_program__section_name: { parameters: ["pointer"], result: "pointer" },
  // enum bpf_prog_type bpf_program__type(const struct bpf_program *prog);
  bpf_program__type: { parameters: ["pointer"], result: "u32" },
  // int bpf_program__set_type(struct bpf_program *prog, enum bpf_prog_type type);
  bpf_program__set_type: { parameters: ["pointer", "u32"], result: "i32" },
  // int bpf_program__set_expected_attach_type(struct bpf_program *prog, enum bpf_attach_type type);
  bpf_program__set_expected_attach_type: { parameters: ["pointer", "u32"], result: "i32" },
  // int bpf_program__set_autoload(struct bpf_program *prog, bool autoload);
  bpf_program__set_autoload: { parameters: ["pointer", "u8"], result: "i32" },
  // bool bpf_program__autoload(const struct bpf_program *prog);
  bpf_program__autoload: { parameters: ["pointer"], result: "u8" },
  // enum bpf_attach_type bpf_program__expected_attach_type(const struct bpf_program *prog);
  bpf_program__expected_attach_type: { parameters: ["pointer"], result: "u32" },
  // int bpf_program__set_attach_target(struct bpf_program *prog, int attach_prog_fd,
  //                                    const char *attach_func_name);
  bpf_program__set_attach_target: { parameters: ["pointer", "i32", "buffer"], result: "i32" },
  // __u32 bpf_program__flags(const struct bpf_program *prog);
  bpf_program__flags: { parameters: ["pointer"], result: "u32" },
  // int bpf_program__set_flags(struct bpf_program *prog, __u32 flags);
  bpf_program__set_flags: { parameters: ["pointer", "u32"], result: "i32" },
  // __u32 bpf_program__log_level(const struct bpf_program *prog);
  bpf_program__log_level: { parameters: ["pointer"], result: "u32" },
  // int bpf_program__set_log_level(struct bpf_program *prog, __u32 log_level);
  bpf_program__set_log_level: { parameters: ["pointer", "u32"], result: "i32" },
  // int bpf_program__set_log_buf(struct bpf_program *prog, char *log_buf, size_t log_size);
  bpf_program__set_log_buf: { parameters: ["pointer", "pointer", "usize"], result: "i32" },
  // const struct bpf_insn *bpf_program__insns(const struct bpf_program *prog);
  bpf_program__insns: { parameters: ["pointer"], result: "pointer" },
  // size_t bpf_program__insn_cnt(const struct bpf_program *prog);
  bpf_program__insn_cnt: { parameters: ["pointer"], result: "usize" },
  // int bpf_program__fd(const struct bpf_program *prog);
  bpf_program__fd: { parameters: ["pointer"], result: "i32" },

  // struct bpf_link *bpf_program__attach(const struct bpf_program *prog);
  bpf_program__attach: { parameters: ["pointer"], result: "pointer" },
  // struct bpf_link *bpf_program__attach_tracepoint(const struct bpf_program *prog,
  //                                                 const char *tp_category, const char *tp_name);
  bpf_program__attach_tracepoint: {
    parameters: ["pointer", "buffer", "buffer"],
    result: "pointer",
  },
  // struct bpf_link *bpf_program__attach_raw_tracepoint(const struct bpf_program *prog,
  //                                                     const char *tp_name);
  bpf_program__attach_raw_tracepoint: { parameters: ["pointer", "buffer"], result: "pointer" },
  // struct bpf_link *bpf_program__attach_uprobe_opts(const struct bpf_program *prog, pid_t pid,
  //     const char *binary_path, size_t func_offset, const struct bpf_uprobe_opts *opts);
  bpf_program__attach_uprobe_opts: {
    parameters: ["pointer", "i32", "buffer", "usize", "buffer"],
    result: "pointer",
  },
  // struct bpf_link *bpf_program__attach_usdt(const struct bpf_program *prog, pid_t pid,
  //     const char *binary_path, const char *usdt_provider, const char *usdt_name,
  //     const struct bpf_usdt_opts *opts);
  bpf_program__attach_usdt: {
    parameters: ["pointer", "i32", "buffer", "buffer", "buffer", "buffer"],
    result: "pointer",
  },
  // int bpf_link__fd(const struct bpf_link *link);
  bpf_link__fd: { parameters: ["pointer"], result: "i32" },
  // int bpf_link__destroy(struct bpf_link *link);
  bpf_link__destroy: { parameters: ["pointer"], result: "i32" },

  // struct bpf_map *bpf_object__next_map(const struct bpf_object *obj, const struct bpf_map *map);
  bpf_object__next_map: { parameters: ["pointer", "pointer"], result: "pointer" },
  // const char *bpf_map__name(const struct bpf_map *map);
  bpf_map__name: { parameters: ["pointer"], result: "pointer" },
  // int bpf_map__fd(const struct bpf_map *map);
  bpf_map__fd: { parameters: ["pointer"], result: "i32" },
  // enum bpf_map_type bpf_map__type(const struct bpf_map *map);
  bpf_map__type: { parameters: ["pointer"], result: "u32" },
  // __u32 bpf_map__key_size(const struct bpf_map *map);
  bpf_map__key_size: { parameters: ["pointer"], result: "u32" },
  // __u32 bpf_map__value_size(const struct bpf_map *map);
  bpf_map__value_size: { parameters: ["pointer"], result: "u32" },
  // int bpf_map__set_value_size(struct bpf_map *map, __u32 size);
  bpf_map__set_value_size: { parameters: ["pointer", "u32"], result: "i32" },
  // __u32 bpf_map__btf_key_type_id(const struct bpf_map *map);
  bpf_map__btf_key_type_id: { parameters: ["pointer"], result: "u32" },
  // __u32 bpf_map__btf_value_type_id(const struct bpf_map *map);
  bpf_map__btf_value_type_id: { parameters: ["pointer"], result: "u32" },
  // __u32 bpf_map__max_entries(const struct bpf_map *map);
  bpf_map__max_entries: { parameters: ["pointer"], result: "u32" },
  // int bpf_map__set_max_entries(struct bpf_map *map, __u32 max_entries);
  bpf_map__set_max_entries: { parameters: ["pointer", "u32"], result: "i32" },
  // int bpf_map__set_type(struct bpf_map *map, enum bpf_map_type type);
  bpf_map__set_type: { parameters: ["pointer", "u32"], result: "i32" },
  // int bpf_map__set_key_size(struct bpf_map *map, __u32 size);
  bpf_map__set_key_size: { parameters: ["pointer", "u32"], result: "i32" },
  // __u32 bpf_map__map_flags(const struct bpf_map *map);
  bpf_map__map_flags: { parameters: ["pointer"], result: "u32" },
  // int bpf_map__set_map_flags(struct bpf_map *map, __u32 flags);
  bpf_map__set_map_flags: { parameters: ["pointer", "u32"], result: "i32" },
  // __u64 bpf_map__map_extra(const struct bpf_map *map);
  bpf_map__map_extra: { parameters: ["pointer"], result: "u64" },
  // int bpf_map__set_map_extra(struct bpf_map *map, __u64 map_extra);
  bpf_map__set_map_extra: { parameters: ["pointer", "u64"], result: "i32" },
  // __u32 bpf_map__numa_node(const struct bpf_map *map);
  bpf_map__numa_node: { parameters: ["pointer"], result: "u32" },
  // int bpf_map__set_numa_node(struct bpf_map *map, __u32 numa_node);
  bpf_map__set_numa_node: { parameters: ["pointer", "u32"], result: "i32" },
  // bool bpf_map__autocreate(const struct bpf_map *map);
  bpf_map__autocreate: { parameters: ["pointer"], result: "u8" },
  // int bpf_map__set_autocreate(struct bpf_map *map, bool autocreate);
  bpf_map__set_autocreate: { parameters: ["pointer", "u8"], result: "i32" },
  // struct bpf_map *bpf_map__inner_map(struct bpf_map *map);
  bpf_map__inner_map: { parameters: ["pointer"], result: "pointer" },
  // int bpf_map__set_inner_map_fd(struct bpf_map *map, int fd);
  bpf_map__set_inner_map_fd: { parameters: ["pointer", "i32"], result: "i32" },
  // struct bpf_link *bpf_map__attach_struct_ops(const struct bpf_map *map);
  bpf_map__attach_struct_ops: { parameters: ["pointer"], result: "pointer" },
  // void *bpf_map__initial_value(struct bpf_map *map, size_t *psize);
  bpf_map__initial_value: { parameters: ["pointer", "buffer"], result: "pointer" },
  // int bpf_map_create(enum bpf_map_type map_type, const char *map_name, __u32 key_size,
  //                    __u32 value_size, __u32 max_entries, const struct bpf_map_create_opts *opts);
  bpf_map_create: {
    parameters: ["u32", "buffer", "u32", "u32", "u32", "buffer"],
    result: "i32",
  },
  // int bpf_map__reuse_fd(struct bpf_map *map, int fd);
  bpf_map__reuse_fd: { parameters: ["pointer", "i32"], result: "i32" },

  // int bpf_map_lookup_elem(int fd, const void *key, void *value);
  bpf_map_lookup_elem: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags);
  bpf_map_update_elem: { parameters: ["i32", "buffer", "buffer", "u64"], result: "i32" },
  // int bpf_map_delete_elem(int fd, const void *key);
  bpf_map_delete_elem: { parameters: ["i32", "buffer"], result: "i32" },
  // int bpf_map_get_next_key(int fd, const void *key, void *next_key);
  bpf_map_get_next_key: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_map_lookup_batch(int fd, void *in_batch, void *out_batch, void *keys, void *values,
  //                          __u32 *count, const struct bpf_map_batch_opts *opts);
  bpf_map_lookup_batch: {
    parameters: ["i32", "buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // int bpf_map_lookup_and_delete_elem(int fd, const void *key, void *value);
  bpf_map_lookup_and_delete_elem: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_map_lookup_and_delete_batch(int fd, void *in_batch, void *out_batch, void *keys,
  //     void *values, __u32 *count, const struct bpf_map_batch_opts *opts);
  bpf_map_lookup_and_delete_batch: {
    parameters: ["i32", "buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // int bpf_map_update_batch(int fd, const void *keys, const void *values, __u32 *count,
  //                          const struct bpf_map_batch_opts *opts);
  bpf_map_update_batch: {
    parameters: ["i32", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // int bpf_map_delete_batch(int fd, const void *keys, __u32 *count,
  //                          const struct bpf_map_batch_opts *opts);
  bpf_map_delete_batch: { parameters: ["i32", "buffer", "buffer", "buffer"], result: "i32" },
  // int bpf_obj_pin(int fd, const char *pathname);
  bpf_obj_pin: { parameters: ["i32", "buffer"], result: "i32" },
  // int bpf_obj_get(const char *pathname);
  bpf_obj_get: { parameters: ["buffer"], result: "i32" },
  // int bpf_obj_get_info_by_fd(int bpf_fd, void *info, __u32 *info_len);
  bpf_obj_get_info_by_fd: { parameters: ["i32", "buffer", "buffer"], result: "i32" },

  // int libbpf_probe_bpf_prog_type(enum bpf_prog_type prog_type, const void *opts);
  libbpf_probe_bpf_prog_type: { parameters: ["u32", "buffer"], result: "i32" },
  // int libbpf_probe_bpf_map_type(enum bpf_map_type map_type, const void *opts);
  libbpf_probe_bpf_map_type: { parameters: ["u32", "buffer"], result: "i32" },
  // int libbpf_find_vmlinux_btf_id(const char *name, enum bpf_attach_type attach_type);
  libbpf_find_vmlinux_btf_id: { parameters: ["buffer", "u32"], result: "i32" },
  // int bpf_prog_load(enum bpf_prog_type prog_type, const char *prog_name, const char *license,
  //     const struct bpf_insn *insns, size_t insn_cnt, const struct bpf_prog_load_opts *opts);
  bpf_prog_load: {
    parameters: ["u32", "buffer", "buffer", "buffer", "usize", "buffer"],
    result: "i32",
  },
  // int bpf_raw_tracepoint_open(const char *name, int prog_fd);
  bpf_raw_tracepoint_open: { parameters: ["buffer", "i32"], result: "i32" },
  // int bpf_xdp_detach(int ifindex, __u32 flags, const struct bpf_xdp_attach_opts *opts);
  bpf_xdp_detach: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  // int bpf_tc_hook_create(struct bpf_tc_hook *hook);
  bpf_tc_hook_create: { parameters: ["buffer"], result: "i32" },
  // int bpf_tc_hook_destroy(struct bpf_tc_hook *hook);
  bpf_tc_hook_destroy: { parameters: ["buffer"], result: "i32" },
  // int bpf_tc_attach(const struct bpf_tc_hook *hook, struct bpf_tc_opts *opts);
  bpf_tc_attach: { parameters: ["buffer", "buffer"], result: "i32" },
  // int bpf_tc_detach(const struct bpf_tc_hook *hook, const struct bpf_tc_opts *opts);
  bpf_tc_detach: { parameters: ["buffer", "buffer"], result: "i32" },
} as const satisfies SymbolTable;
