//! Rules of the house, held by a test: layering, strangers, file size, names.

use std::fs;
use std::path::{Path, PathBuf};

/// The pillars answer three different questions and do not know one another.
const PILLARS: [&str; 3] = ["tlog", "evidence", "attribution"];

/// Names that say nothing about what a file is for.
const EMPTY_NAMES: [&str; 8] =
    ["util", "utils", "common", "types", "helper", "helpers", "manager", "error"];

/// The longest file, in lines. What grows past it has two subjects.
const FILE_LINES: usize = 700;

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

/// Every `crate::…` path in a source, cut to its module part; tests may look where they like.
fn imports(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect()
        })
        .collect()
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
        let code = module.source.split("#[cfg(test)]").next().unwrap_or_default();
        assert!(!code.contains("super::"), "{} says super::", module.file.display());
    }
}

#[test]
fn every_file_is_reached_small_named_and_introduced() {
    let modules = modules_in_reading_order();
    let mut pending = vec![PathBuf::from("src")];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "rs") && path != Path::new("src/main.rs") {
            assert!(modules.iter().any(|m| m.file == path), "{} is dead", path.display());
        }
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
    let source = "use crate::a::{b, c};\n// crate::comment\nfn f() { crate::d::e(); }\n";
    assert_eq!(imports(source), ["a::", "d::e"]);
    assert_eq!(declared_module("pub mod hash;"), Some("hash".to_owned()));
    assert_eq!(declared_module("mod it {"), None);
}
