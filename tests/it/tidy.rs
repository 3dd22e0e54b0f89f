//! Rules of the house, held by a test: layering, strangers, homes of habits, file size, names.

use std::fs;
use std::path::{Path, PathBuf};

/// The pillars answer three different questions and do not know one another.
const PILLARS: [&str; 3] = ["tlog", "evidence", "attribution"];

/// Names that say nothing about what a file is for.
const EMPTY_NAMES: [&str; 8] =
    ["util", "utils", "common", "types", "helper", "helpers", "manager", "error"];

/// The longest file, in lines. What grows past it has two subjects.
const FILE_LINES: usize = 700;

/// The longest ARCHITECTURE.md, in lines: a map that is longer is not read.
const ARCHITECTURE_LINES: usize = 120;

/// Words of unfinished work, split so that this file does not hold them.
const UNFINISHED: [&str; 5] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), "dbg!(", concat!("to", "do!("), "unimplemented!("];

/// A habit that has a home, and is refused elsewhere in code that is not a test.
struct Habit {
    words: &'static [&'static str],
    homes: &'static [&'static str],
    why: &'static str,
}

const HABITS: [Habit; 6] = [
    Habit {
        words: &["print!(", "println!(", "eprint!(", "eprintln!(", "anstream::"],
        homes: &["src/cli/", "src/main.rs"],
        why: "the faces talk, all else returns values",
    },
    Habit {
        words: &["std::fs", "std::{", "File::"],
        // SQLite opens its own file; an index throws a damaged one away.
        homes: &["src/store/", "src/index/mod.rs", "src/search/tables.rs"],
        why: "store/ is the only door to the disk",
    },
    Habit {
        words: &["SystemTime", "Instant", "Timestamp::now", "Zoned::now"],
        homes: &["src/cli/", "src/main.rs"],
        why: "time is an argument; the clock is read in cli/ only",
    },
    Habit {
        words: &["std::env", "getrandom", "rpassword", "std::io::stdin", "io::stdin"],
        homes: &["src/cli/", "src/main.rs"],
        why: "the environment, randomness and the terminal are read in cli/ only",
    },
    Habit {
        words: &["ureq", "TcpStream"],
        homes: &["src/web/"],
        why: "web/ is the only door to other people's servers",
    },
    Habit {
        words: &["axum", "tokio", "TcpListener"],
        homes: &["src/http/"],
        why: "http/ is the only face that others connect to",
    },
];

struct Module {
    /// The path without `crate::`, such as `tlog::merkle`.
    path: String,
    file: PathBuf,
    source: String,
}

/// All modules in the order in which the `mod` lines name them, depth first.
fn modules_in_reading_order() -> Vec<Module> {
    let mut modules = Vec::new();
    collect(Path::new("src/lib.rs"), Path::new("src"), "", &mut modules);
    modules
}

fn collect(file: &Path, folder: &Path, prefix: &str, modules: &mut Vec<Module>) {
    let source = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let children: Vec<String> = source.lines().filter_map(declared_module).collect();
    modules.push(Module { path: prefix.to_owned(), file: file.to_owned(), source });
    for name in children {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}::{name}") };
        let flat = folder.join(format!("{name}.rs"));
        let nested = folder.join(&name).join("mod.rs");
        let file = if flat.exists() { flat } else { nested };
        collect(&file, &folder.join(&name), &path, modules);
    }
}

/// The name in `mod name;`, whatever its visibility.
fn declared_module(line: &str) -> Option<String> {
    let line = line.strip_prefix("pub ").or(line.strip_prefix("pub(crate) ")).unwrap_or(line);
    let name = line.strip_prefix("mod ")?.strip_suffix(';')?;
    Some(name.to_owned())
}

/// The source without the tests at its end and without comments; tests may look where they like.
fn code(source: &str) -> String {
    let end = source.find("#[cfg(test)]\nmod ").unwrap_or(source.len());
    source[..end].lines().map(|line| line.split("//").next().unwrap_or_default()).fold(
        String::new(),
        |mut code, line| {
            code.push_str(line);
            code.push('\n');
            code
        },
    )
}

/// Every `crate::…` path in a source, with what stands in braces written out.
fn imports(source: &str) -> Vec<String> {
    let code = code(source);
    let mut paths = Vec::new();
    for rest in code.split("crate::").skip(1) {
        expand("", rest, &mut paths);
    }
    paths
}

/// Adds the paths that begin at `rest`, below `prefix`, and returns what follows them.
fn expand<'a>(prefix: &str, rest: &'a str, paths: &mut Vec<String>) -> &'a str {
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let joined = match (prefix, name) {
        (_, "" | "self") => prefix.to_owned(),
        ("", _) => name.to_owned(),
        _ => format!("{prefix}::{name}"),
    };
    if let Some(mut inside) = rest.strip_prefix('{') {
        while !inside.trim_start().starts_with('}') {
            inside = expand(prefix, inside, paths).trim_start();
            inside = inside.strip_prefix(',').unwrap_or(inside);
            assert!(!inside.is_empty(), "a brace in an import is never closed");
        }
        return &inside.trim_start()[1..];
    }
    match rest.strip_prefix("::") {
        // The turbofish and `*` end a path.
        Some(below) if below.starts_with(['<', '*']) => {}
        Some(below) => return expand(&joined, below, paths),
        None => {}
    }
    paths.push(joined);
    rest.split_once([',', '}', ';', '\n']).map_or("", |(skipped, _)| &rest[skipped.len()..])
}

/// The place of the longest module that `path` begins with.
fn place_of(path: &str, modules: &[Module]) -> Option<usize> {
    (0..modules.len())
        .filter(|&i| {
            let candidate = &modules[i].path;
            !candidate.is_empty()
                && (path == candidate || path.starts_with(&format!("{candidate}::")))
        })
        .max_by_key(|&i| modules[i].path.len())
}

fn pillar(path: &str) -> Option<&str> {
    path.split("::").next().filter(|top| PILLARS.contains(top))
}

#[test]
fn a_module_imports_only_what_stands_above_it() {
    let modules = modules_in_reading_order();
    let mut wrong = Vec::new();
    for (place, module) in modules.iter().enumerate() {
        for import in imports(&module.source) {
            let Some(target) = place_of(&import, &modules) else {
                wrong.push(format!("{}: crate::{import} is no module", module.path));
                continue;
            };
            let own_child = modules[target].path.starts_with(&format!("{}::", module.path));
            if target > place && !own_child {
                wrong.push(format!("{} imports {import}, which stands below it", module.path));
            }
            let (from, to) = (pillar(&module.path), pillar(&modules[target].path));
            if from.is_some() && to.is_some() && from != to {
                wrong.push(format!("{} imports {import}, another pillar", module.path));
            }
        }
    }
    assert!(modules.len() > 2, "the walk found no modules");
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn no_import_is_written_super() {
    for module in modules_in_reading_order() {
        let code = code(&module.source);
        assert!(!code.contains("super::"), "{} says super::", module.file.display());
    }
}

#[test]
fn habits_stay_in_their_homes() {
    let mut wrong = Vec::new();
    for Module { file, source, .. } in modules_in_reading_order() {
        let name = file.to_string_lossy().replace('\\', "/");
        let code = code(&source);
        for Habit { words, homes, why } in HABITS {
            if homes.iter().any(|home| name.starts_with(home)) {
                continue;
            }
            let found = words.iter().filter(|word| stands_alone(&code, word));
            wrong.extend(found.map(|word| format!("{name} says {word}: {why}")));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Whether the word occurs, and is not the end of a longer one.
fn stands_alone(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || c == '_'))
    })
}

#[test]
fn nothing_is_left_unfinished() {
    for file in files_under(&["src", "tests", "benches"], "rs") {
        let source = fs::read_to_string(&file).unwrap();
        for word in UNFINISHED {
            let own = file.ends_with("tests/it/tidy.rs");
            assert!(own || !source.contains(word), "{} says {word}", file.display());
        }
    }
}

#[test]
fn the_map_of_the_house_fits_on_two_screens() {
    if let Ok(map) = fs::read_to_string("ARCHITECTURE.md") {
        let lines = map.lines().count();
        assert!(lines <= ARCHITECTURE_LINES, "ARCHITECTURE.md: {lines} lines");
    }
}

/// Every file below the folders whose name ends so.
fn files_under(folders: &[&str], extension: &str) -> Vec<PathBuf> {
    let mut pending: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
    let mut files = Vec::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == extension) {
            files.push(path);
        }
    }
    files
}

#[test]
fn every_file_is_reached_small_named_and_introduced() {
    let modules = modules_in_reading_order();
    for path in files_under(&["src"], "rs") {
        let reached = path == Path::new("src/main.rs") || modules.iter().any(|m| m.file == path);
        assert!(reached, "{} is dead", path.display());
    }
    for Module { file, source, .. } in &modules {
        let name = file.file_stem().unwrap().to_str().unwrap();
        assert!(!EMPTY_NAMES.contains(&name), "{} says nothing", file.display());
        assert!(source.starts_with("//! "), "{} does not say what it is for", file.display());
        let lines = source.lines().count();
        assert!(lines <= FILE_LINES, "{}: {lines} lines", file.display());
    }
}

#[test]
fn the_test_itself_sees_imports() {
    let check = |source: &str, expected: &[&str]| assert_eq!(imports(source), expected, "{source}");
    check("use crate::a::b;\n// crate::comment\nfn f() { crate::d::e(); }\n", &["a::b", "d::e"]);
    check("use crate::a::{b, c};\nuse crate::d;\n", &["a::b", "a::c", "d"]);
    check(
        "use crate::a::{\n    self, b::{c, D as E},\n    f::*,\n};\n",
        &["a", "a::b::c", "a::b::D", "a::f"],
    );
    check("use crate::{a::B, c};\n", &["a::B", "c"]);
    check("let x = crate::a::f::<u8>(1, crate::b::C);\n", &["a::f", "b::C"]);
    check("#[cfg(test)]\nmod tests { use crate::z::y; }\n", &[]);
    assert_eq!(declared_module("pub mod hash;"), Some("hash".to_owned()));
    assert_eq!(declared_module("mod it {"), None);
}

#[test]
fn the_test_itself_sees_habits() {
    assert!(stands_alone("    println!(\"x\");", "println!("));
    assert!(!stands_alone("    eprintln!(\"x\");", "println!("));
    assert!(stands_alone("    eprintln!(\"x\");", "eprintln!("));
    assert!(!stands_alone("enum FoundInstant {}", "Instant"));
    assert_eq!(code("a // b\n#[cfg(test)]\nmod tests {}\n"), "a \n");
}
