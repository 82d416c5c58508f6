/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of an X.509 certificate that messages and pins use. A value type. */
#ifndef LS_CONTROL_CERTIFICATE_H
#define LS_CONTROL_CERTIFICATE_H

#include <openssl/types.h>
#include <stdbool.h>

#include "base/error.h"
#include "profile/config.h"

enum {
	CERTIFICATE_NAMES_TEXT = 160,
	CERTIFICATE_NAME_TEXT = 96,
	CERTIFICATE_TIME_TEXT = sizeof("2026-01-31 23:59 UTC"),
};

struct certificate {
	uint8_t sha256[CONFIG_PIN_LEN];     /* of its DER form */
	char names[CERTIFICATE_NAMES_TEXT]; /* "a.example, b.example and 3 more"; "no name" */
	char issuer[CERTIFICATE_NAME_TEXT]; /* its common name, or the whole name */
	char not_before[CERTIFICATE_TIME_TEXT];
	char not_after[CERTIFICATE_TIME_TEXT];
	bool self_signed; /* issuer and subject have the same name */
};

/* All texts are printable ASCII, whatever the certificate contains. LS_ERROR_SYNTAX when it cannot
 * be encoded as DER. */
int control_certificate_read(X509 *x509, struct certificate *ret) LS_MUST_CHECK;

/* Formats a certificate's time as "2026-01-31 23:59 UTC". */
void control_certificate_time(const ASN1_TIME *time, char buf[static CERTIFICATE_TIME_TEXT]);

#endif
