//! Each layer left out once: then the cases that name it succeed for the attacker. What succeeds
//! is bounded and harmless.

use crate::{
    case::Case,
    families,
    ground::Ground,
    hosts,
    options::Options,
    report::{Report, Verdict},
};
use pyexec_sandbox::{
    Layer::{self, *},
    SandboxOptions, Start,
};

/// What is left out, how interpreters start, and the cases that succeed then.
type Shown = (&'static [Layer], Start, &'static [&'static str]);

#[rustfmt::skip]
const SHOWN: &[Shown] = &[
    (&[Seccomp], Start::Zygote, &["io_uring", "debugging_another_process", "new_namespaces", "sockets_of_the_kernel", "a_pth_file_with_a_privilege"]),
    (&[Seccomp], Start::Strict, &["io_uring", "debugging_another_process", "new_namespaces", "sockets_of_the_kernel"]),
    (&[HiddenInit], Start::Zygote, &["reading_pid_1"]),
    (&[OwnProc, MemoryWatch], Start::Strict, &["seeing_other_processes", "reading_the_kernels_own_files"]),
    (&[PidNamespace, MemoryWatch], Start::Strict, &["a_daemon_after_a_normal_exit", "seeing_other_processes"]),
    (&[NetworkNamespace], Start::Strict, &["the_hosts_loopback", "an_abstract_socket_of_the_host"]),
    (&[IpcNamespace], Start::Strict, &["shared_memory_of_the_host"]),
    (&[UtsNamespace], Start::Strict, &["the_name_of_the_host"]),
    (&[CgroupNamespace], Start::Strict, &["the_path_of_its_control_group"]),
    (&[Capabilities], Start::Strict, &["ports_of_the_privileged", "a_pth_file_with_a_privilege"]),
    (&[OwnRoot], Start::Zygote, &["a_secret_in_a_file_of_the_server", "a_socket_of_the_host"]),
    (&[MaskedPackages], Start::Zygote, &["the_hosts_packages"]),
    (&[NoSetUid], Start::Zygote, &["set_uid_programs"]),
    (&[CleanEnvironment], Start::Strict, &["a_secret_in_its_own_environment"]),
    (&[ClosedDescriptors], Start::Strict, &["inherited_descriptors"]),
    (&[DiskSize], Start::Zygote, &["disk_fill_by_writing", "disk_fill_by_fallocate", "inode_fill"]),
    (&[MemoryWatch, ControlGroup], Start::Zygote, &["memory_bomb_split_among_processes", "memory_bomb_in_a_shared_mapping", "memory_bomb_in_socket_buffers"]),
    (&[ProcessLimits, ControlGroup], Start::Strict, &["fork_bomb", "open_file_exhaustion", "raising_its_limits"]),
];

/// Files of the template belong to whom the launcher is, so that of root's nothing can be written
/// anyway.
const SHOWN_TO_A_USER: &[Shown] = &[
    (&[ReadOnlyRoot], Start::Strict, &["writing_to_the_template", "writing_to_packages"]),
    (&[ReadOnlyRoot], Start::Zygote, &["writing_to_the_template", "writing_to_packages"]),
];

pub(crate) fn show(options: &Options, report: &Report) {
    if hosts::is_root() {
        show_each(SHOWN, options, report);
    } else {
        show_as_ordinary_user(options, report);
    }
}

pub(crate) fn show_as_ordinary_user(options: &Options, report: &Report) {
    if !hosts::is_root() {
        show_each(SHOWN_TO_A_USER, options, report);
    }
}

fn show_each(shown: &[Shown], options: &Options, report: &Report) {
    if !options.includes("layers") || !options.wants("layers") {
        return;
    }
    let cases: Vec<Case> = families().into_iter().flat_map(|(_, cases)| cases).collect();
    for (without, start, names) in shown {
        let mut weak = SandboxOptions { start: *start, ..SandboxOptions::default() };
        weak.without = without.to_vec();
        let ground = Ground::with(weak);
        for name in *names {
            let result = match cases.iter().find(|case| case.name == *name) {
                None => Err("there is no such case".to_owned()),
                Some(case) => match case.run(&ground) {
                    Ok(()) => Err("the attacker got nothing without it, either".to_owned()),
                    // Whatever else went wrong is no success of the attacker.
                    Err(why) if why.contains("GOT ") || why.contains("left") => Ok(()),
                    Err(why) => Err(why),
                },
            };
            let layers = format!("without {without:?}");
            let mode = if *start == Start::Zygote { "zygote" } else { "strict" };
            report.add(Verdict::new("layers", name, &layers, mode, result));
        }
    }
}
