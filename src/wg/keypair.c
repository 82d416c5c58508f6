/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/keypair.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct keypair *wg_keypair_new(struct wg_peer *peer, const struct noise_keys *keys,
                               uint32_t remote_index, uint64_t now_ns)
{
	struct keypair *keypair = ls_new(struct keypair);

	keypair->keys = *keys;
	keypair->born_ns = now_ns;
	keypair->remote_index = remote_index;
	keypair->peer = peer;
	return keypair;
}

void wg_keypair_free(struct keypair *keypair, struct index_table *indices)
{
	if (!keypair)
		return;
	wg_index_table_remove(indices, keypair->local_index);
	wg_replay_done(&keypair->replay);
	key_wipe(keypair, sizeof(*keypair));
	free(keypair);
}

uint64_t wg_keypair_age_ns(const struct keypair *keypair, uint64_t now_ns)
{
	/* `now_ns` may be a moment before born_ns: the age is then 0, not a huge number. */
	return now_ns > keypair->born_ns ? now_ns - keypair->born_ns : 0;
}

bool wg_keypair_can_receive(const struct keypair *keypair, uint64_t now_ns)
{
	return wg_keypair_age_ns(keypair, now_ns) < WG_REJECT_AFTER_TIME_NS;
}

bool wg_keypair_can_send(const struct keypair *keypair, size_t n, uint64_t now_ns)
{
	return wg_keypair_can_receive(keypair, now_ns) &&
	       keypair->send_counter < WG_REJECT_AFTER_MESSAGES &&
	       WG_REJECT_AFTER_MESSAGES - keypair->send_counter >= n;
}

bool wg_keypair_wants_rekey(const struct keypair *keypair, uint64_t now_ns)
{
	return keypair->send_counter > WG_REKEY_AFTER_MESSAGES ||
	       (keypair->initiator && wg_keypair_age_ns(keypair, now_ns) >= WG_REKEY_AFTER_TIME_NS);
}

size_t wg_keypair_seal(struct keypair *keypair, struct aead *aead, uint8_t *data, size_t len,
                       uint32_t mtu)
{
	size_t sealed_len = wg_sealed_len(len, mtu);
	size_t padded_len = sealed_len - WG_DATA_OVERHEAD;
	uint64_t counter = keypair->send_counter++;
	struct wg_data_header *header = (void *)data;

	assert(counter < WG_REJECT_AFTER_MESSAGES); /* a nonce must never be used twice */
	header->type = ls_le32_of(WG_MESSAGE_DATA);
	header->receiver = ls_le32_of(keypair->remote_index);
	header->counter = ls_le64_of(counter);
	if (padded_len > len)
		memset(data + WG_DATA_HEADER + len, 0, padded_len - len);
	aead_seal(aead, keypair->keys.send, counter, data + WG_DATA_HEADER, padded_len);
	return sealed_len;
}

int wg_keypair_open(struct keypair *keypair, struct aead *aead, uint8_t *data, size_t len)
{
	const struct wg_data_header *header = (const void *)data;
	uint64_t counter = ls_le64_get(header->counter);
	int r;

	assert(len >= WG_DATA_OVERHEAD);
	if (counter >= WG_REJECT_AFTER_MESSAGES)
		return -EBADMSG;
	r = aead_open(aead, keypair->keys.receive, counter, data + WG_DATA_HEADER,
	              len - WG_DATA_OVERHEAD);
	if (r < 0)
		return r;
	return wg_replay_accept(&keypair->replay, counter) ? 0 : -EBADMSG;
}

void wg_keypairs_add(struct keypairs *slots, struct keypair *fresh, struct index_table *indices)
{
	assert(fresh->local_index != 0);
	wg_keypair_free(slots->previous, indices);
	if (!fresh->initiator) {
		/* Not confirmed yet: it replaces an earlier session that was never confirmed. */
		wg_keypair_free(slots->next, indices);
		slots->next = fresh;
		slots->previous = NULL;
		return;
	}
	if (slots->next) {
		/* The other side may already be sending with it. */
		slots->previous = slots->next;
		slots->next = NULL;
		wg_keypair_free(slots->current, indices);
	} else {
		slots->previous = slots->current;
	}
	slots->current = fresh;
}

bool wg_keypairs_confirm(struct keypairs *slots, const struct keypair *used,
                         struct index_table *indices)
{
	if (used != slots->next)
		return false;
	wg_keypair_free(slots->previous, indices);
	slots->previous = slots->current;
	slots->current = slots->next;
	slots->next = NULL;
	return true;
}

void wg_keypairs_clear(struct keypairs *slots, struct index_table *indices)
{
	wg_keypair_free(slots->previous, indices);
	wg_keypair_free(slots->current, indices);
	wg_keypair_free(slots->next, indices);
	*slots = (struct keypairs){0};
}
