/*
 * The end of a process, seen from all sides: a leader and one thread that exit, exit as
 * a group or call exec; a real parent that waits; a tracer; somebody who kills; and an
 * observer with a pidfd, who polls and then asks for the status. What is promised is
 * asserted where it is seen, or in init when all is over. A sleeper that nobody wakes is
 * an invalid end state. Each step names the function of the kernel that it stands for.
 *
 * Steps that somebody without the lock can see apart are apart; the rest of a section is
 * one step. Memory is in order here: what the processor may reorder is for the litmus
 * tests.
 *
 * -D of what there is:  PLAIN the child is an ordinary one; TRACER there is a tracer;
 *   FAMILY it is a thread of the real parent; SECOND the tracer has another thread that
 *   waits; EXEC the two may call exec; KILL there is a killer; LATE the pidfd is opened
 *   at any time, not made with the child
 * -D of what is broken: see proof/model.sh
 */

#define L 0		/* the first leader */
#define T 1		/* its thread */
#define NONE 2
#define ZOMBIE 1	/* exit_state, from here */
#define DEAD 2
#define TRACE 3

#define OBSERVER 0	/* sleepers */
#define PARENT 1
#define TRACER_ 2
#define SECOND_ 3
#define PARENT2 4

#define WAIT_PIDFD 1	/* queues: of struct pid */
#define WAIT_CHLDEXIT 2	/* and of struct signal_struct */

#ifdef FAMILY
#define family true
#else
#define family false
#endif

#ifdef PLAIN
#define AUTOREAP false
#else
#define AUTOREAP true
#endif

bool writer;			/* tasklist_lock */
byte readers;

byte exit_state[2];
byte exit_code[2];
bool traced[2];			/* task->ptrace */
byte tracee;			/* whom the tracer has attached to */
bool is_leader[2];		/* thread_group_leader(): exit_signal >= 0 */
bool on_list[2];		/* thread_node is on signal->thread_head */
bool last_l;			/* L's thread_node.next is the head; T's always is */
byte pid_of[2];			/* task->thread_pid: 0 is the pid of the process */
byte pid_task[2];		/* pid->tasks[PIDTYPE_PID] */
byte tgid_task;			/* that of PIDTYPE_TGID, of pid 0 */
bool killed[2];			/* fatal_signal_pending() */

bool gexit;			/* signal->flags & SIGNAL_GROUP_EXIT */
byte gcode;			/* signal->group_exit_code */
byte quick = 2;			/* signal->quick_threads */
byte exec_task = NONE;		/* signal->group_exec_task */
short notify_count;
bool exec_woken;

bool stashed;			/* pid->stashed: pid 0 has an inode */
bool recorded;			/* struct pidfs_inode of pid 0 */
byte recorded_code;

byte queued[5];			/* add_wait_queue() */
bool woken[5];

/* What the observers have learnt, for init. */
bool told[5];
byte told_code[5];
byte waited;			/* how often a wait call has returned the process */

#define thread_group_empty(t) (is_leader[t] && (t == T || last_l))
#define delay_group_leader(t) (is_leader[t] && !thread_group_empty(t))
#define group_status (gexit -> gcode : exit_code[the_leader])
#define the_leader (is_leader[T] -> T : L)
/* task_exit_status(), and the own code of a thread */
#ifdef OWN_CODE
#define status_of(t) exit_code[t]
#else
#define status_of(t) (is_leader[t] && gexit -> gcode : exit_code[t])
#endif

inline write_lock() { atomic { !writer && readers == 0 -> writer = true } }
inline write_unlock() { writer = false }
inline read_lock() { atomic { !writer -> readers++ } }
inline read_unlock() { readers-- }

/*
 * What follows works on variables of its callers: t, x, y, p, q, excuse.
 */

inline wake(me, queue) { woken[me] = woken[me] || queued[me] == queue }
inline remove_wait_queue(me) { atomic { queued[me] = 0; woken[me] = false } }

/* do_notify_pidfd() */
inline wake_in(p)
{
#ifndef NO_WAKE_IN
	if
	:: p == 0 -> wake(OBSERVER, WAIT_PIDFD); wake(PARENT, WAIT_PIDFD); wake(PARENT2, WAIT_PIDFD)
	:: else
	fi
#else
	skip
#endif
}

/* __wake_up_parent(): the queue is that of the whole group of the parent, or tracer */
inline wake_up_parent(t)
{
	if
#ifdef NO_WAKE_WAIT
	:: AUTOREAP && !traced[t]
#endif
#ifndef FAMILY
	:: traced[t] -> wake(TRACER_, WAIT_CHLDEXIT); wake(SECOND_, WAIT_CHLDEXIT)
#endif
	:: else ->
		wake(PARENT, WAIT_CHLDEXIT);
		wake(PARENT2, WAIT_CHLDEXIT);
#ifdef FAMILY
		wake(TRACER_, WAIT_CHLDEXIT)
#endif
	fi
}

/* do_notify_parent(): y is whether t reaps itself */
inline do_notify_parent(t)
{
	if
	:: thread_group_empty(t) -> wake_in(pid_of[t])
	:: else
	fi;
#ifdef TRACED_TOO
	y = AUTOREAP;
#else
	y = AUTOREAP && !traced[t];
#endif
	wake_up_parent(t)
}

/* pidfs_exit() */
inline pidfs_exit(nr)
{
	if
	:: nr == 0 ->
		y = stashed;
		if
		:: y -> atomic { recorded = true; recorded_code = status_of(x) }
		:: else
		fi
	:: else
	fi
}

/* release_task() */
inline release_task(who)
{
	x = who;
	do
	:: true ->
#ifndef RECORD_LATE
		pidfs_exit(pid_of[x]);
#endif
		write_lock();
		/* ptrace_release_task(), __exit_signal(), __unhash_process() */
		atomic {
			assert(on_list[x]);	/* no double reap */
			assert(exit_state[x] == DEAD);
			traced[x] = false;
			pid_task[pid_of[x]] = NONE;
#ifndef NO_WAKE_HUP
			/* __change_pid() */
			if
			:: pid_of[x] == 0 -> wake(OBSERVER, WAIT_PIDFD); wake(PARENT, WAIT_PIDFD); wake(PARENT2, WAIT_PIDFD)
			:: else
			fi
#endif
		}
		if
		:: is_leader[x] -> tgid_task = NONE
		:: else
		fi;
		atomic {
			on_list[x] = false;
			if
			:: x == T && on_list[L] -> last_l = true
			:: else
			fi;
			if
			:: !is_leader[x] && notify_count > 0 ->
				notify_count--;
				if
				:: notify_count == 0 -> exec_woken = true
				:: else
				fi
			:: else
			fi
		}
		/* the last thread, and a leader that has exited before it */
		y = 0;
		if
		:: atomic { !is_leader[x] && thread_group_empty(the_leader) &&
			    exit_state[the_leader] == ZOMBIE ->
				do_notify_parent(the_leader) }
		:: else
		fi;
		if
		:: y -> exit_state[the_leader] = DEAD
		:: else
		fi;
		write_unlock();
#ifdef RECORD_LATE
		if
		:: y
		:: else -> pidfs_exit(pid_of[x]); y = 0
		fi;
#endif
#ifdef NO_ZAP
		break;
#endif
		if
		:: y -> x = the_leader
		:: else -> break
		fi
	od
}

/* do_exit() */
inline do_exit(t, code)
{
	/* synchronize_group_exit() */
	atomic {
		quick--;
		if
		:: quick == 0 && !gexit -> gexit = true; gcode = code
		:: else
		fi;
		exit_code[t] = code
	}
	/* exit_notify() */
	write_lock();
	exit_state[t] = ZOMBIE;
	atomic {
		if
		:: !delay_group_leader(t) -> wake_in(pid_of[t])
		:: else
		fi;
		y = 0;
		if
		:: traced[t] -> do_notify_parent(t)
		:: !traced[t] && is_leader[t] && thread_group_empty(t) -> do_notify_parent(t)
		:: !traced[t] && is_leader[t] && !thread_group_empty(t)
		:: !traced[t] && !is_leader[t] -> y = 1
		fi
	}
#ifdef DEAD_LATE
	write_unlock();
#endif
	if
	:: y -> exit_state[t] = DEAD
	:: else
	fi;
#ifndef DEAD_LATE
	atomic {
		if
		:: notify_count < 0 -> exec_woken = true
		:: else
		fi;
		write_unlock()
	}
#endif
	if
	:: y -> release_task(t)
	:: else
	fi
}

/* do_group_exit() */
inline do_group_exit(t, code)
{
	atomic {
		if
		:: gexit -> x = gcode
		:: !gexit && exec_task != NONE -> x = 0
		:: else ->
			gexit = true;
			gcode = code;
			killed[1 - t] = true;	/* zap_other_threads() */
			x = code
		fi;
		exit_code[t] = x
	}
	do_exit(t, exit_code[t])
}

/* de_thread(): y is whether it has failed */
inline de_thread(t)
{
	y = 0;
	atomic {
		exec_woken = false;
		if
		:: thread_group_empty(t)
		:: else ->
			if
			:: gexit || exec_task != NONE -> y = 1
			:: else ->
				exec_task = t;
				notify_count = on_list[1 - t] - !is_leader[t];
				killed[1 - t] = true	/* zap_other_threads() */
			fi
		fi
	}
	if
	:: !y && exec_task == t ->
		/* the other threads */
		do
		:: atomic { notify_count == 0 -> break }
		:: atomic { killed[t] -> y = 1; break }
		od;
		/* the leader */
		if
		:: !y && !is_leader[t] ->
			do
			:: write_lock();
				notify_count = -1;
				if
				:: exit_state[L] -> break
				:: else -> exec_woken = false
				fi;
				write_unlock();
				(exec_woken || killed[t]);
				if
				:: killed[t] -> y = 1; break
				:: else
				fi
			od;
			if
			:: !y ->
				/* exchange_tids() */
				pid_task[0] = t;
				pid_task[1] = L;
				atomic { pid_of[t] = 0; pid_of[L] = 1 }
				tgid_task = t;		/* transfer_pid() */
				is_leader[t] = true;
				is_leader[L] = false;
				assert(exit_state[L] == ZOMBIE);
				exit_state[L] = DEAD;
				atomic {
					if
					:: traced[L] -> wake_up_parent(L)
					:: else
					fi;
					write_unlock()
				}
				release_task(L);
				y = 0
			:: else
			fi
		:: else
		fi;
		if
		:: y -> atomic { !writer -> exec_task = NONE; notify_count = 0 }
		:: else -> atomic { exec_task = NONE; notify_count = 0 }
		fi
	:: else
	fi
}

proctype task(byte t)
{
	byte x, y;

	if
	:: do_exit(t, 1 + t)
	:: do_group_exit(t, 3 + t)
#ifdef EXEC
	:: de_thread(t);
		if
		:: y -> do_group_exit(t, 5)
		:: else ->
			do_exit(t, 6)
		fi
#endif
	fi;
	atomic { x = 0; y = 0 }
}

#ifdef KILL
/* complete_signal() */
proctype killer()
{
	atomic {
		if
		:: !gexit -> gexit = true; gcode = 9; killed[L] = true; killed[T] = true
		:: else
		fi
	}
}
#endif

/* pidfs_wait_is_over() */
#if defined(PLAIN) || defined(TRACE_OPEN)
#define wait_is_over(t) (exit_state[t] == DEAD)
#else
#define wait_is_over(t) (exit_state[t] == DEAD || exit_state[t] == TRACE)
#endif

/* pidfd_info(): the status in told[me], or the excuse that somebody can wait for it */
inline pidfd_info(me)
{
	do
	:: p = pid_task[0];		/* get_pid_task() */
		told[me] = false;
		excuse = 0;
#ifdef MAINLINE
		/* pidfd_info(): what has been recorded, or nothing */
		atomic { told[me] = recorded; told_code[me] = recorded_code }
#else
		/* pidfd_info_exit() */
		if
		:: p != NONE && exit_state[p] == 0
		:: else ->
			atomic { told[me] = recorded; told_code[me] = recorded_code }
			if
			:: told[me]
			:: else ->
				atomic {
#ifndef NO_LOOK_LOCK
					!writer ->
#endif
					q = pid_task[0];
					if
					:: q == NONE ->
						told[me] = recorded;
						told_code[me] = recorded_code
#ifdef ZOMBIE_TELLS
					:: q != NONE && exit_state[q] ->
#else
					:: q != NONE && wait_is_over(q) ->
#endif
						told[me] = true;
						told_code[me] = status_of(q)
					:: else ->
						if
						:: exit_state[q] == TRACE -> excuse = TRACE
						:: exit_state[q] == ZOMBIE && traced[q] -> excuse = ZOMBIE
						:: else
						fi
					fi
				}
			fi
		fi;
#endif
		if
		:: p == NONE || pid_task[0] == p -> break
		:: else
		fi
	od
}

/* pidfd_poll(): q is 1 for POLLIN, 2 with POLLHUP */
inline pidfd_poll()
{
	q = 0;
	p = pid_task[0];
	if
	:: p == NONE -> q = 2
	:: else ->
		if
		:: exit_state[p] == 0
		:: else ->
#ifdef OLD_POLL
			if
			:: delay_group_leader(p)
			:: else -> q = 1
			fi
#else
			if
			:: thread_group_empty(p) -> q = 1
			:: else ->
				if
				:: tgid_task == NONE -> q = 1
				:: else
				fi
			fi
#endif
		fi
	fi
}

/* poll(2), until there is as much as enough */
inline poll(me, enough)
{
	queued[me] = WAIT_PIDFD;	/* poll_wait() */
	do
	:: woken[me] = false;		/* do_poll(), before each look */
		pidfd_poll();
		if
		:: q >= enough -> break
		:: else -> woken[me]
		fi
	od;
	remove_wait_queue(me)
}

proctype observer()
{
	byte p, q, enough, excuse;

#ifdef LATE
	/* pidfd_prepare() */
	if
	:: tgid_task == NONE -> goto out
	:: else
	fi;
	stashed = true;			/* stash_dentry() */
#ifndef NO_IN_TIME
	/* pidfs_in_time() */
	p = pid_task[0];
	if
	:: p != NONE && exit_state[p] == 0
	:: else ->
		atomic { !writer ->
			p = pid_task[0];
			if
			:: p != NONE && exit_state[p] == DEAD ->
				recorded = true;
				recorded_code = status_of(p)
			:: else
			fi;
			q = p != NONE || recorded
		}
		if
		:: !q -> goto out
		:: else
		fi
	fi;
#endif
#endif
	/* main(), which may poll, for POLLIN or POLLHUP */
	if
	:: enough = 0
	:: enough = 1
	:: enough = 2
	fi;
	if
	:: enough -> poll(OBSERVER, enough); enough = q
	:: else
	fi;
	pidfd_info(OBSERVER);
	/* the promises to main(): that of POLLHUP, and that of POLLIN */
	assert(enough != 2 || told[OBSERVER]);
#ifndef PLAIN
	assert(enough != 1 || told[OBSERVER] || excuse);
#endif
out:	atomic { p = 0; q = 0; enough = 0; excuse = 0 }
}

/* do_wait(): q is whether it has returned a task; if not, it is ECHILD */
inline wait(me, is_tracer)
{
	q = 0;
	queued[me] = WAIT_CHLDEXIT;
	do
	:: woken[me] = false;		/* set_current_state() */
		read_lock();		/* __do_wait() */
		/* ptrace_do_wait(), or do_wait_thread() and do_wait_pid() */
		if
		:: is_tracer -> t = (traced[tracee] -> tracee : NONE)
		:: else -> t = tgid_task
		fi;
		if
		:: t == NONE -> read_unlock(); break
		:: else
		fi;
		/* wait_consider_task() */
		x = exit_state[t];
		if
		:: x == DEAD || (x == TRACE && is_tracer) -> read_unlock(); break
		:: x == ZOMBIE && !delay_group_leader(t) && (is_tracer || !traced[t] || family) ->
			/* wait_task_zombie() */
			atomic {
				if
#ifdef NO_CMPXCHG
				:: true ->
#else
				:: exit_state[t] == ZOMBIE ->
#endif
					q = 1;
					y = traced[t] && !family && is_leader[t];
					exit_state[t] = (y -> TRACE : DEAD);
					waited = waited + (is_leader[t] && (!is_tracer || family))
#ifndef NO_CMPXCHG
				:: else
#endif
				fi
			}
			read_unlock();
			if
			:: !q -> break
			:: q && y ->
				write_lock();
				atomic {
					traced[t] = false;	/* ptrace_unlink() */
					do_notify_parent(t)
				}
				exit_state[t] = (y -> DEAD : ZOMBIE);
				write_unlock()
			:: q && !y -> y = 1
			fi;
			if
			:: y -> release_task(t)
			:: else
			fi;
			q = 1;
			break
		:: else -> read_unlock(); woken[me]
		fi
	od;
	remove_wait_queue(me)
}

/* The real parent, in a wait call, perhaps after a poll; any of its threads */
proctype parent(byte me)
{
	byte t, x, y, p, q, excuse;

#ifndef LATE
	if
	:: poll(me, 1)
	:: true
	fi;
#endif
	wait(me, false);
#if !defined(LATE) && !defined(PLAIN)
	/* main(), which may have been told ECHILD */
	if
	:: !q -> pidfd_info(me); assert(told[me])
	:: else
	fi;
#endif
	atomic { t = 0; x = 0; y = 0; p = 0; q = 0; excuse = 0 }
}

#ifdef TRACER
#ifdef SECOND
proctype second()
{
	byte t, x, y, p, q, excuse;

	wait(SECOND_, true);
	if
	:: !q -> pidfd_info(SECOND_); assert(excuse != TRACE)
	:: else
	fi;
	atomic { t = 0; x = 0; y = 0; p = 0; q = 0; excuse = 0 }
}
#endif

proctype tracer()
{
	byte t, x, y, q;

	if
	:: t = L
	:: t = T
	fi;
	/* ptrace_attach() */
	atomic { !writer && readers == 0 ->
		if
		:: exit_state[t] -> goto out
		:: else -> traced[t] = true; tracee = t
		fi
	}
#ifdef SECOND
	run second();
#endif
	if
	:: wait(TRACER_, true);
#if !defined(EXEC) && !defined(FAMILY) && !defined(SECOND)
		/* A tracer that waits is not passed over. */
		assert(q)
#endif
#ifndef SECOND	/* nobody would wake the other thread */
	:: true
	/* ptrace_detach(), of a task that lives */
	:: atomic { !writer && readers == 0 && exit_state[t] == 0 -> traced[t] = false }
#endif
	fi;
	/* exit_ptrace(), __ptrace_detach() */
	write_lock();
	atomic {
		t = tracee;
		y = 0;
		if
		:: traced[t] ->
			traced[t] = false;
			if
			:: exit_state[t] != ZOMBIE
			:: exit_state[t] == ZOMBIE && !is_leader[t] -> y = 1
			:: exit_state[t] == ZOMBIE && thread_group_empty(t) ->
				if
				:: !family -> do_notify_parent(t)
#ifndef NO_DETACH
				:: family && AUTOREAP ->
					wake_up_parent(t);
					y = 1
#endif
				:: else
				fi
			:: else
			fi
		:: else
		fi
	}
	if
	:: y -> exit_state[t] = DEAD
	:: else
	fi;
	write_unlock();
	if
	:: y -> release_task(t)
	:: else
	fi;
out:	atomic { t = 0; x = 0; y = 0; q = 0 }
}
#endif

init {
	atomic {
		is_leader[L] = true;
		on_list[L] = true;
		on_list[T] = true;
		pid_of[T] = 1;
		pid_task[L] = L;
		pid_task[T] = T;
		tgid_task = L;
		tracee = NONE;
#ifndef LATE
		stashed = true;		/* clone3() with CLONE_PIDFD */
#endif
		run task(L);
		run task(T);
#ifndef NO_OBSERVER
		run observer();
#endif
#ifndef NO_PARENT
		run parent(PARENT);
#endif
#ifdef PARENTS
		run parent(PARENT2);
#endif
#ifdef TRACER
		run tracer();
#endif
#ifdef KILL
		run killer();
#endif
	}
	_nr_pr == 1;
	/* No zombie is left. */
	assert(!on_list[L] && !on_list[T]);
	/* Whoever has a status has the one that wait(2) would have given. */
	assert(!recorded || recorded_code == gcode);
	assert(!told[OBSERVER] || told_code[OBSERVER] == gcode);
	assert(!told[PARENT] || told_code[PARENT] == gcode);
#ifdef PLAIN
	/* A wait call has returned it, once. */
	assert(waited == 1);
#endif
}
