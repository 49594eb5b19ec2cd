// Functions that GCC's libstdc++.a needs and glibc has, but not musl 1.2.3. With them that archive can
// be linked to a libstdc++.so.6 for musl, in place of Alpine's. Bun calls none of these functions.
#include <stdlib.h>
#include <time.h>

char __libc_single_threaded;

unsigned arc4random(void) { abort(); }
int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *library) { abort(); }
int _dl_find_object(void *address, void *result) { return -1; }
size_t __strftime_l(char *text, size_t size, const char *format, const struct tm *time, locale_t locale) {
  return strftime_l(text, size, format, time, locale);
}
