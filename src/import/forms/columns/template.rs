//! A text in which `{Column}` stands for a cell: `"https://x.com/ada/status/{id}"`.

/// The cells of one row, under the names of their columns.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'r> {
    /// The columns' names.
    pub names: &'r [String],
    /// The cells, as many.
    pub cells: &'r [String],
}

impl<'r> Cells<'r> {
    /// The cell of a column.
    pub fn of(&self, column: &str) -> Option<&'r str> {
        let place = self.names.iter().position(|name| name == column)?;
        self.cells.get(place).map(String::as_str)
    }
}

/// A text with columns in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Column(String),
}

impl Template {
    /// Reads a template. `{{` and `}}` stand for braces.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut words = String::new();
        let mut rest = text;
        while let Some(place) = rest.find(['{', '}']) {
            words.push_str(&rest[..place]);
            let (brace, behind) = rest[place..].split_at(1);
            if let Some(behind) = behind.strip_prefix(brace) {
                words.push_str(brace);
                rest = behind;
                continue;
            }
            let column = behind.split_once('}').filter(|_| brace == "{");
            let Some((column, behind)) = column.filter(|(column, _)| !column.trim().is_empty())
            else {
                return Err(format!(
                    "found {text:?}, expected the name of a column between {{ and }}; a brace \
                     itself is written twice"
                ));
            };
            if !words.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut words)));
            }
            pieces.push(Piece::Column(column.trim().to_owned()));
            rest = behind;
        }
        words.push_str(rest);
        if !words.is_empty() {
            pieces.push(Piece::Text(words));
        }
        Ok(Self(pieces))
    }

    /// A text of nothing.
    pub(crate) fn empty() -> Self {
        Self(Vec::new())
    }

    /// The columns that it names.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Column(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text with the cells in it, white space around each cell left out; `None` if a cell is
    /// empty, so that nothing is made of half a value.
    pub fn fill(&self, cells: Cells<'_>) -> Option<String> {
        self.filled(cells, str::trim)
    }

    /// As [`Template::fill`], with every cell as it stands.
    pub fn fill_whole(&self, cells: Cells<'_>) -> Option<String> {
        self.filled(cells, |cell| cell)
    }

    fn filled(&self, cells: Cells<'_>, shape: fn(&str) -> &str) -> Option<String> {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Column(name) => {
                    let cell = cells.of(name).filter(|cell| !cell.trim().is_empty())?;
                    filled.push_str(shape(cell));
                }
            }
        }
        Some(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cells, Template};

    #[test]
    fn cells_stand_where_their_columns_are_named() {
        let names = ["id", "Latest Statement", "empty"].map(str::to_owned);
        let row = ["7", " It is so. ", "  "].map(str::to_owned);
        let cells = Cells { names: &names, cells: &row };
        let check = |text: &str, filled: Option<&str>| {
            let template = Template::parse(text).unwrap();
            assert_eq!(template.fill(cells).as_deref(), filled, "{text}");
        };
        check("https://x.com/ada/status/{id}", Some("https://x.com/ada/status/7"));
        check("{Latest Statement}", Some("It is so."));
        check("{ id }{id}", Some("77"));
        check("{{id}} {id}", Some("{id} 7"));
        check("a fixed text", Some("a fixed text"));
        check("{id}{empty}", None);
        let whole = Template::parse("{Latest Statement}").unwrap().fill_whole(cells);
        assert_eq!(whole.as_deref(), Some(" It is so. "));
        for bad in ["{", "}", "{}", "{ }", "a {id", "id}"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }
}
