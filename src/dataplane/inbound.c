/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/inbound.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dataplane/coalesce.h"
#include "dataplane/gso_split.h"
#include "wg/messages.h"
#include "wg/receive.h"

enum {
	OPEN_BATCH = 64,
	ROUND_BATCHES = 4, /* then the other direction has its turn */
};

struct inbound {
	struct udp_receiver *receiver;
	struct udp_message messages[UDP_RECEIVE_MAX];
	struct wg_open opens[OPEN_BATCH];
	struct coalesce coalesce;
	struct iovec iov[1 + COALESCE_IOV];
	struct ls_ratelimit write_limit;
};

struct inbound *dp_inbound_new(const struct tun *tun)
{
	struct inbound *in = ls_try_array(1, sizeof(*in));

	if (!in)
		return NULL;
	in->coalesce.tcp = tun->tcp_super;
	in->coalesce.udp = tun->udp_super;
	in->write_limit = (struct ls_ratelimit)LS_RATELIMIT_INIT(3, 10 * LS_NS_PER_S);
	in->receiver = dp_udp_receiver_new();
	if (!in->receiver) {
		free(in);
		return NULL;
	}
	dp_coalesce_reset(&in->coalesce);
	return in;
}

void dp_inbound_free(struct inbound *in)
{
	if (!in)
		return;
	dp_udp_receiver_free(in->receiver);
	free(in);
}

static void log_lost(struct inbound *in, const struct inbound_context *context, int error)
{
	if (ls_log_enabled(LS_LOG_DEBUG) && ls_ratelimit_pass(&in->write_limit, context->now_ns))
		ls_debug("tun.write_failed", "interface=%s error=\"%s\"", context->tun->name,
		         ls_strerror(error));
}

/* 0 or the last error. */
static int write_singles(struct inbound *in, const struct inbound_context *context,
                         const struct coalesce_group *group)
{
	struct virtio_net_hdr hdr = {0};
	uint16_t index = group->first;
	int error = 0;

	for (uint16_t i = 0; i < group->count; i++) {
		const struct coalesce_item *item = &in->coalesce.items[index];
		int r;

		in->iov[1] = (struct iovec){item->data, item->packet.len};
		r = dp_tun_write(context->tun, &hdr, in->iov, 2);
		if (r < 0)
			log_lost(in, context, r);
		error = r < 0 ? r : error;
		index = item->next;
	}
	return error;
}

/* Writes a group as a super-packet. Writes its packets one by one when there is only one, or when
 * the kernel does not accept super-packets of this protocol. */
static void write_group(struct inbound *in, const struct inbound_context *context,
                        const struct coalesce_group *group)
{
	bool udp = in->coalesce.items[group->first].packet.protocol == IPPROTO_UDP;
	bool *joins = udp ? &in->coalesce.udp : &in->coalesce.tcp;
	uint8_t headers[PACKET_HEADERS_MAX];
	struct virtio_net_hdr hdr;
	size_t n;
	int r;

	/* Super-packets may have been turned off since the group was made. */
	if (group->count == 1 || !*joins) {
		(void)write_singles(in, context, group);
		return;
	}
	n = dp_coalesce_super(&in->coalesce, group, &hdr, headers, in->iov + 1);
	r = dp_tun_write(context->tun, &hdr, in->iov, n + 1);
	if (r == 0)
		return;
	if (r != -EINVAL && r != -EIO) {
		log_lost(in, context, r);
		return;
	}
	/* A TUN that is down refuses every write with EIO. */
	if (write_singles(in, context, group) == -EIO)
		return;
	/* The kernel refused the super-packet, but not its packets: make no more of this
	 * protocol. */
	*joins = false;
	ls_warn("tun.offload_disabled", "interface=%s protocol=%s error=\"%s\"", context->tun->name,
	        udp ? "udp" : "tcp", ls_strerror(r));
}

static void write_batch(struct inbound *in, const struct inbound_context *context)
{
	struct coalesce *c = &in->coalesce;

	for (uint16_t i = 0; i < c->group_count; i++)
		write_group(in, context, &c->groups[i]);
	dp_coalesce_reset(c);
}

/* Cuts a message into its datagrams and decrypts them, some at a time. Adds the packets to the
 * batch, and writes the batch when it is full. */
static void open_message(struct inbound *in, const struct inbound_context *context,
                         const struct udp_message *message)
{
	size_t at = 0;

	assert(message->size > 0);
	while (at < message->len) {
		size_t n = 0;

		for (; n < OPEN_BATCH && at < message->len; n++) {
			size_t left = message->len - at;
			size_t len = left < message->size ? left : message->size;

			in->opens[n] = (struct wg_open){.data = message->data + at, .len = len};
			at += len;
		}
		wg_device_open(context->device, &message->path, in->opens, n, context->now_ns);
		for (size_t i = 0; i < n; i++) {
			const struct wg_open *open = &in->opens[i];
			struct packet packet;

			if (!open->packet ||
			    !dp_packet_parse(open->packet, open->packet_len, &packet) ||
			    !dp_packet_ecn_decapsulate(open->packet, message->ecn))
				continue;
			if (dp_coalesce_full(&in->coalesce))
				write_batch(in, context);
			dp_coalesce_add(&in->coalesce, open->packet, &packet);
		}
	}
}

int dp_inbound_run(struct inbound *in, struct udp_socket *socket,
                   const struct inbound_context *context)
{
	size_t datagram_max = wg_sealed_len(context->mtu, context->mtu);

	for (int batches = 0; batches < ROUND_BATCHES; batches++) {
		int n = dp_udp_receive(in->receiver, socket, datagram_max, in->messages);

		if (n <= 0)
			return n;
		for (int i = 0; i < n && context->up; i++)
			open_message(in, context, &in->messages[i]);
		write_batch(in, context);
		if (!dp_udp_receiver_filled(in->receiver))
			break;
	}
	return 0;
}
