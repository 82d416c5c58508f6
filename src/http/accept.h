/* SPDX-License-Identifier: Apache-2.0 */
/* What a client accepts (RFC 9110, 12.5.1). */
#ifndef LS_HTTP_ACCEPT_H
#define LS_HTTP_ACCEPT_H

/* How much the value of an Accept header wants a media type that it names, in thousandths; 0: it
 * does not name the type, or refuses it. Wildcards name nothing. Of a list that names the type more
 * than once, the highest counts. */
unsigned http_accept_quality(const char *value, const char *type);

#endif
