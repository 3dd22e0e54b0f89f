//! Reading several bundles at once, and handing them on in their order: opening statements and
//! checking signatures is nearly all the work of a verification, and no statement needs another
//! for it. What needs the ones before it is the walk's.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use crate::comb::shared::Combs;
use crate::verify::slots::{Keys, Slots, Unread};

/// How many bundles wait for each reader: one that is read, and two so that it never waits. Each
/// is about a megabyte.
const WAITING: usize = 3;

type Job = (Unread, Arc<Keys>);

/// Threads that read bundles, each with its own queue: the n-th bundle is the n-th thread's.
pub(crate) struct Readers<T> {
    threads: Vec<(SyncSender<Job>, Receiver<Slots>)>,
    /// What belongs to the bundles on their way, in their order, with the reader of each.
    on_their_way: VecDeque<(usize, T)>,
    next: usize,
}

impl<T> Readers<T> {
    /// Starts so many threads. They end when this is dropped.
    pub(crate) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        count: NonZeroUsize,
        combs: &'scope Combs,
    ) -> Self {
        let reader = |_| {
            let (jobs, todo) = sync_channel::<Job>(WAITING);
            let (done, slots) = sync_channel(WAITING);
            scope.spawn(move || {
                // Either side hangs up when nobody wants any more.
                for (unread, keys) in todo {
                    if done.send(unread.read(&keys, combs)).is_err() {
                        break;
                    }
                }
            });
            (jobs, slots)
        };
        let threads = (0..count.get()).map(reader).collect();
        Self { threads, on_their_way: VecDeque::new(), next: 0 }
    }

    /// Whether another bundle can be given without waiting for those before it.
    pub(crate) fn has_room(&self) -> bool {
        self.on_their_way.len() < WAITING * self.threads.len()
    }

    /// Gives a bundle to be read, with what is to come back beside it.
    pub(crate) fn give(&mut self, unread: Unread, keys: Arc<Keys>, beside: T) {
        assert!(self.has_room(), "more bundles given than wanted back");
        self.threads[self.next].0.send((unread, keys)).expect("a reader works while it is wanted");
        self.on_their_way.push_back((self.next, beside));
        self.next = (self.next + 1) % self.threads.len();
    }

    /// The next bundle in the order in which they were given; `None` if none is on its way.
    pub(crate) fn take(&mut self) -> Option<(Slots, T)> {
        let (reader, beside) = self.on_their_way.pop_front()?;
        let slots = self.threads[reader].1.recv().expect("a reader gives back all it was given");
        Some((slots, beside))
    }
}
