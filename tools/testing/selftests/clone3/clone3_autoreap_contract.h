/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What processes do to each other, as wait(2), ptrace(2), clone(2), signal(7) and
 * Documentation/userspace-api/clone_autoreap.rst and clone_autokill.rst promise it; written
 * from these pages.
 * It predicts for the programs of clone3_autoreap_random.c. It needs no kernel.
 *
 * Each task has a number. A process is named by that of its leader, where what belongs
 * to the process as a whole is. Left out, as it depends on who is faster: a tracer that
 * has threads, or more than one tracee. Left out for brevity: tracees that are no
 * leaders, and a stop of a process that is traced.
 */
#ifndef CLONE3_AUTOREAP_CONTRACT_H
#define CLONE3_AUTOREAP_CONTRACT_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#define TASKS 24
/* The first process, which outlives the others: what has no parent becomes its child. */
#define ROOT 0
#define NOBODY (-1)

enum state { NONE, RUNS, TRAPPED, ZOMBIE, GONE };
enum disposition { DEFAULT, IGNORE, NOCLDWAIT, NOCLDSTOP, HANDLER, DISPOSITIONS };
enum news { NO_NEWS, HAS_STOPPED, HAS_CONTINUED };
/* Whether there is a signal: two tasks that end at once may leave that open. */
enum pending { NO, MAYBE, YES };

struct task {
	enum state state;
	int process;
	/* Of a tracee: the process that traces it, the signal of its trap, if that was told. */
	int tracer, signal;
	bool told, seized, exitkill;
	/* Of a process: */
	int due; /* the signal that it acts on when what happens now is over */
	int parent, exit_signal, status;
	int execs, parent_execs;
	enum disposition sigchld;
	enum news news;
	enum pending pending; /* SIGCHLD */
	bool autoreap, autokill, no_new_privs, subreaper, stopped, dead;
};

static struct task tasks[TASKS];
/* WCOREFLAG if this machine dumps core, else 0. */
static int core_flag;

static bool lives(int t)
{
	return tasks[t].state == RUNS || tasks[t].state == TRAPPED;
}

static int process(int t)
{
	return tasks[t].process;
}

static bool is_process(int t)
{
	return tasks[t].state != NONE && process(t) == t;
}

static int living_threads(int p)
{
	int t, n = 0;

	for (t = 0; t < TASKS; t++)
		n += lives(t) && process(t) == p;
	return n;
}

static int tracee_of(int p)
{
	int t;

	for (t = 0; t < TASKS; t++)
		if (is_process(t) && tasks[t].state != GONE && tasks[t].tracer == p)
			return t;
	return NOBODY;
}

static bool ignores_children(int p)
{
	return tasks[p].sigchld == IGNORE || tasks[p].sigchld == NOCLDWAIT;
}

/* Of a stop, a trap or a continuation, which one can choose not to hear of. */
static void tell_of_stop(int p)
{
	if (tasks[p].sigchld != IGNORE && tasks[p].sigchld != NOCLDSTOP)
		tasks[p].pending = YES;
}

/* The end of the process @p is for its tracer to know, and then for its parent. */
static void tell_of_end(int p)
{
	struct task *task = &tasks[p];
	struct task *parent = &tasks[task->parent];
	int signal = task->exit_signal;

	/* Who has become another program since gets no signal that he has not chosen. */
	if (task->parent_execs != parent->execs)
		signal = SIGCHLD;
	if (task->tracer != NOBODY) {
		if (task->tracer != task->parent || signal == SIGCHLD)
			tasks[task->tracer].pending = YES;
	} else if (task->autoreap) {
		task->state = GONE;
	} else if (signal == SIGCHLD) {
		if (ignores_children(task->parent))
			task->state = GONE;
		if (parent->sigchld != IGNORE)
			parent->pending = YES;
	}
}

/* A tracee is let go; what its parent was not told of so far, it is now. */
static void untrace(int p)
{
	int tracer = tasks[p].tracer;

	tasks[p].tracer = NOBODY;
	if (!tasks[p].dead)
		return;
	if (tracer != tasks[p].parent)
		tell_of_end(p);
	else if (ignores_children(tracer) || tasks[p].autoreap)
		tasks[p].state = GONE;
}

static void resume(int p, int signal)
{
	tasks[p].state = RUNS;
	tasks[p].due = signal;
}

/* The tracee of a process that ends: a signal that nobody has waited for is passed on. */
static void leave_tracee(int tracer)
{
	int p = tracee_of(tracer);

	if (p == NOBODY)
		return;
	untrace(p);
	if (tasks[p].state == TRAPPED)
		resume(p, tasks[p].told ? 0 : tasks[p].signal);
	/* It is the thread that is traced; one that has ended cannot be killed. */
	if (tasks[p].exitkill && lives(p))
		tasks[p].due = SIGKILL;
}

static int reaper_of(int p)
{
	for (p = tasks[p].parent; p != ROOT; p = tasks[p].parent)
		if (tasks[p].subreaper && !tasks[p].dead)
			return p;
	return ROOT;
}

static void end_task(int t)
{
	int p = process(t);

	tasks[t].state = p == t ? ZOMBIE : GONE;
	/* The tracer of a leader knows of that, too. */
	if (p == t && tasks[t].tracer != NOBODY && living_threads(p))
		tasks[tasks[t].tracer].pending = YES;
}

static void end_process(int p, int status)
{
	int t, reaper = reaper_of(p);
	bool lived = lives(p), alone = living_threads(p) == 1 && lived;

	tasks[p].dead = true;
	tasks[p].stopped = false;
	tasks[p].news = NO_NEWS;
	tasks[p].status = status;
	for (t = 0; t < TASKS; t++)
		if (lives(t) && process(t) == p)
			tasks[t].state = p == t ? ZOMBIE : GONE;
	leave_tracee(p);
	for (t = 0; t < TASKS; t++) {
		if (!is_process(t) || tasks[t].state == GONE || tasks[t].parent != p)
			continue;
		tasks[t].parent = reaper;
		tasks[t].exit_signal = SIGCHLD;
		if (tasks[t].dead && tasks[t].tracer == NOBODY)
			tell_of_end(t);
	}
	if (alone || tasks[p].tracer == NOBODY)
		tell_of_end(p);
	else if (tasks[p].exit_signal == SIGCHLD ||
		 (lived && tasks[p].tracer != tasks[p].parent))
		tasks[tasks[p].tracer].pending = YES;
	else if (!tasks[tasks[p].tracer].pending)
		tasks[tasks[p].tracer].pending = MAYBE;
}

static void stop_process(int p)
{
	if (tasks[p].stopped)
		return;
	tasks[p].stopped = true;
	tasks[p].news = HAS_STOPPED;
	tell_of_stop(tasks[p].parent);
}

static void continue_process(int p)
{
	if (!tasks[p].stopped)
		return;
	tasks[p].stopped = false;
	tasks[p].news = HAS_CONTINUED;
	tell_of_stop(tasks[p].parent);
}

static void trap(int t, int signal)
{
	tasks[t].state = TRAPPED;
	tasks[t].signal = signal;
	tasks[t].told = false;
	tell_of_stop(tasks[t].tracer);
}

/* The signal acts, as all of them have their default action. */
static void act(int p, int signal)
{
	if (tasks[p].dead)
		return;
	if (signal == SIGSTOP)
		stop_process(p);
	else if (signal == SIGABRT || signal == SIGTRAP)
		end_process(p, signal | core_flag);
	else
		end_process(p, signal);
}

/* What has happened makes others act, who may make others act. */
static void settle(void)
{
	int p, signal;

	for (p = 0; p < TASKS; p++) {
		signal = tasks[p].due;
		if (!signal)
			continue;
		tasks[p].due = 0;
		act(p, signal);
		p = NOBODY;
	}
}

/* A thread calls exit(2): the last one's code is that of the process. */
static void exit_task(int t, int code)
{
	if (living_threads(process(t)) == 1)
		end_process(process(t), code << 8);
	else
		end_task(t);
}

/* The thread @t calls execve(2): it becomes the leader, and the others end. */
static void exec_task(int t)
{
	int i, p = process(t);

	for (i = 0; i < TASKS; i++)
		if (tasks[i].state != NONE && process(i) == p)
			tasks[i].state = i == p ? RUNS : GONE;
	tasks[p].execs++;
	tasks[p].exit_signal = SIGCHLD;
	if (tasks[p].sigchld != IGNORE)
		tasks[p].sigchld = DEFAULT;
	if (tasks[p].tracer != NOBODY && !tasks[p].seized)
		trap(p, SIGTRAP);
}

/* A signal that is sent to a process, and which ends it, stops it or goes on. */
static void send_signal(int p, int signal)
{
	if (tasks[p].dead)
		return;
	if (signal == SIGCONT)
		continue_process(p);
	else if (signal != SIGKILL && tasks[p].tracer != NOBODY && tasks[p].state == RUNS)
		trap(p, signal);
	else
		act(p, signal);
}

static void ignore_children(int p, enum disposition disposition)
{
	tasks[p].sigchld = disposition;
	/* What is ignored is not kept, and the default is to ignore it. */
	if (disposition != HANDLER)
		tasks[p].pending = NO;
}

/* A new task of @t's process, or a new process: its child, or with @sibling its parent's. */
static void add_thread(int t, int new)
{
	tasks[new] = (struct task){ .state = RUNS, .process = process(t), .tracer = NOBODY };
}

static void add_process(int t, int new, int exit_signal, bool sibling)
{
	const struct task *caller = &tasks[process(t)];

	tasks[new] = (struct task){
		.state = RUNS,
		.process = new,
		.tracer = NOBODY,
		.parent = sibling ? caller->parent : process(t),
		.exit_signal = sibling ? caller->exit_signal : exit_signal,
		.execs = caller->execs,
		.parent_execs = sibling ? caller->parent_execs : caller->execs,
		.sigchld = caller->sigchld,
		.no_new_privs = caller->no_new_privs,
	};
}

/* Nobody has the pidfd of @p any more that clone3() returned. */
static void lose_pidfd(int p)
{
	if (tasks[p].autokill)
		act(p, SIGKILL);
	tasks[p].autokill = false;
}

static int why_not_traced(int p, int tracee)
{
	return tasks[tracee].state == GONE ? -ESRCH :
	       !lives(tracee) || p == tracee || tasks[tracee].tracer != NOBODY ? -EPERM : 0;
}

static void trace(int p, int tracee, bool seize, bool exitkill)
{
	tasks[tracee].tracer = p;
	tasks[tracee].seized = seize;
	tasks[tracee].exitkill = exitkill;
	if (!seize)
		trap(tracee, SIGSTOP);
}

/*
 * What a wait of @p for @child finds: 0 no child, else 1; with an event the si_code of it
 * in @code and the si_status in @status.
 */
static bool waits_for(int p, int child, int options, int *code, int *status)
{
	const struct task *task = &tasks[child];
	bool traced = task->tracer == p;

	*code = 0;
	if (!is_process(child) || task->state == GONE || (task->parent != p && !traced))
		return false;
	if (!traced && !(options & __WALL) &&
	    (options & __WCLONE ? 1 : 0) != (task->exit_signal == SIGCHLD ? 0 : 1))
		return false;
	if (task->dead) {
		/* Only its tracer sees a tracee that is dead, but the parent still has it. */
		if (!traced && task->tracer != NOBODY)
			return true;
		if (options & WEXITED) {
			*code = WIFEXITED(task->status) ? CLD_EXITED :
				task->status & WCOREFLAG ? CLD_DUMPED : CLD_KILLED;
			*status = WIFEXITED(task->status) ? WEXITSTATUS(task->status) :
				  WTERMSIG(task->status);
		}
		return options & WEXITED;
	}
	if (task->state == TRAPPED && traced && !task->told) {
		*code = CLD_TRAPPED;
		*status = task->signal;
	} else if (!traced && options & WSTOPPED && task->news == HAS_STOPPED) {
		*code = CLD_STOPPED;
		*status = SIGSTOP;
	} else if (options & WCONTINUED && task->news == HAS_CONTINUED) {
		*code = CLD_CONTINUED;
		*status = SIGCONT;
	}
	return task->state != ZOMBIE || !traced || options & (WCONTINUED | WEXITED);
}

/* The event with @code of @child has been waited for by @p. */
static void waited(int p, int child, int code)
{
	struct task *task = &tasks[child];

	if (code == CLD_TRAPPED) {
		task->told = true;
	} else if (code == CLD_STOPPED || code == CLD_CONTINUED) {
		task->news = NO_NEWS;
	} else if (task->tracer == p && task->parent != p) {
		task->tracer = NOBODY;
		tell_of_end(child);
	} else {
		task->state = GONE;
	}
}

/*
 * What poll(2) says of a pidfd of the process @p, and of one of the thread @t: the leader
 * stands for the process, as another thread may become it.
 */
static int events_of_process(int p)
{
	return tasks[p].state == GONE ? POLLIN | POLLHUP : tasks[p].dead ? POLLIN : 0;
}

static int events_of_thread(int t)
{
	return process(t) == t ? events_of_process(t) :
	       tasks[t].state == GONE ? POLLIN | POLLHUP : 0;
}

#endif /* CLONE3_AUTOREAP_CONTRACT_H */
