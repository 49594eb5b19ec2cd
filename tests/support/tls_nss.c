/* Talks TLS by NSS: see tls.h. Files are in DER here. */
#include <signal.h>
#include <cert.h>
#include <keyhi.h>
#include <nss.h>
#include <pk11pub.h>
#include <private/pprio.h>
#include <ssl.h>
#include "tls.h"

static SECItem read_file(const char *path)
{
	static unsigned char bytes[2][8192];
	static int next;
	FILE *file = fopen(path, "r");
	SECItem item = { siBuffer, bytes[next++], 0 };

	item.len = file ? fread(item.data, 1, sizeof(bytes[0]), file) : 0;
	if (!item.len)
		fail(path);
	fclose(file);
	return item;
}

static SECStatus accept_any(void *argument, PRFileDesc *file, PRBool check, PRBool is_server)
{
	return SECSuccess;
}

static void become_server(PRFileDesc *file, const char *certificate, const char *key)
{
	SECItem certificate_bytes = read_file(certificate), key_bytes = read_file(key);
	CERTCertificate *own = CERT_NewTempCertificate(CERT_GetDefaultCertDB(), &certificate_bytes,
						       NULL, PR_FALSE, PR_TRUE);
	SECKEYPrivateKey *private = NULL;

	if (!own || PK11_ImportDERPrivateKeyInfoAndReturnKey(PK11_GetInternalKeySlot(), &key_bytes, NULL,
							     NULL, PR_FALSE, PR_TRUE, KU_ALL, &private,
							     NULL) != SECSuccess ||
	    SSL_ConfigServerCert(file, own, private, NULL, 0) != SECSuccess)
		fail("certificate");
}

static void *tls_begin(int fd, int is_server, const char *certificate, const char *key)
{
	PRFileDesc *file, *plain;
	char c;

	if (NSS_NoDB_Init(NULL) != SECSuccess)
		fail("NSS");
	file = SSL_ImportFD(NULL, PR_ImportTCPSocket(fd));
	if (is_server)
		become_server(file, certificate, key);
	SSL_AuthCertificateHook(file, accept_any, NULL);
	SSL_SetURL(file, "localhost");
	SSL_ResetHandshake(file, is_server);
	/* PR_Read() on a file: tools must not show it, because it is not TLS. */
	plain = PR_Open(certificate, PR_RDONLY, 0);
	if (PR_Read(plain, &c, 1) != 1)
		fail("file");
	return file;
}

static int tls_read(void *connection, void *data, int size, int other)
{
	return other ? PR_Recv(connection, data, size, 0, PR_INTERVAL_NO_TIMEOUT) :
		       PR_Read(connection, data, size);
}

static int tls_write(void *connection, const void *data, int size, int other)
{
	return other ? PR_Send(connection, data, size, 0, PR_INTERVAL_NO_TIMEOUT) :
		       PR_Write(connection, data, size);
}
