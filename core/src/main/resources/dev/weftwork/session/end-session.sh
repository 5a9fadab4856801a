# Ends the shell $weft_target with all it started (weft_leads, weft_grace: see the caller);
# prints `weft gone` or `weft left`. Runs nothing but sleep; without /proc also ps and sh.

weft_stat() { # /proc/$1/stat -> weft_p weft_pp weft_pg weft_ss weft_st
	read -r weft_p weft_x weft_st weft_pp weft_pg weft_ss weft_r <"/proc/$1/stat" || return 1
	# A name with blanks, parentheses or (old kernels) newlines put the fields out of place
	# if a ')' comes after the second word or the line is too short to be whole.
	case $weft_st$weft_pp$weft_pg$weft_ss$weft_r in *\)*) weft_r= ;; esac
	if [ ${#weft_r} -lt 60 ]; then
		weft_l=
		while read -r weft_x; do weft_l="$weft_l $weft_x"; done <"/proc/$1/stat"
		set -- ${weft_l##*)}
		[ $# -gt 4 ] || return 1
		weft_st=$1 weft_pp=$2 weft_pg=$3 weft_ss=$4 && shift 4 && weft_r="$*"
	fi
	# A Z with more threads is no zombie: only its first thread has ended.
	case $weft_st in Z) set -- $weft_r && [ "${14:-1}" -lt 2 ] || weft_st=S ;; esac
}

weft_scan() { # all processes -> weft_tab, ` pid:ppid:pgid:session:state` each
	weft_tab= IFS=' '
	if [ "$weft_by" = proc ]; then
		for weft_p in /proc/[0-9]*; do
			weft_stat "${weft_p#/proc/}" || continue
			case $weft_pp:$weft_pg in 2:0) continue ;; esac # a kernel thread
			weft_tab="$weft_tab $weft_p:$weft_pp:$weft_pg:$weft_ss:$weft_st"
		done
	else # not every ps knows sessions: the group stands in
		unset IFS; set -f
		set -- $(ps -A -o pid= -o ppid= -o pgid= -o stat=)
		while [ $# -gt 3 ]; do weft_tab="$weft_tab $1:$2:$3:$3:$4"; shift 4; done
		set +f
	fi
	case $weft_tab in *" $weft_me:"*) ;; *) weft_tab= && return 1 ;; esac # no list at all
}

weft_pick() { # whom of weft_tab to end -> weft_live, weft_groups
	weft_next=$weft_sess weft_live=' ' weft_groups=' ' weft_more=1
	while [ "$weft_more" ]; do
		weft_more= weft_rest= IFS=' '
		for weft_w in $weft_tab; do
			IFS=:; set -- $weft_w
			weft_add="p$1 "
			case $weft_know in
			*" s$4 "* | *" g$3 "*)
				case $weft_mine$weft_groups in
				*" g$3 "* | *" -$3 "*) ;;
				*) weft_groups="$weft_groups-$3 " weft_add="p$1 g$3 " ;;
				esac ;;
			*" p$1 "* | *" p$2 "*) ;;
			*) weft_rest="$weft_rest $weft_w"; continue ;;
			esac
			weft_more=1
			# A target that leads no session may share even a group it leads with neighbours.
			if [ "$1$weft_leads" = "${weft_target}no" ]; then weft_home=$3; else weft_add="${weft_add}g$1 "; fi
			weft_next=$weft_next$weft_add weft_know=$weft_know$weft_add
			case $5 in [ZXx]*) continue ;; esac
			case $weft_mine in *" p$1 "*) weft_said=left; continue ;; esac
			if [ "$1" = "$weft_target" ]; then weft_live=" $1$weft_live"; else weft_live="$weft_live$1 "; fi
		done
		weft_tab=$weft_rest
	done
	weft_know=$weft_next
	[ "$weft_leads" = no ] || return 0
	# A new orphan in the target's group may be the target's or a neighbour's: no knowing.
	[ "$weft_home" ] || weft_said=left
	IFS=' '
	for weft_w in $weft_tab; do
		IFS=:; set -- $weft_w
		[ "$3" = "$weft_home" ] || continue
		case $weft_near$5 in
		*" $1 "* | *[ZXx]*) ;;
		first* | *" $2 "*) weft_near="$weft_near $1 " ;;
		*) weft_said=left ;;
		esac
	done
	weft_near=${weft_near#first}
}

weft_now() { # -> weft_t, in hundredths of a second
	read -r weft_x weft_r </proc/uptime || weft_x=
	case $weft_x in
	*.[0-9][0-9]) weft_t=$((${weft_x%.*} * 100 + 1${weft_x#*.} - 100)) ;;
	*) weft_t=$((weft_t + 12)) ;;
	esac
}

weft_end() {
	weft_said=gone weft_home= weft_near=first weft_had=' ' weft_sig=TERM weft_t=0 weft_p=0
	weft_one=-$weft_target weft_sess=" s$weft_target "
	[ "$weft_leads" = yes ] || weft_one=$weft_target weft_sess=' '
	weft_know=$weft_sess
	[ "$weft_leads" = yes ] || weft_know=" p$weft_target "
	IFS=' ' weft_by=proc
	set +f
	weft_stat self
	weft_me=$weft_p
	weft_scan || { weft_by=ps weft_me=$(exec sh -c 'echo $PPID') && weft_scan; } || weft_by=
	weft_mine=' p1 ' weft_p=$weft_me # this shell and those it comes from
	while [ "${weft_p:-0}" -gt 0 ]; do
		weft_x=$weft_p weft_p= weft_mine="${weft_mine}p$weft_x " IFS=' '
		for weft_w in $weft_tab; do
			case $weft_w in "$weft_x":*) IFS=:; set -- $weft_w; weft_p=$2 weft_mine="${weft_mine}g$3 " ;; esac
		done
	done
	# A /proc of another PID namespace counts in other numbers.
	case $weft_mine in *" p$$ "*) ;; *) weft_by= ;; esac
	case $weft_by-$weft_leads-$weft_target in -*-$$ | -*-$PPID) weft_said=left && return ;; -no-*) weft_said=left ;; esac
	weft_now
	weft_t0=$weft_t
	while :; do
		if [ -z "$weft_by" ]; then
			weft_live=" $weft_one " weft_groups=
			weft_x=$(LC_ALL=C; kill -0 "$weft_one" 2>&1) || case $weft_x in *o\ such*) weft_live= ;; esac
		elif [ "$weft_tab" ]; then
			weft_pick
		fi
		IFS=' '
		[ "${weft_live# }" ] || break
		weft_now
		if [ $((weft_t - weft_t0)) -gt $((weft_grace * 100)) ]; then
			[ $weft_sig = TERM ] || { weft_said=left; break; }
			weft_sig=KILL weft_t0=$weft_t
		fi
		if [ $weft_sig = KILL ]; then
			kill -KILL $weft_groups $weft_live
		else
			weft_new=
			for weft_w in $weft_live; do case $weft_had in *" $weft_w "*) ;; *) weft_new="$weft_new $weft_w" ;; esac; done
			weft_had=$weft_live
			# What is stopped gets its TERM only when it goes on.
			[ -z "$weft_new" ] || { kill -TERM $weft_new; kill -CONT $weft_new; }
		fi
		# dash ends when it cannot fork, but not inside command eval
		command eval 'sleep 0.1 || { sleep 1; weft_t=$((weft_t + 88)); }'
		[ -z "$weft_by" ] || weft_scan
	done
}

weft_ifs=$IFS
if [ -c /dev/null ]; then weft_end 2>/dev/null; else weft_end 2>&-; fi || :
IFS=$weft_ifs
printf 'weft %s\n' "$weft_said"
