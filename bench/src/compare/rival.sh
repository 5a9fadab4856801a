# Read by the "run" of each rival, which is called with WORKLOAD and OVER: what those may be, and how all get in.
#
# Of the environment: COMPARE_HOSTS is a file with a line NAME ADDRESS LOGIN for each host, COMPARE_PORT, COMPARE_KEY
# and COMPARE_KNOWN_HOSTS are for SSH, COMPARE_FILE is the file to copy, COMPARE_TMP is a scratch folder, new for
# every pass. Files of COMPARE_* have no blanks in their paths.
#
# A run ends with 0 if all was done on all hosts, and with 64 if it can't do the WORKLOAD that way. What it leaves
# running, as ssh does for a next run, is ended, and belongs to it.
#
# deploy4, which has the same end state for all:
#   1. the user weftwork, with a group of its own, the home /home/weftwork and the shell /bin/bash
#   2. /var/log/weftwork.log, of that user and group, mode 777
#   3. /home/weftwork/test_file.txt with the content of COMPARE_FILE, of that user and group, mode 644
#   4. the command: echo "hi!"
# fan20: twenty commands "true", each a step of its own.

workload=${1-} over=${2-}
case $workload in
    deploy4 | fan20) ;;
    *) echo "WORKLOAD must be deploy4 or fan20, was '$workload'" >&2; exit 64 ;;
esac
case $over in
    orbctl | ssh) ;;
    *) echo "OVER must be orbctl or ssh, was '$over'" >&2; exit 64 ;;
esac

# An empty one would mean files in the root folder.
: "${COMPARE_HOSTS:?}" "${COMPARE_TMP:?}"
if [ "$workload" = deploy4 ]; then : "${COMPARE_FILE:?}"; fi

only_over_ssh() {
    if [ "$over" != ssh ]; then
        echo "$1 has no way into machines but SSH" >&2
        exit 64
    fi
}

# Nobody reads the user's own SSH configuration, and everybody checks host keys.
ssh_options="-F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile=${COMPARE_KNOWN_HOSTS-} -o StrictHostKeyChecking=yes"
