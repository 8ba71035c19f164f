//! What `pyexec` exits with.

use pyexec_blocking::types::{ExecutionResult, Outcome, Status};

/// All went well.
pub(crate) const SUCCESS: u8 = 0;
/// `doctor` found something that isn't as it should be.
pub(crate) const UNWELL: u8 = 1;
/// The command line can't be carried out.
pub(crate) const USAGE: u8 = 2;
/// The program's time limit passed.
pub(crate) const TIMEOUT: u8 = 124;
/// `pyexec` or the server failed, and what the program would have said is unknown.
pub(crate) const FAILURE: u8 = 125;
/// The program was killed, or ran out of memory.
pub(crate) const KILLED: u8 = 137;
/// Nobody reads our standard output any more.
pub(crate) const BROKEN_PIPE: u8 = 141;

/// The same for people, for the end of `pyexec --help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0-255  the program's own, when it ran to its end (128 + the number of a signal that ended it)
  2      the command line can't be carried out
  124    the program's time limit passed
  125    pyexec or the server failed
  130    Ctrl-C (143: SIGTERM)
  137    the program was killed, or ran out of memory
  141    nobody reads standard output any more";

/// How the error of a timeout begins where a server gives no outcome.
const TIMEOUT_ERROR: &str = "execution timeout";

/// After a signal to `pyexec` itself: 130 for Ctrl-C, 143 for SIGTERM.
pub(crate) fn of_signal(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(FAILURE)
}

/// The status decides first: only a completed execution has an exit code of its own.
pub(crate) fn of_result(result: &ExecutionResult) -> u8 {
    match (&result.status, &result.outcome) {
        // A system keeps only the low 8 bits as well.
        (Status::Completed, _) => (result.exit_code & 0xff) as u8,
        (Status::Killed, _) => KILLED,
        (Status::Failed, Some(Outcome::Timeout)) => TIMEOUT,
        (Status::Failed, Some(Outcome::Oom | Outcome::Killed)) => KILLED,
        (Status::Failed, None) if timed_out(result) => TIMEOUT,
        _ => FAILURE,
    }
}

fn timed_out(result: &ExecutionResult) -> bool {
    result.error.as_deref().is_some_and(|error| error.starts_with(TIMEOUT_ERROR))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: &str, outcome: Option<&str>, exit_code: i32, error: &str) -> u8 {
        let mut result = ExecutionResult::new("exe_1".into(), status.into());
        result.outcome = outcome.map(Into::into);
        result.exit_code = exit_code;
        result.error = Some(error.to_owned());
        of_result(&result)
    }

    #[test]
    fn the_status_comes_before_the_exit_code() {
        for (status, outcome, exit_code, error, expected) in [
            ("completed", Some("exited"), 3, "", 3),
            ("completed", Some("signaled"), 139, "", 139),
            ("completed", None, 0, "", 0),
            ("completed", None, -1, "", 255),
            ("failed", Some("timeout"), 0, "", TIMEOUT),
            ("failed", Some("oom"), 0, "", KILLED),
            ("failed", Some("output_limit"), 137, "", FAILURE),
            ("failed", Some("lost"), 0, "", FAILURE),
            ("failed", None, 1, "execution timeout after 5s", TIMEOUT),
            ("failed", None, 0, "no such image", FAILURE),
            ("killed", None, 0, "", KILLED),
            ("paused", None, 0, "", FAILURE),
        ] {
            assert_eq!(ended(status, outcome, exit_code, error), expected, "{status} {outcome:?}");
        }
    }

    #[test]
    fn a_signal_gives_what_a_shell_gives() {
        assert_eq!((of_signal(2), of_signal(15)), (130, 143));
    }
}
