# Ends the shell $weft_target and all it started; prints `weft gone` or `weft left`.
# Builtins only, but for sleep, and ps and sh where there is no /proc.

weft_stat() { # /proc/$1/stat -> weft_p weft_pp weft_pg weft_ss weft_st
  read -r weft_p weft_x weft_st weft_pp weft_pg weft_ss weft_r <"/proc/$1/stat" || return 1
  # Blanks, parentheses or (old kernels) newlines in the name put the fields out of place:
  # then a ')' comes after the second word, or the line is too short to be whole.
  case $weft_st$weft_pp$weft_pg$weft_ss$weft_r in *\)*) weft_r= ;; esac
  if [ ${#weft_r} -lt 60 ]; then
    weft_l=
    while read -r weft_x; do weft_l="$weft_l $weft_x"; done <"/proc/$1/stat"
    set -- ${weft_l##*)}
    [ $# -gt 4 ] || return 1
    weft_st=$1 weft_pp=$2 weft_pg=$3 weft_ss=$4
    shift 4
    weft_r="$*"
  fi
  # A Z with more threads is no zombie: only its first thread has ended.
  case $weft_st in Z) set -- $weft_r; [ "${14:-1}" -lt 2 ] || weft_st=S ;; esac
}

weft_scan() { # all processes -> weft_tab, ` pid:ppid:pgid:session:state` each
  weft_tab= weft_bit= IFS=' '
  if [ "$weft_by" = proc ]; then
    for weft_p in /proc/[0-9]*; do
      weft_stat "${weft_p#/proc/}" || continue
      case $weft_pp:$weft_pg in 2:0) continue ;; esac # a kernel thread
      weft_bit="$weft_bit $weft_p:$weft_pp:$weft_pg:$weft_ss:$weft_st"
      [ ${#weft_bit} -lt 1000 ] || weft_tab=$weft_tab$weft_bit weft_bit= # long ones are slow
    done
  else # not every ps knows sessions: the group stands in
    unset IFS; set -f
    set -- $(ps -A -o pid= -o ppid= -o pgid= -o stat=)
    set +f
    while [ $# -gt 3 ]; do weft_bit="$weft_bit $1:$2:$3:$3:$4"; shift 4; done
  fi
  weft_tab=$weft_tab$weft_bit
  case $weft_tab in *" $weft_me:"*) ;; *) weft_tab=; return 1 ;; esac # no list at all
}

weft_pick() { # whom of weft_tab to end -> weft_live, weft_groups
  weft_live=' ' weft_dead=' ' weft_groups=' ' weft_more=1
  while [ "$weft_more" ]; do
    weft_more= IFS=' '
    for weft_w in $weft_tab; do
      IFS=:; set -- $weft_w
      [ "$1" != "$weft_target" ] || weft_home=$3
      # The group of a target that leads no session may be its neighbours', too.
      [ "$3$weft_leads" != "${weft_target}no" ] || set -- "$1" "$2" x x "$5"
      case $weft_know in
      *" s$4 "* | *" $3 "* | *" -$3 "*) # the whole group, but never one's own
        case $weft_mine$weft_groups in *" -$3 "*) ;; *) weft_groups="$weft_groups-$3 " ;; esac ;;
      *" $1 "* | *" $2 "*) ;;
      *) continue ;;
      esac
      case $weft_dead$weft_live in *" $1 "*) continue ;; esac
      weft_know="$weft_know$1 " weft_more=1
      case $5$weft_mine in
      [ZXx]*) weft_dead="$weft_dead$1 " ;;
      *" $1 "*) weft_dead="$weft_dead$1 " weft_doubt=1 ;;
      *) if [ "$1" = "$weft_target" ]; then weft_live=" $1$weft_live"; else weft_live="$weft_live$1 "; fi ;;
      esac
    done
  done
  weft_know=$weft_sess$weft_live${weft_groups# } IFS=' '
  [ "$weft_leads" = no ] || return 0
  # A new orphan in the target's group may be the target's or a neighbour's: no knowing.
  [ "$weft_home" ] || weft_doubt=1
  for weft_w in $weft_tab; do
    IFS=:; set -- $weft_w
    [ "$3" = "$weft_home" ] || continue
    case $5$weft_dead$weft_live$weft_near$weft_first in
    [ZXx]* | *" $1 "*) ;;
    *" $2 "* | *first) weft_near="$weft_near$1 " ;;
    *) weft_doubt=1 ;;
    esac
  done
  weft_first= IFS=' '
}

weft_end() {
  weft_live=' ' weft_dead=' ' weft_groups=' ' weft_had=' ' weft_near=' ' weft_first=first weft_home=
  weft_seen= weft_doubt= weft_sig=TERM weft_t=0 weft_t0= weft_p=0 weft_by=proc IFS=' '
  case $weft_target in '' | *[!0-9]* | 0* | 1) return ;; esac
  case $weft_leads in
  yes) weft_one=-$weft_target weft_sess=" s$weft_target" weft_know=" s$weft_target " ;;
  *) weft_leads=no weft_one=$weft_target weft_sess= weft_know=" $weft_target " ;;
  esac
  set +f
  weft_stat self
  weft_me=$weft_p
  weft_scan || { weft_by=ps weft_me=$(exec sh -c 'echo $PPID') && weft_scan; } || weft_by=
  weft_mine=' 1 ' weft_p=$weft_me # this shell and those it comes from
  while [ "${weft_p:-0}" -gt 0 ]; do
    weft_x=$weft_p weft_p= weft_mine="$weft_mine$weft_x " IFS=' '
    for weft_w in $weft_tab; do
      case $weft_w in "$weft_x":*) IFS=:; set -- $weft_w; weft_p=$2 weft_mine="$weft_mine-$3 " ;; esac
    done
  done
  IFS=' '
  case $weft_mine in *" $$ "*) ;; *) weft_by= ;; esac # a /proc of another PID namespace
  case $weft_by-$weft_leads-$weft_target in -*-$$ | -*-$PPID) return ;; -no-*) weft_doubt=1 ;; esac
  while :; do
    if [ "$weft_by" ]; then
      [ "$weft_tab" ] || weft_scan && weft_pick || weft_seen=
      weft_tab=
    else
      weft_live=" $weft_one "
      weft_x=$(LC_ALL=C; kill -0 "$weft_one" 2>&1) || case $weft_x in *o\ such*) weft_live=' ' ;; esac
    fi
    # One look misses what is started behind its back: gone is when the next one finds
    # nobody alive either, and nobody else dead.
    case $weft_live:$weft_dead:$weft_seen in
    " :$weft_seen:$weft_seen") [ "$weft_doubt" ] || weft_said=gone; return ;;
    ' :'*:) weft_seen=$weft_dead; continue ;;
    ' :'*) weft_seen=$weft_dead ;;
    *) weft_seen= ;;
    esac
    IFS=' ' read -r weft_x weft_r </proc/uptime && weft_t=$((${weft_x%.*} * 100 + 1${weft_x#*.} - 100)) || weft_t=$((weft_t + 12))
    weft_t0=${weft_t0:-$weft_t}
    if [ $((weft_t - weft_t0)) -gt $((weft_grace * 100)) ]; then
      [ $weft_sig = TERM ] || return
      weft_sig=KILL weft_t0=$weft_t
    fi
    # The shell itself outlives a TERM, and has nothing to do when it is alone.
    [ "$weft_live" != " $weft_target " ] || kill -KILL "$weft_target"
    if [ $weft_sig = KILL ]; then
      kill -KILL $weft_groups $weft_live
    else
      weft_new=
      for weft_w in $weft_live; do
        case $weft_had in *" $weft_w "*) ;; *) weft_new="$weft_new $weft_w" ;; esac
      done
      weft_had=$weft_live
      [ -z "$weft_new" ] || { kill -TERM $weft_new; kill -CONT $weft_new; } # the stopped, too
    fi
    # dash ends when it cannot fork, but not inside command eval.
    command eval 'sleep 0.1 || { sleep 1; weft_t=$((weft_t + 88)); }'
  done
}

weft_said=left weft_ifs=$IFS weft_null=/dev/null
[ -c /dev/null ] || weft_null='&-'
command eval "weft_end 2>$weft_null" || :
IFS=$weft_ifs
echo "weft $weft_said"
