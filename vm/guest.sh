# shellcheck shell=sh disable=SC2034,SC2154 # the variables are for those who call; $DEBUG and others are of where
# Sourced by what starts a guest.

# guest_settings: the variables that it is started with, as they are if nobody says other, and
# $memory, $warn and $foreign. On a debug kernel all takes ten times as long.
guest_settings() {
	[ -z "$DEBUG" ] || : "${TIMEOUT:=3600}"
	: "${ACCEL:=auto}" "${SMP:=2}" "${TIMEOUT:=600}" "${REPEAT:=1}" "${ROUNDS:=}" "${SEED:=}" "${MINUTES:=}"
	case $SMP in [1-8]) ;; *) die "SMP=$SMP is not a number of processors from 1 to 8" ;; esac
	case $TIMEOUT in ''|*[!0-9]*|0*) die "TIMEOUT=$TIMEOUT is not a number of seconds" ;; esac
	case $REPEAT in ''|*[!0-9]*|0*) die "REPEAT=$REPEAT is not a number of runs" ;; esac
	case $ROUNDS in *[!0-9]*|0*) die "ROUNDS=$ROUNDS is not a number of rounds" ;; esac
	case $SEED in *[!0-9]*|0*) die "SEED=$SEED is not a number from 1" ;; esac
	case $MINUTES in *[!0-9]*|0*) die "MINUTES=$MINUTES is not a number of minutes" ;; esac
	case $ACCEL in auto|tcg|kvm) ;; *) die "ACCEL=$ACCEL is none of: auto tcg kvm" ;; esac
	# What KVM can do on this machine at all: $foreign says what it cannot.
	case $host_arch:$ARCH in
	"$ARCH:$ARCH" | x86_64:i386) foreign= ;;
	*) foreign="KVM on $host_arch runs no guest of $ARCH" ;;
	esac
	[ "$ACCEL" != kvm ] || [ -z "$foreign" ] || die "$foreign; say ACCEL=tcg"

	# The shadows of a debug kernel need room, in megabytes, and its reports are wanted all.
	memory=1024 warn=panic_on_warn=1
	[ -z "$DEBUG" ] || memory=3072 warn=
}
