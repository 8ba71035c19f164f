//! `pyexec completions`.

use clap::{Args, ValueEnum};

/// Who completes command lines.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Shell that loads the script
    pub(crate) shell: Shell,
}

/// Who completes command lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}
