//! A ledger on any web server that gives out its files: for reading, like a folder.
//!
//! Nothing that comes from there is trusted. One checkpoint is fetched and held to for as long as
//! this lives, and each file is fetched once, so that everything that is said of the ledger is
//! said of one state of it. That state may be gone when a file of it is asked for, because the
//! ledger grew meanwhile; then the wider file that took its place is fetched, and the first items
//! of it are the ones asked for (tlog-tiles, "Partial Tiles"; docs/FORMAT.md, section 1).

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use crate::store::failure::Failure;
use crate::store::journal::Journal;
use crate::store::path::FilePath;
use crate::store::source::Source;
use crate::store::{self, Found};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::{self, Note};
use crate::tlog::path::Path;
use crate::tlog::tile::FULL_WIDTH;
use crate::web::cache::Cache;
use crate::web::fetch::{self, Client};

/// The most bytes of files that are held in memory: tiles and entries of two million entries.
/// What comes after them is read again from the cache, or fetched again where there is none.
const MEMORY: usize = 128 << 20;

/// How often a file that gave way to a wider one is looked for anew, while the ledger grows.
const ATTEMPTS: usize = 3;

/// What of the cache may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Only what was fetched in this run: for who asks what the server serves now.
    FromServer,
    /// Everything: it never changes.
    Kept,
}

/// A published ledger.
#[derive(Debug)]
pub struct Remote {
    /// Without the slash at its end.
    base: String,
    client: Client,
    cache: Option<Cache>,
    freshness: Cell<Freshness>,
    /// Whether something was read from the cache that an earlier run had put there.
    used: Cell<bool>,
    held: RefCell<Held>,
}

/// What is known of the server's files in this run.
#[derive(Debug, Default)]
struct Held {
    /// The checkpoint, once it was asked for.
    checkpoint: Option<Pinned>,
    /// Tiles and bundles, for this run only; `None` where there was no such file.
    files: HashMap<FilePath, Option<Vec<u8>>>,
    bytes: usize,
    /// What the cache got in this run.
    fetched: HashSet<FilePath>,
    /// The last bundle of statements, however much is held: who reads one often reads the next.
    statements: Option<(FilePath, Vec<u8>)>,
}

/// The one checkpoint of this run; `None` if there was none.
#[derive(Debug, Clone)]
struct Pinned(Option<Vec<u8>>);

impl Remote {
    /// The ledger whose files stand below this URL. Asks for nothing yet.
    pub fn new(base: &str, client: Client) -> Result<Self, fetch::Error> {
        let url = fetch::parse_url(base)?;
        if url.query().is_some() {
            let what = "it has a part after ?, and the names of files are put at its end";
            return Err(fetch::Error::Url { url: base.to_owned(), what });
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        let (freshness, used) = (Cell::new(Freshness::FromServer), Cell::new(false));
        Ok(Self { base, client, cache: None, freshness, used, held: RefCell::default() })
    }

    /// The same ledger with a cache, which has to be that of its log alone.
    #[must_use]
    pub fn with_cache(mut self, cache: Cache, freshness: Freshness) -> Self {
        self.cache = Some(cache);
        self.freshness.set(freshness);
        self
    }

    /// The cache, if there is one.
    pub fn cache(&self) -> Option<&Cache> {
        self.cache.as_ref()
    }

    /// Whether something was read that an earlier run had kept: what is found wrong then may be
    /// wrong with that, and not with the server.
    pub fn used_cache(&self) -> bool {
        self.used.get()
    }

    /// Forgets the kept files, and takes from the server alone from now on. The checkpoint stays.
    pub fn distrust_cache(&self) -> Result<(), Failure> {
        self.freshness.set(Freshness::FromServer);
        self.used.set(false);
        let mut held = self.held.borrow_mut();
        *held = Held { checkpoint: held.checkpoint.take(), ..Held::default() };
        self.cache.as_ref().map_or(Ok(()), Cache::clear)
    }

    /// The URL, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// How many requests were made so far.
    pub fn requests(&self) -> u64 {
        self.client.requests()
    }

    fn fetch(&self, path: &FilePath, limit: u64) -> Result<Option<Vec<u8>>, store::Error> {
        let url = format!("{}/{path}", self.base);
        self.client.get(&url, limit).map_err(|error| match error {
            // Counted no further than that.
            fetch::Error::TooLong { url, limit } => {
                store::Error::TooLong { path: url, length: limit.saturating_add(1), limit }
            }
            error => store::Error::NotFetched {
                message: error.to_string(),
                hint: error.hint(),
                is_temporary: error.is_temporary(),
            },
        })
    }

    fn checkpoint(&self, limit: u64) -> Result<Option<Vec<u8>>, store::Error> {
        if let Some(known) = &self.held.borrow().checkpoint {
            return Ok(known.0.clone());
        }
        let fetched = self.fetch(&FilePath::checkpoint(), limit)?;
        self.held.borrow_mut().checkpoint = Some(Pinned(fetched.clone()));
        Ok(fetched)
    }

    /// A tile or a bundle of entries: from memory, from the cache, or from the server.
    fn immutable(
        &self,
        path: &FilePath,
        parsed: Path,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, store::Error> {
        if let Some(known) = self.held.borrow().files.get(path) {
            return Ok(known.clone());
        }
        if let Some(kept) = self.kept(path, limit) {
            self.hold(path, Some(&kept));
            return Ok(Some(kept));
        }
        let fetched = self.fetch_as_it_was(path, parsed, limit)?;
        if let (Some(cache), Some(bytes)) = (&self.cache, &fetched) {
            cache.keep(path, bytes);
            self.held.borrow_mut().fetched.insert(path.clone());
        }
        self.hold(path, fetched.as_deref());
        Ok(fetched)
    }

    fn kept(&self, path: &FilePath, limit: u64) -> Option<Vec<u8>> {
        let cache = self.cache.as_ref()?;
        let own = self.held.borrow().fetched.contains(path);
        if !own && self.freshness.get() == Freshness::FromServer {
            return None;
        }
        let kept = cache.read(path, limit)?;
        self.used.set(self.used.get() || !own);
        Some(kept)
    }

    fn hold(&self, path: &FilePath, bytes: Option<&[u8]>) {
        let mut held = self.held.borrow_mut();
        let more = bytes.map_or(0, <[u8]>::len) + path.as_str().len();
        // Read in order, again and again: what is held first is worth as much as what comes last.
        if held.bytes + more <= MEMORY {
            held.bytes += more;
            held.files.insert(path.clone(), bytes.map(<[u8]>::to_vec));
        }
    }

    /// A bundle of statements, of which a server has the newest width only.
    fn statements(
        &self,
        path: &FilePath,
        parsed: Path,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, store::Error> {
        let known = |held: &Held| {
            let last = held.statements.as_ref().filter(|it| it.0 == *path).map(|it| it.1.clone());
            last.or_else(|| held.files.get(path).cloned().flatten())
        };
        if let Some(known) = known(&self.held.borrow()) {
            return Ok(Some(known));
        }
        let found = self.fetch_as_it_was(path, parsed, limit)?;
        if let Some(bytes) = &found {
            self.hold(path, Some(bytes));
            self.held.borrow_mut().statements = Some((path.clone(), bytes.clone()));
        }
        Ok(found)
    }

    /// A file as it was when the checkpoint was fetched. Where a partial one is gone: the first
    /// items of the full one, as any client of tlog-tiles does it; and where that is not there yet,
    /// because the server drops what only earlier checkpoints needed, those of the wider one.
    fn fetch_as_it_was(
        &self,
        path: &FilePath,
        asked: Path,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, store::Error> {
        let found = self.fetch(path, limit)?;
        if found.is_some() || asked.width() == FULL_WIDTH {
            return Ok(found);
        }
        let mut wider = asked.with_width(FULL_WIDTH);
        for _ in 0..=ATTEMPTS {
            if let Some(bytes) = self.fetch(&file(wider), limit)? {
                return Ok(Some(asked.cut_from(bytes)));
            }
            let Some(present) = self.wider(asked)? else { break };
            wider = present;
        }
        Ok(None)
    }

    /// The file that has taken the place of a narrower one, as the server's checkpoint of this
    /// moment says. It is not believed, only followed: what is found there is checked like all.
    fn wider(&self, asked: Path) -> Result<Option<Path>, store::Error> {
        let note = self.fetch(&FilePath::checkpoint(), note::MAX_LENGTH as u64)?;
        let size = note
            .and_then(|note| Note::parse(&note).ok())
            .and_then(|note| note.text().parse::<Checkpoint>().ok())
            .map_or(0, |checkpoint| checkpoint.size);
        Ok(asked.in_tree_of(size).filter(|wider| wider.width() > asked.width()))
    }
}

impl Source for Remote {
    fn name(&self, path: &FilePath) -> String {
        format!("{}/{path}", self.base)
    }

    fn read(&self, path: &FilePath, limit: u64) -> Result<Option<Vec<u8>>, store::Error> {
        if *path == FilePath::checkpoint() {
            return self.checkpoint(limit);
        }
        match path.as_str().parse::<Path>() {
            Ok(parsed @ Path::Statements(_)) => self.statements(path, parsed, limit),
            Ok(parsed) => self.immutable(path, parsed, limit),
            Err(_) => self.fetch(path, limit),
        }
    }

    /// A web server does not list its files.
    fn files(&self) -> Result<Option<Vec<Found>>, store::Error> {
        Ok(None)
    }

    /// What a writer has not finished is not published.
    fn pending(&self) -> Result<Option<Journal>, store::Error> {
        Ok(None)
    }
}

fn file(path: Path) -> FilePath {
    FilePath::parse(&path.to_string()).expect("the paths of a log are paths of the store")
}
