//! `cargo bench -p pyexec-server --bench roundtrip`: the whole way of one execution over HTTP,
//! beside the same script by the bare interpreter, alternating in one run. Prints medians, and
//! the ratio, which is what carries over between machines.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the sandbox needs Linux");
}

#[cfg(target_os = "linux")]
mod linux {
    use pyexec_blocking::Client;
    use pyexec_core::{Archive, types::Metadata};
    use pyexec_sandbox::{Interpreter, discover};
    use pyexec_server::EmbeddedServer;
    use std::{
        process::{Command, Stdio},
        time::{Duration, Instant},
    };

    const ROUNDS: usize = 60;
    const WARM_UP: usize = 5;

    pub(crate) fn main() {
        let server = EmbeddedServer::start().unwrap();
        let client = Client::builder(server.url()).bearer_token(server.token()).build().unwrap();
        let archive = Archive::from_map([("main.py", "print(1)")]).unwrap();
        let metadata = Metadata::new("main.py");
        let version =
            client.execute_sync(&archive_of_version(), &metadata).unwrap().stdout.trim().to_owned();
        let interpreter =
            discover().into_iter().find(|found| found.version().to_string() == version).unwrap();

        let [mut sync, mut bare, mut health] = [(); 3].map(|()| Vec::new());
        for round in 0..WARM_UP + ROUNDS {
            let times = [
                time(|| {
                    let result = client.execute_sync(&archive, &metadata).unwrap();
                    assert_eq!(
                        result.stdout,
                        "1
"
                    );
                }),
                time(|| run_bare(&interpreter)),
                time(|| assert_eq!(client.health().unwrap().status, "ok")),
            ];
            if round >= WARM_UP {
                sync.push(times[0]);
                bare.push(times[1]);
                health.push(times[2]);
            }
        }
        let isolation = client.health().unwrap().isolation.unwrap();
        println!(
            "medians of {ROUNDS}, Python {version}, isolation {} by {}",
            isolation.level, isolation.limits
        );
        let [sync, bare, health] = [sync, bare, health].map(median);
        println!("exec/sync of print(1), over HTTP   {:>8.2} ms", ms(sync));
        println!("bare python{version} -c 'print(1)'      {:>8.2} ms", ms(bare));
        println!("ratio                              {:>8.2}", ms(sync) / ms(bare));
        println!("GET /health                        {:>8.2} ms", ms(health));
    }

    fn archive_of_version() -> Archive {
        let code = "import sys; print('%d.%d' % sys.version_info[:2])";
        Archive::from_map([("main.py", code)]).unwrap()
    }

    /// What a user would do without us, in the environment that the sandbox gives, too.
    fn run_bare(interpreter: &Interpreter) {
        let output = Command::new(interpreter.executable())
            .args(["-c", "print(1)"])
            .env_remove("PYTHONUNBUFFERED")
            .env_remove("PYTHONDONTWRITEBYTECODE")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"1\n");
    }

    fn time(work: impl FnOnce()) -> Duration {
        let before = Instant::now();
        work();
        before.elapsed()
    }

    fn median(mut times: Vec<Duration>) -> Duration {
        times.sort_unstable();
        times[times.len() / 2]
    }

    fn ms(time: Duration) -> f64 {
        time.as_secs_f64() * 1000.0
    }
}
