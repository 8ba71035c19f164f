//! The reference for people, as text and as manual pages: what the definition says, and no more.
//! Written by `cargo xtask man`; a test keeps it current.

// Clippy knows only functions marked #[test] as tests.
#![allow(clippy::unwrap_used)]

use crate::{args, help::Topic};
use clap::Command;
use expect_test::expect_file;
use std::fmt::Write;

/// As it is everywhere: without what this environment says, and as wide.
fn definition() -> Command {
    fn plain(command: Command) -> Command {
        command.mut_args(|arg| arg.hide_env_values(true)).mut_subcommands(plain).term_width(100)
    }
    let mut command = plain(args::definition());
    command.build();
    command
}

/// The command and all below it that are there to be seen, each before what is below it.
fn commands(command: &Command) -> Vec<Command> {
    let below = command.get_subcommands().filter(|below| !below.is_hide_set());
    // Help is built in where there are commands below.
    let below = below.filter(|below| below.get_name() != "help" || command.get_name() == "pyexec");
    let below = below.flat_map(commands);
    [command.clone()].into_iter().chain(below).collect()
}

fn name(command: &Command) -> &str {
    command.get_bin_name().unwrap_or(command.get_name())
}

fn text() -> String {
    let mut text =
        "# The command `pyexec`\n\nWhat `pyexec help` says, of all commands and topics. \
                    Written by `cargo xtask man`.\n"
            .to_owned();
    for mut command in commands(&definition()) {
        let help = command.render_long_help().to_string();
        let name = name(&command);
        write!(text, "\n## {name}\n\n```text\n{}\n```\n", help.trim_end()).unwrap();
    }
    for (name, topic) in Topic::ALL {
        let topic = topic.text();
        write!(text, "\n## pyexec help {name}\n\n```text\n{}\n```\n", topic.trim_end()).unwrap();
    }
    text
}

/// A manual page, whose end is that of the help as it stands there.
fn page(command: &Command) -> String {
    let mut page = Vec::new();
    let title = name(command).replace(' ', "-");
    let man = clap_mangen::Man::new(command.clone()).title(title.clone());
    // Every page by its own name, not by the program's.
    let man = man.source(concat!("pyexec ", env!("CARGO_PKG_VERSION"))).manual("pyexec");
    man.render_title(&mut page).unwrap();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut start = format!(".SH NAME\n{} \\- {}\n", escaped(&title), escaped(&about));
    page.append(&mut std::mem::take(&mut start).into_bytes());
    man.render_synopsis_section(&mut page).unwrap();
    man.render_options_section(&mut page).unwrap();
    if commands(command).len() > 1 {
        man.render_subcommands_section(&mut page).unwrap();
    }
    let mut page = String::from_utf8(page).unwrap();
    let end = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    for section in end.split("\n\n") {
        if let Some((heading, lines)) = section.split_once(":\n") {
            page += &verbatim(heading, lines);
        } else {
            page += &verbatim("Notes", section);
        }
    }
    if command.get_name() == "pyexec" {
        page += &verbatim("Environment", &Topic::Environment.text());
        page += &verbatim("Profiles", &Topic::Profiles.text());
    }
    page
}

fn verbatim(heading: &str, lines: &str) -> String {
    format!(".SH \"{}\"\n.nf\n{}\n.fi\n", heading.to_uppercase(), escaped(lines.trim_end()))
}

/// Text in which nothing is an order to the formatter.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('-', "\\-");
    let guarded = text.lines().map(|line| match line.starts_with(['.', '\'']) {
        true => format!("\\&{line}"),
        false => line.to_owned(),
    });
    guarded.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_reference_is_current() {
    expect_file!["../../../docs/cli.md"].assert_eq(&text());
}

#[test]
fn the_manual_pages_are_current() {
    for command in commands(&definition()) {
        let file = format!("../man/{}.1", name(&command).replace(' ', "-"));
        expect_file![file].assert_eq(&page(&command));
    }
}

#[test]
fn no_manual_page_is_of_a_command_that_is_gone() {
    let known: Vec<_> =
        commands(&definition()).iter().map(|c| name(c).replace(' ', "-") + ".1").collect();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/man")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&file), "{file} has no command");
    }
}

#[test]
fn nothing_in_a_page_is_an_order_by_accident() {
    assert_eq!(escaped(".SH x\n'a\n  --b \\d"), "\\&.SH x\n\\&'a\n  \\-\\-b \\\\d");
}
