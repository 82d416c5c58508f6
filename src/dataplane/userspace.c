/* SPDX-License-Identifier: Apache-2.0 */
/* The userspace implementation of dataplane.h: a worker thread that owns one interface, and a
 * mailbox through which the control thread sends it commands, one at a time: `command` holds the
 * command, an eventfd wakes the worker. The control thread waits until the command is done, so the
 * command may be on its stack. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "base/mem.h"
#include "dataplane/dataplane.h"
#include "dataplane/interface.h"

enum {
	STACK = 256 << 10,
};

enum command_kind {
	COMMAND_CONFIGURE,
	COMMAND_READ,
	COMMAND_STOP,
};

struct command {
	enum command_kind kind;
	const struct wg_config *change; /* configure */
	struct wg_config *ret;          /* read */
	struct ls_fail *fail;
	int result;
	sem_t done;
};

struct userspace {
	struct dataplane base;
	pthread_t thread;
	int command_fd;
	_Atomic(struct command *) command;
	struct dp_interface *interface; /* owned by the worker while it runs */
};

/* The worker. */
static void *run_worker(void *arg)
{
	struct userspace *us = arg;
	struct command *command;
	bool stopping = false;
	eventfd_t count;

	while (!stopping) {
		if (!dp_interface_run(us->interface))
			continue;
		(void)eventfd_read(us->command_fd, &count);
		command = atomic_exchange(&us->command, NULL);
		if (!command)
			continue;
		switch (command->kind) {
		case COMMAND_CONFIGURE:
			command->result = dp_interface_configure(us->interface, command->change,
			                                         command->fail);
			break;
		case COMMAND_READ:
			command->result =
			        dp_interface_read(us->interface, command->ret, command->fail);
			break;
		case COMMAND_STOP:
			stopping = true;
			break;
		}
		(void)sem_post(&command->done); /* the command is invalid after this */
	}
	return NULL;
}

/* Called by the control thread: lets the worker run a command and waits for it. */
static int run_command(struct dataplane *dp, struct command *command)
{
	struct userspace *us = LS_CONTAINER(dp, struct userspace, base);
	struct command *before;

	if (sem_init(&command->done, 0, 0) < 0)
		return -errno;
	before = atomic_exchange(&us->command, command);
	assert(!before); /* there is only one at a time */
	(void)before;
	(void)eventfd_write(us->command_fd, 1);
	while (sem_wait(&command->done) < 0 && errno == EINTR)
		;
	(void)sem_destroy(&command->done);
	return command->result;
}

/* The worker blocks all signals, so the control thread gets them. */
static int start_thread(struct userspace *us, const char *name, struct ls_fail *fail)
{
	sigset_t all, before;
	pthread_attr_t attr;
	int r;

	(void)sigfillset(&all);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&us->thread, &attr, run_worker, us);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	if (r != 0)
		return ls_fail_set(fail, -r, "cannot start a thread for interface %s: %s", name,
		                   ls_strerror(-r));
	(void)pthread_setname_np(us->thread, name);
	return 0;
}

/* Frees everything; the worker must not run. */
static void userspace_free(struct userspace *us)
{
	if (!us)
		return;
	dp_interface_close(us->interface);
	ls_cleanup_close(&us->command_fd);
	free(us);
}

static void free_opened(struct userspace **us)
{
	userspace_free(*us);
}

static int userspace_open(const struct dataplane_options *options, struct dataplane **ret,
                          struct ls_fail *fail)
{
	struct userspace *us LS_CLEANUP(free_opened) = ls_new(struct userspace);
	int r;

	us->base.ops = &dataplane_userspace;
	us->command_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (us->command_fd < 0)
		return ls_fail_set(fail, -errno, "cannot make event descriptors: %s",
		                   ls_strerror(-errno));
	r = dp_interface_open(options, us->command_fd, &us->interface, fail);
	if (r < 0)
		return r;
	r = start_thread(us, options->interface, fail);
	if (r < 0)
		return r;
	*ret = &us->base;
	us = NULL;
	return 0;
}

static void userspace_close(struct dataplane *dp)
{
	struct command stop = {.kind = COMMAND_STOP};
	struct userspace *us;

	if (!dp)
		return;
	us = LS_CONTAINER(dp, struct userspace, base);
	if (run_command(dp, &stop) == 0)
		(void)pthread_join(us->thread, NULL);
	userspace_free(us);
}

static int userspace_configure(struct dataplane *dp, const struct wg_config *change,
                               struct ls_fail *fail)
{
	struct command command = {.kind = COMMAND_CONFIGURE, .change = change, .fail = fail};

	return run_command(dp, &command);
}

static int userspace_read(struct dataplane *dp, struct wg_config *ret, struct ls_fail *fail)
{
	struct command command = {.kind = COMMAND_READ, .ret = ret, .fail = fail};

	return run_command(dp, &command);
}

static int userspace_event_fd(struct dataplane *dp)
{
	return dp_interface_event_fd(LS_CONTAINER(dp, struct userspace, base)->interface);
}

const struct dataplane_ops dataplane_userspace = {
        .name = "userspace",
        .open = userspace_open,
        .close = userspace_close,
        .configure = userspace_configure,
        .read = userspace_read,
        .event_fd = userspace_event_fd,
};
