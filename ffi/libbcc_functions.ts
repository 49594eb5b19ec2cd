/**
 * libbcc's C API, versions 0.26 to 0.37: each function with its C declaration, by the headers that have them.
 *
 * `bcc_func_load` has its last parameter since 0.25; functions newer than 0.26 are optional, and so
 * are those that libbcc passes on from libbpf.
 *
 * The table has the whole C API, including functions that nothing here calls. It is for reference,
 * and so longer than other files.
 *
 * @module
 */

import type { SymbolTable } from "./runtime/runtime.ts";

/** The signatures of the functions. */
export const LIBBCC_FUNCTIONS = {
  // ---- Module: compile and load ----
  // void *bpf_module_create_c(const char *filename, unsigned flags, const char *cflags[],
  //     int ncflags, bool allow_rlimit, const char *dev_name);
  bpf_module_create_c: {
    parameters: ["buffer", "u32", "buffer", "i32", "u8", "buffer"],
    result: "pointer",
  },
  // void *bpf_module_create_c_from_string(const char *text, unsigned flags, const char *cflags[],
  //     int ncflags, bool allow_rlimit, const char *dev_name);
  bpf_module_create_c_from_string: {
    parameters: ["buffer", "u32", "buffer", "i32", "u8", "buffer"],
    result: "pointer",
  },
  // void bpf_module_destroy(void *program);
  bpf_module_destroy: { parameters: ["pointer"], result: "void" },
  // bool bpf_module_rw_engine_enabled();
  bpf_module_rw_engine_enabled: { parameters: [], result: "u8" },
  // char *bpf_module_license(void *program);
  bpf_module_license: { parameters: ["pointer"], result: "pointer" },
  // unsigned bpf_module_kern_version(void *program);
  bpf_module_kern_version: { parameters: ["pointer"], result: "u32" },
  // int bcc_func_load(void *program, int prog_type, const char *name,
  //     const struct bpf_insn *insns, int prog_len, const char *license, unsigned kern_version,
  //     int log_level, char *log_buf, unsigned log_buf_size, const char *dev_name,
  //     int attach_type);
  bcc_func_load: {
    parameters: [
      "pointer",
      "i32",
      "buffer",
      "pointer",
      "i32",
      "buffer",
      "u32",
      "i32",
      "pointer",
      "u32",
      "buffer",
      "i32",
    ],
    result: "i32",
  },

  // ---- Module: functions ----
  // size_t bpf_num_functions(void *program);
  bpf_num_functions: { parameters: ["pointer"], result: "usize" },
  // const char *bpf_function_name(void *program, size_t id);
  bpf_function_name: { parameters: ["pointer", "usize"], result: "pointer" },
  // void *bpf_function_start(void *program, const char *name);
  bpf_function_start: { parameters: ["pointer", "buffer"], result: "pointer" },
  // void *bpf_function_start_id(void *program, size_t id);
  bpf_function_start_id: { parameters: ["pointer", "usize"], result: "pointer" },
  // size_t bpf_function_size(void *program, const char *name);
  bpf_function_size: { parameters: ["pointer", "buffer"], result: "usize" },
  // size_t bpf_function_size_id(void *program, size_t id);
  bpf_function_size_id: { parameters: ["pointer", "usize"], result: "usize" },

  // ---- Module: tables ----
  // size_t bpf_num_tables(void *program);
  bpf_num_tables: { parameters: ["pointer"], result: "usize" },
  // size_t bpf_table_id(void *program, const char *table_name);
  bpf_table_id: { parameters: ["pointer", "buffer"], result: "usize" },
  // int bpf_table_fd(void *program, const char *table_name);
  bpf_table_fd: { parameters: ["pointer", "buffer"], result: "i32" },
  // int bpf_table_fd_id(void *program, size_t id);
  bpf_table_fd_id: { parameters: ["pointer", "usize"], result: "i32" },
  // int bpf_table_type(void *program, const char *table_name);
  bpf_table_type: { parameters: ["pointer", "buffer"], result: "i32" },
  // int bpf_table_type_id(void *program, size_t id);
  bpf_table_type_id: { parameters: ["pointer", "usize"], result: "i32" },
  // size_t bpf_table_max_entries(void *program, const char *table_name);
  bpf_table_max_entries: { parameters: ["pointer", "buffer"], result: "usize" },
  // size_t bpf_table_max_entries_id(void *program, size_t id);
  bpf_table_max_entries_id: { parameters: ["pointer", "usize"], result: "usize" },
  // int bpf_table_flags(void *program, const char *table_name);
  bpf_table_flags: { parameters: ["pointer", "buffer"], result: "i32" },
  // int bpf_table_flags_id(void *program, size_t id);
  bpf_table_flags_id: { parameters: ["pointer", "usize"], result: "i32" },
  // const char *bpf_table_name(void *program, size_t id);
  bpf_table_name: { parameters: ["pointer", "usize"], result: "pointer" },
  // const char *bpf_table_key_desc(void *program, const char *table_name);
  bpf_table_key_desc: { parameters: ["pointer", "buffer"], result: "pointer" },
  // const char *bpf_table_key_desc_id(void *program, size_t id);
  bpf_table_key_desc_id: { parameters: ["pointer", "usize"], result: "pointer" },
  // const char *bpf_table_leaf_desc(void *program, const char *table_name);
  bpf_table_leaf_desc: { parameters: ["pointer", "buffer"], result: "pointer" },
  // const char *bpf_table_leaf_desc_id(void *program, size_t id);
  bpf_table_leaf_desc_id: { parameters: ["pointer", "usize"], result: "pointer" },
  // size_t bpf_table_key_size(void *program, const char *table_name);
  bpf_table_key_size: { parameters: ["pointer", "buffer"], result: "usize" },
  // size_t bpf_table_key_size_id(void *program, size_t id);
  bpf_table_key_size_id: { parameters: ["pointer", "usize"], result: "usize" },
  // size_t bpf_table_leaf_size(void *program, const char *table_name);
  bpf_table_leaf_size: { parameters: ["pointer", "buffer"], result: "usize" },
  // size_t bpf_table_leaf_size_id(void *program, size_t id);
  bpf_table_leaf_size_id: { parameters: ["pointer", "usize"], result: "usize" },

  // ---- Module: text conversion, event layout ----
  // int bpf_table_key_snprintf(void *program, size_t id, char *buf, size_t buflen,
  //     const void *key);
  bpf_table_key_snprintf: {
    parameters: ["pointer", "usize", "buffer", "usize", "buffer"],
    result: "i32",
  },
  // int bpf_table_leaf_snprintf(void *program, size_t id, char *buf, size_t buflen,
  //     const void *leaf);
  bpf_table_leaf_snprintf: {
    parameters: ["pointer", "usize", "buffer", "usize", "buffer"],
    result: "i32",
  },
  // int bpf_table_key_sscanf(void *program, size_t id, const char *buf, void *key);
  bpf_table_key_sscanf: { parameters: ["pointer", "usize", "buffer", "buffer"], result: "i32" },
  // int bpf_table_leaf_sscanf(void *program, size_t id, const char *buf, void *leaf);
  bpf_table_leaf_sscanf: { parameters: ["pointer", "usize", "buffer", "buffer"], result: "i32" },
  // size_t bpf_perf_event_fields(void *program, const char *event);
  bpf_perf_event_fields: { parameters: ["pointer", "buffer"], result: "usize" },
  // const char *bpf_perf_event_field(void *program, const char *event, size_t i);
  bpf_perf_event_field: { parameters: ["pointer", "buffer", "usize"], result: "pointer" },

  // ---- Maps ----
  // int bcc_create_map(enum bpf_map_type map_type, const char *name, int key_size,
  //     int value_size, int max_entries, int map_flags);
  bcc_create_map: { parameters: ["u32", "buffer", "i32", "i32", "i32", "i32"], result: "i32" },
  // int bcc_create_map_xattr(struct bcc_create_map_attr *attr, bool allow_rlimit);
  bcc_create_map_xattr: { parameters: ["buffer", "u8"], result: "i32" },
  // int bpf_update_elem(int fd, void *key, void *value, unsigned long long flags);
  bpf_update_elem: { parameters: ["i32", "buffer", "buffer", "u64"], result: "i32" },
  // int bpf_lookup_elem(int fd, void *key, void *value);
  bpf_lookup_elem: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_delete_elem(int fd, void *key);
  bpf_delete_elem: { parameters: ["i32", "buffer"], result: "i32" },
  // int bpf_get_first_key(int fd, void *key, size_t key_size);
  bpf_get_first_key: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // int bpf_get_next_key(int fd, void *key, void *next_key);
  bpf_get_next_key: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_lookup_and_delete(int fd, void *key, void *value);
  bpf_lookup_and_delete: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_lookup_batch(int fd, __u32 *in_batch, __u32 *out_batch, void *keys, void *values,
  //     __u32 *count);
  bpf_lookup_batch: {
    parameters: ["i32", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // int bpf_delete_batch(int fd, void *keys, __u32 *count);
  bpf_delete_batch: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_update_batch(int fd, void *keys, void *values, __u32 *count);
  bpf_update_batch: { parameters: ["i32", "buffer", "buffer", "buffer"], result: "i32" },
  // int bpf_lookup_and_delete_batch(int fd, __u32 *in_batch, __u32 *out_batch, void *keys,
  //     void *values, __u32 *count);
  bpf_lookup_and_delete_batch: {
    parameters: ["i32", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },

  // ---- Programs ----
  // int bcc_prog_load(enum bpf_prog_type prog_type, const char *name,
  //     const struct bpf_insn *insns, int prog_len, const char *license, unsigned kern_version,
  //     int log_level, char *log_buf, unsigned log_buf_size);
  bcc_prog_load: {
    parameters: ["u32", "buffer", "buffer", "i32", "buffer", "u32", "i32", "buffer", "u32"],
    result: "i32",
  },
  // int bcc_prog_load_xattr(enum bpf_prog_type prog_type, const char *prog_name,
  //     const char *license, const struct bpf_insn *insns, struct bpf_prog_load_opts *opts,
  //     int prog_len, char *log_buf, unsigned log_buf_size, bool allow_rlimit);
  bcc_prog_load_xattr: {
    parameters: ["u32", "buffer", "buffer", "buffer", "buffer", "i32", "buffer", "u32", "u8"],
    result: "i32",
  },
  // int bpf_prog_compute_tag(const struct bpf_insn *insns, int prog_len, unsigned long long *tag);
  bpf_prog_compute_tag: { parameters: ["buffer", "i32", "buffer"], result: "i32" },
  // int bpf_prog_get_tag(int fd, unsigned long long *tag);
  bpf_prog_get_tag: { parameters: ["i32", "buffer"], result: "i32" },

  // ---- Attach and detach ----
  // int bpf_attach_kprobe(int progfd, enum bpf_probe_attach_type attach_type,
  //     const char *ev_name, const char *fn_name, uint64_t fn_offset, int maxactive);
  bpf_attach_kprobe: {
    parameters: ["i32", "u32", "buffer", "buffer", "u64", "i32"],
    result: "i32",
  },
  // int bpf_detach_kprobe(const char *ev_name);
  bpf_detach_kprobe: { parameters: ["buffer"], result: "i32" },
  // int bpf_attach_uprobe(int progfd, enum bpf_probe_attach_type attach_type,
  //     const char *ev_name, const char *binary_path, uint64_t offset, pid_t pid,
  //     uint32_t ref_ctr_offset);
  bpf_attach_uprobe: {
    parameters: ["i32", "u32", "buffer", "buffer", "u64", "i32", "u32"],
    result: "i32",
  },
  // int bpf_detach_uprobe(const char *ev_name);
  bpf_detach_uprobe: { parameters: ["buffer"], result: "i32" },
  // int bpf_attach_tracepoint(int progfd, const char *tp_category, const char *tp_name);
  bpf_attach_tracepoint: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_detach_tracepoint(const char *tp_category, const char *tp_name);
  bpf_detach_tracepoint: { parameters: ["buffer", "buffer"], result: "i32" },
  // int bpf_attach_raw_tracepoint(int progfd, const char *tp_name);
  bpf_attach_raw_tracepoint: { parameters: ["i32", "buffer"], result: "i32" },
  // int bpf_attach_kfunc(int prog_fd);
  bpf_attach_kfunc: { parameters: ["i32"], result: "i32" },
  // int bpf_attach_lsm(int prog_fd);
  bpf_attach_lsm: { parameters: ["i32"], result: "i32" },
  // int bpf_attach_perf_event(int progfd, uint32_t ev_type, uint32_t ev_config,
  //     uint64_t sample_period, uint64_t sample_freq, pid_t pid, int cpu, int group_fd);
  bpf_attach_perf_event: {
    parameters: ["i32", "u32", "u32", "u64", "u64", "i32", "i32", "i32"],
    result: "i32",
  },
  // int bpf_attach_perf_event_raw(int progfd, void *perf_event_attr, pid_t pid, int cpu,
  //     int group_fd, unsigned long extra_flags);
  bpf_attach_perf_event_raw: {
    parameters: ["i32", "buffer", "i32", "i32", "i32", "u64"],
    result: "i32",
  },
  // int bpf_open_perf_event(uint32_t type, uint64_t config, int pid, int cpu);
  bpf_open_perf_event: { parameters: ["u32", "u64", "i32", "i32"], result: "i32" },
  // int bpf_close_perf_event_fd(int fd);
  bpf_close_perf_event_fd: { parameters: ["i32"], result: "i32" },
  // int bpf_attach_socket(int sockfd, int progfd);
  bpf_attach_socket: { parameters: ["i32", "i32"], result: "i32" },
  // int bpf_open_raw_sock(const char *name);
  bpf_open_raw_sock: { parameters: ["buffer"], result: "i32" },
  // int bpf_attach_xdp(const char *dev_name, int progfd, uint32_t flags);
  bpf_attach_xdp: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // int bcc_iter_attach(int prog_fd, union bpf_iter_link_info *link_info, uint32_t link_info_len);
  bcc_iter_attach: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int bcc_iter_create(int link_fd);
  bcc_iter_create: { parameters: ["i32"], result: "i32" },

  // ---- Buffers ----
  // void *bpf_open_perf_buffer(perf_reader_raw_cb raw_cb, perf_reader_lost_cb lost_cb,
  //     void *cb_cookie, int pid, int cpu, int page_cnt);
  bpf_open_perf_buffer: {
    parameters: ["pointer", "pointer", "pointer", "i32", "i32", "i32"],
    result: "pointer",
  },
  // void *bpf_open_perf_buffer_opts(perf_reader_raw_cb raw_cb, perf_reader_lost_cb lost_cb,
  //     void *cb_cookie, int page_cnt, struct bcc_perf_buffer_opts *opts);
  bpf_open_perf_buffer_opts: {
    parameters: ["pointer", "pointer", "pointer", "i32", "buffer"],
    result: "pointer",
  },
  // void *bpf_new_ringbuf(int map_fd, ring_buffer_sample_fn sample_cb, void *ctx);
  bpf_new_ringbuf: { parameters: ["i32", "pointer", "pointer"], result: "pointer" },
  // int bpf_add_ringbuf(struct ring_buffer *rb, int map_fd, ring_buffer_sample_fn sample_cb,
  //     void *ctx);
  bpf_add_ringbuf: { parameters: ["pointer", "i32", "pointer", "pointer"], result: "i32" },
  // int bpf_poll_ringbuf(struct ring_buffer *rb, int timeout_ms);
  bpf_poll_ringbuf: { parameters: ["pointer", "i32"], result: "i32" },
  // int bpf_consume_ringbuf(struct ring_buffer *rb);
  bpf_consume_ringbuf: { parameters: ["pointer"], result: "i32" },
  // void bpf_free_ringbuf(struct ring_buffer *rb);
  bpf_free_ringbuf: { parameters: ["pointer"], result: "void" },

  // ---- Perf reader ----
  // struct perf_reader *perf_reader_new(perf_reader_raw_cb raw_cb, perf_reader_lost_cb lost_cb,
  //     void *cb_cookie, int page_cnt);
  perf_reader_new: { parameters: ["pointer", "pointer", "pointer", "i32"], result: "pointer" },
  // void perf_reader_free(void *ptr);
  perf_reader_free: { parameters: ["pointer"], result: "void" },
  // int perf_reader_mmap(struct perf_reader *reader);
  perf_reader_mmap: { parameters: ["pointer"], result: "i32" },
  // void perf_reader_event_read(struct perf_reader *reader);
  perf_reader_event_read: { parameters: ["pointer"], result: "void" },
  // int perf_reader_poll(int num_readers, struct perf_reader **readers, int timeout);
  perf_reader_poll: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // int perf_reader_consume(int num_readers, struct perf_reader **readers);
  perf_reader_consume: { parameters: ["i32", "buffer"], result: "i32" },
  // int perf_reader_fd(struct perf_reader *reader);
  perf_reader_fd: { parameters: ["pointer"], result: "i32" },
  // void perf_reader_set_fd(struct perf_reader *reader, int fd);
  perf_reader_set_fd: { parameters: ["pointer", "i32"], result: "void" },

  // ---- Objects, pinning, feature tests ----
  // int bpf_obj_pin(int fd, const char *pathname);
  bpf_obj_pin: { parameters: ["i32", "buffer"], result: "i32", optional: true },
  // int bpf_obj_get(const char *pathname);
  bpf_obj_get: { parameters: ["buffer"], result: "i32", optional: true },
  // int bpf_obj_get_info(int prog_map_fd, void *info, uint32_t *info_len);
  bpf_obj_get_info: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_obj_get_info_by_fd(int prog_fd, void *info, uint32_t *info_len);
  bpf_obj_get_info_by_fd: {
    parameters: ["i32", "buffer", "buffer"],
    result: "i32",
    optional: true,
  },
  // int bpf_prog_get_next_id(uint32_t start_id, uint32_t *next_id);
  bpf_prog_get_next_id: { parameters: ["u32", "buffer"], result: "i32", optional: true },
  // int bpf_prog_get_fd_by_id(uint32_t id);
  bpf_prog_get_fd_by_id: { parameters: ["u32"], result: "i32", optional: true },
  // int bpf_map_get_fd_by_id(uint32_t id);
  bpf_map_get_fd_by_id: { parameters: ["u32"], result: "i32", optional: true },
  // bool bpf_has_kernel_btf(void);
  bpf_has_kernel_btf: { parameters: [], result: "u8" },
  // int kernel_struct_has_field(const char *struct_name, const char *field_name);
  kernel_struct_has_field: { parameters: ["buffer", "buffer"], result: "i32" },
  // int bcc_make_parent_dir(const char *path);
  bcc_make_parent_dir: { parameters: ["buffer"], result: "i32" },
  // int bcc_check_bpffs_path(const char *path);
  bcc_check_bpffs_path: { parameters: ["buffer"], result: "i32" },

  // ---- Symbols ----
  // void *bcc_symcache_new(int pid, struct bcc_symbol_option *option);
  bcc_symcache_new: { parameters: ["i32", "buffer"], result: "pointer" },
  // void bcc_free_symcache(void *symcache, int pid);
  bcc_free_symcache: { parameters: ["pointer", "i32"], result: "void" },
  // int bcc_symcache_resolve(void *symcache, uint64_t addr, struct bcc_symbol *sym);
  bcc_symcache_resolve: { parameters: ["pointer", "u64", "buffer"], result: "i32" },
  // int bcc_symcache_resolve_no_demangle(void *symcache, uint64_t addr, struct bcc_symbol *sym);
  bcc_symcache_resolve_no_demangle: { parameters: ["pointer", "u64", "buffer"], result: "i32" },
  // int bcc_symcache_resolve_name(void *resolver, const char *module, const char *name,
  //     uint64_t *addr);
  bcc_symcache_resolve_name: {
    parameters: ["pointer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // void bcc_symcache_refresh(void *resolver);
  bcc_symcache_refresh: { parameters: ["pointer"], result: "void" },
  // void bcc_symbol_free_demangle_name(struct bcc_symbol *sym);
  bcc_symbol_free_demangle_name: { parameters: ["buffer"], result: "void" },
  // int bcc_resolve_symname(const char *module, const char *symname, const uint64_t addr,
  //     int pid, struct bcc_symbol_option *option, struct bcc_symbol *sym);
  bcc_resolve_symname: {
    parameters: ["buffer", "buffer", "u64", "i32", "buffer", "buffer"],
    result: "i32",
  },
  // int bcc_resolve_global_addr(int pid, const char *module, const uint64_t address,
  //     uint8_t inode_match_only, uint64_t *global);
  bcc_resolve_global_addr: { parameters: ["i32", "buffer", "u64", "u8", "buffer"], result: "i32" },
  // int bcc_foreach_function_symbol(const char *module, SYM_CB cb);
  bcc_foreach_function_symbol: { parameters: ["buffer", "pointer"], result: "i32" },

  // ---- Build-id symbols ----
  // void *bcc_buildsymcache_new(void);
  bcc_buildsymcache_new: { parameters: [], result: "pointer" },
  // void bcc_free_buildsymcache(void *symcache);
  bcc_free_buildsymcache: { parameters: ["pointer"], result: "void" },
  // int bcc_buildsymcache_add_module(void *resolver, const char *module_name);
  bcc_buildsymcache_add_module: { parameters: ["pointer", "buffer"], result: "i32" },
  // int bcc_buildsymcache_resolve(void *resolver, struct bpf_stack_build_id *trace,
  //     struct bcc_symbol *sym);
  bcc_buildsymcache_resolve: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },

  // ---- Processes ----
  // char *bcc_procutils_which(const char *binpath);
  bcc_procutils_which: { parameters: ["buffer"], result: "pointer" },
  // char *bcc_procutils_which_so(const char *libname, int pid);
  bcc_procutils_which_so: { parameters: ["buffer", "i32"], result: "pointer" },
  // since 0.31
  // char *bcc_procutils_which_so_in_process(const char *libname, int pid);
  bcc_procutils_which_so_in_process: {
    parameters: ["buffer", "i32"],
    result: "pointer",
    optional: true,
  },
  // int bcc_procutils_each_module(int pid, bcc_procutils_modulecb callback, void *payload);
  bcc_procutils_each_module: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  // int bcc_procutils_each_ksym(bcc_procutils_ksymcb callback, void *payload);
  bcc_procutils_each_ksym: { parameters: ["pointer", "pointer"], result: "i32" },
  // const char *bcc_procutils_language(int pid);
  bcc_procutils_language: { parameters: ["i32"], result: "pointer" },
  // void bcc_procutils_free(const char *ptr);
  bcc_procutils_free: { parameters: ["pointer"], result: "void" },
  // int bcc_mapping_is_file_backed(const char *mapname);
  bcc_mapping_is_file_backed: { parameters: ["buffer"], result: "i32" },

  // ---- ELF ----
  // int bcc_elf_foreach_usdt(const char *path, bcc_elf_probecb callback, void *payload);
  bcc_elf_foreach_usdt: { parameters: ["buffer", "pointer", "pointer"], result: "i32" },
  // int bcc_elf_foreach_load_section(const char *path, bcc_elf_load_sectioncb callback,
  //     void *payload);
  bcc_elf_foreach_load_section: { parameters: ["buffer", "pointer", "pointer"], result: "i32" },
  // int bcc_elf_foreach_sym(const char *path, bcc_elf_symcb callback, void *option, void *payload);
  bcc_elf_foreach_sym: { parameters: ["buffer", "pointer", "buffer", "pointer"], result: "i32" },
  // int bcc_elf_foreach_sym_lazy(const char *path, bcc_elf_symcb_lazy callback, void *option,
  //     void *payload);
  bcc_elf_foreach_sym_lazy: {
    parameters: ["buffer", "pointer", "buffer", "pointer"],
    result: "i32",
  },
  // int bcc_elf_foreach_vdso_sym(bcc_elf_symcb callback, void *payload);
  bcc_elf_foreach_vdso_sym: { parameters: ["pointer", "pointer"], result: "i32" },
  // int bcc_elf_get_text_scn_info(const char *path, uint64_t *addr, uint64_t *offset);
  bcc_elf_get_text_scn_info: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
  // int bcc_elf_get_type(const char *path);
  bcc_elf_get_type: { parameters: ["buffer"], result: "i32" },
  // since 0.32
  // int bcc_elf_is_pie(const char *path);
  bcc_elf_is_pie: { parameters: ["buffer"], result: "i32", optional: true },
  // int bcc_elf_is_shared_obj(const char *path);
  bcc_elf_is_shared_obj: { parameters: ["buffer"], result: "i32" },
  // int bcc_elf_is_exe(const char *path);
  bcc_elf_is_exe: { parameters: ["buffer"], result: "i32" },
  // int bcc_elf_is_vdso(const char *name);
  bcc_elf_is_vdso: { parameters: ["buffer"], result: "i32" },
  // int bcc_elf_get_buildid(const char *path, char *buildid);
  bcc_elf_get_buildid: { parameters: ["buffer", "buffer"], result: "i32" },
  // int bcc_elf_symbol_str(const char *path, size_t section_idx, size_t str_table_idx, char *out,
  //     size_t len, int debugfile);
  bcc_elf_symbol_str: {
    parameters: ["buffer", "usize", "usize", "buffer", "usize", "i32"],
    result: "i32",
  },
  // int bcc_free_memory();
  bcc_free_memory: { parameters: [], result: "i32" },

  // ---- USDT ----
  // void *bcc_usdt_new_frompid(int pid, const char *path);
  bcc_usdt_new_frompid: { parameters: ["i32", "buffer"], result: "pointer" },
  // void *bcc_usdt_new_frompath(const char *path);
  bcc_usdt_new_frompath: { parameters: ["buffer"], result: "pointer" },
  // void bcc_usdt_close(void *usdt);
  bcc_usdt_close: { parameters: ["pointer"], result: "void" },
  // void bcc_usdt_foreach(void *usdt, bcc_usdt_cb callback);
  bcc_usdt_foreach: { parameters: ["pointer", "pointer"], result: "void" },
  // int bcc_usdt_get_location(void *usdt, const char *provider_name, const char *probe_name,
  //     int index, struct bcc_usdt_location *location);
  bcc_usdt_get_location: {
    parameters: ["pointer", "buffer", "buffer", "i32", "buffer"],
    result: "i32",
  },
  // int bcc_usdt_get_argument(void *usdt, const char *provider_name, const char *probe_name,
  //     int location_index, int argument_index, struct bcc_usdt_argument *argument);
  bcc_usdt_get_argument: {
    parameters: ["pointer", "buffer", "buffer", "i32", "i32", "buffer"],
    result: "i32",
  },
  // int bcc_usdt_enable_probe(void *, const char *, const char *);
  bcc_usdt_enable_probe: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  // int bcc_usdt_enable_fully_specified_probe(void *, const char *, const char *, const char *);
  bcc_usdt_enable_fully_specified_probe: {
    parameters: ["pointer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // int bcc_usdt_addsem_probe(void *, const char *, const char *, int16_t);
  bcc_usdt_addsem_probe: { parameters: ["pointer", "buffer", "buffer", "i32"], result: "i32" },
  // int bcc_usdt_addsem_fully_specified_probe(void *, const char *, const char *, const char *,
  //     int16_t);
  bcc_usdt_addsem_fully_specified_probe: {
    parameters: ["pointer", "buffer", "buffer", "buffer", "i32"],
    result: "i32",
  },
  // const char *bcc_usdt_genargs(void **ctx_array, int len);
  bcc_usdt_genargs: { parameters: ["buffer", "i32"], result: "pointer" },
  // const char *bcc_usdt_get_probe_argctype( void *ctx, const char*probe_name,
  //     const int arg_index);
  bcc_usdt_get_probe_argctype: { parameters: ["pointer", "buffer", "i32"], result: "pointer" },
  // const char *bcc_usdt_get_fully_specified_probe_argctype( void *ctx, const char*provider_name,
  //     const char*probe_name, const int arg_index);
  bcc_usdt_get_fully_specified_probe_argctype: {
    parameters: ["pointer", "buffer", "buffer", "i32"],
    result: "pointer",
  },
  // void bcc_usdt_foreach_uprobe(void *usdt, bcc_usdt_uprobe_cb callback);
  bcc_usdt_foreach_uprobe: { parameters: ["pointer", "pointer"], result: "void" },

  // ---- LLVM, hidden where it is a part of libbcc ----
  // void LLVMInstallFatalErrorHandler(LLVMFatalErrorHandler Handler);
  LLVMInstallFatalErrorHandler: { parameters: ["pointer"], result: "void", optional: true },
  // void LLVMResetFatalErrorHandler(void);
  LLVMResetFatalErrorHandler: { parameters: [], result: "void", optional: true },
} as const satisfies SymbolTable;
