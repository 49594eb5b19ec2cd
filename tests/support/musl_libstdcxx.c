// What glibc has, musl 1.2.3 has not, and GCC's libstdc++.a asks for: with it, that archive becomes a
// libstdc++.so.6 for musl, in place of the one that Alpine has. Nothing that Bun does calls any of it.
#include <stdlib.h>
#include <time.h>

char __libc_single_threaded;

unsigned arc4random(void) { abort(); }
int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *library) { abort(); }
int _dl_find_object(void *address, void *result) { return -1; }
size_t __strftime_l(char *text, size_t size, const char *format, const struct tm *time, locale_t locale) {
  return strftime_l(text, size, format, time, locale);
}
