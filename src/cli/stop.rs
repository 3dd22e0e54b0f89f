//! Ctrl-C during work that can end early, keep what is done, and say what that is.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::http::interrupt::at_each_interrupt;

/// The exit code of a program that a second Ctrl-C ends, as shells give it (128 and SIGINT's 2).
const ENDED: i32 = 130;

/// Whether somebody wants the work to end.
pub(crate) struct Stop {
    asked: Arc<AtomicBool>,
    heeded: Cell<bool>,
}

impl Stop {
    /// From now on the first Ctrl-C only asks for an end; a second one ends the program at once, and
    /// leaves what a crash leaves.
    pub(crate) fn listen() -> Self {
        let asked = Arc::new(AtomicBool::new(false));
        let noted = asked.clone();
        at_each_interrupt(move || {
            if noted.swap(true, Ordering::Relaxed) {
                std::process::exit(ENDED);
            }
        });
        Self { asked, heeded: Cell::new(false) }
    }

    /// The items, up to the moment when somebody asks for an end.
    pub(crate) fn until<'s, T>(
        &'s self,
        items: &'s mut dyn Iterator<Item = T>,
    ) -> impl Iterator<Item = T> + 's {
        std::iter::from_fn(move || {
            if self.asked.load(Ordering::Relaxed) {
                self.heeded.set(true);
                return None;
            }
            items.next()
        })
    }

    /// Whether items were left out because somebody asked for an end.
    pub(crate) fn was_heeded(&self) -> bool {
        self.heeded.get()
    }
}
