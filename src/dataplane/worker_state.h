/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the worker share; for worker*.c alone. */
#ifndef LS_DATAPLANE_WORKER_STATE_H
#define LS_DATAPLANE_WORKER_STATE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "dataplane/dataplane.h"
#include "dataplane/inbound.h"
#include "dataplane/outbound.h"
#include "dataplane/tun.h"
#include "dataplane/uapi_io.h"
#include "dataplane/udp.h"
#include "dataplane/worker.h"
#include "wg/device.h"

enum {
	WORKER_MTU_MAX = 65440, /* with overhead this fits a UDP datagram */
};

/* epoll's marks. */
enum worker_source {
	WORKER_SOURCE_TUN,
	WORKER_SOURCE_UDP4,
	WORKER_SOURCE_UDP6,
	WORKER_SOURCE_UAPI,
	WORKER_SOURCE_COMMAND,
	WORKER_SOURCE_LINK,
};

enum worker_command_kind {
	WORKER_COMMAND_CONFIGURE,
	WORKER_COMMAND_READ,
	WORKER_COMMAND_STOP,
};

struct worker_command {
	enum worker_command_kind kind;
	const struct wg_config *change; /* configure */
	struct wg_config *ret;          /* read */
	struct ls_fail *fail;
	int result;
	sem_t done;
};

struct worker {
	/* Shared with the control thread: */
	pthread_t thread;
	_Atomic(struct worker_command *) command;
	int command_fd;
	int event_fd;

	/* The worker's own once it runs: */
	struct dataplane_offloads offloads;
	int epoll_fd;
	int link_fd;
	struct tun tun;
	struct udp udp;
	struct wg_device *device;
	struct outbound *outbound;
	struct inbound *inbound;
	struct uapi_io *uapi;
	uint32_t fwmark;
	uint32_t mtu;
	uint64_t now_ns;
	struct ls_ratelimit receive_limit;
	bool up;
	bool gone; /* the interface was deleted under us */
	bool stopping;
};

extern const struct wg_device_ops dp_worker_engine_ops; /* its `user` is the worker */
extern const struct uapi_ops dp_worker_uapi_ops;        /* same */

int dp_worker_watch(const struct worker *w, int fd, enum worker_source source) LS_MUST_CHECK;
int dp_worker_watch_sockets(const struct worker *w, const struct udp *udp) LS_MUST_CHECK;
/* Applies a change whole or not at all: sockets, mark and engine. */
int dp_worker_apply(struct worker *w, const struct wg_config *change,
                    struct ls_fail *fail) LS_MUST_CHECK;
/* Padding and train lengths follow the tunnel's MTU. */
void dp_worker_set_mtu(struct worker *w, uint32_t mtu);
/* Looks at the interface and follows what was done to it from outside. */
void dp_worker_update_link(struct worker *w);
void dp_worker_signal(int event_fd);
/* The thread's body; `arg` is the worker. */
void *dp_worker_main(void *arg);

#endif
