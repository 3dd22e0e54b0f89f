//! The one test binary: everything that is not a unit test beside its code.

mod it {
    mod claimfile;
    mod crash;
    mod damage;
    mod evidence;
    mod house;
    mod keyfile;
    mod ledger;
    mod store;
    mod tidy;
    mod tlog_note;
    mod tlog_tree;
}
