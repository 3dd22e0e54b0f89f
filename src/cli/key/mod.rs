//! `whosaid key`: recorders come and go. A claim stays valid by the key of its time; what a key
//! signed after it was stolen is marked, not hidden.

mod given;
mod known;
mod changed;
mod new;
mod list;
mod trust;
mod rotate;
mod revoke;

use crate::cli::arguments::Key;
use crate::cli::failure::{Exit, Failure};
use crate::cli::open::Place;
use crate::cli::terminal::Terminal;

pub(crate) fn run(place: &Place, key: &Key, terminal: &Terminal) -> Result<Exit, Failure> {
    match key {
        Key::New(it) => new::run(place, it, terminal),
        Key::List => list::run(place, terminal),
        Key::Trust(it) => trust::run(place, it, terminal),
        Key::Rotate(it) => rotate::run(place, it, terminal),
        Key::Revoke(it) => revoke::run(place, it, terminal),
    }
}
