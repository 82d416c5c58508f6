/* SPDX-License-Identifier: Apache-2.0 */
/* Which servers a client believes over TLS. A value type; all zero: any certificate that the
 * system's authorities vouch for and that names the URL's host. */
#ifndef LS_CONTROL_TRUST_H
#define LS_CONTROL_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/config.h"

struct control_trust {
	/* The server's own certificate must have this SHA-256 (of its DER), beside what is asked of
	 * every certificate. Requests to http:// URLs are refused then: a pin protects only TLS. */
	bool has_pin;
	/* The pin alone decides: authorities, names and dates do not matter. Nothing without a pin.
	 */
	bool self_signed;
	uint8_t pin[CONFIG_PIN_LEN];
};

#endif
