//! What a person sees: the story's own lines. The programs write theirs themselves.

use crate::Error;
use console::style;
use std::io::{self, Write};

/// Standard output. Colours go where a terminal is and `NO_COLOR` is not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    quiet: bool,
}

impl Screen {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    pub(crate) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// The first words.
    pub(crate) fn title(self, title: &str, about: &str) -> Result<(), Error> {
        self.tell(&format!("\n{}\n{about}", style(title).bold()))
    }

    /// The beginning of an act: its number, its name, and why.
    pub(crate) fn act(self, number: u8, name: &str, why: &str) -> Result<(), Error> {
        let heading = style(format!("{number}  {name}")).bold().cyan();
        self.tell(&format!("\n{heading}\n   {why}"))
    }

    /// A command as a person would type it.
    pub(crate) fn command(self, command: &str) -> Result<(), Error> {
        self.commands(&[command])
    }

    /// Commands one after the other, none of which says anything.
    pub(crate) fn commands(self, commands: &[&str]) -> Result<(), Error> {
        let typed = |command: &&str| format!("\n{}", style(format!("$ {command}")).dim());
        self.tell(&commands.iter().map(typed).collect::<String>())
    }

    /// Something that was seen to be so.
    pub(crate) fn seen(self, what: &str) -> Result<(), Error> {
        self.tell(&format!("   {} {what}", style("✓").green()))
    }

    /// Lines as they are, a little to the right.
    pub(crate) fn block(self, text: &str) -> Result<(), Error> {
        let lines = text.lines().map(|line| format!("   {line}"));
        self.tell(&lines.collect::<Vec<_>>().join("\n"))
    }

    /// The last words, which are never withheld: pairs of a heading and what is said under it.
    pub(crate) fn summary(lines: &[(&'static str, String)]) -> Result<(), Error> {
        let mut text = format!("\n{}\n", style("What this run has shown").bold().green());
        for (heading, said) in lines {
            let mut heading = *heading;
            for line in said.lines() {
                text += &format!("\n  {} {line}", style(format!("{heading:<10}")).bold());
                heading = "";
            }
        }
        write(&(text + "\n"))
    }

    /// A text as it is.
    pub(crate) fn tell(self, text: &str) -> Result<(), Error> {
        if self.quiet { Ok(()) } else { write(text) }
    }
}

/// Whole, and at once: the programs write to the same terminal.
fn write(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(|source| Error::io("write to standard output", source))
}
