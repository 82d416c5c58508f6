/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches a server's certificate with a TLS handshake, without a request. For the `pin` command. */
#ifndef LS_CONTROL_PIN_H
#define LS_CONTROL_PIN_H

#include "base/error.h"
#include "control/certificate.h"
#include "control/url.h"

struct control_pin {
	struct certificate certificate;
	/* code 0: a known authority signed it and it names the URL's host. Else LS_ERROR_UNTRUSTED
	 * with the reason. */
	struct ls_fail verdict;
};

/* Connects like requests do (proxies, all addresses) and waits for the result; runs its own event
 * loop. LS_ERROR_BAD_VALUE for an http:// URL. */
int control_pin_fetch(const struct control_url *url, struct control_pin *ret,
                      struct ls_fail *fail) LS_MUST_CHECK;

#endif
