#!/bin/sh
# Stands in for busybox's adduser, addgroup and deluser where busybox was built without them (Debian's is). Knows
# exactly the options that the real ones know, refuses all others, and edits the same files.
fail() { echo "${0##*/}: $*" >&2; exit 1; }
next_id() { awk -F: -v n=1000 '$3 >= n && $3 < 60000 { n = $3 + 1 } END { print n }' "$1"; }
in_file() { awk -F: -v name="$2" '$1 == name { found = 1 } END { exit !found }' "$1"; }

join() {
  in_file /etc/passwd "$1" || fail "unknown user $1"
  in_file /etc/group "$2" || fail "unknown group $2"
  awk -F: -v OFS=: -v user="$1" -v group="$2" \
    '$1 == group { $4 = $4 == "" ? user : $4 "," user } { print }' /etc/group > /etc/group.new
  mv /etc/group.new /etc/group
}

case ${0##*/} in
  adduser)
    home= shell=/bin/sh uid= group= comment='Linux User,,,' system= make_home=yes no_password=
    while getopts h:s:u:G:g:SDH option; do
      case $option in
        h) home=$OPTARG ;; s) shell=$OPTARG ;; u) uid=$OPTARG ;; G) group=$OPTARG ;; g) comment=$OPTARG ;;
        S) system=yes ;; D) no_password=yes ;; H) make_home= ;;
        *) exit 1 ;;
      esac
    done
    shift $((OPTIND - 1))
    [ "$#" -eq 1 ] || fail "usage"
    [ "$no_password" = yes ] || fail "would ask for a password"
    in_file /etc/passwd "$1" && fail "user '$1' in use"
    [ -n "$uid" ] || uid=$(next_id /etc/passwd)
    if [ -z "$group" ]; then
      if [ "$system" = yes ]; then group=nogroup
      else
        in_file /etc/group "$1" && fail "group '$1' in use"
        echo "$1:x:$uid:" >> /etc/group
        group=$1
      fi
    fi
    gid=$(awk -F: -v name="$group" '$1 == name { print $3 }' /etc/group)
    [ -n "$gid" ] || fail "unknown group $group"
    [ -n "$home" ] || home=/home/$1
    echo "$1:x:$uid:$gid:$comment:$home:$shell" >> /etc/passwd
    if [ "$make_home" = yes ]; then mkdir -p "$home"; fi
    ;;
  addgroup)
    [ "$#" -eq 2 ] || fail "usage"
    join "$1" "$2"
    ;;
  deluser)
    remove=
    if [ "$1" = --remove-home ]; then remove=yes; shift; fi
    [ "$#" -eq 1 ] || fail "usage"
    in_file /etc/passwd "$1" || fail "unknown user $1"
    home=$(awk -F: -v name="$1" '$1 == name { print $6 }' /etc/passwd)
    awk -F: -v name="$1" '$1 != name' /etc/passwd > /etc/passwd.new
    mv /etc/passwd.new /etc/passwd
    if [ "$remove" = yes ]; then rm -rf "$home"; fi
    ;;
esac
