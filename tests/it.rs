//! The one test binary: everything that is not a unit test beside its code.

mod it {
    mod annotated;
    mod audit;
    mod crash;
    mod damage;
    mod evidence;
    mod format;
    mod house;
    mod keyfile;
    mod keyring;
    mod ledger;
    mod records;
    mod refused;
    mod statements;
    mod store;
    mod tidy;
    mod tlog_note;
    mod tlog_tree;
}
