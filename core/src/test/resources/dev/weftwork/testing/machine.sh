#!/bin/sh
# machine.sh FOLDER USER -- COMMAND [ARG...]
# machine.sh --check
#
# Runs COMMAND as login user USER on a small private "machine" for testing
# sudo, su and doas. Needs root with CAP_SYS_ADMIN. The real machine's accounts
# and configuration are not touched: all that follows lives in a mount
# namespace that ends with its last process. stdin, stdout and stderr are
# passed through, and the process that was started becomes COMMAND (exec).
# --check says on stderr what is missing here (exit code 125), or nothing (0).
#
# Read from FOLDER at the start, all optional (owner and mode do not matter):
#   sudoers    rules, after the header below; none: no user may use sudo
#   doas.conf  none: doas is not configured
#   etc/       copied over the machine's /etc (etc/pam.d/su and the like)
#   home/      becomes /home, so what users leave there can be read afterwards;
#              none: fresh homes, which vanish with the machine
#   busybox    installed set-user-ID root as /run/weft/busybox and /run/weft/su
#
# Users: weftlogin (2001), weftother (2002), weftsvc (2003, nologin), root.
# Passwords: weftlogin 'secret pässword $x', weftother 'other pässword',
# weftsvc 'svc pässword', root 'root pässword' (in UTF-8).
#
# Environment of COMMAND: HOME, USER, LOGNAME, SHELL and PATH as after a login,
# LANG, LC_ALL and TERM as given, nothing else ("-- env A=B sh" adds more).
# Working directory: the user's home. No controlling terminal.
# Exit code 125 and a line "machine.sh: ..." if the machine cannot be made (1 and
# a line of unshare where namespaces are not permitted); setpriv's 127 if there
# is no such COMMAND.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin

fail() { trap - EXIT; echo "machine.sh: $*" >&2; exit 125; }

if [ "${1-}" = --check ]; then
	for tool in sudo su doas unshare setpriv setsid; do
		path=$(command -v $tool) || fail "$tool is not installed"
		case $tool,$(findmnt -n -o OPTIONS -T "$path"), in
		sudo,*,nosuid,* | su,*,nosuid,* | doas,*,nosuid,*)
			fail "$path is on a nosuid file system" ;;
		esac
	done
	! grep -q '^NoNewPrivs:[^0-9]*1' /proc/self/status || fail 'no_new_privs is set'
	id=$(echo 'root pässword' | sh "$0" /dev weftlogin -- su -c 'id -u' 2>&1) || :
	case $id in *0) exit 0 ;; *) fail "no machine here: $id" ;; esac
fi

if [ "${1-}" != --inside ]; then # ---- outside: become a namespace, no more
	[ $# -ge 4 ] && [ "$3" = -- ] || fail 'use: FOLDER USER -- COMMAND [ARG...]'
	case $0 in /*) script=$0 ;; *) script=$PWD/$0 ;; esac
	cd -- "$1" || fail "no folder $1" # /run and /home get covered, "." does not
	shift
	# sudo, su and doas would talk to a controlling terminal instead of the
	# pipes, so leave it (stat: field 5 is the process group, 7 the terminal).
	read -r stat </proc/$$/stat
	n=3 leave=
	for field in ${stat##*) }; do
		case $n in 5) group=$field ;; 7) tty=$field ;; esac
		n=$((n + 1))
	done
	if [ "$tty" != 0 ]; then
		leave=setsid                                # one that leads a group, as
		[ "$group" != $$ ] || leave='setsid --wait' # from a prompt, has to fork
	fi
	exec $leave unshare --mount --uts --propagation private -- \
		/bin/sh "$script" --inside "$(readlink /proc/self/ns/mnt)" "$@"
fi

# ---------------------------------------------------- inside the namespace
outside=$2 user=$3
shift 4
[ "$(readlink /proc/self/ns/mnt)" != "$outside" ] || fail 'no new namespace'
trap 'fail "cannot make the machine"' EXIT
umask 022

# /run is hidden as a whole: no bus, journal or logind is told anything, and
# time stamps of sudo and doas are the machine's own. It holds all that is ours.
mount -t tmpfs -o mode=755 machine /run
mkdir -p /run/weft/etc /run/weft/work /run/weft/log /run/weft/lib /run/weft/home
mount -t devpts -o mode=620,gid=5,ptmxmode=666 machine /dev/pts # for use_pty
mount --bind /run/weft/log /var/log # su would add to btmp
[ ! -d /var/lib/sudo ] || mount --bind /run/weft/lib /var/lib/sudo # lectured
[ ! -S /dev/log ] || mount --bind /dev/null /dev/log
hostname weftmachine

# A private /etc. Nothing of it is asked of a name server or a directory.
if ! mount -t overlay -o lowerdir=/etc,upperdir=/run/weft/etc,workdir=/run/weft/work \
	machine /etc 2>/dev/null; then
	cp -a /etc/. /run/weft/etc
	mount --bind /run/weft/etc /etc
fi
passwd=$(cat /etc/passwd) group=$(cat /etc/group) shadow=$(cat /etc/shadow)
cat >/etc/passwd <<-END
	weftlogin:x:2001:2001:Login User:/home/weftlogin:/bin/sh
	weftother:x:2002:2002:Other User:/home/weftother:/bin/sh
	weftsvc:x:2003:2003:Service:/home/weftsvc:/usr/sbin/nologin
	$passwd
END
cat >/etc/group <<-END
	weftlogin:x:2001:
	weftother:x:2002:
	weftsvc:x:2003:
	weftteam:x:2010:weftlogin,weftother
	$group
END
cat >/etc/shadow <<-END
	weftlogin:\$6\$rounds=1000\$weftweftlogin\$LcagI5yBIeb2ZleDEZwUa/AXIV8S7HBuIq9.p4yet.xFcmrIMStFmC6s8WeYbHpxmGFIFJ1EQLdhL1zh1yC.U.:19000:0:99999:7:::
	weftother:\$6\$rounds=1000\$weftweftother\$jSu.nwTqleqBHcurBWbw/9DxZlR/BlScJk8L0rkkvwKEaQm470c8jnjy2Wft5QBDxtCM9rYSY5NDMK07Osr6d.:19000:0:99999:7:::
	weftsvc:\$6\$rounds=1000\$weftweftsvc\$Rl3eiGZwEh9asOAebiIdVtUce0xqBlVX0Ah0lT.sFHBmM0OBxGjXeqM7sd1MKBhaKb8q/tlmNQznQF5I7ZMRt/:19000:0:99999:7:::
	root:\$6\$rounds=1000\$weftroot\$l0NyJdFnXMFCu9hsNhNTPmUofaEkalp1spCOMQ/yxfneEWVSj3A4ZprhDkbkxY7TKdj7.cSskXHcnem9VE4He/:19000:0:99999:7:::
	$shadow
END
echo '127.0.0.1 localhost weftmachine' >/etc/hosts
echo weftmachine >/etc/hostname
printf '%s: files\n' passwd group shadow gshadow hosts sudoers >/etc/nsswitch.conf
: >/etc/environment
[ ! -e /etc/default/locale ] || : >/etc/default/locale
cat >/etc/sudoers <<-'END'
	Defaults env_reset, !syslog, !fqdn, !mail_badpass, !mail_no_user
	Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	root ALL=(ALL:ALL) ALL
END
[ ! -f sudoers ] || cat sudoers >>/etc/sudoers
[ ! -f doas.conf ] || cat doas.conf >/etc/doas.conf
[ ! -d etc ] || cp -R etc/. /etc
if [ -f busybox ]; then
	cp busybox /run/weft/busybox
	chmod 4755 /run/weft/busybox
	ln -s busybox /run/weft/su
fi

# Homes. The real ones stay visible, as tests may need files there.
[ -d home ] || cd /run/weft
install -d -m 755 home
install -d -m 700 -o 2001 -g 2001 home/weftlogin
install -d -m 700 -o 2002 -g 2002 home/weftother
install -d -m 700 -o 2003 -g 2003 home/weftsvc
for real in /home/*/; do
	real=${real%/}
	[ -d "$real" ] || continue
	mkdir -p "home/${real##*/}"
	mount --no-canonicalize --rbind "$real" "home/${real##*/}"
done
mount --no-canonicalize --rbind home /home

# Log in.
entry=$(getent passwd "$user") || fail "no user $user"
IFS=: read -r name x uid gid gecos dir shell <<END
$entry
END
cd "$dir" || cd /
path=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games
[ "$uid" != 0 ] || path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
trap - EXIT
exec env -i HOME="$dir" USER="$name" LOGNAME="$name" SHELL="$shell" PATH="$path" \
	${LANG+"LANG=$LANG"} ${LC_ALL+"LC_ALL=$LC_ALL"} ${TERM+"TERM=$TERM"} \
	setpriv --reuid "$uid" --regid "$gid" --init-groups --inh-caps=-all -- "$@"
