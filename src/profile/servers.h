/* SPDX-License-Identifier: Apache-2.0 */
/* The control servers that have given a node a netmap, by URL. Kept in its state file: another
 * server that does not know the node says nothing about it. */
#ifndef LS_PROFILE_SERVERS_H
#define LS_PROFILE_SERVERS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/limits.h"
#include "json/json.h"

/* A value type; zero-initialise it. */
struct profile_servers {
	char *urls[LIMIT_CONTROL_URLS]; /* malloced; the oldest first */
	size_t count;
};

void profile_servers_done(struct profile_servers *servers);

bool profile_servers_has(const struct profile_servers *servers, const char *url);
/* Copies `url`; forgets the oldest when the list is full. True when it is new. */
bool profile_servers_add(struct profile_servers *servers, const char *url);
void profile_servers_add_all(struct profile_servers *servers, const struct profile_servers *from);

/* The member "netmap_servers" of the state. */
void profile_servers_read(const struct json_at *at, struct profile_servers *ret);
void profile_servers_put(struct json_writer *w, const struct profile_servers *servers);

#endif
