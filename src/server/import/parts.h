/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a v1 server's state (document.h). Each adds its operations, notes and problems to
 * the draft. */
#ifndef LS_SERVER_IMPORT_PARTS_H
#define LS_SERVER_IMPORT_PARTS_H

#include <jansson.h>

#include "base/map.h"
#include "server/import/draft.h"

/* A network, and what its nodes must not share. */
struct import_network {
	const struct network_record *record;
	struct ls_map *names;     /* folded; of nodes that are not revoked */
	struct ls_map *wg_keys;   /* likewise */
	struct ls_map *addresses; /* of all nodes */
};

/* NULL when there was a problem. */
const struct network_record *import_read_network(struct import_draft *draft, const char *key,
                                                 const json_t *json);
void import_read_node(struct import_draft *draft, struct import_network *network, const char *key,
                      const json_t *json);
void import_read_token(struct import_draft *draft, const char *secret, const char *network_id,
                       const json_t *json);
void import_read_audit(struct import_draft *draft, size_t index, const json_t *json);

#endif
