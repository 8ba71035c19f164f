//! What waiting interpreters hold.

use crate::served;
use pyexec_sandbox::{Sandbox, Start};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

const READY: [usize; 2] = [20, 5];

pub(crate) fn run(quick: bool) {
    let ready = READY[usize::from(quick)];
    let sandbox = Sandbox::start(served::options(ready, Start::Zygote)).unwrap();
    let before = Instant::now();
    let [copies, inits] = loop {
        assert!(before.elapsed().as_secs() < 60, "the pool doesn't fill");
        thread::sleep(Duration::from_millis(200));
        let inits = children(sandbox.launcher_id());
        let copies: Vec<_> = inits.iter().flat_map(|init| children(*init)).collect();
        if copies.len() >= ready {
            let owners = inits.into_iter().filter(|init| !children(*init).is_empty());
            break [copies, owners.collect()];
        }
    };
    println!(
        "\nmemory of {} waiting interpreters, each one's part of what they share (PSS)",
        copies.len()
    );
    match [copies, inits].map(mean_kib) {
        [Some(copy), Some(init)] => {
            println!("{:32}{:>9.2} MiB", "a copy of the interpreter", copy / 1024.0);
            println!("{:32}{:>9.2} MiB", "its PID 1", init / 1024.0);
            println!("{:32}{:>9.2} MiB", "together", (copy + init) / 1024.0);
        }
        _ => println!("the kernel doesn't let us read it"),
    }
}

fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn mean_kib(processes: Vec<u32>) -> Option<f64> {
    let count = processes.len() as f64;
    let kib = processes.into_iter().map(|pid| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.trim().trim_end_matches(" kB").parse::<f64>().ok()
    });
    Some(kib.sum::<Option<f64>>()? / count)
}
