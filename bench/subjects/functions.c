// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* A program of 10,000 functions, f_0000 to f_9999: calls each once for every line of its standard input. */
#include <stdio.h>

#define DEFINE(n)                                                                                  \
	__attribute__((noinline)) int f_##n(int x)                                                 \
	{                                                                                          \
		return x ^ 1##n;                                                                   \
	}
#define CALL(n) sum += f_##n(sum);

/* A macro cannot expand recursively, so there is one for each digit. */
#define TENS(each, n)                                                                              \
	each(n##0) each(n##1) each(n##2) each(n##3) each(n##4)                                      \
		each(n##5) each(n##6) each(n##7) each(n##8) each(n##9)
#define HUNDREDS(each, n)                                                                          \
	TENS(each, n##0) TENS(each, n##1) TENS(each, n##2) TENS(each, n##3) TENS(each, n##4)        \
		TENS(each, n##5) TENS(each, n##6) TENS(each, n##7) TENS(each, n##8) TENS(each, n##9)
#define THOUSANDS(each, n)                                                                         \
	HUNDREDS(each, n##0) HUNDREDS(each, n##1) HUNDREDS(each, n##2) HUNDREDS(each, n##3) HUNDREDS(each, n##4)\
		HUNDREDS(each, n##5) HUNDREDS(each, n##6) HUNDREDS(each, n##7) HUNDREDS(each, n##8) HUNDREDS(each, n##9)
#define ALL(each)                                                                                  \
	THOUSANDS(each, 0) THOUSANDS(each, 1) THOUSANDS(each, 2) THOUSANDS(each, 3)                \
		THOUSANDS(each, 4) THOUSANDS(each, 5) THOUSANDS(each, 6)                           \
		THOUSANDS(each, 7) THOUSANDS(each, 8) THOUSANDS(each, 9)

ALL(DEFINE)

int main(void)
{
	char line[64];
	int sum = 0;

	puts("begun");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		ALL(CALL)
		puts("done");
		fflush(stdout);
	}
	return sum == 7;
}
