//! How an execution ended, in one word.

use crate::lenient::wire_words;

wire_words! {
    /// How an execution ended (*ext*); finer than [`Status`](crate::Status), and never a guess.
    Outcome {
        /// The script ended by itself; see the exit code.
        Exited = "exited",
        /// A signal that the service didn't send ended the script; see `signal`.
        Signaled = "signaled",
        /// The wall-clock limit passed.
        Timeout = "timeout",
        /// The memory limit was reached, as the kernel or the service's own monitor saw it.
        Oom = "oom",
        /// A user stopped it, or the client of a synchronous request went away.
        Killed = "killed",
        /// It wrote more than the server accepts.
        OutputLimit = "output_limit",
        /// The service lost it, for example by a restart.
        Lost = "lost",
        /// The service could not start it.
        Refused = "refused",
        /// The packages that it needs could not be installed.
        InstallFailed = "install_failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_and_writes_as_itself() {
        let words = [
            "exited",
            "signaled",
            "timeout",
            "oom",
            "killed",
            "output_limit",
            "lost",
            "refused",
            "install_failed",
            "evaporated",
        ];
        for word in words {
            let json = format!("\"{word}\"");
            let outcome: Outcome = serde_json::from_str(&json).unwrap();
            assert_eq!(matches!(outcome, Outcome::Unknown(_)), word == "evaporated");
            assert_eq!(serde_json::to_string(&outcome).unwrap(), json);
        }
    }
}
