/* SPDX-License-Identifier: Apache-2.0 */
#include "wgconfig/wg_config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"

/* The arrays store no capacity. An array is full exactly when its count is zero or a power of two;
 * it then grows to twice the count. */
static int grow_array(void **array, size_t count, size_t size)
{
	size_t want = count ? count * 2 : 1;
	void *grown;

	if ((count & (count - 1)) != 0)
		return 0;
	grown = reallocarray(*array, want, size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	return 0;
}

void wg_config_done(struct wg_config *config)
{
	for (size_t i = 0; i < config->peer_count; i++) {
		struct wg_peer_config *peer = &config->peers[i];

		key_wipe(&peer->preshared_key, sizeof(peer->preshared_key));
		free(peer->allowed_ips);
	}
	free(config->peers);
	key_wipe(config, sizeof(*config));
}

struct wg_peer_config *wg_config_add_peer(struct wg_config *config, const struct wg_public_key *key)
{
	struct wg_peer_config *peer;
	void *array = config->peers;

	if (grow_array(&array, config->peer_count, sizeof(*peer)) < 0)
		return NULL;
	config->peers = array;
	peer = &config->peers[config->peer_count++];
	*peer = (struct wg_peer_config){.public_key = *key};
	return peer;
}

int wg_config_add_allowed_ip(struct wg_peer_config *peer, const struct ls_prefix *prefix,
                             bool remove)
{
	void *array = peer->allowed_ips;
	int r = grow_array(&array, peer->allowed_ip_count, sizeof(*peer->allowed_ips));

	if (r < 0)
		return r;
	peer->allowed_ips = array;
	peer->allowed_ips[peer->allowed_ip_count++] =
	        (struct wg_allowed_ip){.prefix = *prefix, .remove = remove};
	return 0;
}
