/* SPDX-License-Identifier: Apache-2.0 */
/* The names that a host already has. Control thread only. */
#ifndef LS_APPLY_HOSTS_NAMES_H
#define LS_APPLY_HOSTS_NAMES_H

#include "base/str.h"
#include "base/string_list.h"

/* Zeroed, it is empty; apply_hosts_names_done frees it. */
struct apply_hosts_names {
	struct string_list list; /* in lower case; may have a name twice */
	struct ls_buf text;      /* has the names */
};

/* Collects the names of a hosts file's text: the second and later words of its lines (hosts(5)).
 * -ENOMEM. */
int apply_hosts_names_parse(const char *text, struct apply_hosts_names *ret) LS_MUST_CHECK;
/* Collects the names of the file, without the block of `profile`, and this host's own name. A file
 * that cannot be read has no names. -ENOMEM. */
int apply_hosts_names_read(const char *path, const char *profile,
                           struct apply_hosts_names *ret) LS_MUST_CHECK;
void apply_hosts_names_done(struct apply_hosts_names *names);

#endif
