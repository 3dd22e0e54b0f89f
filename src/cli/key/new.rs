//! `whosaid key new`: a recorder's key, on the recorder's own machine. No ledger is needed.

use std::path::Path;

use serde::Serialize;

use crate::cli::arguments::KeyNew;
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::key::known;
use crate::cli::open::Place;
use crate::cli::secrets;
use crate::cli::terminal::Terminal;
use crate::key::{SecretKey, Thumbprint};
use crate::store::loose::{self, Readers};

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    ok: bool,
    name: &'a str,
    key: &'a str,
    thumbprint: Thumbprint,
    file: String,
}

pub(crate) fn run(place: &Place, new: &KeyNew, terminal: &Terminal) -> Result<Exit, Failure> {
    let (keys, name) = (&place.keys, new.name.as_str());
    secrets::check_name("NAME", name)?;
    let path = secrets::path(keys, name);
    refuse_existing(&path, name)?;
    refuse_existing(&secrets::next_path(keys, name), name)?;
    let file = new.passphrase_file.as_deref();
    let key = match &new.import {
        None => {
            let passphrase = secrets::new_passphrase(file)?;
            prepare_folder(keys)?;
            secrets::make(&path, &passphrase)?
        }
        Some(import) => {
            let passphrase = secrets::passphrase(file, "The passphrase of that file: ")?;
            let key: SecretKey = secrets::open_file(import, &passphrase)?;
            prepare_folder(keys)?;
            secrets::keep(&path, &key, &passphrase)?;
            key
        }
    };
    let public = key.public();
    let text = known::verifier_key(name, public);
    terminal.object(&Json {
        schema: "whosaid.key-new/1",
        ok: true,
        name,
        key: &text,
        thumbprint: public.thumbprint(),
        file: path.display().to_string(),
    });
    terminal.line(&text);
    terminal.talk(format!("The key of {name}, thumbprint {}.", public.thumbprint()));
    terminal.talk(format!(
        "Its secret half is in {}, encrypted. Keep a copy, and keep it secret.",
        path.display()
    ));
    terminal.talk(
        "Next: give the line above to somebody with the power `keys`, who runs \
         `whosaid key trust` with it.",
    );
    Ok(Exit::Holds)
}

fn refuse_existing(path: &Path, name: &str) -> Result<(), Failure> {
    if !path.exists() {
        return Ok(());
    }
    let message = format!("{} is there already", path.display());
    let refused = Failure::new(failure::EXISTS, message);
    let refused = match secrets::named_public(path)? {
        Some(public) => refused.hint(format!(
            "its public half, as the file has it: {}",
            known::verifier_key(name, public)
        )),
        None => refused,
    };
    Err(refused
        .hint(format!("`whosaid key rotate --as {name}` puts a new key in the place of this one"))
        .hint("nothing is overwritten: another folder is named by --keys"))
}

/// The folder, and in it the line that keeps secrets out of version control.
fn prepare_folder(keys: &Path) -> Result<(), Failure> {
    loose::create_folder(keys)?;
    let ignored = keys.join(".gitignore");
    if ignored.exists() {
        return Ok(());
    }
    Ok(loose::write_new(&ignored, secrets::GITIGNORE.as_bytes(), Readers::Everyone)?)
}
