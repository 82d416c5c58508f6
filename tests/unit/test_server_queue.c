/* SPDX-License-Identifier: Apache-2.0 */
/* The store on its thread: order, withdrawing, the locks of other programs, closing. The loop and
 * the other program are on the thread of the test. */
#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/process/thread.h"
#include "server/store/queue.h"

enum {
	PATIENCE_S = 20, /* for what must come */
	TURN_MS = 5,     /* the longest that a turn of the loop waits */
	COMMITS = 200,
};

struct fixture {
	char folder[64];
	char path[96];
	struct event_base *base;
	struct event *turn;
	struct process_thread *thread;
	struct store_queue *queue;
	struct store *store;
	bool closed;
	sqlite3 *other; /* of another program; NULL until it has locked the database */
	size_t ended;   /* jobs */
};

/* A commit of one entry of the audit log, with the order in which it ended. */
struct entry {
	struct fixture *f;
	struct store_commit commit;
	struct store_op op;
	struct audit_entry audit;
	char id[24];
	unsigned times;
	int result;
	size_t place;
};

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void stop(void *self)
{
	store_queue_stop(self);
}

static void reload(void *self)
{
	(void)self;
}

static int set_up(void **state)
{
	static const struct timeval turn = {.tv_usec = TURN_MS * 1000};
	struct fixture *f = calloc(1, sizeof(*f));
	struct process_thread_work work = {.reload = reload, .stop = stop};
	struct store_sqlite *db = NULL;
	struct ls_fail fail;

	assert_non_null(f);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/ls-queue-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/s.db", f->folder);
	f->base = event_base_new();
	f->turn = event_new(f->base, -1, EV_PERSIST, on_turn, NULL);
	assert_int_equal(event_add(f->turn, &turn), 0);
	assert_int_equal(store_sqlite_open(f->path, &db, &fail), 0);
	assert_int_equal(process_thread_new("store", &f->thread, &fail), 0);
	assert_int_equal(
	        store_queue_new(db, f->base, process_thread_base(f->thread), &f->queue, &fail), 0);
	f->store = store_queue_store(f->queue);
	work.self = f->queue;
	assert_int_equal(process_thread_start(f->thread, &work, &fail), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	struct fixture *f = *state;
	char path[128];

	if (!f->closed)
		f->store->ops->close(f->store);
	(void)sqlite3_close(f->other);
	assert_int_equal(process_thread_end(f->thread, 10000), 0);
	store_queue_free(f->queue);
	process_thread_free(f->thread);
	event_free(f->turn);
	event_base_free(f->base);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

#define UNTIL(f, condition)                                                                        \
	for (uint64_t end = ls_now_ns() + PATIENCE_S * LS_NS_PER_S; !(condition);                  \
	     (void)event_base_loop((f)->base, EVLOOP_ONCE))                                        \
	assert_true(ls_now_ns() < end)

static void lock_by_another(struct fixture *f)
{
	if (!f->other)
		assert_int_equal(sqlite3_open(f->path, &f->other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(f->other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
}

static void release(struct fixture *f)
{
	assert_int_equal(sqlite3_exec(f->other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
}

static void on_done(void *arg, int result, const struct ls_fail *fail)
{
	struct entry *entry = arg;

	assert_int_equal(result < 0, fail->text[0] != '\0');
	entry->times++;
	entry->result = result;
	entry->place = entry->f->ended++;
}

static void give(struct fixture *f, struct entry *entry, size_t number)
{
	*entry = (struct entry){.f = f};
	(void)snprintf(entry->id, sizeof(entry->id), "%zu", number);
	entry->audit = (struct audit_entry){.id = entry->id, .action = "x"};
	entry->op = (struct store_op){.kind = STORE_AUDIT_ADD, .audit = &entry->audit};
	entry->commit = (struct store_commit){
	        .job = {.done = on_done, .arg = entry}, .ops = &entry->op, .count = 1};
	f->store->ops->commit(f->store, &entry->commit);
}

static struct entry *give_many(struct fixture *f, size_t count)
{
	struct entry *entries = calloc(count, sizeof(*entries));

	assert_non_null(entries);
	for (size_t i = 0; i < count; i++)
		give(f, &entries[i], i);
	return entries;
}

/* A read of the audit log that counts. */
struct count {
	struct store_read read;
	size_t rows;
	unsigned times;
	int result;
	size_t *ends; /* reads that have come to their end; used on the store's thread */
	size_t begun_at, ended_at;
};

static int count_row(void *context, const struct audit_entry *entry, struct ls_fail *fail)
{
	struct count *count = context;

	(void)entry;
	(void)fail;
	if (count->rows++ == 0 && count->ends)
		count->begun_at = *count->ends;
	return 0;
}

static int count_end(void *context, struct ls_fail *fail)
{
	struct count *count = context;

	(void)fail;
	if (count->ends)
		count->ended_at = ++*count->ends;
	return 0;
}

static void on_counted(void *arg, int result, const struct ls_fail *fail)
{
	struct count *count = arg;

	(void)fail;
	count->times++;
	count->result = result;
}

static void begin_count(struct fixture *f, struct count *count)
{
	*count = (struct count){.read = {.job = {.done = on_counted, .arg = count},
	                                 .audit = {.limit = 1000000},
	                                 .on_audit = count_row,
	                                 .on_end = count_end,
	                                 .context = count}};
	f->store->ops->read(f->store, &count->read);
}

static size_t count_rows(struct fixture *f)
{
	struct count count;

	begin_count(f, &count);
	UNTIL(f, count.times == 1);
	assert_int_equal(count.result, 0);
	return count.rows;
}

static struct store_status status_of(struct fixture *f)
{
	struct store_status status;

	f->store->ops->status(f->store, &status);
	return status;
}

static void test_order(void **state)
{
	struct fixture *f = *state;
	struct entry *entries;

	process_thread_run(f->thread);
	entries = give_many(f, COMMITS);
	UNTIL(f, f->ended == COMMITS);
	for (size_t i = 0; i < COMMITS; i++) {
		assert_int_equal(entries[i].times, 1);
		assert_int_equal(entries[i].result, 0);
		assert_int_equal(entries[i].place, i);
	}
	assert_int_equal(count_rows(f), COMMITS);
	assert_int_equal(metrics_histogram_count(status_of(f).commits), COMMITS);
	assert_int_equal(status_of(f).waiting, 0);
	free(entries);
}

/* What waits is written together; one that fails fails alone. */
static void test_batch_with_a_bad_one(void **state)
{
	struct fixture *f = *state;
	struct entry entries[9];
	const struct token_record orphan = {.id = "t", .network_id = "nowhere"};

	for (size_t i = 0; i < 9; i++) {
		give(f, &entries[i], i);
		if (i == 4)
			entries[i].op =
			        (struct store_op){.kind = STORE_TOKEN_PUT, .token = &orphan};
	}
	process_thread_run(f->thread);
	UNTIL(f, f->ended == 9);
	for (size_t i = 0; i < 9; i++) {
		assert_int_equal(entries[i].result, i == 4 ? -EIO : 0);
		assert_int_equal(entries[i].place, i);
	}
	assert_int_equal(count_rows(f), 8);
	assert_int_equal(status_of(f).transactions, 1);
	assert_int_equal(status_of(f).failures, 1);
	/* The database is not to blame. */
	UNTIL(f, status_of(f).failure == 0);
}

static void test_locked_by_another_program(void **state)
{
	struct fixture *f = *state;
	struct entry entries[3];

	process_thread_run(f->thread);
	give(f, &entries[0], 0);
	UNTIL(f, f->ended == 1);
	lock_by_another(f);
	give(f, &entries[1], 1);
	give(f, &entries[2], 2);
	assert_int_equal(count_rows(f), 1);
	UNTIL(f, status_of(f).failure == -EBUSY);
	assert_int_equal(status_of(f).waiting, 2);
	assert_true(f->store->ops->withdraw(f->store, &entries[1].commit.job));
	assert_int_equal(status_of(f).waiting, 1);
	release(f);
	UNTIL(f, f->ended == 2);
	assert_int_equal(entries[1].times, 0);
	assert_int_equal(entries[2].result, 0);
	assert_int_equal(status_of(f).failure, 0);
	assert_int_equal(count_rows(f), 2);
}

/* Nobody is left to find out that the lock is gone. */
static void test_lock_that_nobody_waits_for(void **state)
{
	struct fixture *f = *state;
	struct entry entry;

	process_thread_run(f->thread);
	lock_by_another(f);
	give(f, &entry, 0);
	UNTIL(f, status_of(f).failure == -EBUSY);
	assert_true(f->store->ops->withdraw(f->store, &entry.commit.job));
	release(f);
	UNTIL(f, status_of(f).failure == 0);
	assert_int_equal(count_rows(f), 0);
}

static void test_withdraw_reads(void **state)
{
	struct fixture *f = *state;
	struct entry *entries = give_many(f, 1000);
	struct count counts[8];

	begin_count(f, &counts[0]);
	assert_true(f->store->ops->withdraw(f->store, &counts[0].read.job));
	process_thread_run(f->thread);
	UNTIL(f, f->ended == 1000);
	for (size_t i = 0; i < 8; i++)
		begin_count(f, &counts[i]);
	for (size_t i = 0; i < 8; i++) {
		if (f->store->ops->withdraw(f->store, &counts[i].read.job))
			counts[i].times = 1;
	}
	for (size_t i = 0; i < 8; i++)
		UNTIL(f, counts[i].times == 1);
	for (size_t i = 0; i < 8; i++)
		assert_true(counts[i].result == 0 || counts[i].result == -ECANCELED);
	assert_int_equal(status_of(f).waiting, 0);
	free(entries);
}

/* Four reads have slices in turn: the first ones end before the last ones begin. */
static void test_reads_in_turn(void **state)
{
	static const char fill[] = "INSERT INTO audit (id, timestamp, action)"
	                           " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
	                           " SELECT i + 1 FROM n WHERE i < 2000) SELECT i, 0, 'x' FROM n";
	struct fixture *f = *state;
	struct count counts[12];
	size_t ends = 0;

	assert_int_equal(sqlite3_open(f->path, &f->other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(f->other, fill, NULL, NULL, NULL), SQLITE_OK);
	for (size_t i = 0; i < 12; i++) {
		begin_count(f, &counts[i]);
		counts[i].ends = &ends; /* the thread does not run yet */
	}
	process_thread_run(f->thread);
	for (size_t i = 0; i < 12; i++)
		UNTIL(f, counts[i].times == 1);
	for (size_t i = 0; i < 12; i++) {
		assert_int_equal(counts[i].rows, 2000);
		assert_int_equal(counts[i].ended_at, i + 1);
		assert_true(i < 4 ? counts[i].begun_at == 0 : counts[i].begun_at >= i - 3);
	}
}

/* Many reads do not keep commits out, nor the other way round. */
static void test_bounds(void **state)
{
	struct fixture *f = *state;
	struct entry *entries = give_many(f, STORE_COMMITS_MAX + 1);
	struct count *counts = calloc(STORE_READS_MAX + 1, sizeof(*counts));

	assert_non_null(counts);
	assert_int_equal(f->ended, 1);
	assert_int_equal(entries[STORE_COMMITS_MAX].result, -EBUSY);
	for (size_t i = 0; i <= STORE_READS_MAX; i++) {
		begin_count(f, &counts[i]);
		assert_int_equal(counts[i].times, i == STORE_READS_MAX);
	}
	assert_int_equal(counts[STORE_READS_MAX].result, -EBUSY);
	assert_int_equal(status_of(f).waiting, STORE_COMMITS_MAX + STORE_READS_MAX);
	/* All but one of them: each would read everything. */
	for (size_t i = 1; i < STORE_READS_MAX; i++)
		assert_true(f->store->ops->withdraw(f->store, &counts[i].read.job));
	process_thread_run(f->thread);
	UNTIL(f, f->ended == STORE_COMMITS_MAX + 1 && counts[0].times == 1);
	assert_int_equal(count_rows(f), STORE_COMMITS_MAX);
	free(counts);
	free(entries);
}

static void close_store(struct fixture *f)
{
	f->closed = true;
	f->store->ops->close(f->store);
}

/* What was given is written first. */
static void test_close(void **state)
{
	struct fixture *f = *state;
	struct entry *entries;
	struct count count;

	process_thread_run(f->thread);
	entries = give_many(f, COMMITS);
	begin_count(f, &count);
	close_store(f);
	assert_int_equal(f->ended, COMMITS);
	assert_int_equal(count.times, 1);
	for (size_t i = 0; i < COMMITS; i++)
		assert_true(entries[i].times == 1 && entries[i].result == 0);
	free(entries);
}

static void test_close_while_locked(void **state)
{
	struct fixture *f = *state;
	struct entry entries[2];
	uint64_t begin = ls_now_ns();

	process_thread_run(f->thread);
	lock_by_another(f);
	give(f, &entries[0], 0);
	give(f, &entries[1], 1);
	close_store(f);
	for (size_t i = 0; i < 2; i++)
		assert_true(entries[i].times == 1 && entries[i].result == -ECANCELED);
	assert_true(ls_now_ns() - begin >= STORE_CLOSE_MS * LS_NS_PER_MS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_order),
	        TEST(test_batch_with_a_bad_one),
	        TEST(test_locked_by_another_program),
	        TEST(test_lock_that_nobody_waits_for),
	        TEST(test_withdraw_reads),
	        TEST(test_reads_in_turn),
	        TEST(test_bounds),
	        TEST(test_close),
	        TEST(test_close_while_locked),
	};

	/* The failures here are meant; what cannot be written is an error. */
	ls_log_set_level(LS_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
