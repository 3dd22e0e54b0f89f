#!/bin/sh
# By hand: `sh tests/faults/syscalls.sh [path of whosaid]`. Every call by which `whosaid append`
# changes the disk is made to fail, once with each error, and is the last one before a SIGKILL.
# After each: the ledger must verify as it stands, take the same file again, and verify again.
# Needs strace; says so and ends well where it is absent.
set -u
whosaid=$(realpath "${1:-target/release/whosaid}")
example=$(realpath docs/example)
if ! command -v strace > /dev/null; then
    echo "skipped: strace is not installed"
    exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
echo "a passphrase" > passphrase
export WHOSAID_PASSPHRASE_FILE="$folder/passphrase"
"$whosaid" init --origin faults.example/claims --name nadia > /dev/null || exit 1
cases=0
failed=0

complain() {
    failed=$((failed + 1))
    echo "FAILED: $1"
}

# Tries one fault at the n-th call; tells whether the call was reached.
try() { # $1 call, $2 what is injected, $3 n
    rm -rf now
    cp -r ledger now
    strace -f -qq -o trace -e "trace=$1" -e "inject=$1:$2:when=$3" \
        "$whosaid" --ledger now append "$example/kabul.toml" > said 2>&1
    grep -q -e INJECTED -e killed trace || return 1
    cases=$((cases + 1))
    "$whosaid" --ledger now verify > said 2>&1 || complain "$1 $2 $3: does not verify after: $(tail -n 2 said)"
    "$whosaid" --ledger now append "$example/kabul.toml" > said 2>&1 || complain "$1 $2 $3: is not appended after: $(cat said)"
    "$whosaid" --ledger now verify > said 2>&1 || complain "$1 $2 $3: does not verify in the end: $(tail -n 2 said)"
    "$whosaid" --ledger now log --json 2> /dev/null | wc -l | grep -q '^25$' || complain "$1 $2 $3: not every entry is there once"
}

for call in fsync rename mkdir unlink; do
    for fault in error=EIO error=ENOSPC signal=SIGKILL; do
        n=1
        while try "$call" "$fault" "$n"; do n=$((n + 1)); done
    done
done
echo "$cases faults, $failed failures"
[ "$failed" -eq 0 ]
