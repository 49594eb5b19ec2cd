/*
 * Looks up host names, for tests that trace it: prints "pid PID", waits for a line on stdin, then
 * does each argument, FUNCTION=TIMES=NAME. With numeric addresses or names in .invalid it needs no
 * name server.
 */
#define _GNU_SOURCE
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void look_up(const char *function, const char *name)
{
	struct addrinfo *list = NULL;

	if (!strcmp(function, "getaddrinfo")) {
		if (!getaddrinfo(*name ? name : NULL, "80", NULL, &list))
			freeaddrinfo(list);
	} else if (!strcmp(function, "gethostbyname")) {
		gethostbyname(name);
	} else if (!strcmp(function, "gethostbyname2")) {
		gethostbyname2(name, AF_INET6);
	} else {
		exit(1);
	}
}

int main(int argc, char **argv)
{
	prctl(PR_SET_NAME, "lookups");
	printf("pid %d\n", getpid());
	fflush(stdout);
	getchar();
	for (int i = 1; i < argc; i++) {
		char *function = strtok(argv[i], "="), *times = strtok(NULL, "="), *name = strtok(NULL, "=");

		for (int n = atoi(times); n > 0; n--)
			look_up(function, name ? name : "");
	}
	return 0;
}
