#!/bin/sh
# Usage: trial.sh CLIENTS
# Run in the guest by its systemd, as the last of the boot: what proof/userland.sh
# compares, a line each, as KEY<tab>VALUE. Then the machine is switched off.
say() { sed "s/^/$1	/"; }

echo "release	$(uname -r)"
# The boot is over when no job of systemd's is left but this one.
while systemctl list-jobs --no-legend | grep -qv ' trial.service '; do sleep 1; done
echo "boot	$(systemd-analyze time | sed -n 's/.* = //p')"
systemctl --failed --plain --no-legend | awk '{ print $1 }' | say failed
systemctl list-units --state=running --plain --no-legend | awk '{ print $1 }' | sort | say running

# shellcheck disable=SC2016 # the user's shell expands it
# A user who logs in has a session of logind's, and a systemd of its own.
su - reader -c 'loginctl show-session "$XDG_SESSION_ID" -p Name -p State -p Remote
	systemctl --user is-system-running --wait' </dev/null 2>&1 | say session

# shellcheck disable=SC2016
# The sample, as that user: the status of a helper, and no zombie.
su - reader -c '/opt/spawn-helper /bin/true && echo true: 0
	/opt/spawn-helper /bin/sh -c "exit 7"; echo exit 7: $?
	echo zombies: $(ps -e -o state= | grep -c Z)' </dev/null 2>&1 | say sample

# Services that are started, ended and killed.
for _ in 1 2 3 4 5; do
	systemd-run -q --wait /bin/true; echo "true: $?"
	systemd-run -q --wait /bin/sh -c 'exit 3'; echo "exit 3: $?"
	systemd-run -q --wait /bin/sh -c 'kill -SEGV $$'; echo "SIGSEGV: $?"
done 2>/dev/null | sort | uniq -c | say transient

# What the bus gets from the calls that name its clients. The kernel's own trace of system
# calls disturbs least.
trace=/sys/kernel/tracing
mountpoint -q $trace || mount -t tracefs trace $trace
bus=$(systemctl show -p MainPID --value dbus.service)
for call in getsockopt pidfd_open pidfd_send_signal; do
	for when in enter exit; do
		echo "common_pid == $bus" >$trace/events/syscalls/sys_${when}_$call/filter
		echo 1 >$trace/events/syscalls/sys_${when}_$call/enable
	done
done
cat $trace/trace_pipe >/run/bus.trace &
/opt/clients "$1" 2>&1 | say clients
sleep 3
kill $!
awk '
	BEGIN {
		name["11"] = "SO_PEERCRED"; name["1f"] = "SO_PEERSEC"; name["3b"] = "SO_PEERGROUPS"; name["4d"] = "SO_PEERPIDFD"
		errno["ffd"] = "ESRCH"; errno["fea"] = "EINVAL"; errno["fa4"] = "ENOPROTOOPT"; errno["fc3"] = "ENODATA"; errno["ff7"] = "EBADF"
	}
	/ sys_[a-z_]*\(/ {
		call = $0
		sub(/.* sys_/, "", call); sub(/\(.*/, "", call)
		if (call == "getsockopt") {
			option = $0
			sub(/.*optname: /, "", option); sub(/,.*/, "", option)
			call = option in name ? name[option] : ""
		}
	}
	/ -> 0x/ && call != "" {
		result = $NF
		failed = result ~ /^0xffffffffffff/
		result = substr(result, length(result) - 2)
		count[call " " (!failed ? "ok" : result in errno ? errno[result] : result)]++
	}
	END { for (what in count) print what "\t" count[what] }' /run/bus.trace | sort | say bus

# All of the kernel's and of everybody else's that is an error, without what differs by
# itself: numbers and addresses
journalctl -b -p err -o cat --no-pager | sed 's/0x[0-9a-f]*/N/g; s/[0-9][0-9]*/N/g' | sort | uniq -c | say error
echo "end	0"
systemctl --no-block poweroff
