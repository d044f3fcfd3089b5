#!/bin/sh
# Runs a check of this folder on the repository it stands in: Bazel's runfiles are links into it.
# usage: run_check.sh CHECK.py [ARGUMENT ...]; "ROOT" stands for the repository.
folder=$(dirname -- "$(readlink -f -- "$0")")
check=$1
shift
[ "${1:-}" = ROOT ] && { shift; set -- "$(readlink -f -- "$folder/../..")" "$@"; }
exec python3 -B "$folder/$check" "$@"
