#!/bin/sh
# Stands for an installer: reads a config file, says hello, leaves a file behind.
set -eu
name= port= broken=
while IFS='=' read -r key value; do
  case $key in
    name) name=$value ;;
    port) port=$value ;;
    broken) broken=$value ;;
  esac
done < "$1"
if [ "$broken" = true ]; then
  echo "port $port is taken" >&2
  exit 3
fi
echo "$name listens on port $port"
echo "$port" > app/installed
