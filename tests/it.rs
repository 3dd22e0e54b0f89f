//! The one test binary: everything that is not a unit test beside its code.

mod it {
    mod afar;
    mod annotated;
    mod atproto;
    mod audit;
    mod book;
    mod channels;
    mod claimfile;
    mod cli;
    mod clock;
    mod crash;
    mod crash_ledger;
    mod damage;
    mod documents;
    mod evidence;
    mod fetch;
    mod format;
    mod house;
    mod key_command;
    mod keyfile;
    mod keyring;
    mod keyring_model;
    mod ledger;
    mod monitor;
    mod monitor_command;
    mod nostr;
    mod receipts;
    mod records;
    mod refused;
    mod sample;
    mod statements;
    mod store;
    mod strangers;
    mod tamper;
    mod tidy;
    mod tlog_fork;
    mod tlog_note;
    mod tlog_tree;
    mod witness;
    mod witness_cli;
    mod witnessed;
    mod writer;
}
