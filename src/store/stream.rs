//! Files that are too large to hold: read, and written, piece by piece. Like `loose`, for files
//! outside a ledger that a person has named.
#![allow(clippy::disallowed_methods, reason = "this is the door")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::store::failure::Failure;

/// A file that is read from its beginning to its end, perhaps several times.
#[derive(Debug)]
pub struct Input {
    file: File,
    path: String,
    /// Its length in bytes when it was opened; 0 where it has none, as a pipe.
    pub length: u64,
    /// Whether it is a file, and no pipe: one can go back in it.
    pub is_file: bool,
}

impl Input {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let failed = failed("read", path);
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = opened.map_err(failed)?;
        if metadata.is_dir() {
            let source = io::ErrorKind::IsADirectory.into();
            return Err(Failure { intent: "read", path: path.display().to_string(), source });
        }
        let (length, is_file) = (metadata.len(), metadata.is_file());
        Ok(Self { file, path: path.display().to_string(), length, is_file })
    }

    /// Copies a stream, which can be read once or may change, into a file without a name, which is
    /// gone when it is closed; `folder` is where it lies meanwhile, `name` what messages call it.
    pub fn spool(stream: &mut dyn Read, folder: &Path, name: &str) -> Result<Self, Failure> {
        let path = folder.join(format!(".whosaid-import-{}", std::process::id()));
        let mut file = create_private(&path).map_err(failed("create", &path))?;
        // Nobody else needs its name: where the system allows it, it goes with the process.
        let unlinked = fs::remove_file(&path);
        let copied = io::copy(stream, &mut file).and_then(|length| {
            unlinked?;
            Ok(length)
        });
        let length = copied.map_err(failed("write", &path))?;
        let mut input = Self { file, path: name.to_owned(), length, is_file: true };
        input.rewind()?;
        Ok(input)
    }

    /// Goes back to the beginning.
    pub fn rewind(&mut self) -> Result<(), Failure> {
        let (intent, path) = ("go back in", self.path.clone());
        let done = self.file.seek(SeekFrom::Start(0));
        done.map(|_| ()).map_err(|source| Failure { intent, path, source })
    }

    /// That reading it failed, in words.
    pub fn failed(&self, source: io::Error) -> Failure {
        Failure { intent: "read", path: self.path.clone(), source }
    }
}

impl Read for &Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.file).read(buffer)
    }
}

/// A file that grows under another name and is put in place when it is whole. Dropped before, it
/// leaves nothing behind. A pipe or a device stays what it is, and is written to as it is.
#[derive(Debug)]
pub struct Output {
    file: Option<io::BufWriter<File>>,
    /// Where it grows; nowhere else, if it is no file.
    beside: Option<PathBuf>,
    path: PathBuf,
}

impl Output {
    /// Begins a file that is to stand at `path`.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let is_file = fs::metadata(path).map_or(true, |metadata| metadata.is_file());
        let beside = is_file.then(|| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // One name, so that what a killed process left is found by the next.
            path.with_file_name(format!(".{name}.whosaid-new"))
        });
        let file = match &beside {
            Some(beside) => create_again(beside, &mut OpenOptions::new()),
            None => OpenOptions::new().write(true).open(path),
        };
        let file = file.map_err(failed("create", beside.as_deref().unwrap_or(path)))?;
        Ok(Self { file: Some(io::BufWriter::new(file)), beside, path: path.to_owned() })
    }

    /// Adds to it.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write_all(bytes));
        written.map_err(failed("write", &self.path))
    }

    /// Puts it in place, whatever file stood there.
    pub fn finish(mut self) -> Result<(), Failure> {
        // write · sync · rename; a report that a loss of power takes can be made again
        let Some(file) = self.file.take() else { return Ok(()) };
        let written = file.into_inner().map_err(io::IntoInnerError::into_error);
        let placed = match &self.beside {
            Some(beside) => written
                .and_then(|file| file.sync_all())
                .and_then(|()| fs::rename(beside, &self.path)),
            None => written.map(drop),
        };
        placed.map_err(failed("write", &self.path))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // After `finish` nothing has this name, and that is well.
        let _ = self.beside.as_ref().map(fs::remove_file);
    }
}

/// A new file that only its owner reads.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    create_again(path, options.read(true))
}

/// A new file, in the place of one that a killed process left. Whatever else has its name stays: a
/// link could lead anywhere.
fn create_again(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.write(true).create_new(true);
    match options.open(path) {
        Err(error)
            if error.kind() == io::ErrorKind::AlreadyExists
                && fs::symlink_metadata(path).is_ok_and(|it| it.is_file()) =>
        {
            fs::remove_file(path)?;
            options.open(path)
        }
        opened => opened,
    }
}

fn failed(intent: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.display().to_string();
    move |source| Failure { intent, path, source }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;

    use super::{Input, Output};

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test looks at the files")]
    fn a_file_that_grows_is_seen_when_it_is_whole_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        let mut output = Output::create(&path).unwrap();
        output.write(b"one\n").unwrap();
        drop(output);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut output = Output::create(&path).unwrap();
        output.write(b"one\n").unwrap();
        assert!(!path.exists());
        output.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test looks at the files")]
    fn what_a_killed_process_left_is_replaced_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (path, beside) =
            (folder.path().join("report.csv"), folder.path().join(".report.csv.whosaid-new"));
        fs::write(&beside, "left\n").unwrap();
        let mut output = Output::create(&path).unwrap();
        output.write(b"one\n").unwrap();
        output.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\n");
        fs::create_dir(&beside).unwrap();
        Output::create(&path).unwrap_err();
        assert!(beside.is_dir());
    }

    #[cfg(unix)]
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test looks at the files")]
    fn a_link_in_the_place_of_the_growing_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "precious\n").unwrap();
        let beside = folder.path().join(".report.csv.whosaid-new");
        std::os::unix::fs::symlink(&victim, &beside).unwrap();
        Output::create(&folder.path().join("report.csv")).unwrap_err();
        assert_eq!(fs::read(&victim).unwrap(), b"precious\n");
        assert!(beside.is_symlink());
    }

    #[test]
    fn a_stream_that_is_read_once_can_be_read_twice() {
        let folder = tempfile::tempdir().unwrap();
        let mut input = Input::spool(&mut &b"a row\n"[..], folder.path(), "it").unwrap();
        assert_eq!(input.length, 6);
        for _ in 0..2 {
            let mut text = String::new();
            (&input).read_to_string(&mut text).unwrap();
            assert_eq!(text, "a row\n");
            input.rewind().unwrap();
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
