//! What the program says about itself.

use crate::session::pyexec;
use insta::assert_snapshot;

#[test]
fn help() {
    assert_snapshot!(pyexec(["kill", "--help"]).show(), @r#"
    exit 0
    --- stdout
    End executions and print the status of each

    Usage: pyexec kill [OPTIONS] <ID>...

    Arguments:
      <ID>...  The executions' ids, as `submit` printed them

    Options:
      -s, --server <URL>       Server to use, such as http://127.0.0.1:PORT, or `local` for this
                               machine; without one, `run` and `eval` use this machine [env:
                               PYEXEC_SERVER]
          --token-file <FILE>  File with the token that opens the server, which nobody else may read;
                               the token itself can be in PYEXEC_TOKEN
          --profile <NAME>     Profile of the configuration file to use [env: PYEXEC_PROFILE] [default:
                               default]
      -q, --quiet              Print the program's standard output only, and only if it succeeds
      -v, --verbose            Say first how it went and where it ran
          --json               Print JSON for programs to read, errors too (see docs/cli-json.md)
          --color <WHEN>       When our own words have colour: auto, which heeds NO_COLOR, always or
                               never
      -h, --help               Print help

    Examples:
      # What was submitted
      id=$(pyexec submit forever.py)
      pyexec kill "$id"
      # Without a word
      pyexec kill -q "$(pyexec submit forever.py)"
    "#);
    assert_snapshot!(pyexec(["eval", "--help"]).show(), @"
    exit 0
    --- stdout
    Evaluate code and print the value of its last expression

    Usage: pyexec eval [OPTIONS] [CODE]

    Arguments:
      [CODE]  Code; from standard input where it is `-` or missing

    Options:
          --file <FILE>          File with the code; again, or separated by commas, for modules that it
                                 imports
      -i, --interactive          Give the code our standard input, read to its end
          --stdin <FILE>         Give the code a file as its standard input; without this and -i it has
                                 none
          --requirements <FILE>  Packages to install before, as a requirements.txt
          --with <PACKAGE>       Package to install before, such as `numpy` or 'numpy>=2'; again for
                                 several
          --no-auto-install      Install nothing that the code imports unasked
      -e, --env <VAR>            Environment variable of the code: NAME (with its value here) or
                                 NAME=value
          --python <VERSION>     Python version, such as 3.12
          --no-result            Don't ask for the value of the last expression
      -s, --server <URL>         Server to use, such as http://127.0.0.1:PORT, or `local` for this
                                 machine; without one, `run` and `eval` use this machine [env:
                                 PYEXEC_SERVER]
          --token-file <FILE>    File with the token that opens the server, which nobody else may read;
                                 the token itself can be in PYEXEC_TOKEN
          --profile <NAME>       Profile of the configuration file to use [env: PYEXEC_PROFILE]
                                 [default: default]
      -q, --quiet                Print the program's standard output only, and only if it succeeds
      -v, --verbose              Say first how it went and where it ran
          --json                 Print JSON for programs to read, errors too (see docs/cli-json.md)
          --color <WHEN>         When our own words have colour: auto, which heeds NO_COLOR, always or
                                 never
      -h, --help                 Print help

    Limits (0 is the server's default):
          --timeout <SECONDS>  Seconds it may take
          --memory <MIB>       Memory in MiB
          --disk <MIB>         Disk space in MiB
          --cpu <SHARES>       Share of the processors, relative to other executions; 1024 is usual
          --network[=<BOOL>]   Let it use the network (--network=false: don't, even with --requirements)
                               [possible values: true, false]

    Examples:
      # An expression
      pyexec eval '2 + 2'
      # Statements, and an expression at the end
      pyexec eval 'import math; x = 16; math.sqrt(x)'
      # Code from a pipe
      echo '[n ** 2 for n in range(5)]' | pyexec eval
    ");
}

#[test]
#[cfg(all(feature = "local", target_os = "linux"))]
fn help_of_all() {
    assert_snapshot!(pyexec(["--help"]).show(), @r#"
    exit 0
    --- stdout
    Runs Python code in a sandbox: on this machine, or on a python-executor server

    Usage: pyexec [OPTIONS] <COMMAND>

    Commands:
      run          Run a project and print what it prints
      submit       Hand a project to a server and print the execution's id
      follow       Show what an execution wrote and writes, until its end
      kill         End executions and print the status of each
      ps           List executions, the newest first
      status       Say where an execution stands
      eval         Evaluate code and print the value of its last expression
      serve        Serve executions to others over HTTP
      local        Look at this user's own server, which `submit` and `ps` start, or end it
      env          Packages that are kept on this machine for executions here: list, remove or add some
      doctor       Say what is in order and what isn't: isolation, interpreters, disk, configuration,
                   server
      config       Print what is decided by variables and profiles
      completions  Print a script that has a shell complete command lines
      version      Print the version
      help         Explain a command or a topic

    Options:
      -s, --server <URL>       Server to use, such as http://127.0.0.1:PORT, or `local` for this
                               machine; without one, `run` and `eval` use this machine [env:
                               PYEXEC_SERVER]
          --token-file <FILE>  File with the token that opens the server, which nobody else may read;
                               the token itself can be in PYEXEC_TOKEN
          --profile <NAME>     Profile of the configuration file to use [env: PYEXEC_PROFILE] [default:
                               default]
          --image <IMAGE>      Image to run in: `python:3.11-slim` chooses the Python version
          --async              Submit only, and print the execution's id [alias: --detach]
      -q, --quiet              Print the program's standard output only, and only if it succeeds
      -v, --verbose            Say first how it went and where it ran
          --json               Print JSON for programs to read, errors too (see docs/cli-json.md)
          --color <WHEN>       When our own words have colour: auto, which heeds NO_COLOR, always or
                               never
      -h, --help               Print help
      -V, --version            Print version

    Limits (0 is the server's default):
          --timeout <SECONDS>  Seconds it may take
          --memory <MIB>       Memory in MiB
          --disk <MIB>         Disk space in MiB
          --cpu <SHARES>       Share of the processors, relative to other executions; 1024 is usual
          --network[=<BOOL>]   Let it use the network (--network=false: don't, even with --requirements)
                               [possible values: true, false]

    Examples:
      # A file, with arguments of its own
      pyexec run script.py -- one two
      # Now, and what came of it later
      id=$(pyexec submit script.py)
      pyexec follow "$id"
      # An expression
      pyexec eval '2 + 2'

    Topics:
      pyexec help exit-codes   what pyexec exits with, and when
      pyexec help environment  the variables that it reads
      pyexec help profiles     servers and defaults in a file

    Exit codes:
      0-255  the program's own, when it ran to its end (128 + the number of a signal that ended it)
      2      the command line can't be carried out
      124    the program's time limit passed
      125    pyexec or the server failed
      130    Ctrl-C (143: SIGTERM)
      137    the program was killed, or ran out of memory
      141    nobody reads standard output any more
    "#);
    assert_snapshot!(pyexec(["run", "--help"]).show(), @r#"
    exit 0
    --- stdout
    Run a project and print what it prints

    Usage: pyexec run [OPTIONS] [INPUT] [-- <ARGS>...]

    Arguments:
      [INPUT]    File, directory, .tar or .tar.gz to run; code from standard input where it is `-` or
                 missing
      [ARGS]...  Arguments of the program

    Options:
          --file <FILE>          File to send, in place of INPUT; again, or separated by commas, for
                                 several
          --entrypoint <NAME>    File of the project to run [default: the first main.py, __main__.py or
                                 *.py]
          --requirements <FILE>  Packages to install before, as a requirements.txt
          --with <PACKAGE>       Package to install before, such as `numpy` or 'numpy>=2'; again for
                                 several
          --auto-install         Install what the project's files import, too
          --no-requirements      Install nothing that only the project says: in its requirements.txt, or
                                 in the script itself
      -e, --env <VAR>            Environment variable of the program: NAME (with its value here) or
                                 NAME=value
      -i, --interactive          Give the program our standard input, read to its end
          --stdin <FILE>         Give the program a file as its standard input; without this and -i it
                                 has none
          --python <VERSION>     Python version, such as 3.12
          --image <IMAGE>        Image to run in: `python:3.11-slim` chooses the Python version
          --async                Submit only, and print the execution's id [alias: --detach]
          --dry-run              Send nothing; list what would be sent, and what would not and why
      -s, --server <URL>         Server to use, such as http://127.0.0.1:PORT, or `local` for this
                                 machine; without one, `run` and `eval` use this machine [env:
                                 PYEXEC_SERVER]
          --token-file <FILE>    File with the token that opens the server, which nobody else may read;
                                 the token itself can be in PYEXEC_TOKEN
          --profile <NAME>       Profile of the configuration file to use [env: PYEXEC_PROFILE]
                                 [default: default]
      -q, --quiet                Print the program's standard output only, and only if it succeeds
      -v, --verbose              Say first how it went and where it ran
          --json                 Print JSON for programs to read, errors too (see docs/cli-json.md)
          --color <WHEN>         When our own words have colour: auto, which heeds NO_COLOR, always or
                                 never
      -h, --help                 Print help

    Limits (0 is the server's default):
          --timeout <SECONDS>  Seconds it may take
          --memory <MIB>       Memory in MiB
          --disk <MIB>         Disk space in MiB
          --cpu <SHARES>       Share of the processors, relative to other executions; 1024 is usual
          --network[=<BOOL>]   Let it use the network (--network=false: don't, even with --requirements)
                               [possible values: true, false]

    Examples:
      # A file, with arguments of its own
      pyexec run script.py -- one two
      # A folder: its main.py, for 10 seconds at most, with 256 MiB
      pyexec run --timeout 10 --memory 256 project/
      # Code from a pipe, with a variable of this shell
      export NAME=Ann
      echo 'import os; print(os.environ["NAME"])' | pyexec run -e NAME
      # With packages: named here, in a requirements.txt of the folder, or in the script itself
      echo 'import colorama; print(colorama.__name__)' | pyexec run --with colorama
      # Nothing yet, but a list of what would be sent and what would not
      pyexec run --dry-run project/
    "#);
    assert_snapshot!(pyexec(["serve", "--help"]).show(), @"
    exit 0
    --- stdout
    Serve executions to others over HTTP

    Usage: pyexec serve [OPTIONS]

    Options:
          --config <FILE>            File with settings in TOML, each named like its flag, as in
                                     max_body_mb = 64; flags and variables win over it [env:
                                     PYEXEC_CONFIG=]
          --print-config             Print all settings with where each comes from, as such a file, and
                                     serve nothing
          --host <HOST>              Address to listen on; one that others can reach needs a token [env:
                                     PYEXEC_HOST=] [default: 127.0.0.1]
          --port <PORT>              Port to listen on; 0 for any free one [env: PYEXEC_PORT=] [default:
                                     8080]
          --log-level <LEVEL>        What to log to standard error: error, warn, info, debug, trace or a
                                     filter [env: PYEXEC_LOG_LEVEL=] [default: info]
          --log-format <FORMAT>      How to log: text, or a JSON object a line [env: PYEXEC_LOG_FORMAT=]
                                     [default: text] [possible values: text, json]
          --isolation <LEVEL>        The least isolation that will do: full, or no-proc for containers
                                     that hide parts of /proc [env: PYEXEC_ISOLATION=] [default: full]
          --network-mode <MODE>      What an execution that asks for the network gets: a refusal, a
                                     network of its own by the program `pasta`, or this machine's with
                                     all that listens there [env: PYEXEC_NETWORK_MODE=] [default: none]
                                     [possible values: none, pasta, host]
          --default-network <WHICH>  What a request that doesn't mention the network means [env:
                                     PYEXEC_DEFAULT_NETWORK=] [default: off] [possible values: off, on]
          --slots <N>                Executions at the same time [default: twice the processors] [env:
                                     PYEXEC_SLOTS=]
          --cpus-per-execution <N>   Processors that each execution may use and sees: 2, 1.5 or 0.25;
                                     takes control groups [default: all that are free] [env:
                                     PYEXEC_CPUS_PER_EXECUTION=]
          --ready <N>                Interpreters of each version in use that wait for the next
                                     executions [default: as many as run at the same time] [env:
                                     PYEXEC_READY=]
          --strict                   Start a new interpreter for each execution rather than a copy of
                                     one that waits: slower, but with an address layout and a hash seed
                                     of its own [env: PYEXEC_STRICT=]
          --queue <N>                Executions that may wait for a slot [env: PYEXEC_QUEUE=] [default:
                                     1000]
          --cleanup-ttl <TIME>       How long results are kept: 300, 300s or 5m [env:
                                     PYEXEC_CLEANUP_TTL=] [default: 5m]
          --grace <TIME>             How long executions may go on after the first SIGTERM or Ctrl-C:
                                     10, 10s or 5m [env: PYEXEC_GRACE=] [default: 10s]
          --max-body-mb <MIB>        Largest upload in MiB [env: PYEXEC_MAX_BODY_MB=] [default: 1024]
          --state-dir <FOLDER>       Folder in which submissions and results outlive the server
                                     [default: none, they are kept in memory] [env: PYEXEC_STATE_DIR=]
          --spool-dir <FOLDER>       Folder for uploads above 1 MiB and outputs above 256 KiB [default:
                                     within the state folder, or the system's temporary folder] [env:
                                     PYEXEC_SPOOL_DIR=]
          --cgroup <PATH>            Control group below which each execution gets one of its own: an
                                     empty one that this user may write to [default: the server's own]
                                     [env: PYEXEC_CGROUP=]
      -h, --help                     Print help

    Who gets in:
          --token-file <FILE>
              File with tokens, one a line, or with names and limits in TOML; read again when it changes
              [env: PYEXEC_TOKEN_FILE=]
          --allowed-host <NAME>
              Name by which a proxy asks for this server, beside those of this machine; again, or
              separated by commas, for several [env: PYEXEC_ALLOWED_HOSTS=]
          --tls-cert <FILE>
              Certificate for HTTPS as PEM, with those that lead to its root; read again when it changes
              [env: PYEXEC_TLS_CERT=]
          --tls-key <FILE>
              Private key of the certificate as PEM; read again when it changes [env: PYEXEC_TLS_KEY=]
          --max-connections <N>
              Connections at the same time [env: PYEXEC_MAX_CONNECTIONS=] [default: 4096]
          --max-connections-per-address <N>
              Connections of one address at the same time, this machine's aside; raise it for a proxy on
              another machine [env: PYEXEC_MAX_CONNECTIONS_PER_ADDRESS=] [default: 512]

    How much there is to take:
          --memory-budget-mb <MIB>  Memory in MiB that running executions may have in all, and the most
                                    that one may ask for [default: 80 % of the machine's] [env:
                                    PYEXEC_MEMORY_BUDGET_MB=]
          --queue-timeout <TIME>    Longest wait for a slot [env: PYEXEC_QUEUE_TIMEOUT=] [default: 5m]
          --max-timeout <SECONDS>   Most seconds that a request may ask for [env: PYEXEC_MAX_TIMEOUT=]
                                    [default: 3600]
          --max-disk-mb <MIB>       Most disk space in MiB that a request may ask for [env:
                                    PYEXEC_MAX_DISK_MB=] [default: 16384]
          --output-mb <MIB>         Output in MiB of which each stream keeps the first and the last half
                                    [env: PYEXEC_OUTPUT_MB=] [default: 64]
          --output-limit-mb <MIB>   Output in MiB of one stream past which an execution is ended [env:
                                    PYEXEC_OUTPUT_LIMIT_MB=] [default: 1024]
          --results-mb <MIB>        Results in MiB that are kept; the oldest go first [env:
                                    PYEXEC_RESULTS_MB=] [default: 1024]
          --spool-mb <MIB>          Disk space in MiB for uploads above 1 MiB [env: PYEXEC_SPOOL_MB=]
                                    [default: 8192]
          --output-spool-mb <MIB>   Disk space in MiB for outputs above 256 KiB [env:
                                    PYEXEC_OUTPUT_SPOOL_MB=] [default: 8192]

    Packages that requests name:
          --installer <PROGRAM>          What installs them: `auto` for uv where it is there, else pip;
                                         `pip`; the path of a uv; or `none`, so that requests that name
                                         packages are refused [env: PYEXEC_INSTALLER=] [default: auto]
          --packages-dir <FOLDER>        Folder in which they are kept; servers of one user may share it
                                         [default: within the state folder, or
                                         ~/.cache/pyexec/environments] [env: PYEXEC_PACKAGES_DIR=]
          --packages-mb <MIB>            Disk space in MiB that they may take there; what wasn't used
                                         for longest goes first [env: PYEXEC_PACKAGES_MB=] [default:
                                         8192]
          --offline                      Install from what is there, without the network [env:
                                         PYEXEC_OFFLINE=]
          --install-timeout <TIME>       Longest installation [env: PYEXEC_INSTALL_TIMEOUT=] [default:
                                         5m]
          --resolution-ttl <TIME>        For how long the same requirements lead to the same versions
                                         [env: PYEXEC_RESOLUTION_TTL=] [default: 1h]
          --allow-package <NAME>         The only packages that may be installed: `name` or `prefix*`;
                                         again, or separated by commas, for several [default: all] [env:
                                         PYEXEC_ALLOW_PACKAGES=]
          --deny-package <NAME>          Packages that may not be installed, also where others need them
                                         [default: none] [env: PYEXEC_DENY_PACKAGES=]
          --preload <MODULES>            Modules to import before anyone asks for them, such as
                                         numpy,pandas; only for packages that are trusted as this server
                                         is; again for another list [env: PYEXEC_PRELOAD=]
          --auto-detect-imports <WHICH>  Whether what code to evaluate imports is installed unasked
                                         [env: PYEXEC_AUTO_DETECT_IMPORTS=] [default: on] [possible
                                         values: on, off]

    What a request that doesn't say gets:
          --default-timeout <SECONDS>    Seconds it may take [env: PYEXEC_DEFAULT_TIMEOUT=] [default:
                                         300]
          --default-memory-mb <MIB>      Memory in MiB [env: PYEXEC_DEFAULT_MEMORY_MB=] [default: 1024]
          --default-disk-mb <MIB>        Disk space in MiB [env: PYEXEC_DEFAULT_DISK_MB=] [default:
                                         2048]
          --default-cpu-shares <SHARES>  Share of the processors [env: PYEXEC_DEFAULT_CPU_SHARES=]
                                         [default: 1024]
          --default-image <IMAGE>        Image, python:X.Y [default: Python 3.12, or the newest] [env:
                                         PYEXEC_DEFAULT_IMAGE=]

    Examples:
      # For this machine
      pyexec serve
      # For others, who need one of the tokens in a file
      pyexec serve --host 0.0.0.0 --token-file tokens
      # With results that outlive it
      pyexec serve --state-dir state --cleanup-ttl 24h
    ");
}

#[test]
#[cfg(all(feature = "local", target_os = "linux"))]
fn help_of_doctor() {
    assert_snapshot!(pyexec(["doctor", "--help"]).show(), @"
    exit 0
    --- stdout
    Say what is in order and what isn't: isolation, interpreters, disk, configuration, server

    Usage: pyexec doctor [OPTIONS]

    Options:
          --json               Print one JSON object
          --isolation <LEVEL>  The least isolation that will do: full, or no-proc for containers that
                               hide parts of /proc [env: PYEXEC_ISOLATION=] [default: full]
          --cgroup <PATH>      Control group below which each execution gets one of its own [default:
                               that of this process] [env: PYEXEC_CGROUP=]
      -s, --server <URL>       Server to use, such as http://127.0.0.1:PORT, or `local` for this
                               machine; without one, `run` and `eval` use this machine [env:
                               PYEXEC_SERVER]
          --token-file <FILE>  File with the token that opens the server, which nobody else may read;
                               the token itself can be in PYEXEC_TOKEN
          --profile <NAME>     Profile of the configuration file to use [env: PYEXEC_PROFILE] [default:
                               default]
      -h, --help               Print help

    Exit codes: 0 where nothing fails and isolation is full, 1 elsewhere.

    Examples:
      # What this machine offers, and what it lacks
      pyexec doctor
      # The same for programs
      pyexec doctor --json
    ");
}

#[test]
fn version() {
    let version = |args| String::from_utf8(pyexec(args).output().stdout).unwrap();
    let expected = concat!("pyexec ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(version(["version"]), expected);
    assert_eq!(version(["--version"]), expected);
}

#[test]
fn topics() {
    assert_snapshot!(pyexec(["help", "exit-codes"]).show(), @"
    exit 0
    --- stdout
    Exit codes:
      0-255  the program's own, when it ran to its end (128 + the number of a signal that ended it)
      2      the command line can't be carried out
      124    the program's time limit passed
      125    pyexec or the server failed
      130    Ctrl-C (143: SIGTERM)
      137    the program was killed, or ran out of memory
      141    nobody reads standard output any more
    ");
    assert_snapshot!(pyexec(["help", "profiles"]).show(), @r#"
    exit 0
    --- stdout
    What stays the same goes into a file, which `pyexec config path` names:

      # Where neither --profile nor PYEXEC_PROFILE names another
      [profile.default]
      timeout = 60

      [profile.work]
      server = "https://pyexec.example.com"
      token_file = "work-token"
      python = "3.12"

    Each key is the flag of that name: server ("local" is this machine), token_file, timeout, memory,
    disk, cpu, network, image, python.

    A flag wins over a variable, a variable over the profile, and that over what is built in;
    `pyexec config show` says which it was.

    A token file holds one token, on a line of its own, and nobody else may read it (chmod 600). Its
    path is relative to the file with the profiles, and `~/` is the home folder. The token is sent to
    the profile's own server only: whoever names another server names its token too, by --token-file or
    PYEXEC_TOKEN.
    "#);
    assert_snapshot!(pyexec(["help", "nothing"]).show(), @"
    exit 2
    --- stderr
    error: no command and no topic is called `nothing`
    hint: `pyexec help` lists all
    ");
    assert_snapshot!(pyexec(["help", "exit-code"]).show(), @"
    exit 2
    --- stderr
    error: no command and no topic is called `exit-code`
    hint: did you mean `exit-codes`?
    ");
    assert_snapshot!(pyexec(["help", "config", "shwo"]).show(), @"
    exit 2
    --- stderr
    error: no command and no topic is called `shwo`
    hint: did you mean `show`?
    ");
    let same = |command| {
        let help = |args| pyexec(args).output().stdout;
        assert_eq!(help(["help", command]), help([command, "--help"]));
    };
    same("run");
    same("config");
    assert_eq!(pyexec(["help"]).output().stdout, pyexec(["--help"]).output().stdout);
}

#[test]
#[cfg(all(feature = "local", target_os = "linux"))]
fn variables() {
    assert_snapshot!(pyexec(["help", "environment"]).show(), @"
    exit 0
    --- stdout
    Variables that pyexec reads; one that is set to nothing is not set.

      PYEXEC_SERVER                       server to use, or `local` for this machine
      PYEXEC_TOKEN                        token that opens the server; with `serve`, the one that opens it
      PYEXEC_PROFILE                      profile of the configuration file to use
      PYEXEC_ISOLATION                    least isolation that will do on this machine: full or no-proc
      PYEXEC_LOCAL_IDLE                   seconds without work after which the local server ends [default: 600]
      XDG_CONFIG_HOME                     folder in which pyexec/config.toml is [default: ~/.config]
      XDG_STATE_HOME                      folder in which the local server keeps executions [default: ~/.local/state]
      HTTPS_PROXY, HTTP_PROXY, ALL_PROXY  proxy on the way to a server
      NO_PROXY                            hosts that are reached without it
      NO_COLOR                            set to anything: no colours
      PATH, HOME                          where interpreters are looked for

    Those of `pyexec serve` stand for its flags:

      PYEXEC_CONFIG                       --config
      PYEXEC_HOST                         --host
      PYEXEC_PORT                         --port
      PYEXEC_LOG_LEVEL                    --log-level
      PYEXEC_LOG_FORMAT                   --log-format
      PYEXEC_ISOLATION                    --isolation
      PYEXEC_NETWORK_MODE                 --network-mode
      PYEXEC_DEFAULT_NETWORK              --default-network
      PYEXEC_SLOTS                        --slots
      PYEXEC_CPUS_PER_EXECUTION           --cpus-per-execution
      PYEXEC_READY                        --ready
      PYEXEC_STRICT                       --strict
      PYEXEC_QUEUE                        --queue
      PYEXEC_CLEANUP_TTL                  --cleanup-ttl
      PYEXEC_GRACE                        --grace
      PYEXEC_MAX_BODY_MB                  --max-body-mb
      PYEXEC_STATE_DIR                    --state-dir
      PYEXEC_SPOOL_DIR                    --spool-dir
      PYEXEC_CGROUP                       --cgroup
      PYEXEC_TOKEN_FILE                   --token-file
      PYEXEC_ALLOWED_HOSTS                --allowed-host
      PYEXEC_TLS_CERT                     --tls-cert
      PYEXEC_TLS_KEY                      --tls-key
      PYEXEC_MAX_CONNECTIONS              --max-connections
      PYEXEC_MAX_CONNECTIONS_PER_ADDRESS  --max-connections-per-address
      PYEXEC_MEMORY_BUDGET_MB             --memory-budget-mb
      PYEXEC_QUEUE_TIMEOUT                --queue-timeout
      PYEXEC_MAX_TIMEOUT                  --max-timeout
      PYEXEC_MAX_DISK_MB                  --max-disk-mb
      PYEXEC_OUTPUT_MB                    --output-mb
      PYEXEC_OUTPUT_LIMIT_MB              --output-limit-mb
      PYEXEC_RESULTS_MB                   --results-mb
      PYEXEC_SPOOL_MB                     --spool-mb
      PYEXEC_OUTPUT_SPOOL_MB              --output-spool-mb
      PYEXEC_INSTALLER                    --installer
      PYEXEC_PACKAGES_DIR                 --packages-dir
      PYEXEC_PACKAGES_MB                  --packages-mb
      PYEXEC_OFFLINE                      --offline
      PYEXEC_INSTALL_TIMEOUT              --install-timeout
      PYEXEC_RESOLUTION_TTL               --resolution-ttl
      PYEXEC_ALLOW_PACKAGES               --allow-package
      PYEXEC_DENY_PACKAGES                --deny-package
      PYEXEC_PRELOAD                      --preload
      PYEXEC_AUTO_DETECT_IMPORTS          --auto-detect-imports
      PYEXEC_DEFAULT_TIMEOUT              --default-timeout
      PYEXEC_DEFAULT_MEMORY_MB            --default-memory-mb
      PYEXEC_DEFAULT_DISK_MB              --default-disk-mb
      PYEXEC_DEFAULT_CPU_SHARES           --default-cpu-shares
      PYEXEC_DEFAULT_IMAGE                --default-image

    Those of `pyexec doctor` stand for its flags:

      PYEXEC_ISOLATION  --isolation
      PYEXEC_CGROUP     --cgroup
    ");
}

#[test]
fn nobody_reads_it() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pyexec"));
    let output = command.arg("help").stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(141), &b""[..]));
}
