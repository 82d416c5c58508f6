/* SPDX-License-Identifier: Apache-2.0 */
/* Which servers a client trusts over TLS. A value type. All zero means: any certificate that the
 * system's authorities have signed and that names the URL's host. */
#ifndef LS_CONTROL_TRUST_H
#define LS_CONTROL_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/config.h"

struct control_trust {
	/* The server's own certificate must have this SHA-256 (of its DER form), in addition to all
	 * other checks. Requests to http:// URLs are refused then: a pin protects only TLS. */
	bool has_pin;
	/* Only the pin is checked: authorities, names and dates do not matter. Has no effect
	 * without a pin. */
	bool self_signed;
	uint8_t pin[CONFIG_PIN_LEN];
};

#endif
