/* SPDX-License-Identifier: GPL-2.0 */
/* Steps of a random program, done by actors and foretold by the contract. */
#ifndef CLONE3_AUTOREAP_STEPS_H
#define CLONE3_AUTOREAP_STEPS_H

#include "clone3_autoreap_observe.h"

/* How many tasks live at once. */
#define CROWD 10

enum kind {
	CLONE, LEGACY_CLONE, THREAD, EXEC, EXIT, EXIT_GROUP, SIGNAL, WAIT, DISPOSITION,
	SUBREAPER, TAKE, SEIZE, ATTACH, DETACH, CONT, OPEN, CLOSE, KINDS
};

/* A step is random numbers; what they mean depends on who is there by then. */
struct step {
	enum kind kind;
	unsigned int who, whom, how;
};

static bool is_there(int t)
{
	return is_process(t) && t != ROOT;
}

static bool is_tracee(int t)
{
	return is_there(t) && tasks[t].state == TRAPPED;
}

/* One of the tasks for which @is holds, or NOBODY. */
static int pick(bool (*is)(int t), unsigned int number)
{
	int t, n = 0;

	for (t = 0; t < TASKS; t++)
		n += is(t);
	if (!n)
		return NOBODY;
	for (t = 0, n = number % n; ; t++)
		if (is(t) && !n--)
			return t;
}

static int room(void)
{
	int t, n = 0, gone = NOBODY;

	for (t = 0; t < TASKS; t++)
		n += lives(t);
	if (n >= CROWD)
		return NOBODY;
	for (t = 0; t < TASKS; t++) {
		if (tasks[t].state == NONE)
			return t;
		if (tasks[t].state == GONE)
			gone = t;
	}
	return gone;
}

static bool has_threads(int p)
{
	return living_threads(p) > 1;
}

/* clone3() with @how's flags, which may be refused. */
static void clone3_step(int t, int new, unsigned int how)
{
	static const int signals[] = { 0, 0, SIGCHLD, SIGCHLD, SIGUSR1 };
	bool autoreap = how & 1, thread = autoreap && (how >> 1) % 16 == 0;
	bool sibling = (how >> 5) % 8 == 0 && process(t) != ROOT;
	int exit_signal = signals[(how >> 8) % 5], p = process(t);
	bool nnp = has_family && (how >> 15) % 4 == 0;
	bool autokill = has_family && (how >> 21) % 2 && (autoreap || (how >> 17) % 16 == 0);
	long ret;

	/* Seldom what is refused. */
	if (autoreap && (how >> 12) % 8)
		exit_signal = 0;
	ret = ask(t, DO_CLONE, new, (sibling ? CLONE_PARENT : 0) |
		  (thread ? CLONE_THREAD | CLONE_SIGHAND | CLONE_VM : 0), exit_signal,
		  ((autoreap ? CLONE_AUTOREAP : 0) | (nnp ? CLONE_NNP : 0) |
		   (autokill ? CLONE_PIDFD_AUTOKILL : 0)) >> 32);
	say("%d: clone3(%s%s%s%s%s%d): %s", t, autoreap ? "AUTOREAP " : "",
	    sibling ? "PARENT " : "", thread ? "THREAD " : "", nnp ? "NNP " : "",
	    autokill ? "AUTOKILL " : "", exit_signal, ret < 0 ? strerror(-ret) : "child");
	if (((thread || sibling) && (exit_signal || autoreap)) || (autoreap && exit_signal) ||
	    (sibling && tasks[p].autoreap) || (thread && nnp) || (autokill && !autoreap)) {
		expect("clone3()", t, -EINVAL, ret);
	} else if (ret < 0) {
		differs("clone3()", t, 0, ret);
	} else {
		add_process(t, new, exit_signal, sibling);
		tasks[new].autoreap = autoreap;
		tasks[new].autokill = autokill;
		tasks[new].no_new_privs |= nnp;
		say("  %d", new);
		meet(new, ret, t, mails[t].pid);
		/* The one that has been met is the last one then. */
		if (autokill)
			ask(t, DO_CLOSE, mails[t].pid, 0, 0, 0);
	}
}

static void legacy_clone_step(int t, int new, unsigned int how)
{
	int exit_signal = how & 1 ? SIGCHLD : how & 2 ? SIGUSR1 : 0;
	/* On 64-bit machines only is there room for the flag, which clone() drops. */
	long ret = ask(t, DO_LEGACY_CLONE, new, how & 4 ? (long)CLONE_AUTOREAP : 0, exit_signal,
		       0);

	say("%d: clone(%d): %d", t, exit_signal, new);
	if (ret < 0) {
		differs("clone()", t, 0, ret);
		return;
	}
	add_process(t, new, exit_signal, false);
	meet(new, ret, t, -1);
}

static void thread_step(int t, int new)
{
	long ret = ask(t, DO_THREAD, new, 0, 0, 0);

	say("%d: thread %d", t, new);
	if (ret < 0) {
		differs("clone()", t, 0, ret);
		return;
	}
	add_thread(t, new);
	meet(new, ret, t, -1);
}

static void exec_step(int t)
{
	int p = process(t);

	say("%d: exec", t);
	mails[p].started = 0;
	order(t, DO_EXEC, p, 0, 0, 0);
	exec_task(t);
	if (tasks[p].state != RUNS)
		return;
	if (!comes(&mails[p].started))
		differs("exec", t, 0, mails[t].result);
	else
		expect("no_new_privs", p, tasks[p].no_new_privs, ask(p, DO_ANSWER, 0, 0, 0, 0));
}

static void signal_step(int p, unsigned int how)
{
	static const int signals[] = {
		SIGKILL, SIGTERM, SIGABRT, SIGSTOP, SIGCONT, SIGSTOP, SIGCONT, SIGCONT,
	};
	int signal = signals[how % 8];
	bool by_pidfd = how & 8;
	long ret;

	if (signal != SIGKILL && !tasks[p].dead && signal != SIGCONT && tasks[p].stopped)
		return;
	if (signal != SIGKILL && tasks[p].state == TRAPPED)
		return;
	if ((signal == SIGSTOP || signal == SIGCONT) && tasks[p].tracer != NOBODY)
		return;
	ret = by_pidfd ? syscall(__NR_pidfd_send_signal, real[p].pidfd, signal, NULL, 0) :
			 kill(real[p].tid, signal);
	ret = ret ? -errno : 0;
	say("%s %d %s: %s", by_pidfd ? "pidfd_send_signal" : "kill", p, strsignal(signal),
	    strerror(-ret));
	expect("kill", p, tasks[p].state == GONE ? -ESRCH : 0, ret);
	send_signal(p, signal);
}

/*
 * Any child, unless several have something to tell: which of them is asked first depends
 * on who of their parents was faster to end, so it is the first one here.
 */
static int only_one(int p, int options)
{
	int c, code, status, n = 0, first = NOBODY;

	for (c = TASKS - 1; c >= 0; c--)
		if (waits_for(p, c, options, &code, &status) && code) {
			first = c;
			n++;
		}
	return n > 1 ? first : NOBODY;
}

static void wait_step(int t, int child, unsigned int how)
{
	int options = (how % 4 ? WEXITED : 0) | (how & 4 ? WSTOPPED : 0) |
		      (how & 8 ? WCONTINUED : 0) | ((how >> 4) % 4 ? 0 : WNOWAIT) |
		      (how & 64 ? __WALL : (how >> 7) % 4 ? 0 : __WCLONE);
	int c, code, status = 0, found = 0, ready = 0, p = process(t);
	struct mail *mail = &mails[t];
	bool right = false;
	long ret;

	if (how >> 9 & 1)
		child = only_one(p, options);
	ret = ask(t, DO_WAIT, child == NOBODY ? 0 : real[child].tid, options, 0, 0);
	say("%d: waitid(%d, 0x%x): %s", t, child, options, strerror(-ret));
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED))) {
		expect("waitid()", t, -EINVAL, ret);
		return;
	}
	for (c = 0; c < TASKS; c++) {
		if ((child != NOBODY && c != child) || !waits_for(p, c, options, &code, &status))
			continue;
		found++;
		ready += code != 0;
		if (ret || !mail->pid || mail->pid != real[c].tid)
			continue;
		right = code;
		say("  %d: %d, %d", c, mail->code, mail->status);
		expect("si_code", c, code, mail->code);
		expect("si_status", c, status, mail->status);
		if (!(options & WNOWAIT))
			waited(p, c, code);
	}
	expect("waitid()", t, found ? 0 : -ECHILD, ret);
	if (!ret && found && right != !!ready)
		differs("the child of waitid()", t, ready, mail->pid);
}

static void disposition_step(int t, enum disposition disposition)
{
	static const struct {
		int handler, flags;
	} how[] = {
		[DEFAULT] = { 0, 0 },
		[IGNORE] = { 1, 0 },
		[NOCLDWAIT] = { 0, SA_NOCLDWAIT },
		[NOCLDSTOP] = { 0, SA_NOCLDSTOP },
		[HANDLER] = { 2, 0 },
	};

	say("%d: disposition %d", t, disposition);
	expect("sigaction()", t, 0,
	       ask(t, DO_DISPOSITION, how[disposition].handler, how[disposition].flags, 0, 0));
	ignore_children(process(t), disposition);
}

/* It may be on its way. */
static void take_step(int t)
{
	enum pending pending = tasks[process(t)].pending;
	int tries = 0;
	time_t start = 0;
	long ret;

	do {
		ret = ask(t, DO_TAKE, 0, 0, 0, 0);
	} while (!ret && pending && !different && be_patient(&start, &tries) &&
		 (pending == YES || tries < 1010));
	say("%d: SIGCHLD: %ld", t, pending == MAYBE ? 2 : ret);
	if (pending != MAYBE)
		expect("SIGCHLD", t, pending == YES, ret);
	tasks[process(t)].pending = NO;
}

static void trace_step(int t, int tracee, bool seize, unsigned int how)
{
	int p = process(t), want = why_not_traced(p, tracee);
	bool exitkill = seize && how & 1;
	long ret;

	if (!want && (has_threads(p) || tracee_of(p) != NOBODY || tasks[tracee].stopped))
		return;
	ret = ask(t, DO_PTRACE, seize ? PTRACE_SEIZE : PTRACE_ATTACH, real[tracee].tid,
		  exitkill ? PTRACE_O_EXITKILL : 0, 0);
	say("%d: %s %d%s: %s", t, seize ? "seize" : "attach", tracee, exitkill ? ", EXITKILL" : "",
	    strerror(-ret));
	expect("ptrace()", t, want, ret);
	if (!want)
		trace(p, tracee, seize, exitkill);
}

/* Whether the end of @tracer takes @p along, by one tracee or by several in a row. */
static bool takes_along(int tracer, int p)
{
	int tracee = tracee_of(tracer);

	return tracee != NOBODY && (tasks[tracee].exitkill || tasks[tracee].state == TRAPPED) &&
	       (tracee == p || takes_along(tracee, p));
}

static void resume_step(int t, int tracee, bool detach, unsigned int how)
{
	static const int signals[] = { 0, SIGTERM, SIGSTOP };
	int signal = signals[how % (detach ? 3 : 2)];
	bool mine = tasks[tracee].tracer == process(t) && tasks[tracee].state == TRAPPED;
	long ret;

	/* Who kills himself with that may not live to answer. */
	if (mine && signal == SIGTERM && takes_along(tracee, process(t)))
		return;
	ret = ask(t, DO_PTRACE, detach ? PTRACE_DETACH : PTRACE_CONT, real[tracee].tid, signal,
		  0);
	say("%d: %s %d, %d: %s", t, detach ? "detach" : "cont", tracee, signal, strerror(-ret));
	expect("ptrace()", t, mine ? 0 : -ESRCH, ret);
	if (!mine)
		return;
	if (detach)
		tasks[tracee].tracer = NOBODY;
	resume(tracee, signal);
}

/* A new pidfd, and what /proc tells of the process. */
static void open_step(int p)
{
	int fd = ar_pidfd_open(real[p].tid, 0);
	struct ar_stat st = {};

	fd = fd < 0 ? -errno : fd;
	say("pidfd_open(%d): %s", p, fd < 0 ? strerror(-fd) : "pidfd");
	if (tasks[p].state == GONE) {
		expect("pidfd_open()", p, -ESRCH, fd);
	} else {
		expect("poll() of a new pidfd", p, events_of_process(p), ar_poll(fd));
		expect("status", p, AR_NO_STATUS, ar_status(fd));
		expect("stat", p, 0, ar_stat(real[p].tid, &st));
		expect("parent", p, real[tasks[p].parent].tid, st.ppid);
		expect("exit signal", p, tasks[p].exit_signal, st.exit_signal);
	}
	if (fd >= 0)
		close(fd);
}

/* The pidfd by which the process was met, of which nobody else has a copy. */
static void close_step(int p)
{
	int fd = ar_pidfd_open(real[p].tid, 0);

	if (fd < 0)
		return;
	say("close the pidfd of %d", p);
	close(real[p].pidfd);
	real[p].pidfd = fd;
	lose_pidfd(p);
}

static void do_step(struct step step)
{
	int t = pick(acts, step.who), p = pick(is_there, step.whom), new = room();
	bool makes = step.kind == CLONE || step.kind == LEGACY_CLONE || step.kind == THREAD;
	bool stays = step.kind == EXIT || step.kind == EXIT_GROUP || step.kind == SUBREAPER;

	if (t == NOBODY || (makes && new == NOBODY) || (stays && process(t) == ROOT))
		return;
	if (makes) {
		forget(new);
		tasks[new].state = NONE;
	}
	switch (step.kind) {
	case CLONE:
		clone3_step(t, new, step.how);
		break;
	case LEGACY_CLONE:
		legacy_clone_step(t, new, step.how);
		break;
	case THREAD:
		if (tracee_of(process(t)) == NOBODY)
			thread_step(t, new);
		break;
	case EXEC:
		if (t == process(t) || tasks[process(t)].tracer == NOBODY)
			exec_step(t);
		break;
	case EXIT:
	case EXIT_GROUP:
		say("%d: exit%s %d", t, step.kind == EXIT ? "" : "_group", step.how % 8);
		order(t, step.kind == EXIT ? DO_EXIT : DO_EXIT_GROUP, step.how % 8, 0, 0, 0);
		if (step.kind == EXIT)
			exit_task(t, step.how % 8);
		else
			end_process(process(t), step.how % 8 << 8);
		break;
	case DISPOSITION:
		disposition_step(t, step.how % DISPOSITIONS);
		break;
	case SUBREAPER:
		say("%d: subreaper %d", t, step.how & 1);
		expect("prctl()", t, 0, ask(t, DO_SUBREAPER, step.how & 1, 0, 0, 0));
		tasks[process(t)].subreaper = step.how & 1;
		break;
	case TAKE:
		take_step(t);
		break;
	default:
		if (p == NOBODY)
			return;
	}
	switch (step.kind) {
	case SIGNAL:
		signal_step(p, step.how);
		break;
	case WAIT:
		wait_step(t, p, step.how);
		break;
	case SEIZE:
	case ATTACH:
		trace_step(t, p, step.kind == SEIZE, step.how);
		break;
	case DETACH:
	case CONT:
		/* Mostly one that is there for that, and by whom it is. */
		if (step.how & 8 && pick(is_tracee, step.whom) != NOBODY) {
			p = pick(is_tracee, step.whom);
			for (t = 0; t < TASKS; t++)
				if (acts(t) && process(t) == tasks[p].tracer)
					break;
			if (t == TASKS)
				return;
		}
		resume_step(t, p, step.kind == DETACH, step.how);
		break;
	case OPEN:
		open_step(p);
		break;
	case CLOSE:
		close_step(p);
		break;
	default:
		break;
	}
	settle();
	if (!different)
		observe();
	if (!different)
		look_at_status();
}

#endif /* CLONE3_AUTOREAP_STEPS_H */
