//! `cargo bench -p pyexec-server --bench executions`: what executions cost, beside the bare
//! interpreter and other ways to isolate it, alternating in one run, so that whatever else the
//! machine does hits all alike. The ratios are what carries over between machines. `-- --quick`
//! for fewer rounds; names of sections (`table`, `sustained`, `overload`, `memory`,
//! `lateness`, `events`, `upload`) for only those.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

#[cfg(target_os = "linux")]
mod contenders;
#[cfg(target_os = "linux")]
mod lateness;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod overload;
#[cfg(target_os = "linux")]
mod phases;
#[cfg(target_os = "linux")]
mod served;
#[cfg(target_os = "linux")]
mod stats;
#[cfg(target_os = "linux")]
mod sustained;
#[cfg(target_os = "linux")]
mod table;
#[cfg(target_os = "linux")]
mod upload;
#[cfg(target_os = "linux")]
mod watched;

/// Prints its part; a few samples only where that is asked for.
#[cfg(target_os = "linux")]
type Section = fn(bool);

#[cfg(target_os = "linux")]
fn main() {
    if upload::is_server() {
        return;
    }
    let arguments: Vec<_> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let named: Vec<_> = arguments.iter().filter(|it| *it != "--quick").collect();
    let sections: [(&str, Section); 7] = [
        ("table", table::run),
        ("sustained", sustained::run),
        ("overload", overload::run),
        ("memory", memory::run),
        ("lateness", lateness::run),
        ("events", watched::run),
        ("upload", upload::run),
    ];
    let known = |name: &str| sections.iter().any(|(section, _)| *section == name);
    assert!(
        named.iter().all(|name| known(name)),
        "the sections are table, sustained, overload, memory, lateness, events, upload"
    );
    for (name, run) in sections {
        if named.is_empty() || named.iter().any(|wanted| *wanted == name) {
            run(quick);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the sandbox needs Linux");
}
