/* SPDX-License-Identifier: Apache-2.0 */
/* The userspace implementation of dataplane.h: a worker thread around the engine of wg/. */
#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"
#include "dataplane/dataplane.h"
#include "dataplane/worker.h"

struct userspace {
	struct dataplane base;
	struct worker *worker;
};

static struct worker *worker_of(struct dataplane *dp)
{
	return LS_CONTAINER(dp, struct userspace, base)->worker;
}

static int userspace_open(const struct dataplane_options *options, struct dataplane **ret,
                          struct ls_fail *fail)
{
	struct userspace *us = ls_new(struct userspace);
	int r = dp_worker_start(options, &us->worker, fail);

	if (r < 0) {
		free(us);
		return r;
	}
	us->base.ops = &dataplane_userspace;
	*ret = &us->base;
	return 0;
}

static void userspace_close(struct dataplane *dp)
{
	if (!dp)
		return;
	dp_worker_stop(worker_of(dp));
	free(LS_CONTAINER(dp, struct userspace, base));
}

static int userspace_configure(struct dataplane *dp, const struct wg_config *change,
                               struct ls_fail *fail)
{
	return dp_worker_configure(worker_of(dp), change, fail);
}

static int userspace_read(struct dataplane *dp, struct wg_config *ret, struct ls_fail *fail)
{
	return dp_worker_read(worker_of(dp), ret, fail);
}

static int userspace_event_fd(struct dataplane *dp)
{
	return dp_worker_event_fd(worker_of(dp));
}

const struct dataplane_ops dataplane_userspace = {
        .name = "userspace",
        .open = userspace_open,
        .close = userspace_close,
        .configure = userspace_configure,
        .read = userspace_read,
        .event_fd = userspace_event_fd,
};
