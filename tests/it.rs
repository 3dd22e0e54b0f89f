//! The one test binary: everything that is not a unit test beside its code.

mod it {
    mod annotated;
    mod audit;
    mod book;
    mod claimfile;
    mod cli;
    mod crash;
    mod crash_ledger;
    mod damage;
    mod documents;
    mod evidence;
    mod fetch;
    mod format;
    mod house;
    mod keyfile;
    mod keyring;
    mod ledger;
    mod monitor;
    mod monitor_command;
    mod records;
    mod refused;
    mod sample;
    mod statements;
    mod store;
    mod tamper;
    mod tidy;
    mod tlog_fork;
    mod tlog_note;
    mod tlog_tree;
    mod writer;
}
