//! Reading several bundles at once, and handing them on in their order: opening statements and
//! checking signatures is nearly all the work of a verification, and no statement needs another
//! for it. What needs the ones before it is the walk's.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use crate::comb::shared::Combs;
use crate::verify::slots::{self, Keys, Slots, Unread};

/// How many batches each reader has: one that is read, and one so that it never waits. Each is some
/// six megabytes.
const WAITING: usize = 2;

/// How many bundles are read in one go: signatures are checked fastest some thousands at a time.
const BUNDLES: usize = 8;

/// How many bytes are read in one go, at least: bundles of long statements go by fewer.
const BYTES: usize = 2 * 1024 * 1024;

type Job = (Vec<Unread>, Arc<Keys>);

/// Threads that read batches of bundles, each with its own queue: the n-th batch is the n-th thread's.
pub(crate) struct Readers<T> {
    threads: Vec<(SyncSender<Job>, Receiver<Vec<Slots>>)>,
    /// A batch that is not full yet, and what belongs to its bundles.
    gathered: (Vec<Unread>, Vec<T>),
    /// What belongs to the bundles of each batch on its way, in their order, with its reader.
    on_their_way: VecDeque<(usize, Vec<T>)>,
    /// Bundles that were read.
    back: VecDeque<(Slots, T)>,
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
                for (batch, keys) in todo {
                    if done.send(slots::read_all(batch, &keys, combs)).is_err() {
                        break;
                    }
                }
            });
            (jobs, slots)
        };
        let threads = (0..count.get()).map(reader).collect();
        let (on_their_way, back) = (VecDeque::new(), VecDeque::new());
        Self { threads, gathered: (Vec::new(), Vec::new()), on_their_way, back, next: 0 }
    }

    /// Whether another bundle can be given without waiting for those before it.
    pub(crate) fn has_room(&self) -> bool {
        self.on_their_way.len() < WAITING * self.threads.len()
    }

    /// Gives a bundle to be read, with what is to come back beside it.
    pub(crate) fn give(&mut self, unread: Unread, keys: &Arc<Keys>, beside: T) {
        assert!(self.has_room(), "more bundles given than wanted back");
        let (batch, besides) = &mut self.gathered;
        batch.push(unread);
        besides.push(beside);
        let bytes: usize = batch.iter().filter_map(|it| Some(it.bytes.as_ref()?.len())).sum();
        if batch.len() == BUNDLES || bytes >= BYTES {
            self.send(keys);
        }
    }

    fn send(&mut self, keys: &Arc<Keys>) {
        let (batch, besides) = std::mem::take(&mut self.gathered);
        let job = (batch, keys.clone());
        self.threads[self.next].0.send(job).expect("a reader works while it is wanted");
        self.on_their_way.push_back((self.next, besides));
        self.next = (self.next + 1) % self.threads.len();
    }

    /// The next bundle in the order in which they were given; `None` if none is on its way.
    pub(crate) fn take(&mut self, keys: &Arc<Keys>) -> Option<(Slots, T)> {
        if self.back.is_empty() {
            if self.on_their_way.is_empty() && !self.gathered.0.is_empty() {
                self.send(keys);
            }
            let (reader, besides) = self.on_their_way.pop_front()?;
            let read =
                self.threads[reader].1.recv().expect("a reader gives back what it was given");
            self.back.extend(read.into_iter().zip(besides));
        }
        self.back.pop_front()
    }
}
