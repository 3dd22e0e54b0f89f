//! A disk in memory that can fail at any step and lose power at any moment.
//!
//! It keeps two states: what programs see, and what would survive a loss of power. Bytes and
//! names become durable separately, by their own syncs. [`SimulatedDisk::survivals`] lists what
//! a crash can leave, and [`SimulatedDisk::crash`] gives the disk that is left. It also serves
//! as the in-memory store for tests and rehearsals.
//!
//! What is simplified: a name that changed twice since its last sync is lost or kept as a whole,
//! its middle state never survives; a failed sync of a folder may be repeated with success (of a
//! file it may not, as on Linux).

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::store::disk::{Disk, Kind, Listed};

/// What goes wrong at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The step is not done and reports an error; the next ones work.
    NotDone,
    /// The step is done, but reports an error; the next ones work.
    DoneButReported,
    /// This step and all that follow are not done: the disk is full, or the program is killed,
    /// or the power is gone. A first write still gets half of its bytes out.
    NothingWorks,
}

/// Which unsynced names survive a crash, by their place in the sorted list of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// None: only what was synced.
    Nothing,
    /// All, as if everything had been synced.
    Everything,
    /// This one alone.
    Only(usize),
    /// All but this one.
    AllBut(usize),
}

/// What survives of a file's unsynced bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes {
    /// None of them.
    Lost,
    /// All of them.
    Kept,
    /// The first half.
    Half,
    /// The full length, of which the second half is zero.
    ZeroTail,
    /// The full length, of which the second half is noise.
    NoiseTail,
}

/// What a crash leaves of all that was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survival {
    /// Of the names.
    pub names: Names,
    /// Of the bytes.
    pub bytes: Bytes,
}

/// A disk in memory. Clones are handles to the same disk, as two processes would have.
#[derive(Debug, Clone, Default)]
pub struct SimulatedDisk(Arc<Mutex<Machine>>);

/// A file being written: its number on the disk.
#[derive(Debug)]
pub struct OpenFile(u64);

/// A lock on the disk, given back when dropped.
#[derive(Debug)]
pub struct Lock {
    disk: SimulatedDisk,
    path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Folder,
    File(u64),
}

/// The bytes of one file, under whatever names.
#[derive(Debug, Clone, Default)]
struct Content {
    seen: Vec<u8>,
    durable: Vec<u8>,
    /// A sync failed: the pages are marked clean, and later syncs do nothing.
    given_up: bool,
}

/// What was read from a disk since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reads {
    /// The number of files, each counted as often as it was read.
    pub files: u64,
    /// The number of bytes.
    pub bytes: u64,
}

type Tree = BTreeMap<String, Node>;

#[derive(Debug, Clone, Default)]
struct Machine {
    seen: Tree,
    durable: Tree,
    contents: BTreeMap<u64, Content>,
    locked: BTreeSet<String>,
    steps: u64,
    fault: Option<(u64, Fault)>,
    reads: Reads,
}

impl SimulatedDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets step `step` from now (the next is 1) go wrong. Every call of [`Disk`] is one step.
    pub fn fail_at(&self, step: u64, fault: Fault) {
        let mut machine = self.machine();
        machine.steps = 0;
        machine.fault = Some((step, fault));
    }

    /// Lets every step work again.
    pub fn mend(&self) {
        self.machine().fault = None;
    }

    /// The steps taken since the last [`SimulatedDisk::fail_at`], or since the disk was made.
    pub fn steps(&self) -> u64 {
        self.machine().steps
    }

    /// What was read from this disk so far.
    pub fn reads(&self) -> Reads {
        self.machine().reads
    }

    /// Another disk in the same state, unsynced parts included, with no fault and no lock.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = Self(Arc::new(Mutex::new(self.machine().clone())));
        let mut machine = copy.machine();
        (machine.fault, machine.locked) = (None, BTreeSet::new());
        drop(machine);
        copy
    }

    /// Everything a crash can leave at this moment.
    pub fn survivals(&self) -> Vec<Survival> {
        let machine = self.machine();
        let count = machine.unsynced_names().len();
        let mut names = vec![Names::Nothing];
        if count > 0 {
            names.push(Names::Everything);
        }
        if count > 1 {
            names.extend((0..count).flat_map(|index| [Names::Only(index), Names::AllBut(index)]));
        }
        let is_dirty = |content: &Content| content.seen != content.durable;
        let bytes: &[Bytes] = if machine.contents.values().any(is_dirty) {
            &[Bytes::Lost, Bytes::Kept, Bytes::Half, Bytes::ZeroTail, Bytes::NoiseTail]
        } else {
            &[Bytes::Lost]
        };
        let with_bytes = |names| bytes.iter().map(move |bytes| Survival { names, bytes: *bytes });
        names.into_iter().flat_map(with_bytes).collect()
    }

    /// The disk after a loss of power: another disk, on which everything left is durable.
    #[must_use]
    pub fn crash(&self, survival: Survival) -> Self {
        Self(Arc::new(Mutex::new(self.machine().after_crash(survival))))
    }

    /// Everything programs see: each path with its bytes, or `None` for a folder.
    pub fn contents(&self) -> BTreeMap<String, Option<Vec<u8>>> {
        let machine = self.machine();
        let bytes = |node: &Node| match node {
            Node::Folder => None,
            Node::File(number) => Some(machine.contents[number].seen.clone()),
        };
        machine.seen.iter().map(|(path, node)| (path.clone(), bytes(node))).collect()
    }

    /// Writes a file, durably and with its folders, as another program would. Takes no step.
    pub fn tamper(&self, path: &str, bytes: &[u8]) {
        let mut machine = self.machine();
        for (end, _) in path.match_indices('/') {
            machine.name_durably(&path[..end], Node::Folder);
        }
        let file = machine.new_file();
        let content = Content { seen: bytes.to_vec(), durable: bytes.to_vec(), given_up: false };
        machine.contents.insert(file, content);
        machine.name_durably(path, Node::File(file));
    }

    /// Removes a file durably, as another program would. Takes no step.
    pub fn tamper_remove(&self, path: &str) {
        let mut machine = self.machine();
        machine.seen.remove(path);
        machine.durable.remove(path);
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.0.lock().expect("no step panics")
    }

    /// One step: done or not, as the fault has it. `spoil` is what a failure leaves behind.
    fn step<T>(
        &self,
        work: impl FnOnce(&mut Machine) -> io::Result<T>,
        spoil: impl FnOnce(&mut Machine),
    ) -> io::Result<T> {
        let mut machine = self.machine();
        machine.steps += 1;
        let fault = machine.fault.filter(|(at, fault)| match fault {
            Fault::NothingWorks => machine.steps >= *at,
            Fault::NotDone | Fault::DoneButReported => machine.steps == *at,
        });
        let Some((at, fault)) = fault else { return work(&mut machine) };
        match fault {
            Fault::DoneButReported => {
                let done = work(&mut machine);
                // What is dropped may be a lock, which needs the machine to give itself back.
                drop(machine);
                done?;
            }
            // Once the power is gone nothing can be spoilt any more.
            Fault::NothingWorks if machine.steps > at => {}
            Fault::NotDone | Fault::NothingWorks => spoil(&mut machine),
        }
        Err(io::Error::other(format!("injected at step {at}: {fault:?}")))
    }

    fn plain_step<T>(&self, work: impl FnOnce(&mut Machine) -> io::Result<T>) -> io::Result<T> {
        self.step(work, |_| {})
    }
}

impl Disk for SimulatedDisk {
    type File = OpenFile;
    type Lock = Lock;

    fn name(&self, path: &str) -> String {
        if path.is_empty() { "ledger".to_owned() } else { format!("ledger/{path}") }
    }

    fn kind(&self, path: &str) -> io::Result<Option<Kind>> {
        self.plain_step(|machine| Ok(machine.node(path).map(|node| machine.kind_of(node))))
    }

    fn read(&self, path: &str, limit: u64) -> io::Result<Vec<u8>> {
        self.plain_step(|machine| {
            let bytes = &machine.contents[&machine.file(path)?].seen;
            let end = usize::try_from(limit).unwrap_or(usize::MAX).min(bytes.len());
            let bytes = bytes[..end].to_vec();
            machine.reads.files += 1;
            machine.reads.bytes += bytes.len() as u64;
            Ok(bytes)
        })
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        self.plain_step(|machine| {
            machine.folder(folder)?;
            let inside = machine.seen.iter().filter(|(path, _)| folder_of(path) == folder);
            Ok(inside
                .map(|(path, node)| Listed {
                    name: path.rsplit('/').next().unwrap_or(path).to_owned(),
                    kind: machine.kind_of(*node),
                })
                .collect())
        })
    }

    fn create(&self, path: &str) -> io::Result<OpenFile> {
        self.plain_step(|machine| {
            machine.free(path)?;
            let file = machine.new_file();
            machine.seen.insert(path.to_owned(), Node::File(file));
            Ok(OpenFile(file))
        })
    }

    fn write(&self, file: &mut OpenFile, bytes: &[u8]) -> io::Result<()> {
        let half = &bytes[..bytes.len() / 2];
        self.step(
            |machine| {
                machine.content(file).seen.extend(bytes);
                Ok(())
            },
            |machine| machine.content(file).seen.extend(half),
        )
    }

    fn sync_file(&self, file: &OpenFile) -> io::Result<()> {
        self.step(
            |machine| {
                let content = machine.content(file);
                if !content.given_up {
                    content.durable.clone_from(&content.seen);
                }
                Ok(())
            },
            |machine| machine.content(file).given_up = true,
        )
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.plain_step(|machine| {
            let file = machine.file(from)?;
            machine.folder(folder_of(to))?;
            if machine.node(to) == Some(Node::Folder) {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            machine.seen.remove(from);
            machine.seen.insert(to.to_owned(), Node::File(file));
            Ok(())
        })
    }

    fn create_folder(&self, folder: &str) -> io::Result<()> {
        self.plain_step(|machine| {
            machine.free(folder)?;
            machine.seen.insert(folder.to_owned(), Node::Folder);
            Ok(())
        })
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.plain_step(|machine| {
            machine.folder(folder)?;
            let mut unsynced = machine.unsynced_names();
            unsynced.retain(|path| folder_of(path) == folder);
            machine.durable = machine.with_names(&unsynced);
            Ok(())
        })
    }

    fn remove_file(&self, path: &str) -> io::Result<()> {
        self.plain_step(|machine| {
            machine.file(path)?;
            machine.seen.remove(path);
            Ok(())
        })
    }

    fn try_lock(&self, path: &str) -> io::Result<Option<Lock>> {
        self.plain_step(|machine| {
            if machine.node(path).is_none() {
                machine.free(path)?;
                let file = machine.new_file();
                machine.seen.insert(path.to_owned(), Node::File(file));
            }
            let free = machine.locked.insert(path.to_owned());
            Ok(free.then(|| Lock { disk: self.clone(), path: path.to_owned() }))
        })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.disk.machine().locked.remove(&self.path);
    }
}

impl Machine {
    fn node(&self, path: &str) -> Option<Node> {
        if path.is_empty() { Some(Node::Folder) } else { self.seen.get(path).copied() }
    }

    fn kind_of(&self, node: Node) -> Kind {
        match node {
            Node::Folder => Kind::Folder,
            Node::File(number) => Kind::File { length: self.contents[&number].seen.len() as u64 },
        }
    }

    fn file(&self, path: &str) -> io::Result<u64> {
        match self.node(path) {
            Some(Node::File(number)) => Ok(number),
            Some(Node::Folder) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn folder(&self, path: &str) -> io::Result<()> {
        match self.node(path) {
            Some(Node::Folder) => Ok(()),
            Some(Node::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Whether the name can be taken: its folder is there, and nothing has it.
    fn free(&self, path: &str) -> io::Result<()> {
        self.folder(folder_of(path))?;
        if self.node(path).is_some() { Err(io::ErrorKind::AlreadyExists.into()) } else { Ok(()) }
    }

    fn content(&mut self, file: &OpenFile) -> &mut Content {
        self.contents.get_mut(&file.0).expect("an open file has its content")
    }

    fn new_file(&mut self) -> u64 {
        let number = self.contents.keys().next_back().map_or(0, |last| last + 1);
        self.contents.insert(number, Content::default());
        number
    }

    fn name_durably(&mut self, path: &str, node: Node) {
        self.seen.insert(path.to_owned(), node);
        self.durable.insert(path.to_owned(), node);
    }

    /// The paths, sorted, that would be different after a loss of power.
    fn unsynced_names(&self) -> Vec<String> {
        let changed = self.seen.iter().filter(|(path, node)| self.durable.get(*path) != Some(node));
        let gone = self.durable.keys().filter(|path| !self.seen.contains_key(*path));
        let mut unsynced: Vec<String> =
            changed.map(|(path, _)| path).chain(gone).cloned().collect();
        unsynced.sort();
        unsynced
    }

    /// The durable names, and of the unsynced ones those in `kept`.
    fn with_names(&self, kept: &[String]) -> Tree {
        let mut names = self.durable.clone();
        let mut displaced = Vec::new();
        for path in kept {
            displaced.extend(match self.seen.get(path) {
                Some(node) => names.insert(path.clone(), *node),
                None => names.remove(path),
            });
        }
        // A rename is atomic: a file that has lost its old name has its new one.
        for (path, node) in &self.seen {
            if displaced.contains(node) && matches!(node, Node::File(_)) {
                names.insert(path.clone(), *node);
            }
        }
        names
    }

    fn after_crash(&self, survival: Survival) -> Self {
        let unsynced = self.unsynced_names();
        let kept: Vec<String> = match survival.names {
            Names::Nothing => Vec::new(),
            Names::Everything => unsynced,
            Names::Only(index) => vec![unsynced[index].clone()],
            Names::AllBut(index) => [&unsynced[..index], &unsynced[index + 1..]].concat(),
        };
        // Sorted, a folder comes before what is in it: what has lost its folder is out of reach.
        let mut reachable = Tree::new();
        for (path, node) in self.with_names(&kept) {
            let folder = folder_of(&path);
            if folder.is_empty() || reachable.get(folder) == Some(&Node::Folder) {
                reachable.insert(path, node);
            }
        }
        let mut contents = BTreeMap::new();
        for node in reachable.values() {
            if let Node::File(number) = node {
                let bytes = survivor(&self.contents[number], survival.bytes);
                let content = Content { seen: bytes.clone(), durable: bytes, given_up: false };
                contents.insert(*number, content);
            }
        }
        Self { seen: reachable.clone(), durable: reachable, contents, ..Self::default() }
    }
}

/// The bytes of one file after a loss of power.
fn survivor(content: &Content, bytes: Bytes) -> Vec<u8> {
    let Content { seen, durable, .. } = content;
    let half = usize::midpoint(durable.len(), seen.len());
    let with_tail = |byte| {
        let mut bytes = seen[..half].to_vec();
        bytes.resize(seen.len(), byte);
        bytes
    };
    match bytes {
        _ if seen == durable => seen.clone(),
        Bytes::Lost => durable.clone(),
        Bytes::Kept => seen.clone(),
        Bytes::Half => seen[..half].to_vec(),
        Bytes::ZeroTail => with_tail(0),
        Bytes::NoiseTail => with_tail(0xa5),
    }
}

/// The folder that holds the name; empty for the root.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
