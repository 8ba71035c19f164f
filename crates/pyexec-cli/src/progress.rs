//! What somebody at a terminal sees while nothing happens.

use crate::args::Verbosity;
use indicatif::{ProgressBar, ProgressStyle};
use pyexec_blocking::types::{Status, StatusChange};
use std::{
    env,
    io::{self, IsTerminal},
    time::Duration,
};

/// Uploads of fewer bytes are over before anybody could look.
const LARGE: u64 = 1 << 20;

/// How often what turns is drawn.
const TICK: Duration = Duration::from_millis(100);

/// What is going on while packages are installed.
fn installation(phase: Option<&str>) -> String {
    match phase {
        Some("resolving") => "packages: finding out which versions".to_owned(),
        Some("installing") => "packages: installing".to_owned(),
        Some("compiling") => "packages: compiling".to_owned(),
        Some("waiting") => "packages: another execution installs the same".to_owned(),
        phase => format!("packages: {}", phase.unwrap_or_default()),
    }
}

/// A bar or a spinner on the terminal, on standard error, and gone without a trace when it is over.
/// Where there is no terminal, or nobody wants it, there is none. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    is_wanted: bool,
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(verbosity: Verbosity) -> Self {
        let is_spoken = matches!(verbosity, Verbosity::Usual | Verbosity::Verbose);
        let is_ci = env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false");
        let is_wanted = is_spoken && !is_ci && io::stderr().is_terminal();
        Self { is_wanted, bar: ProgressBar::hidden() }
    }

    /// Shows how much of so many bytes is sent, as [`sent`](Self::sent) says.
    pub(crate) fn upload(&mut self, bytes: u64) {
        if self.is_wanted && bytes >= LARGE {
            self.bar = ProgressBar::new(bytes);
            let template = "{msg} [{bar:30}] {bytes}/{total_bytes}, {bytes_per_sec}";
            self.show(template, "sending");
        }
    }

    /// So many bytes of the upload are sent.
    pub(crate) fn sent(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    /// Shows that an execution waits, as long as it does.
    pub(crate) fn status(&mut self, change: &StatusChange) {
        if change.status != Status::Pending {
            return self.clear();
        }
        let message = match change.queue_position {
            _ if change.phase.is_some() => installation(change.phase.as_deref()),
            Some(0) => "waiting: next in the queue".to_owned(),
            Some(1) => "waiting: 1 execution before it".to_owned(),
            Some(before) => format!("waiting: {before} executions before it"),
            None => "waiting in the queue".to_owned(),
        };
        if !self.is_wanted {
        } else if self.bar.is_hidden() || self.bar.is_finished() {
            self.bar = ProgressBar::new_spinner();
            self.show("{spinner} {msg}", &message);
            self.bar.enable_steady_tick(TICK);
        } else {
            self.bar.set_message(message);
        }
    }

    /// Takes it off the terminal, for what is printed next.
    pub(crate) fn clear(&mut self) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::hidden();
    }

    fn show(&self, template: &str, message: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.set_message(message.to_owned());
    }
}
