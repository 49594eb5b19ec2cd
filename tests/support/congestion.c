// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * congestion NAME COUNT: makes COUNT TCP connections over loopback, one after the other, whose client uses
 * congestion control NAME; each sends a byte and receives it back. Prints the algorithms in use.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MUST(what) do { if ((what) < 0) { perror(#what); exit(1); } } while (0)

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int server = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST(bind(server, (void *)&address, length));
	MUST(listen(server, 1));
	MUST(getsockname(server, (void *)&address, &length));
	for (int i = 0; i < atoi(argv[2]); i++) {
		char name[16] = "", byte = 'x';
		socklen_t size = sizeof(name);
		int client = socket(AF_INET, SOCK_STREAM, 0), accepted;

		MUST(setsockopt(client, IPPROTO_TCP, TCP_CONGESTION, argv[1], strlen(argv[1])));
		MUST(connect(client, (void *)&address, length));
		MUST(accepted = accept(server, NULL, NULL));
		MUST(write(client, &byte, 1));
		MUST(read(accepted, &byte, 1));
		MUST(write(accepted, &byte, 1));
		MUST(read(client, &byte, 1));
		MUST(getsockopt(client, IPPROTO_TCP, TCP_CONGESTION, name, &size));
		puts(name);
		close(client);
		close(accepted);
	}
	return 0;
}
