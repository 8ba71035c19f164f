//! `cargo bench -p pyexec-archive --bench archive`: writing and safely reading tars beside GNU tar
//! and Python's `tarfile`, each in a process of its own, alternating in one run. Prints medians,
//! and the ratios, which are what carries over between machines. `-- --quick` for fewer rounds.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

use pyexec_archive::{
    Archive, detect_entrypoint,
    read::{ReadOptions, canonicalize},
};
use std::{
    error::Error,
    fs::{self, File},
    hint::black_box,
    io::{self, Read, Write},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

const DIRECTORIES: usize = 100;
const FILES_EACH: usize = 100;
const SMALL_BYTES: usize = 400;
const LARGE_BYTES: usize = 1 << 30;
const WARM_UP: usize = 1;
/// Half of what a pipe holds on Linux, so that its other end works meanwhile.
const BUFFER: usize = 32 << 10;

/// As a program would: a pipe, and a directory as argument.
const TARFILE: &str = "import sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode='w|') as tar:
    tar.add(sys.argv[1])";

type Outcome = Result<(), Box<dyn Error>>;

/// What is put into archives and taken out of them.
struct Load {
    label: &'static str,
    /// Its directory in the work folder.
    name: &'static str,
    content_bytes: usize,
}

const SMALL: &Load = &Load {
    label: "10,000 small files",
    name: "small",
    content_bytes: DIRECTORIES * FILES_EACH * SMALL_BYTES,
};
const LARGE: &Load =
    &Load { label: "one file of 1 GiB", name: "large", content_bytes: LARGE_BYTES };

fn main() -> Outcome {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => compare_all([15, 5]),
        ["--quick"] => compare_all([3, 1]),
        ["write", directory] => write(directory),
        ["read", tar, output] => read(tar, output),
        _ => Err("the only option is --quick".into()),
    }
}

/// The contender of ours that writes, in a process of its own.
fn write(directory: &str) -> Outcome {
    let mut reader = Archive::from_directory(directory)?.open();
    let mut output = raw_stdout()?;
    let mut buffer = vec![0; BUFFER];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(()),
            count => output.write_all(&buffer[..count])?,
        }
    }
}

/// The contender of ours that reads, in a process of its own.
fn read(tar: &str, output: &str) -> Outcome {
    canonicalize(File::open(tar)?, File::create(output)?, &ReadOptions::default())?;
    Ok(())
}

/// Standard output without the line buffer of [`io::Stdout`].
#[cfg(unix)]
fn raw_stdout() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn raw_stdout() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(io::stdout().as_handle().try_clone_to_owned()?.into())
}

fn compare_all([small_rounds, large_rounds]: [usize; 2]) -> Outcome {
    let tar = version("tar")?;
    if !tar.contains("GNU tar") {
        return Err(format!("the tar to compare with is GNU tar, but this one is {tar}").into());
    }
    let python = version("python3")?;
    // In memory where that is at hand, so that no disk is measured.
    let shared_memory = Path::new("/dev/shm");
    let temporary = std::env::temp_dir();
    let parent = if shared_memory.is_dir() { shared_memory } else { &temporary };
    let work = TempDir::new_in(parent)?;

    make_small_files(work.path());
    make_large_file(work.path());
    println!(
        "medians of {small_rounds} (small files) and {large_rounds} (1 GiB), in {}, {tar}, {python}",
        parent.display()
    );
    println!("in parentheses: ours divided by the peer, less is better");
    for (load, rounds) in [(SMALL, small_rounds), (LARGE, large_rounds)] {
        compare_writers(load, rounds, work.path());
    }
    for (load, rounds) in [(SMALL, small_rounds), (LARGE, large_rounds)] {
        compare_readers(load, rounds, work.path());
    }
    let entrypoint = entrypoint().as_secs_f64() * 1e6;
    println!("{:<26}   ours {entrypoint:>7.1} µs", "detect_entrypoint, 10,000");
    Ok(())
}

fn version(program: &str) -> Result<String, Box<dyn Error>> {
    let output = Command::new(program).arg("--version").output();
    let output = output.map_err(|error| format!("can't run {program}: {error}"))?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().next().ok_or_else(|| format!("{program} doesn't tell its version"))?.to_owned())
}

fn make_small_files(work: &Path) {
    for directory in 0..DIRECTORIES {
        let directory = work.join(format!("small/package_{directory:02}"));
        fs::create_dir_all(&directory).unwrap();
        for file in 0..FILES_EACH {
            let mut content = format!("VALUE = {file}  #").into_bytes();
            content.resize(SMALL_BYTES, b'x');
            fs::write(directory.join(format!("module_{file:02}.py")), content).unwrap();
        }
    }
}

/// Without zeros, which a tar or file system may take for a hole.
fn make_large_file(work: &Path) {
    fs::create_dir(work.join("large")).unwrap();
    let mut file = File::create(work.join("large/data.bin")).unwrap();
    let chunk: Vec<_> = (0..1 << 20).map(|index| (index % 251 + 1) as u8).collect();
    for _ in 0..LARGE_BYTES / chunk.len() {
        file.write_all(&chunk).unwrap();
    }
}

fn compare_writers(load: &Load, rounds: usize, work: &Path) {
    let write = |mut writer: Command, arguments: &[&str]| {
        written(load, writer.args(arguments).arg(load.name).current_dir(work))
    };
    let ours = || write(ours(), &["write"]);
    let tar = || write(Command::new("tar"), &["-cf", "-"]);
    let tarfile = || write(Command::new("python3"), &["-c", TARFILE]);
    compare("write", load, rounds, [("ours", &ours), ("GNU tar", &tar), ("tarfile", &tarfile)]);
}

/// How long it takes until all that it writes has come through a pipe; GNU tar would write nothing
/// to `/dev/null`.
fn written(load: &Load, command: &mut Command) -> Duration {
    let mut buffer = vec![0; 1 << 20];
    let before = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut total = 0;
    loop {
        match output.read(&mut buffer).unwrap() {
            0 => break,
            count => total += count,
        }
    }
    assert!(child.wait().unwrap().success(), "{command:?} failed");
    let elapsed = before.elapsed();
    assert!(total > load.content_bytes, "{command:?} wrote {total} bytes");
    elapsed
}

fn compare_readers(load: &Load, rounds: usize, work: &Path) {
    // GNU tar's, for ours has to read what others write.
    let tar_file = work.join("received.tar");
    run(Command::new("tar").arg("-cf").arg(&tar_file).arg(load.name).current_dir(work));
    let [spool, directory] = ["spool", "unpacked"].map(|name| work.join(name));
    let ours = || {
        let elapsed = run(ours().arg("read").args([&tar_file, &spool]));
        assert!(fs::metadata(&spool).unwrap().len() > load.content_bytes as u64);
        fs::remove_file(&spool).unwrap();
        elapsed
    };
    let tar = || {
        fs::create_dir(&directory).unwrap();
        let elapsed = run(Command::new("tar").arg("-xf").arg(&tar_file).arg("-C").arg(&directory));
        fs::remove_dir_all(&directory).unwrap();
        elapsed
    };
    compare("read", load, rounds, [("ours", &ours), ("tar -xf", &tar)]);
    fs::remove_file(&tar_file).unwrap();
}

fn run(command: &mut Command) -> Duration {
    let before = Instant::now();
    let status = command.stdin(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?} failed");
    before.elapsed()
}

fn ours() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

/// The scan of all names, as in a project without a `main.py`.
fn entrypoint() -> Duration {
    let names: Vec<_> = (0..DIRECTORIES * FILES_EACH)
        .map(|file| format!("package_{:02}/module_{:02}.py", file / FILES_EACH, file % FILES_EACH))
        .collect();
    let times = (0..2_000).map(|_| {
        let before = Instant::now();
        black_box(detect_entrypoint(black_box(&names).iter().map(String::as_str)));
        before.elapsed()
    });
    median(times.collect())
}

/// The contenders take turns, so that what else the machine does hits all of them. Who begins
/// changes, since one may profit from what another left behind.
fn compare<const N: usize>(
    what: &str,
    load: &Load,
    rounds: usize,
    contenders: [(&str, &dyn Fn() -> Duration); N],
) {
    let mut times = [(); N].map(|()| Vec::new());
    for round in 0..WARM_UP + rounds {
        for turn in 0..N {
            let index = (round + turn) % N;
            let elapsed = contenders[index].1();
            if round >= WARM_UP {
                times[index].push(elapsed);
            }
        }
    }
    let medians = times.map(|times| median(times).as_secs_f64() * 1000.0);
    print!("{:<26}", format!("{what} {}", load.label));
    for ((name, _), median) in contenders.iter().zip(medians) {
        print!("   {name} {median:>7.1} ms");
        if *name != "ours" {
            print!(" ({:.2})", medians[0] / median);
        }
    }
    println!();
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
