//! The store on both disks: one suite for each of them, then what only a real disk has.
