# The session's shell, in the parts of POSIX that dash, busybox ash and bash agree on. Sent line by line to a shell's
# standard input, without these comments, behind definitions of weft_nonce, of weft_sh, which becomes a shell of the same
# kind, and of weft_shared, whether the machine has many sessions at once. Its descriptors: 0 brings frames, 1 and 3 are what
# the controller reads, 2 is nowhere, so that the shell's own remarks about a command's death get into no command's output.
exec 3>&2 2>/dev/null
# Elsewhere secrets would be in its argument list.
if ! PATH=/dev/null command printf ''; then
  echo "printf is a program here, and must be a builtin of the shell" >&3
  exit 1
fi
unset -f command printf read test [ cd kill export umask dd cat echo true false pwd
unalias -a
# A command may signal its group, or this shell by a number it got somewhere. In subshells the default is back.
trap : HUP INT QUIT TERM ALRM USR1 USR2 PIPE
# bash goes on listing them there.
case ${BASH_VERSION-} in
  '') weft_untrap() { :; } ;;
  *) weft_untrap() { trap - HUP INT QUIT TERM ALRM USR1 USR2 PIPE; } ;;
esac
IFS=' 	
'
# bash in another locale takes a newline behind half a character for its second half.
weft_had=${LC_ALL+yes} weft_locale=${LC_ALL-}
LC_ALL=C
weft_leads=no weft_mode=none weft_dd= weft_text=

# What was started last on the machine, as a process number: whoever came later is newer. Two files say it, if they speak of
# this shell's own machine: then they name at least the subshell that asks, whose number is where /proc/self leads, which is
# cheaper to follow than to read.
weft_last() { read -r weft_p </proc/sys/kernel/ns_last_pid; }
weft_loadavg() { weft_last() { read -r weft_x weft_x weft_x weft_x weft_p </proc/loadavg; }; }
weft_near() { weft_last && [ "$weft_p" -ge "$weft_a" ] && [ "$weft_p" -lt $((weft_a + 1000)) ]; }
weft_counts() {
  (
    cd -P /proc/self && weft_a=${PWD##*/} || exit 1
    if weft_near; then exit 0; fi
    weft_loadavg
    weft_near && exit 3
  )
}
weft_count() {
  weft_counts
  case $? in
    0) ;;
    3) weft_loadavg ;;
    *) return 1 ;;
  esac
  weft_mode=count
}
if [ /proc/self -ef "/proc/$$" ] && read -r weft_x <"/proc/$$/stat"; then
  set -- ${weft_x##*) }
  case $3-$4 in
    $$-$$) weft_leads=yes ;;
    $$-*) weft_leads=group ;;
  esac
  weft_mode=scan
  # Twice, for on a busy machine a thousand may have been started between two of its own lines.
  weft_count || weft_count || :
elif kill -0 "-$$"; then
  weft_leads=group
fi

# Whether process $1 may have been left by the command: it is in this session, or holds one of its streams.
weft_look() {
  if ! read -r weft_x <"/proc/$1/stat"; then
    [ -e "/proc/$1" ]
    return
  fi
  case $weft_x in *') '*) ;; *) return 0 ;; esac
  set -- "$1" ${weft_x##*) }
  case $2 in Z | X) return 1 ;; esac
  if [ "$weft_leads" = yes ] && [ "$5" = "$$" ]; then return 0; fi
  if ! [ -r "/proc/$1/fd" ]; then
    [ -e "/proc/$1" ]
    return
  fi
  for weft_x in "/proc/$1/fd"/*; do
    if [ "$weft_x" -ef "/proc/$$/fd/1" ] || [ "$weft_x" -ef "/proc/$$/fd/3" ]; then
      # The other end of a pipe is the same file: whoever reads it, and what that is starting just now, is not meant.
      weft_flags=
      { read -r weft_flags && read -r weft_flags weft_flags; } <"/proc/$1/fdinfo/${weft_x##*/}"
      case $weft_flags in *0) ;; *) return 0 ;; esac
    fi
  done
  return 1
}
weft_scan() {
  for weft_x in /proc/[0-9]*; do
    weft_x=${weft_x#/proc/}
    # Not this shell, nor a program such as sudo that waits for it.
    if [ "$weft_x" != "$$" ] && [ "$weft_x" != "$PPID" ] && weft_look "$weft_x"; then
      weft_left=' left'
      return
    fi
  done
}
# Looks at all that were started since the command began, and again until nobody new has come meanwhile; where more come
# than can be looked at, it isn't known that nobody is left.
weft_newer() {
  weft_rounds=0
  while [ "$weft_p" -ne "$weft_a" ]; do
    weft_rounds=$((weft_rounds + 1))
    if [ "$weft_rounds" -gt 10 ]; then
      if [ "$weft_mode" = count ]; then weft_left=' left'; fi
      return
    fi
    if [ "$weft_mode-$weft_shared" = witness-yes ] && [ "$weft_p" -gt $((weft_a + 2000)) ]; then return; fi
    if [ "$weft_p" -lt "$weft_a" ] || [ "$weft_p" -gt $((weft_a + 2000)) ]; then
      weft_alive=0
      weft_scan
      return
    fi
    while [ "$weft_a" -lt "$weft_p" ]; do
      weft_a=$((weft_a + 1))
      if [ -e "/proc/$weft_a" ]; then
        # Who has another root, as in a container, was hardly left by a command of this session.
        if [ "$weft_mode" = witness ] && [ -e "/proc/$weft_a/root" ] && ! [ "/proc/$weft_a/root" -ef / ]; then continue; fi
        if weft_look "$weft_a"; then
          weft_left=' left'
          return
        fi
        weft_alive=$((weft_alive - 1))
        if [ "$weft_alive" -eq 0 ]; then return; fi
      fi
    done
    weft_last
  done
}

# Where many processes come and go, looking at each of them would take longer than the commands. On a machine that is known
# to have many sessions, and from then on where more than eight others were there when a command ended, every command also
# inherits the reading end of a pipe in descriptor 5: nobody is left when a byte written into it meets no reader. Who closes
# what it inherits, and keeps its output, is found as long as no more than 63 others that came meanwhile are there, or three
# on a machine that is known to have many sessions.
weft_nobody() {
  exec 5<&-
  if printf x >&6; then return 1; fi
  exec 5</proc/self/fd/6
}
weft_pipe() {
  exec 5<<X
x
X
  exec 6>/proc/self/fd/5
  weft_nobody
}
# First where a failure ends no session: some shells have a file instead of a pipe, and no space for it. A subshell has
# none of the traps.
weft_witness() {
  if [ "$weft_tried" = no ] && (trap : PIPE && weft_pipe); then
    weft_pipe
    weft_mode=witness
  fi
  weft_tried=yes
}
weft_tried=no
if [ "$weft_shared-$weft_mode" = yes-count ]; then weft_witness; fi
weft_left= weft_home=$PWD

case $weft_mode in
  count | witness)
    weft_before() { weft_last; weft_a=$weft_p; }
    weft_check() {
      weft_last
      # Nobody but the command's own subshell, which is gone.
      if [ "$weft_p" -eq $((weft_a + 1)) ]; then return; fi
      if [ "$weft_mode" = witness ]; then
        if ! weft_nobody; then
          weft_left=' left'
          return
        fi
        if [ "$weft_shared" = yes ]; then weft_alive=4; else weft_alive=64; fi
        weft_last
        weft_newer
      else
        weft_alive=1000000
        weft_newer
        if [ "$weft_alive" -lt 999992 ]; then weft_witness; fi
      fi
    } ;;
  scan)
    weft_before() { :; }
    weft_check() { weft_scan; } ;;
  *)
    weft_before() { :; }
    weft_check() { weft_left=' left'; } ;;
esac

# All frames have: $1 number of the command, $2 what comes before it or nothing, $3 its text, $4 what is special to the kind.
weft_after() {
  weft_left= weft_text=
  # A command may have put another directory in the place of the one where commands start.
  if ! [ . -ef "$weft_home" ]; then cd "$weft_home"; fi
  # Nor may it leave the streams, which are everybody's, in a mode that loses what doesn't fit at once; nor need it have
  # started a process for that, since its subshell may have become another program.
  if [ "$weft_mode" != none ] && { weft_hurried 1 || weft_hurried 3; }; then weft_left=' left'; fi
  if [ -z "$weft_left" ]; then weft_check; fi
  weft_end "$@"
}
weft_hurried() {
  weft_flags=
  { read -r weft_flags && read -r weft_flags weft_flags; } <"/proc/$$/fdinfo/$1"
  case $weft_flags in *[4567]???) return 0 ;; esac
  return 1
}
weft_end() {
  weft_try printf '\036%s-%s %s%s\n' "$weft_nonce" "$1" "$2" "$weft_left" >&3
  weft_try printf '\036%s-%s %s%s\n' "$weft_nonce" "$1" "$2" "$weft_left"
}
# A full pipe may refuse a marker, but not a part of it.
weft_try() {
  "$@" && return
  for weft_x in 1 2 3 4 5 6 7 8 9 10; do
    sleep 1
    "$@" && return
  done
}
weft_enter() {
  if [ -n "$weft_had" ]; then LC_ALL=$weft_locale; else unset LC_ALL; fi
  eval "$2"
}
# In the process that is to be the command.
weft_do() {
  if [ -n "$2" ]; then
    weft_enter "$@" || exit 1
    printf '\036%s-%s begin\n' "$weft_nonce" "$1" >&2
  elif [ -n "$weft_had" ]; then LC_ALL=$weft_locale; else unset LC_ALL
  fi
  weft_untrap
  unset weft_nonce weft_had weft_locale weft_text weft_left weft_leads weft_mode weft_shared weft_dd weft_inner weft_flags weft_rounds weft_alive weft_tried weft_home weft_a weft_p weft_x
  eval "$3"
}
weft_go() {
  weft_before
  (
    exec </dev/null 2>&3 3>&- 6>&-
    weft_do "$@"
  )
  weft_after "$1" "$?"
}
# A builtin that starts no process, so that nobody can be left, and to which variables are nothing.
weft_builtin() {
  (
    exec </dev/null 2>&3 3>&-
    eval "$3"
  )
  weft_end "$1" "$?"
}
# With a shell of its own, in which $$ is what it says; that reads the text from descriptor 8.
weft_inner='
weft_had=${LC_ALL+yes} weft_locale=${LC_ALL-}
LC_ALL=C
weft_text= weft_part= weft_count=0
IFS= read -r weft_nonce <&8 || exit 1
while :; do
  IFS= read -r weft_line <&8 || exit 1
  if [ "$weft_line" = "$weft_nonce" ]; then break; fi
  weft_part=$weft_part$weft_line"
"
  weft_count=$((weft_count + 1))
  if [ $((weft_count % 128)) -eq 0 ]; then weft_text=$weft_text$weft_part weft_part=; fi
done
exec 8<&-
if [ -n "$weft_had" ]; then LC_ALL=$weft_locale; else unset LC_ALL; fi
printf "\036%s begin\n" "$weft_nonce" >&2
set -- "$weft_text$weft_part"
unset weft_had weft_locale weft_nonce weft_count weft_line weft_text weft_part
eval "$1"
'
weft_do_own() {
  printf '%s\n%s%s\n' "$weft_nonce-$1" "$3" "$weft_nonce-$1" | (
    exec 8<&0 <&9 9<&- 2>&3 3>&- 6>&-
    weft_enter "$@" || exit 1
    weft_sh -c "$weft_inner" sh
  )
}
weft_own() {
  weft_before
  weft_do_own "$@" 9</dev/null
  weft_after "$1" "$?"
}
# With a standard input so small that it came along, as a format of printf.
weft_literal() {
  weft_before
  printf "$4" | (
    exec 2>&3 3>&- 6>&-
    weft_do "$@"
  )
  weft_after "$1" "$?"
}
# With a standard input that comes behind the frame in chunks, each with a line before it: size and number of blocks, or 0.
weft_input() {
  weft_before
  weft_probe
  printf '\036%s-%s ready\n' "$weft_nonce" "$1"
  weft_feed | (
    case $4 in
      own) weft_do_own "$@" 9<&0 ;;
      *)
        (
          exec 2>&3 3>&- 6>&-
          weft_do "$@"
        ) ;;
    esac
    weft_x=$?
    printf '\036%s-%s enough\n' "$weft_nonce" "$1"
    cat >/dev/null
    exit "$weft_x"
  )
  weft_x=$?
  # What is left of an input that was cut short is no frame.
  read -r weft_p && [ "$weft_p" = "$weft_nonce" ] || exit 1
  weft_after "$1" "$weft_x"
}
# The one reader of an exact number of bytes from a pipe that systems have in common is dd, if it can be told to fill its
# blocks, else with blocks of one byte.
weft_probe() {
  if [ -n "$weft_dd" ]; then return; fi
  weft_dd=byte
  if [ "$(printf xy | dd bs=2 count=1 iflag=fullblock)" = xy ]; then weft_dd=block; fi
}
weft_take() {
  case $weft_dd in
    block) dd bs="$1" count="$2" iflag=fullblock ;;
    *) dd bs=1 count=$(($1 * $2)) ;;
  esac
}
weft_feed() {
  while read -r weft_x weft_p; do
    if [ "$weft_x" = 0 ]; then return; fi
    weft_take "$weft_x" "$weft_p" || break
  done
  # The controller is gone in the middle of the input. A command must not take a part of it for the whole: it gets no end
  # of file, but a signal. This goes to the whole group, of which nobody but this session is left.
  if [ "$weft_leads" != no ]; then
    trap '' TERM
    kill -TERM 0
    sleep 2
    kill -KILL 0
  fi
}
# A long text comes behind a frame of its own, and is used by the next one: $2 and $3 its blocks, $4 its rest.
weft_load() {
  weft_probe
  printf '\036%s-%s ready\n' "$weft_nonce" "$1"
  weft_text=$(
    if [ "$3" -gt 0 ]; then weft_take "$2" "$3"; fi
    if [ "$4" -gt 0 ]; then weft_take "$4" 1; fi
  )
  case $weft_text in *"$weft_nonce") weft_text=${weft_text%"$weft_nonce"} ;; *) exit 1 ;; esac
  printf '\036%s-%s 0\n' "$weft_nonce" "$1" >&3
  printf '\036%s-%s 0\n' "$weft_nonce" "$1"
}
printf '\036%s-0 hello\n' "$weft_nonce" >&3
printf '\036%s-0 hello %s %s %s\n' "$weft_nonce" "$$" "$weft_leads" "$weft_mode"
