//! `whosaid completions` and `whosaid man`.

use clap::CommandFactory;

use crate::cli::arguments::{Arguments, Completions};
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::terminal::Terminal;

#[expect(clippy::unnecessary_wraps, reason = "one shape for all commands")]
pub(crate) fn completions(options: &Completions, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(options.shell, &mut Arguments::command(), "whosaid", &mut text);
    print(text, terminal);
    Ok(Exit::Holds)
}

/// One page for the program and all its commands.
pub(crate) fn man(terminal: &Terminal) -> Result<Exit, Failure> {
    let mut command = Arguments::command();
    command.build();
    let mut text = Vec::new();
    let failed = |error| Failure::new(failure::IO, format!("could not write the page: {error}"));
    clap_mangen::Man::new(command.clone()).render(&mut text).map_err(failed)?;
    for subcommand in command.get_subcommands().filter(|it| it.get_name() != "help") {
        let man = clap_mangen::Man::new(subcommand.clone());
        man.render_name_section(&mut text).map_err(failed)?;
        man.render_synopsis_section(&mut text).map_err(failed)?;
        man.render_options_section(&mut text).map_err(failed)?;
        man.render_extra_section(&mut text).map_err(failed)?;
    }
    print(text, terminal);
    Ok(Exit::Holds)
}

fn print(text: Vec<u8>, terminal: &Terminal) {
    terminal.document(&String::from_utf8(text).expect("what clap writes is text"));
}
