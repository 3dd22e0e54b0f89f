//! Column maps that come with the program, each for a public collection.

/// A map, and the file it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// The name by which it is asked for.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// All of them.
pub const MAPS: [Ready; 4] = [
    Ready {
        name: "538-statements-0114",
        text: include_str!("../../../../maps/538-statements-0114.toml"),
    },
    Ready {
        name: "538-statements-0130",
        text: include_str!("../../../../maps/538-statements-0130.toml"),
    },
    Ready { name: "538-tweets", text: include_str!("../../../../maps/538-tweets.toml") },
    Ready {
        name: "china-mfa-remarks",
        text: include_str!("../../../../maps/china-mfa-remarks.toml"),
    },
];

/// The map of this name.
pub fn named(name: &str) -> Option<Ready> {
    MAPS.into_iter().find(|map| map.name == name)
}

#[cfg(test)]
mod tests {
    use super::MAPS;
    use crate::import::forms::columns::parse::parse;

    #[test]
    fn every_ready_map_can_be_read_and_says_what_it_is_for() {
        for map in MAPS {
            let read = parse(map.text.as_bytes()).unwrap_or_else(|it| panic!("{}: {it}", map.name));
            assert!(read.about.is_some_and(|about| !about.is_empty()), "{}", map.name);
        }
    }

    #[test]
    fn every_ready_map_stands_in_the_documentation() {
        let documentation = include_str!("../../../../docs/IMPORT.md");
        for map in MAPS {
            let section = format!("### `{}`\n```toml\n{}```\n", map.name, map.text);
            assert!(documentation.contains(&section), "{}", map.name);
        }
    }
}
