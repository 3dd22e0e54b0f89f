#!/bin/sh
# Lets each system call of `whosaid append` fail in turn (EIO, ENOSPC) or be the last one (SIGKILL),
# then holds what DESIGN promises: what was acknowledged is there, the same command once more
# appends the claim once, and no two checkpoints disagree.
#
#   tests/faults/syscalls.sh [PROGRAM]      the release build when nothing is named
#   WHOSAID_HEAVY=1 tests/faults/syscalls.sh    every call; else every seventh
#
# Linux, with strace. Writes only below a fresh temporary folder. Exit 0 it holds or was skipped,
# 1 it does not hold. What the simulated disk cannot show is shown here: that the program asks the
# real system for what the simulated one was asked for.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
program=${1:-$here/target/release/whosaid}
calls='fsync fdatasync rename renameat2 write pwrite64 openat unlink mkdir ftruncate flock read'

if ! command -v strace >/dev/null 2>&1; then
    echo "skipped: strace is not installed"
    exit 0
fi
if [ ! -x "$program" ]; then
    echo "skipped: no program at $program (cargo build --release)"
    exit 0
fi
if ! strace -o /dev/null true 2>/dev/null; then
    echo "skipped: this system does not let strace trace"
    exit 0
fi

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder" || exit 1
echo 'a passphrase for tests' >passphrase
WHOSAID_PASSPHRASE_FILE=$folder/passphrase
export WHOSAID_PASSPHRASE_FILE
# What is remembered is each case's own: every case begins with the same backup.
WHOSAID_STATE=$folder/state
export WHOSAID_STATE

cases=0
failures=0

fail() {
    failures=$((failures + 1))
    echo "FAILED: $what: $1"
}

# The number of entries under the checkpoint; 0 without one.
size() {
    if [ -f ledger/checkpoint ]; then sed -n 2p ledger/checkpoint; else echo 0; fi
}

# What was signed: origin, size, root.
signed() {
    if [ -f ledger/checkpoint ]; then sed -n 1,3p ledger/checkpoint; fi
}

# The text that an interrupted commit has yet to sign, after the journal's two head lines.
pending() {
    if [ -f ledger/.state/pending ]; then sed -n 3,5p ledger/.state/pending; fi
}

append() {
    "$program" append --speaker 'Zamir Kabulov' --said "$1" --in article.txt \
        --quote 'will soon visit Kabul'
}

verify() {
    "$program" verify >verify.out 2>&1 || fail "$1: $(tail -n 3 verify.out)"
}

# One fault in one call of one append, then everything that must hold.
try() {
    rm -rf ledger keys state
    cp -R base/ledger base/keys .
    timeout 60 strace -f -qq -o trace -e "trace=$call" -e "inject=$call:$fault:when=$when" \
        "$program" append --speaker 'Zamir Kabulov' --said 'One.' --in article.txt \
        --quote 'will soon visit Kabul' >append.out 2>&1
    code=$?
    # A call that was killed is written without its end, so the signal tells.
    if ! grep -q 'INJECTED\|killed by SIGKILL' trace; then
        return 1
    fi
    cases=$((cases + 1))
    between=$(size)
    if [ "$code" -eq 0 ] && [ "$between" -ne "$after" ]; then
        fail "acknowledged, but the ledger has $between entries, expected $after"
    fi
    if [ "$between" -ne "$before" ] && [ "$between" -ne "$after" ]; then
        fail "half a batch: $between entries, expected $before or $after"
    fi
    verify 'before it was opened again'
    promised=$(if [ "$between" -eq "$after" ]; then signed; else pending; fi)

    cp -R ledger other
    append 'One.' >retry.out 2>&1 || fail "the same again: $(tail -n 3 retry.out)"
    [ "$(size)" -eq "$after" ] || fail "the same again: $(size) entries, expected $after"
    verify 'the same again'
    if [ -n "$promised" ] && [ "$promised" != "$(signed)" ]; then
        fail 'two checkpoints of one size disagree'
    fi
    rm -rf ledger state
    mv other ledger

    # Other data: whether or not the first got in, it comes next to it.
    append 'Another.' >retry.out 2>&1 || fail "other data: $(tail -n 3 retry.out)"
    verify 'other data'
    rm -rf ledger
    return 0
}

echo 'A high-ranking Russian delegation will soon visit Kabul, said the envoy.' >article.txt
"$program" init --origin example.org/faults --name nadia >init.out 2>&1 || {
    cat init.out
    exit 1
}
append 'Nothing yet.' >append.out 2>&1 || {
    cat append.out
    exit 1
}
mkdir base
mv ledger keys base
cp -R base/ledger base/keys .
before=$(size)
append 'One.' >append.out 2>&1
after=$(size)
if [ "$after" -le "$before" ]; then
    echo "the trial append did not grow the ledger: $(cat append.out)"
    exit 1
fi

stride=7
[ "${WHOSAID_HEAVY:-}" = 1 ] && stride=1
for call in $calls; do
    reached=0
    for fault in error=EIO error=ENOSPC signal=SIGKILL; do
        when=1
        while what="$call $fault at call $when" && try; do
            reached=$((reached + 1))
            when=$((when + stride))
        done
    done
    echo "$call: $reached faults"
done

echo "$cases faults, $failures failures"
if [ "$cases" -lt 50 ]; then
    echo 'too few faults were met: the trial does not show anything'
    exit 1
fi
[ "$failures" -eq 0 ]
