/* Talks TLS by GnuTLS: see tls.h. */
#include <signal.h>
#include <gnutls/gnutls.h>
#include "tls.h"

static void *tls_begin(int fd, int is_server, const char *certificate, const char *key)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
	int result;

	gnutls_certificate_allocate_credentials(&credentials);
	if (is_server && gnutls_certificate_set_x509_key_file(credentials, certificate, key,
							      GNUTLS_X509_FMT_PEM) < 0)
		fail("certificate");
	gnutls_init(&session, is_server ? GNUTLS_SERVER : GNUTLS_CLIENT);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(session, fd);
	do {
		result = gnutls_handshake(session);
	} while (result < 0 && !gnutls_error_is_fatal(result));
	if (result < 0)
		fail(gnutls_strerror(result));
	return session;
}

static int tls_read(void *connection, void *data, int size, int other)
{
	return gnutls_record_recv(connection, data, size);
}

/* gnutls_record_send() sends at most one TLS record. */
static int tls_write(void *connection, const void *data, int size, int other)
{
	int n, done = 0;

	for (; done < size; done += n) {
		n = gnutls_record_send(connection, (const char *)data + done, size - done);
		if (n <= 0)
			return -1;
	}
	return done;
}
