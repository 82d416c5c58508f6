/* SPDX-License-Identifier: Apache-2.0 */
#include "control/certificate.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "wire/ip.h"

/* An unknown server chose this text, and it will be shown on a terminal. */
static void mask(char *text)
{
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			*p = '?';
	}
}

static void copy_text(char *buf, size_t size, const ASN1_STRING *text)
{
	(void)snprintf(buf, size, "%.*s", ASN1_STRING_length(text),
	               (const char *)ASN1_STRING_get0_data(text));
	mask(buf);
}

void control_certificate_time(const ASN1_TIME *time, char buf[static CERTIFICATE_TIME_TEXT])
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1 ||
	    strftime(buf, CERTIFICATE_TIME_TEXT, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		(void)snprintf(buf, CERTIFICATE_TIME_TEXT, "an unknown time");
}

static bool name_text(const GENERAL_NAME *name, char *buf, size_t size)
{
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	struct ls_ip ip = {0};
	char text[LS_IP_TEXT];

	if (type == GEN_DNS) {
		copy_text(buf, size, value);
		return true;
	}
	if (type != GEN_IPADD)
		return false;
	ip.family = ASN1_STRING_length(value) == 4 ? LS_FAMILY_V4 : LS_FAMILY_V6;
	if (ASN1_STRING_length(value) != (int)ls_ip_len(&ip))
		return false;
	memcpy(ip.b, ASN1_STRING_get0_data(value), ls_ip_len(&ip));
	(void)snprintf(buf, size, "%s", ls_ip_format(&ip, text));
	return true;
}

/* Appends a name if room for " and 9999 more" is left after it. */
static bool append_name(char *buf, size_t size, const char *name)
{
	size_t len = strlen(buf), need = strlen(name) + 2;

	if (need + sizeof(" and 9999 more") > size - len)
		return false;
	(void)snprintf(buf + len, size - len, "%s%s", len > 0 ? ", " : "", name);
	return true;
}

static void common_name(const X509_NAME *name, char *buf, size_t size)
{
	int i = X509_NAME_get_index_by_NID(name, NID_commonName, -1);

	if (i >= 0)
		copy_text(buf, size, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
	else if (!X509_NAME_oneline(name, buf, (int)size))
		buf[0] = '\0';
	mask(buf);
}

/* The subject's alternative names; only without them the common name. */
static void read_names(const X509 *x509, char *buf, size_t size)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	int count = sk_GENERAL_NAME_num(names), left_out = 0;
	char text[CERTIFICATE_NAMES_TEXT];

	buf[0] = '\0';
	for (int i = 0; i < count; i++) {
		if (name_text(sk_GENERAL_NAME_value(names, i), text, sizeof(text)) &&
		    (left_out > 0 || !append_name(buf, size, text)))
			left_out++;
	}
	GENERAL_NAMES_free(names);
	if (left_out > 0 && left_out < 10000) {
		size_t len = strlen(buf);

		(void)snprintf(buf + len, size - len, " and %d more", left_out);
	}
	if (buf[0] == '\0')
		common_name(X509_get_subject_name(x509), buf, size);
	if (buf[0] == '\0')
		(void)snprintf(buf, size, "no name");
}

int control_certificate_read(X509 *x509, struct certificate *ret)
{
	struct certificate certificate = {0};
	const X509_NAME *issuer = X509_get_issuer_name(x509);
	unsigned len = sizeof(certificate.sha256);

	if (X509_digest(x509, EVP_sha256(), certificate.sha256, &len) != 1 ||
	    len != sizeof(certificate.sha256))
		return LS_ERROR_SYNTAX;
	read_names(x509, certificate.names, sizeof(certificate.names));
	common_name(issuer, certificate.issuer, sizeof(certificate.issuer));
	control_certificate_time(X509_get0_notBefore(x509), certificate.not_before);
	control_certificate_time(X509_get0_notAfter(x509), certificate.not_after);
	certificate.self_signed = X509_NAME_cmp(issuer, X509_get_subject_name(x509)) == 0;
	*ret = certificate;
	return 0;
}
