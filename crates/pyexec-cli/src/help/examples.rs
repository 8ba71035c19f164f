//! Examples of every command. A test runs each as it stands here.

/// Examples of a command each: a remark, and what a shell makes of the lines below it.
pub(super) const EXAMPLES: &[(&str, &str)] = &[
    (
        "run",
        "  # A file, with arguments of its own
  pyexec run script.py -- one two
  # A folder: its main.py, for 10 seconds at most, with 256 MiB
  pyexec run --timeout 10 --memory 256 project/
  # Code from a pipe, with a variable of this shell
  export NAME=Ann
  echo 'import os; print(os.environ[\"NAME\"])' | pyexec run -e NAME
  # With packages: named here, in a requirements.txt of the folder, or in the script itself
  echo 'import colorama; print(colorama.__name__)' | pyexec run --with colorama
  # Nothing yet, but a list of what would be sent and what would not
  pyexec run --dry-run project/",
    ),
    (
        "submit",
        "  # Now, and what came of it later
  id=$(pyexec submit script.py)
  pyexec follow \"$id\"
  # To one server among others
  pyexec submit --server http://127.0.0.1:8080 project/",
    ),
    (
        "follow",
        "  # What was submitted
  id=$(pyexec submit script.py)
  pyexec follow \"$id\"
  # Of what it wrote so far the last line only, and all that comes
  pyexec follow --tail 1 \"$(pyexec submit script.py)\"
  # Its output alone, and only if it succeeds
  pyexec follow -q \"$(pyexec submit project/)\"",
    ),
    (
        "kill",
        "  # What was submitted
  id=$(pyexec submit forever.py)
  pyexec kill \"$id\"
  # Without a word
  pyexec kill -q \"$(pyexec submit forever.py)\"",
    ),
    (
        "ps",
        "  # What there is, the newest first
  pyexec ps
  # The ids of what runs, to end it all
  pyexec ps -q --status running | xargs -r pyexec kill",
    ),
    (
        "status",
        "  # Where it stands
  pyexec status \"$(pyexec submit script.py)\"
  # All that the server tells of it, for programs
  pyexec status --json \"$(pyexec submit script.py)\"",
    ),
    (
        "eval",
        "  # An expression
  pyexec eval '2 + 2'
  # Statements, and an expression at the end
  pyexec eval 'import math; x = 16; math.sqrt(x)'
  # Code from a pipe
  echo '[n ** 2 for n in range(5)]' | pyexec eval",
    ),
    (
        "serve",
        "  # For this machine
  pyexec serve
  # For others, who need one of the tokens in a file
  pyexec serve --host 0.0.0.0 --token-file tokens
  # With results that outlive it
  pyexec serve --state-dir state --cleanup-ttl 24h",
    ),
    (
        "local status",
        "  # After a first `submit` to no other server
  pyexec submit script.py && pyexec local status
  # For programs
  pyexec submit script.py && pyexec local status --json",
    ),
    (
        "local stop",
        "  # Once what it runs has ended
  pyexec local stop
  # At once
  pyexec local stop --now",
    ),
    (
        "doctor",
        "  # What this machine offers, and what it lacks
  pyexec doctor
  # The same for programs
  pyexec doctor --json",
    ),
    (
        "env ls",
        "  # What is kept
  pyexec env ls
  # For programs
  pyexec env ls --json",
    ),
    (
        "env prune",
        "  # All but one gibibyte
  pyexec env prune --keep 1024
  # Everything
  pyexec env prune --all",
    ),
    (
        "env warm",
        "  # Before anybody waits for it
  pyexec env warm colorama
  # What a project needs
  pyexec env warm --requirements requirements.txt",
    ),
    (
        "config show",
        "  # What counts, and why
  pyexec config show
  # What another profile would make of it, for programs
  pyexec config show --profile work --json",
    ),
    (
        "config path",
        "  # Where profiles are kept
  pyexec config path
  # All of them
  cat \"$(pyexec config path)\"",
    ),
    (
        "completions",
        "  # bash: for this shell, and, as a line of ~/.bashrc, for each
  source <(pyexec completions bash)
  # zsh
  echo 'source <(pyexec completions zsh)' >> ~/.zshrc
  # fish
  pyexec completions fish > ~/.config/fish/completions/pyexec.fish",
    ),
    (
        "version",
        "  pyexec version
  # The same
  pyexec --version",
    ),
    (
        "help",
        "  # A command
  pyexec help run
  # What its exit codes mean
  pyexec help exit-codes",
    ),
];

/// A few for the program as a whole.
pub(super) fn of_all() -> String {
    const BEST: [&str; 3] = ["run", "eval", "submit"];
    let best = EXAMPLES.iter().filter(|(path, _)| BEST.contains(path));
    let first = best.map(|(_, examples)| {
        let ends_before = examples.match_indices("\n  # ").map(|(at, _)| at).next();
        &examples[..ends_before.unwrap_or(examples.len())]
    });
    format!("Examples:\n{}", first.collect::<Vec<_>>().join("\n"))
}
