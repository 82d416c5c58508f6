/* SPDX-License-Identifier: Apache-2.0 */
/* Checks names. Each check returns 0 or LS_ERROR_BAD_VALUE with a text that says what is wrong;
 * `what` names the thing ("node name"). */
#ifndef LS_PROTO_NAMES_H
#define LS_PROTO_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "proto/limits.h"

/* One DNS label: 1 to 63 letters, digits and inner hyphens (RFC 1123 2.1). */
int proto_name_check_label(const char *s, const char *what, struct ls_fail *fail) LS_MUST_CHECK;
/* Labels joined by dots, without a dot at the end, and short enough that a node name fits before
 * it. */
int proto_name_check_domain(const char *s, const char *what, struct ls_fail *fail) LS_MUST_CHECK;
/* A text for people: 1 to max_len bytes, not only blanks, no control characters. */
int proto_name_check_text(const char *s, size_t max_len, const char *what,
                          struct ls_fail *fail) LS_MUST_CHECK;
/* 1 to LIMIT_TAG_LEN bytes without control characters, blanks and commas. */
int proto_name_check_tag(const char *s, const char *what, struct ls_fail *fail) LS_MUST_CHECK;
/* "host:port" or "[v6]:port": the host is an IP address or a DNS name, the port is not 0. */
int proto_name_check_host_port(const char *s, const char *what, struct ls_fail *fail) LS_MUST_CHECK;
/* The same for an endpoint of a node, which other hosts use: without a zone id ("%eth0"). */
int proto_name_check_announced(const char *s, const char *what, struct ls_fail *fail) LS_MUST_CHECK;
/* Files and an interface are named after a profile: letters, digits, '.', '_' and '-' are allowed,
 * but no '.' or '-' at the start. */
int proto_name_check_profile(const char *s, struct ls_fail *fail) LS_MUST_CHECK;
/* Makes a node name from a host name: its first label, in lower case, with hyphens for all
 * characters but letters and digits. False when nothing is left. */
bool proto_name_from_host(const char *host, char ret[static LIMIT_NODE_NAME_LEN + 1]);

#endif
