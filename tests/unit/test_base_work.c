/* SPDX-License-Identifier: Apache-2.0 */
/* The background thread for jobs that may block. Also runs under ThreadSanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/work.h"

enum {
	JOBS = 200,
};

static struct ls_work *work;

static int make_work(void **state)
{
	struct ls_fail fail;

	(void)state;
	return ls_work_new(&work, &fail);
}

struct job {
	unsigned number;
	unsigned *next; /* of the thread: which job comes next */
	unsigned *done; /* of the owner */
	pthread_t ran_on;
	bool in_order;
	bool signals_blocked;
	bool again; /* is submitted a second time */
};

static void run_job(void *arg)
{
	struct job *job = arg;
	sigset_t now;

	job->ran_on = pthread_self();
	job->in_order = *job->next == job->number;
	(*job->next)++;
	(void)pthread_sigmask(SIG_SETMASK, NULL, &now);
	job->signals_blocked = sigismember(&now, SIGTERM) == 1 && sigismember(&now, SIGALRM) == 1;
}

static void job_done(void *arg)
{
	struct job *job = arg;

	assert_int_equal(*job->done, job->number);
	(*job->done)++;
	assert_true(job->in_order);
	assert_true(job->signals_blocked);
	assert_false(pthread_equal(job->ran_on, pthread_self()));
	if (job->again) {
		job->again = false;
		job->number = *job->done;
		ls_work_submit(work, run_job, job_done, job);
	}
}

static void wait_readable(void)
{
	struct pollfd poll_fd = {.fd = ls_work_fd(work), .events = POLLIN};

	assert_int_equal(poll(&poll_fd, 1, 10000), 1);
}

static void jobs_run_in_order_and_come_back(void **state)
{
	static struct job jobs[JOBS];
	unsigned next = 0, done = 0;

	(void)state;
	for (unsigned i = 0; i < JOBS; i++) {
		jobs[i] = (struct job){.number = i, .next = &next, .done = &done};
		ls_work_submit(work, run_job, job_done, &jobs[i]);
	}
	while (done < JOBS) {
		wait_readable();
		ls_work_collect(work);
	}
	assert_true(ls_work_free(work, 0));
}

static void a_result_may_submit_the_next_job(void **state)
{
	unsigned next = 0, done = 0;
	struct job job = {.next = &next, .done = &done, .again = true};

	(void)state;
	ls_work_submit(work, run_job, job_done, &job);
	/* What was submitted is carried out before the end. */
	assert_true(ls_work_free(work, 10000));
	assert_int_equal(done, 2);
}

static void nothing_to_do(void **state)
{
	(void)state;
	ls_work_collect(work);
	assert_true(ls_work_free(work, 1000));
	assert_true(ls_work_free(NULL, 1000));
}

/* --- a job that does not end --- */

static int stuck[2], ended[2];

static void run_stuck(void *arg)
{
	char byte;

	(void)arg;
	assert_int_equal(read(stuck[0], &byte, 1), 1);
	assert_int_equal(write(ended[1], &byte, 1), 1);
}

static void never_done(void *arg)
{
	(void)arg;
	fail_msg("it was abandoned");
}

static void the_end_does_not_wait_for_ever(void **state)
{
	uint64_t before = ls_now_ns();
	char byte = 'x';

	(void)state;
	assert_int_equal(pipe(stuck), 0);
	assert_int_equal(pipe(ended), 0);
	ls_work_submit(work, run_stuck, never_done, NULL);
	ls_work_submit(work, run_stuck, never_done, NULL);
	assert_false(ls_work_free(work, 50));
	assert_true(ls_now_ns() - before >= 50 * LS_NS_PER_MS);
	assert_true(ls_now_ns() - before < 5 * LS_NS_PER_S);
	/* The thread ends after the job that it has, and frees what is its own. */
	assert_int_equal(write(stuck[1], &byte, 1), 1);
	assert_int_equal(read(ended[0], &byte, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(jobs_run_in_order_and_come_back, make_work),
	        cmocka_unit_test_setup(a_result_may_submit_the_next_job, make_work),
	        cmocka_unit_test_setup(nothing_to_do, make_work),
	        cmocka_unit_test_setup(the_end_does_not_wait_for_ever, make_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
