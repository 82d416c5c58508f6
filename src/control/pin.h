/* SPDX-License-Identifier: Apache-2.0 */
/* What certificate a server shows: a TLS handshake without a request. For the `pin` command. */
#ifndef LS_CONTROL_PIN_H
#define LS_CONTROL_PIN_H

#include "base/error.h"
#include "control/certificate.h"
#include "control/url.h"

struct control_pin {
	struct certificate certificate;
	/* 0: a known authority vouches for it and it names the URL's host. Else LS_ERROR_UNTRUSTED
	 * with the reason. */
	struct ls_fail verdict;
};

/* Connects as requests do (proxies, every address) and waits. LS_ERROR_BAD_VALUE for an http://
 * URL. Runs an event loop of its own. */
int control_pin_fetch(const struct control_url *url, struct control_pin *ret,
                      struct ls_fail *fail) LS_MUST_CHECK;

#endif
