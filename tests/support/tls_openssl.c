/* Talks TLS by OpenSSL: see tls.h. */
#include <signal.h>
#include <openssl/ssl.h>
#include "tls.h"

static void *tls_begin(int fd, int is_server, const char *certificate, const char *key)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	SSL *ssl;

	if (is_server && (SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) != 1 ||
			  SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1))
		fail("certificate");
	ssl = SSL_new(context);
	SSL_set_fd(ssl, fd);
	if ((is_server ? SSL_accept(ssl) : SSL_connect(ssl)) != 1)
		fail("handshake");
	return ssl;
}

static int tls_read(void *connection, void *data, int size, int other)
{
	size_t done = 0;

	if (!other)
		return SSL_read(connection, data, size);
	return SSL_read_ex(connection, data, size, &done) ? done : -1;
}

static int tls_write(void *connection, const void *data, int size, int other)
{
	size_t done = 0;

	if (!other)
		return SSL_write(connection, data, size);
	return SSL_write_ex(connection, data, size, &done) ? done : -1;
}
