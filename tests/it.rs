//! The one test binary: everything that is not a unit test beside its code.

mod it {
    mod audit;
    mod keyfile;
    mod crash;
    mod store;
    mod evidence;
    mod tidy;
}
